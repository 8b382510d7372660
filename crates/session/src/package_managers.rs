//! How each package manager is logged in.

use keyless_aws::PackageToken;

/// The variable with the token. AWS's documentation uses this name, so that build files written by it work.
pub(crate) const TOKEN: &str = "CODEARTIFACT_AUTH_TOKEN";

/// A package manager.
#[derive(Debug)]
pub struct PackageManager {
    /// Its name in `CODEARTIFACT_TOOLS`.
    pub name: &'static str,
    /// The format of its packages as CodeArtifact names it.
    pub format: &'static str,
    /// The variables that log it in.
    pub(crate) variables: fn(&Registry<'_>) -> Vec<(&'static str, String)>,
    /// The files that log it in, where variables do not suffice.
    pub(crate) files: &'static [HomeFile],
}

/// A file in the home folder.
#[derive(Debug)]
pub(crate) struct HomeFile {
    /// Below the home folder.
    pub(crate) path: &'static str,
    /// Whether it is appended to an existing file. If not, an existing file stays as it is.
    pub(crate) added: bool,
    /// Its content.
    pub(crate) text: fn(&Registry<'_>) -> String,
}

/// A repository for one format of packages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registry<'a> {
    /// Its address, with a slash at the end.
    pub url: &'a str,
    /// The token.
    pub token: &'a PackageToken,
    /// The scope of its npm packages; without one it serves all packages.
    pub scope: Option<&'a str>,
}

/// The package managers, and how each is logged in.
///
/// Sources: AWS CodeArtifact user guide, the chapter of each; docs.npmjs.com, "npmrc" (`${VAR}`); yarnpkg.com,
/// "Configuration" (`YARN_…`); pip.pypa.io, "Configuration"; docs.astral.sh/uv, "Environment variables"; twine.readthedocs.io;
/// maven.apache.org, "Settings Reference" (`${env.…}`); docs.gradle.org, "Build environment" (`ORG_GRADLE_PROJECT_…`) and
/// "Declaring repositories" (credentials by name); learn.microsoft.com, "nuget.config", `NuGetPackageSourceCredentials_…`;
/// doc.rust-lang.org/cargo, "Registry authentication"; Swift package manager, "Package registry usage".
pub(crate) static PACKAGE_MANAGERS: [PackageManager; 11] = [
    PackageManager { name: "npm", format: "npm", variables: npm, files: &[NPMRC] },
    PackageManager { name: "pnpm", format: "npm", variables: npm, files: &[NPMRC] },
    PackageManager { name: "yarn", format: "npm", variables: yarn, files: &[YARN_NPMRC] },
    PackageManager {
        name: "pip",
        format: "pypi",
        variables: |registry| vec![("PIP_INDEX_URL", registry.simple_index())],
        files: &[],
    },
    PackageManager {
        name: "uv",
        format: "pypi",
        variables: |registry| {
            vec![
                ("UV_DEFAULT_INDEX", registry.simple_index()),
                ("UV_PUBLISH_URL", registry.url.to_owned()),
                ("UV_PUBLISH_USERNAME", USER.to_owned()),
                ("UV_PUBLISH_PASSWORD", registry.password()),
            ]
        },
        files: &[],
    },
    PackageManager {
        name: "twine",
        format: "pypi",
        variables: |registry| {
            vec![
                ("TWINE_REPOSITORY_URL", registry.url.to_owned()),
                ("TWINE_USERNAME", USER.to_owned()),
                ("TWINE_PASSWORD", registry.password()),
                ("TWINE_NON_INTERACTIVE", "1".to_owned()),
            ]
        },
        files: &[],
    },
    PackageManager {
        name: "maven",
        format: "maven",
        variables: |_| Vec::new(),
        files: &[HomeFile { path: ".m2/settings.xml", added: false, text: maven_settings }],
    },
    PackageManager {
        name: "gradle",
        format: "maven",
        variables: |registry| {
            vec![
                ("ORG_GRADLE_PROJECT_codeartifactUrl", registry.url.to_owned()),
                ("ORG_GRADLE_PROJECT_codeartifactUsername", USER.to_owned()),
                ("ORG_GRADLE_PROJECT_codeartifactPassword", registry.password()),
            ]
        },
        files: &[],
    },
    PackageManager {
        name: "nuget",
        format: "nuget",
        variables: |registry| {
            let credentials =
                format!("Username={USER};Password={};ValidAuthenticationTypes=basic", registry.password());
            vec![("NuGetPackageSourceCredentials_codeartifact", credentials)]
        },
        files: &[],
    },
    PackageManager {
        name: "cargo",
        format: "cargo",
        variables: |registry| {
            vec![
                ("CARGO_REGISTRIES_CODEARTIFACT_INDEX", format!("sparse+{}", registry.url)),
                ("CARGO_REGISTRIES_CODEARTIFACT_CREDENTIAL_PROVIDER", "cargo:token".to_owned()),
                ("CARGO_REGISTRIES_CODEARTIFACT_TOKEN", registry.password()),
            ]
        },
        files: &[],
    },
    PackageManager {
        name: "swift",
        format: "swift",
        variables: |_| Vec::new(),
        files: &[
            HomeFile { path: ".netrc", added: true, text: netrc },
            HomeFile { path: ".swiftpm/configuration/registries.json", added: false, text: swift_registries },
        ],
    },
];

