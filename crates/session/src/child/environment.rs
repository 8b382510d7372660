//! The environment of a child process: without anything that would take precedence over the session, and with the session.

use std::{collections::BTreeMap, ffi::OsString, fmt};

use keyless_aws::{CredentialsEndpoint, Environment, Session};
use keyless_core::{
    aws::Region,
    oidc,
    pipes::keyless::{is_pipe_variable, is_qualified},
};

use super::profiles::Profiles;

/// What AWS SDKs read before a container's credentials, and what the child must not have. Order of the providers:
/// environment, profile files, web identity, container (AWS SDKs and tools reference, "Standardized credential providers").
const REMOVED: [&str; 20] = [
    oidc::VARIABLE,
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_OIDC_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_SDK_LOAD_CONFIG",
];

/// Profile files take precedence over a container's credentials, and a runner's home may have some.
const EMPTIED: [&str; 2] = ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"];

/// What package managers and their install scripts read, in upper case: the system, the build, proxies, certificate
/// authorities, Node and Git.
const INSTALLATION: [&str; 52] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PWD",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "TMPDIR",
    "TMP",
    "TEMP",
    "CI",
    "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_CLONE_DIR",
    "BITBUCKET_COMMIT",
    "BITBUCKET_BRANCH",
    "BITBUCKET_TAG",
    "BITBUCKET_REPO_SLUG",
    "BITBUCKET_WORKSPACE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
    "NODE_ENV",
    "NODE_PATH",
    "NODE_AUTH_TOKEN",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NPM_TOKEN",
    "NVM_DIR",
    "FORCE_COLOR",
    "NO_COLOR",
    "VIRTUAL_ENV",
    "SSH_AUTH_SOCK",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "MAKEFLAGS",
    "PKG_CONFIG_PATH",
];

/// Beginnings of further names: the configuration of package managers by variables.
const INSTALLATION_PREFIXES: [&str; 15] = [
    "LC_",
    "XDG_",
    "NPM_CONFIG_",
    "PNPM_",
    "YARN_",
    "BUN_",
    "COREPACK_",
    "PIP_",
    "UV_",
    "POETRY_",
    "PYTHON",
    "CARGO_",
    "RUSTUP_",
    "GIT_CONFIG_",
    "GIT_AUTHOR_",
];

