// Identifiers of a workspace, and a token like Bitbucket's. The page does not verify signatures, so the token has none.

export const ISSUER = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
export const WORKSPACE = "{6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1}";
export const AUDIENCE = `ari:cloud:bitbucket::workspace/${WORKSPACE.slice(1, -1)}`;
export const REPOSITORY = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}";
export const ENVIRONMENT = "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";
export const STEP = "{11111111-2222-4333-8444-555555555555}";
export const SIGNATURE = Buffer.from("no signature").toString("base64url");

/** An expired token, with these claims in addition to the usual ones. */
export function token(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const usual = { iss: ISSUER, aud: AUDIENCE, sub: `${REPOSITORY}:${ENVIRONMENT}:${STEP}`, iat: now - 4000, exp: now - 400 };
  return `${part({ alg: "RS256", typ: "JWT", kid: "k" })}.${part({ ...usual, ...claims })}.${SIGNATURE}`;
}