/// The user name that CodeArtifact expects with the token as password.
const USER: &str = "aws";
const NPMRC: HomeFile = HomeFile { path: ".npmrc", added: true, text: npmrc };
/// Yarn 1 sends the token with packages without a scope only when told so.
const YARN_NPMRC: HomeFile = HomeFile {
    path: ".npmrc",
    added: true,
    text: |registry| format!("{}\n{}:always-auth=true", npmrc(registry), registry.without_scheme()),
};

impl Registry<'_> {
    pub(crate) fn password(&self) -> String {
        self.token.expose().to_owned()
    }

    /// `//host/path/`
    fn without_scheme(&self) -> &str {
        self.url.find("//").map_or(self.url, |at| &self.url[at..])
    }

    fn host_and_path(&self) -> (&str, &str) {
        self.without_scheme().trim_start_matches('/').split_once('/').unwrap_or_default()
    }

    /// The index that pip reads, with the credentials in it.
    fn simple_index(&self) -> String {
        let rest = self.without_scheme().trim_start_matches('/');
        let scheme = self.url.split("//").next().unwrap_or_default();
        format!("{scheme}//{USER}:{}@{rest}simple/", self.token.expose())
    }
}

/// A variable wins over the project's own `.npmrc`, in which no scope is touched.
fn npm(registry: &Registry<'_>) -> Vec<(&'static str, String)> {
    if registry.scope.is_some() { Vec::new() } else { vec![("npm_config_registry", registry.url.to_owned())] }
}

/// Yarn 2 and newer have their own variables, which only work for all packages; Yarn 1 reads what npm reads.
fn yarn(registry: &Registry<'_>) -> Vec<(&'static str, String)> {
    let mut variables = npm(registry);
    if registry.scope.is_none() {
        variables.push(("YARN_NPM_REGISTRY_SERVER", registry.url.trim_end_matches('/').to_owned()));
        variables.push(("YARN_NPM_AUTH_TOKEN", registry.password()));
        variables.push(("YARN_NPM_ALWAYS_AUTH", "true".to_owned()));
    }
    variables
}

fn npmrc(registry: &Registry<'_>) -> String {
    let token = format!("{}:_authToken=${{{TOKEN}}}", registry.without_scheme());
    match registry.scope {
        Some(scope) => format!("{scope}:registry={}\n{token}", registry.url),
        None => token,
    }
}

fn maven_settings(registry: &Registry<'_>) -> String {
    format!(
        "<settings>
  <servers>
    <server><id>codeartifact</id><username>{USER}</username><password>${{env.{TOKEN}}}</password></server>
  </servers>
  <profiles>
    <profile>
      <id>codeartifact</id>
      <activation><activeByDefault>true</activeByDefault></activation>
      <repositories><repository><id>codeartifact</id><url>{0}</url></repository></repositories>
      <pluginRepositories><pluginRepository><id>codeartifact</id><url>{0}</url></pluginRepository></pluginRepositories>
    </profile>
  </profiles>
</settings>",
        registry.url.replace('&', "&amp;")
    )
}

fn netrc(registry: &Registry<'_>) -> String {
    let (host, _) = registry.host_and_path();
    let name = host.split(':').next().unwrap_or_default();
    format!("machine {name} login token password {}", registry.token.expose())
}

fn swift_registries(registry: &Registry<'_>) -> String {
    let (host, path) = registry.host_and_path();
    let registries = serde_json::json!({
        "authentication": { host: { "loginAPIPath": format!("/{path}login"), "type": "token" } },
        "registries": { "[default]": { "supportsAvailability": false, "url": registry.url } },
        "version": 1,
    });
    format!("{registries:#}")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use snapbox::{assert_data_eq, file};

    use super::*;

    /// Every tool's variables and files, in full: `package_managers/logins.txt`.
    #[test]
    fn each_tool_is_logged_in_its_own_way() {
        let token = PackageToken::new("TOKEN".to_owned());
        let mut written = String::new();
        for scope in [None, Some("@acme")] {
            for tool in PACKAGE_MANAGERS.iter().filter(|tool| scope.is_none() || tool.format == "npm") {
                let url = format!("https://acme-1.d.codeartifact.eu-west-1.amazonaws.com/{}/shop/", tool.format);
                let registry = Registry { url: &url, token: &token, scope };
                let _ = writeln!(
                    written,
                    "=== {}{}",
                    tool.name,
                    scope.map(|scope| format!(" for {scope}")).unwrap_or_default()
                );
                for (name, value) in (tool.variables)(&registry) {
                    let _ = writeln!(written, "{name}={value}");
                }
                for file in tool.files {
                    let _ = writeln!(written, "~/{}\n{}", file.path, (file.text)(&registry));
                }
            }
        }
        assert_data_eq!(written, file!["package_managers/logins.txt"].raw());
    }
}