/// Where a child gets its credentials.
#[derive(Clone, Copy, Debug)]
pub enum CredentialSource<'a> {
    /// From the endpoint.
    Endpoint(&'a CredentialsEndpoint),
    /// From its environment, as processes inside `docker build` need.
    Environment(&'a Session),
}

/// The variables of a child process.
#[derive(Clone)]
pub struct ChildEnvironment(BTreeMap<OsString, OsString>);

impl ChildEnvironment {
    /// The pipe's variables without its settings, and without anything that would take precedence over a session.
    pub fn of_a_pipe(own: &Environment) -> Self {
        let mut variables = Self::without_credentials(own, is_pipe_variable);
        // Namespaces of the npm package `debug` belong to the app.
        if let Some(namespaces) = own.get("DEBUG").filter(|value| !matches!(*value, "true" | "false")) {
            variables.set("DEBUG", namespaces);
        }
        variables
    }

    /// The variables that package managers and their install scripts need: of the pipe's variables those on a list, and
    /// `further` ones by name. The step's other variables may be secrets, and install scripts come from strangers.
    pub fn of_an_installation(own: &Environment, further: &[String]) -> Self {
        let mut variables = Self::of_a_pipe(own);
        variables.0.retain(|name, _| {
            name.to_str().is_some_and(|name| {
                let folded = name.to_ascii_uppercase();
                INSTALLATION.contains(&folded.as_str())
                    || INSTALLATION_PREFIXES.iter().any(|prefix| folded.starts_with(prefix))
                    || further.iter().any(|further| further == name)
            })
        });
        variables
    }

    /// A step's variables without those that can only be meant for keyless, and without anything that would take precedence
    /// over a session. Others may have the names of settings and belong to the command.
    pub fn of_a_step(own: &Environment) -> Self {
        Self::without_credentials(own, is_qualified)
    }

    fn without_credentials(own: &Environment, is_setting: fn(&str) -> bool) -> Self {
        let kept = own.iter().filter(|(name, _)| !name.to_str().is_some_and(is_setting));
        let mut variables: BTreeMap<_, _> = kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for name in REMOVED {
            variables.remove(&OsString::from(name));
        }
        for name in EMPTIED {
            variables.insert(name.into(), "/dev/null".into());
        }
        Self(variables)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) -> &mut Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Sets a variable, and removes those whose names differ only in case: npm reads `NPM_CONFIG_REGISTRY` and
    /// `npm_config_registry` alike.
    pub(crate) fn replace(&mut self, name: &str, value: &str) -> &mut Self {
        self.0.retain(|other, _| !other.eq_ignore_ascii_case(name));
        self.set(name, value)
    }

    /// Puts an item in front of those that a variable lists, separated by spaces.
    pub(crate) fn prepend(&mut self, name: &str, item: &str) -> &mut Self {
        let mut items = OsString::from(item);
        if let Some(others) = self.0.get(&OsString::from(name)).filter(|others| !others.is_empty()) {
            items.push(" ");
            items.push(others);
        }
        self.set(name, items)
    }

    /// Sets a variable unless it is set.
    pub fn set_default(&mut self, name: &str, value: &str) -> &mut Self {
        self.0.entry(name.into()).or_insert_with(|| value.into());
        self
    }

    /// Gives the child profiles. The variables that select one stay as they are in `own`.
    pub(crate) fn give_profiles(&mut self, profiles: &Profiles, own: &Environment) -> &mut Self {
        for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
            if let Some(value) = own.get_os(name) {
                self.set(name, value);
            }
        }
        // Version 1 of the SDK for Go reads the file only with this variable.
        self.set("AWS_CONFIG_FILE", profiles.file()).set("AWS_SDK_LOAD_CONFIG", "1")
    }

    /// Gives the child a region, and no credentials.
    pub fn give_region(&mut self, region: &Region) -> &mut Self {
        self.set("AWS_REGION", region.name()).set("AWS_DEFAULT_REGION", region.name());
        // The role of the instance that the step runs on must never be used instead.
        self.set("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// Gives the child credentials and their region.
    pub fn give(&mut self, source: CredentialSource<'_>, region: &Region) -> &mut Self {
        self.give_region(region);
        match source {
            CredentialSource::Endpoint(endpoint) => self
                .set("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url())
                .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", endpoint.bearer()),
            CredentialSource::Environment(session) => self
                .set("AWS_ACCESS_KEY_ID", &session.access_key_id)
                .set("AWS_SECRET_ACCESS_KEY", session.secret_access_key())
                .set("AWS_SESSION_TOKEN", session.session_token()),
        }
    }

    /// The variables, for the command that starts the child.
    pub fn into_variables(self) -> impl Iterator<Item = (OsString, OsString)> {
        self.0.into_iter()
    }
}

/// Names alone: values may be secrets.
impl fmt::Debug for ChildEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_takes_precedence_is_passed_on() {
        let inherited = REMOVED.into_iter().chain(["PATH", "AWS_CONFIG_FILE", "STACKS"]).map(|name| (name, "old"));
        let mut environment = ChildEnvironment::of_a_pipe(&inherited.collect());
        let session =
            Session::new("id".into(), "key".into(), "token".into(), std::time::SystemTime::UNIX_EPOCH, "arn".into());
        environment.give(CredentialSource::Environment(&session), &Region::parse("eu-west-1").unwrap());
        let shown: Vec<String> = environment
            .into_variables()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        assert_eq!(
            shown,
            [
                "AWS_ACCESS_KEY_ID=id",
                "AWS_CONFIG_FILE=/dev/null",
                "AWS_DEFAULT_REGION=eu-west-1",
                "AWS_EC2_METADATA_DISABLED=true",
                "AWS_REGION=eu-west-1",
                "AWS_SECRET_ACCESS_KEY=key",
                "AWS_SESSION_TOKEN=token",
                "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
                "PATH=old",
            ]
        );
    }

    #[test]
    fn an_installation_has_what_it_needs() {
        let kept = ["PATH", "https_proxy", "npm_config_registry", "NPM_TOKEN", "CI", "REGISTRY_KEY"];
        let dropped =
            ["DATABASE_PASSWORD", "BITBUCKET_STEP_OIDC_TOKEN", "AWS_SECRET_ACCESS_KEY", "NPMRC_SECRET", "STACKS"];
        let variables = kept.into_iter().chain(dropped).map(|name| (name, "value")).collect();
        let passed = ChildEnvironment::of_an_installation(&variables, &["REGISTRY_KEY".to_owned()]);
        let names: Vec<_> = passed.into_variables().filter_map(|(name, _)| name.into_string().ok()).collect();
        assert_eq!(names, ["CI", "NPM_TOKEN", "PATH", "REGISTRY_KEY", "https_proxy", "npm_config_registry"]);
    }

    #[test]
    fn a_steps_own_variables_are_passed_on() {
        let own = ["APP", "TAGS_0", "CREDENTIALS", "SESSION_NAME", "KEYLESS_OTHER"];
        let ours = ["KEYLESS_SESSION_NAME", "KEYLESS_ROLE_CHAIN_0", "AWS_ROLE_ARN"];
        let variables = own.into_iter().chain(ours).map(|name| (name, "value")).collect();
        let passed: Vec<_> = ChildEnvironment::of_a_step(&variables).into_variables().map(|(name, _)| name).collect();
        for name in own {
            assert!(passed.iter().any(|passed| passed == name), "{name}");
        }
        for name in ours {
            assert!(!passed.iter().any(|passed| passed == name), "{name}");
        }
    }
}
