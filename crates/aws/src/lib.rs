//! Role sessions by OIDC for a deployment: STS, its refusals explained, and credentials for a child process.
