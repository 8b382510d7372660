//! How each package manager is logged in, and how it proves that it is.

mod bun;
mod npm;
mod pypi;
mod registry;
mod sources;

pub(crate) use registry::{Registry, same, without_credentials};
pub(crate) use sources::{Answer, Question, Source, Sources};

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
    pub(crate) files: fn(&Registry<'_>) -> Vec<HomeFile>,
    /// What it is asked about its effective configuration: the first question that it answers counts. Without any, nothing
    /// proves where it takes its packages from: its projects have to name what it is given.
    pub(crate) questions: &'static [Question],
    /// The files whose settings it may take instead, in a project or in the home folder.
    pub(crate) settings: &'static [&'static str],
}

/// A file in the home folder.
#[derive(Debug)]
pub(crate) struct HomeFile {
    /// Below the home folder.
    pub(crate) path: &'static str,
    /// What happens to an existing file.
    pub(crate) existing: Existing,
    /// Its content.
    pub(crate) text: String,
    /// What to do with an existing file that was left as it is.
    pub(crate) needed: String,
}

impl HomeFile {
    /// A file to which text is appended.
    fn appended(path: &'static str, text: String) -> Self {
        Self { path, existing: Existing::Appended, text, needed: String::new() }
    }
}

/// What happens to an existing file in the home folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is appended to.
    Appended,
    /// It is appended to unless it has this key at the start of a line: a second one would make it invalid.
    AppendedWithout(&'static str),
    /// It stays as it is.
    Kept,
}

/// The package managers, and how each is logged in.
///
/// Sources: AWS CodeArtifact user guide, the chapter of each; docs.npmjs.com, "npmrc" (`${VAR}`); pnpm.io, "Settings"
/// (`pnpm_config_…` since version 11); yarnpkg.com, "Configuration" (`YARN_…`, `npmScopes`); bun.sh, "bunfig.toml" and ".npmrc
/// support"; pip.pypa.io, "Configuration"; docs.astral.sh/uv, "Environment variables"; twine.readthedocs.io;
/// python-poetry.org, "Configuration" (`POETRY_HTTP_BASIC_…`); maven.apache.org, "Settings Reference" (`${env.…}`);
/// docs.gradle.org, "Build environment" (`ORG_GRADLE_PROJECT_…`) and "Declaring repositories" (credentials by name);
/// learn.microsoft.com, "nuget.config", `NuGetPackageSourceCredentials_…`; doc.rust-lang.org/cargo, "Registry authentication";
/// Swift package manager, "Package registry usage".
pub(crate) static PACKAGE_MANAGERS: [PackageManager; 13] = [
    PackageManager {
        name: "npm",
        format: "npm",
        variables: npm::variables,
        files: npm::files,
        questions: &[npm::QUESTION],
        settings: &[".npmrc"],
    },
    PackageManager {
        name: "pnpm",
        format: "npm",
        variables: npm::pnpm_variables,
        files: npm::files,
        questions: &[npm::PNPM_QUESTION],
        settings: &[".npmrc", "pnpm-workspace.yaml", ".config/pnpm/rc", ".config/pnpm/config.yaml"],
    },
    PackageManager {
        name: "yarn",
        format: "npm",
        variables: npm::yarn_variables,
        files: npm::yarn_files,
        questions: &[npm::YARN_QUESTION, npm::YARN_1_QUESTION],
        settings: &[".yarnrc.yml", ".yarnrc", ".npmrc"],
    },
    PackageManager {
        name: "bun",
        format: "npm",
        variables: bun::variables,
        files: npm::files,
        questions: &[bun::QUESTION],
        settings: bun::SETTINGS,
    },
    PackageManager {
        name: "pip",
        format: "pypi",
        variables: pypi::pip_variables,
        files: no_files,
        questions: &pypi::PIP_QUESTIONS,
        settings: &[".config/pip/pip.conf", ".pip/pip.conf", "/etc/pip.conf"],
    },
    PackageManager {
        name: "uv",
        format: "pypi",
        variables: pypi::uv_variables,
        files: no_files,
        questions: &[pypi::UV_QUESTION],
        settings: &["uv.toml", "pyproject.toml", ".config/uv/uv.toml", "/etc/uv/uv.toml"],
    },
    PackageManager {
        name: "poetry",
        format: "pypi",
        variables: pypi::poetry_variables,
        files: no_files,
        questions: &[pypi::POETRY_QUESTION],
        settings: &["pyproject.toml"],
    },
    PackageManager {
        name: "twine",
        format: "pypi",
        variables: pypi::twine_variables,
        files: no_files,
        questions: &[],
        settings: &[],
    },
    PackageManager {
        name: "maven",
        format: "maven",
        variables: |_| Vec::new(),
        files: |registry| {
            let needed = format!(
                "add a server with <username>{}</username> and <password>${{env.{TOKEN}}}</password>, and a repository with \
                 the server's id and <url>{}</url>",
                Registry::USER,
                registry.url
            );
            vec![HomeFile {
                path: ".m2/settings.xml",
                existing: Existing::Kept,
                text: maven_settings(registry),
                needed,
            }]
        },
        questions: &[],
        settings: &[],
    },
    PackageManager {
        name: "gradle",
        format: "maven",
        variables: |registry| {
            vec![
                ("ORG_GRADLE_PROJECT_codeartifactUrl", registry.url.to_owned()),
                ("ORG_GRADLE_PROJECT_codeartifactUsername", Registry::USER.to_owned()),
                ("ORG_GRADLE_PROJECT_codeartifactPassword", registry.password()),
            ]
        },
        files: no_files,
        questions: &[],
        settings: &[],
    },
    PackageManager {
        name: "nuget",
        format: "nuget",
        variables: |registry| {
            let (user, password) = (Registry::USER, registry.password());
            let credentials = format!("Username={user};Password={password};ValidAuthenticationTypes=basic");
            vec![("NuGetPackageSourceCredentials_codeartifact", credentials)]
        },
        files: no_files,
        questions: &[],
        settings: &[],
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
        files: no_files,
        questions: &[],
        settings: &[],
    },
    PackageManager {
        name: "swift",
        format: "swift",
        variables: |_| Vec::new(),
        files: |registry| {
            let registries = HomeFile {
                path: ".swiftpm/configuration/registries.json",
                existing: Existing::Kept,
                text: swift_registries(registry),
                needed: format!("add a registry with the URL {}, and its host with the type `token`", registry.url),
            };
            vec![HomeFile::appended(".netrc", netrc(registry)), registries]
        },
        questions: &[],
        settings: &[],
    },
];

fn no_files(_: &Registry<'_>) -> Vec<HomeFile> {
    Vec::new()
}

fn maven_settings(registry: &Registry<'_>) -> String {
    format!(
        "<settings>
  <servers>
    <server><id>codeartifact</id><username>{1}</username><password>${{env.{TOKEN}}}</password></server>
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
        registry.url.replace('&', "&amp;"),
        Registry::USER
    )
}

fn netrc(registry: &Registry<'_>) -> String {
    let (host, _) = registry.host_and_path();
    let name = host.split(':').next().unwrap_or_default();
    format!("machine {name} login token password {}", registry.password())
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

    use keyless_aws::PackageToken;
    use snapbox::{assert_data_eq, file};

    use super::*;

    /// Every tool's variables and files, in full: `package_managers/logins.txt`.
    #[test]
    fn each_tool_is_logged_in_its_own_way() {
        let token = PackageToken::new("TOKEN".to_owned());
        let mut written = String::new();
        for (scope, keep_pypi) in [(None, false), (Some("@acme"), false), (None, true)] {
            let is_shown = |tool: &&PackageManager| match (scope, keep_pypi) {
                (Some(_), _) => tool.format == "npm",
                (None, true) => ["pip", "uv"].contains(&tool.name),
                (None, false) => true,
            };
            for tool in PACKAGE_MANAGERS.iter().filter(is_shown) {
                let url = format!("https://acme-1.d.codeartifact.eu-west-1.amazonaws.com/{}/shop/", tool.format);
                let registry = Registry { url: &url, token: &token, scope, keep_pypi };
                let suffix = scope.map(|scope| format!(" for {scope}")).unwrap_or_default();
                let suffix = if keep_pypi { " with PyPI".to_owned() } else { suffix };
                let _ = writeln!(written, "=== {}{suffix}", tool.name);
                for (name, value) in (tool.variables)(&registry) {
                    let _ = writeln!(written, "{name}={value}");
                }
                for file in (tool.files)(&registry) {
                    let _ = writeln!(written, "~/{}\n{}", file.path, file.text);
                }
            }
        }
        assert_data_eq!(written, file!["package_managers/logins.txt"].raw());
    }
}
