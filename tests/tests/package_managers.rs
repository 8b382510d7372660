//! The real package managers, logged in by `keyless exec`: to a CodeArtifact that writes down every request, with everything
//! outside of this machine behind a proxy that writes down and refuses. No package of the repository may be asked for there.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{
    env, fs,
    path::PathBuf,
    process::Command,
    sync::{Arc, LazyLock},
    thread,
};

use keyless_tests::{
    checkout,
    cloud::Cloud,
    codeartifact::{CodeArtifact, PACKAGE, REPOSITORY, SCOPE},
    public_registries::PublicRegistries,
    run::{Finished, Workplace, finish},
};

static CLOUD: LazyLock<Arc<Cloud>> = LazyLock::new(|| Arc::new(Cloud::start()));

/// Retries would only take time.
const NO_RETRIES: [(&str, &str); 8] = [
    ("npm_config_fetch_retries", "0"),
    ("pnpm_config_fetch_retries", "0"),
    ("YARN_HTTP_RETRY", "0"),
    ("PIP_RETRIES", "0"),
    ("UV_HTTP_RETRIES", "0"),
    ("POETRY_REQUESTS_MAX_RETRIES", "0"),
    // Not what is tested: yarn refuses a registry without encryption, and poetry creates an environment.
    ("YARN_UNSAFE_HTTP_WHITELIST", "127.0.0.1"),
    ("POETRY_VIRTUALENVS_CREATE", "false"),
];

/// A project with a package manager in a version.
struct Project {
    workplace: Workplace,
    codeartifact: CodeArtifact,
    public: PublicRegistries,
    /// In `CODEARTIFACT_TOOLS`.
    tool: &'static str,
    path: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Project {
    /// `version` is a folder of `.tools/package-managers/bin`, or `npm`, which is on the PATH.
    fn of(version: &str, tool: &'static str) -> Self {
        let cloud = Arc::clone(&CLOUD);
        let path = checkout::root().join(".tools/package-managers/bin").join(version);
        assert!(version == "npm" || path.is_dir(), "run tests/package-managers/install.sh: there is no {version}");
        let project = Self {
            workplace: Workplace::empty(),
            codeartifact: CodeArtifact::start(move || cloud.sts.issued()),
            public: PublicRegistries::start(),
            tool,
            path,
            variables: Vec::new(),
        };
        // Yarn 2 and newer take a folder with a lock file for a project.
        let lock = if version == "yarn4" { "yarn.lock" } else { ".gitignore" };
        project.with("package.json", r#"{"name":"app","version":"1.0.0","private":true}"#).with(lock, "")
    }

    /// With a file in the project's folder, or in the home folder as `~/…`. `URL` in it is the repository's address.
    fn with(self, name: &str, text: &str) -> Self {
        let folder = if name.starts_with("~/") { "home" } else { "clone" };
        let path = self.workplace.folder().join(folder).join(name.trim_start_matches("~/"));
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the scratch folder is writable");
        fs::write(path, text.replace("URL", self.codeartifact.url())).expect("the scratch folder is writable");
        self
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn of_scope(self) -> Self {
        self.set("CODEARTIFACT_SCOPE", SCOPE)
    }

    /// keyless with the settings of the login.
    fn keyless(&self) -> Command {
        let mut command = self.prepared(self.workplace.step(&CLOUD, "keyless"));
        command.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token());
        command.env("AWS_ENDPOINT_URL_CODEARTIFACT", self.codeartifact.url());
        command.env("CODEARTIFACT_DOMAIN", "acme").env("CODEARTIFACT_REPOSITORY", REPOSITORY);
        command.env("CODEARTIFACT_TOOLS", self.tool).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The package manager itself, as it runs without keyless.
    fn unlogged(&self, program: &str) -> Command {
        let mut command = self.prepared(Command::new(program));
        command.current_dir(self.workplace.clone_folder()).env("HOME", self.workplace.folder().join("home"));
        command
    }

    /// A command that finds the package manager, and the proxy.
    fn prepared(&self, mut command: Command) -> Command {
        let path = env::var_os("PATH").unwrap_or_default();
        let path = [self.path.clone()].into_iter().chain(env::split_paths(&path));
        command.env("PATH", env::join_paths(path).expect("folders of a PATH have no colon"));
        command.envs(self.public.variables()).envs(NO_RETRIES);
        // Yarn 1 shares a cache between all users.
        command.env("YARN_CACHE_FOLDER", self.workplace.folder().join("home/yarn-cache"));
        command
    }

    /// Runs a command with the login.
    fn run(&self, arguments: &[&str]) -> Finished {
        finish(self.keyless().args(["exec", "--"]).args(arguments))
    }

    /// The line of the log about the package manager.
    fn said(finished: &Finished) -> String {
        let lines = finished.stderr.lines().filter(|line| !line.starts_with("✔ session "));
        lines.collect::<Vec<_>>().join("\n").replace(|c: char| c.is_ascii_digit(), "")
    }

    /// Installs the package with a command, from the repository alone.
    fn installs(&self, arguments: &[&str]) {
        let finished = self.run(arguments);
        let tool = self.tool;
        assert_eq!(finished.code, Some(0), "{tool} {arguments:?}: {finished:#?}");
        let logged_in = format!("✔ {tool} logged in to CodeArtifact acme/shop until the session ends\n");
        assert!(finished.stderr.contains(&logged_in), "{tool} {arguments:?}: {finished:#?}");
        assert_eq!(self.public.asked(), [""; 0], "{tool} {arguments:?} asked someone else: {finished:#?}");
        let asked = self.codeartifact.asked();
        let is_of_package = |request: &String| request.replace('_', "-").contains(PACKAGE);
        assert!(asked.iter().filter(|request| is_of_package(request)).count() >= 2, "{tool} {arguments:?}: {asked:?}");
    }

    /// The login fails, because the package manager takes packages from elsewhere.
    fn is_rejected(&self, said: &str) {
        let finished = self.run(&["touch", "was-run"]);
        assert_eq!((Self::said(&finished).as_str(), finished.code), (said, Some(1)));
        assert!(!self.workplace.clone_folder().join("was-run").exists());
        assert_eq!(self.public.asked(), [""; 0]);
    }
}

fn scoped() -> String {
    format!("{SCOPE}/{PACKAGE}")
}

/// Installs the package without a scope, and the one in the scope with the login for the scope.
fn installs_both(version: &str, tool: &'static str, arguments: &[&str]) {
    let with = |package: &str| [arguments, &[package]].concat().iter().map(ToString::to_string).collect::<Vec<_>>();
    let run = |project: Project, package: &str| {
        let arguments = with(package);
        project.installs(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    };
    thread::scope(|scope| {
        scope.spawn(|| run(Project::of(version, tool), PACKAGE));
        scope.spawn(|| run(Project::of(version, tool).of_scope(), &scoped()));
    });
}

#[test]
fn npm_installs_from_the_repository() {
    installs_both("npm", "npm", &["npm", "install", "--no-audit", "--no-fund"]);
}

#[test]
fn pnpm_installs_from_the_repository() {
    for version in ["pnpm9", "pnpm10", "pnpm12"] {
        installs_both(version, "pnpm", &["pnpm", "add"]);
    }
}

#[test]
fn yarn_installs_from_the_repository() {
    installs_both("yarn1", "yarn", &["yarn", "add"]);
    installs_both("yarn4", "yarn", &["yarn", "add"]);
}

#[test]
fn bun_installs_from_the_repository() {
    installs_both("bun", "bun", &["bun", "add"]);
}

#[test]
fn pip_installs_from_the_repository() {
    Project::of("pip", "pip").installs(&["pip", "install", "--target", "packages", PACKAGE]);
}

/// A project in Python that depends on the package.
const PYPROJECT: &str = "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.10\"\n\
                         dependencies = [\"keyless-private-package\"]\n";

const SOURCE: &str = "[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = \"codeartifact\"\n\
                      url = \"URL/pypi/shop/simple/\"\n";

#[test]
fn uv_installs_from_the_repository() {
    let project = Project::of("uv", "uv").with("pyproject.toml", PYPROJECT);
    project.installs(&["uv", "sync", "--no-python-downloads"]);
}

#[test]
fn poetry_installs_from_the_repository() {
    let project = Project::of("poetry", "poetry").with("pyproject.toml", &format!("{PYPROJECT}{SOURCE}"));
    project.installs(&["poetry", "lock"]);
}

/// The proxy sees every package manager, so that an empty list of requests means something.
#[test]
fn without_the_login_all_ask_the_public_registries() {
    let commands: [(&str, &str, &[&str]); 10] = [
        ("npm", "npm", &["npm", "install", "--no-audit", PACKAGE]),
        ("pnpm9", "pnpm", &["pnpm", "add", PACKAGE]),
        ("pnpm10", "pnpm", &["pnpm", "add", PACKAGE]),
        ("pnpm12", "pnpm", &["pnpm", "add", PACKAGE]),
        ("yarn1", "yarn", &["yarn", "add", PACKAGE]),
        ("yarn4", "yarn", &["yarn", "add", PACKAGE]),
        ("bun", "bun", &["bun", "add", PACKAGE]),
        ("pip", "pip", &["pip", "download", PACKAGE]),
        ("uv", "uv", &["uv", "pip", "install", "--target", "packages", PACKAGE]),
        ("poetry", "poetry", &["poetry", "lock"]),
    ];
    let asks = |(version, tool, command): (&str, &'static str, &[&str])| {
        let project = Project::of(version, tool).with("pyproject.toml", PYPROJECT);
        let finished = finish(project.unlogged(command[0]).args(&command[1..]));
        let asked = project.public.asked();
        let is_public = |host: &String| ["npmjs.org", "yarnpkg.com", "pypi.org"].iter().any(|name| host.contains(name));
        assert!(asked.iter().any(is_public), "{version}: {asked:?} {finished:#?}");
    };
    thread::scope(|scope| {
        for half in commands.chunks(5) {
            scope.spawn(move || half.iter().copied().for_each(asks));
        }
    });
}

#[test]
fn variables_and_files_of_the_project_do_not_replace_the_login() {
    let public = "registry=https://registry.npmjs.org/\n";
    let npm =
        Project::of("npm", "npm").with(".npmrc", public).set("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org/");
    npm.installs(&["npm", "install", "--no-audit", "--no-fund", PACKAGE]);
    let workspace = "packages: []\nregistries:\n  default: https://registry.npmjs.org/\n";
    let pnpm = Project::of("pnpm12", "pnpm").with(".npmrc", public).with("pnpm-workspace.yaml", workspace);
    pnpm.installs(&["pnpm", "add", "-w", PACKAGE]);
    let yarn = Project::of("yarn4", "yarn").with(".yarnrc.yml", "npmRegistryServer: https://registry.npmjs.org\n");
    yarn.installs(&["yarn", "add", PACKAGE]);
    let bunfig = "[install]\nregistry = \"https://registry.npmjs.org/\"\n";
    let bun = Project::of("bun", "bun").with(".npmrc", public).with("bunfig.toml", bunfig);
    bun.installs(&["bun", "add", PACKAGE]);
}

#[test]
fn a_project_that_sends_the_scope_elsewhere_is_rejected() {
    let npmrc = "@acme:registry=https://user:s3cret@registry.npmjs.org/\n";
    let workspace = "packages: []\nregistries:\n  '@acme': https://registry.npmjs.org/\n";
    let yarnrc = "npmScopes:\n  acme:\n    npmRegistryServer: https://registry.npmjs.org\n";
    let bunfig = "[install.scopes]\nacme = { token = \"$NPM_TOKEN\", url = \"https://registry.npmjs.org/\" }\n";
    for (version, tool, file, text) in [
        ("npm", "npm", ".npmrc", npmrc),
        ("pnpm10", "pnpm", ".npmrc", npmrc),
        ("pnpm12", "pnpm", "pnpm-workspace.yaml", workspace),
        ("yarn1", "yarn", ".npmrc", npmrc),
        ("yarn4", "yarn", ".yarnrc.yml", yarnrc),
        ("bun", "bun", "bunfig.toml", bunfig),
        ("bun", "bun", ".npmrc", npmrc),
    ] {
        let slash = if version == "yarn4" { "" } else { "/" };
        Project::of(version, tool).of_scope().with(file, text).is_rejected(&format!(
            "  help: remove it from {file}, or {tool} from CODEARTIFACT_TOOLS\n\
             ✖ {tool} takes packages of @acme from https://registry.npmjs.org{slash} (set in {file}) instead of CodeArtifact \
             acme/shop"
        ));
    }
}

#[test]
fn the_configuration_counts_where_the_packages_are_installed() {
    let npmrc = "@acme:registry=https://registry.npmjs.org/\n";
    let manifest = r#"{"name":"app","version":"1.0.0","private":true,"workspaces":["packages/*"]}"#;
    let member = r#"{"name":"infra","version":"1.0.0","private":true}"#;
    let yarnrc = "npmScopes:\n  acme:\n    npmRegistryServer: https://registry.npmjs.org\n";
    let install = "cd packages/infra && yarn install";
    for (version, tool, file, text, command) in [
        ("npm", "npm", "service/.npmrc", npmrc, &["npm", "ci", "--prefix", "service"][..]),
        ("npm", "npm", "service/.npmrc", npmrc, &["npx", "--prefix=service", "aws-cdk", "deploy"]),
        ("npm", "npm", ".npmrc", npmrc, &["sh", "-c", "cd packages/infra && npm ci"]),
        ("pnpm10", "pnpm", ".npmrc", npmrc, &["pnpm", "-C", "packages/infra", "install"]),
        ("pnpm12", "pnpm", ".npmrc", npmrc, &["pnpm", "--dir", "packages/infra", "install"]),
        ("yarn4", "yarn", "packages/infra/.yarnrc.yml", yarnrc, &["yarn", "--cwd", "packages/infra", "install"]),
        ("yarn4", "yarn", "packages/infra/.yarnrc.yml", yarnrc, &["sh", "-ec", install]),
        ("bun", "bun", ".npmrc", npmrc, &["bun", "install", "--cwd=packages/infra"]),
    ] {
        let project = Project::of(version, tool).of_scope().with("package.json", manifest).with(file, text);
        let project = project.with("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
        let project = project.with("packages/infra/package.json", member).with("service/package.json", member);
        let finished = project.run(command);
        assert_eq!(finished.code, Some(1), "{version} {command:?}: {finished:#?}");
        let said = format!("{file}) instead of CodeArtifact acme/shop\n");
        assert!(finished.stderr.ends_with(&said), "{version} {command:?}: {finished:#?}");
        assert_eq!(project.public.asked(), [""; 0]);
    }
    // Another folder's configuration is not read there.
    let project =
        Project::of("npm", "npm").of_scope().with("service/package.json", member).with("service/.npmrc", npmrc);
    project.installs(&["npm", "install", "--no-audit", "--no-fund", &scoped()]);
}

#[test]
fn other_scopes_are_named() {
    let project = Project::of("npm", "npm").with(".npmrc", "@other:registry=https://npm.pkg.github.com/\n");
    let finished = project.run(&["true"]);
    assert_eq!(
        Project::said(&finished),
        "✔ npm logged in to CodeArtifact acme/shop until the session ends\n  \
         npm takes packages of @other from https://npm.pkg.github.com/ (set in .npmrc)"
    );
}

#[test]
fn yarns_own_scopes_are_left_as_they_are() {
    let other = "npmScopes:\n  other:\n    npmRegistryServer: https://npm.pkg.github.com\n";
    let project = Project::of("yarn4", "yarn").of_scope().with("~/.yarnrc.yml", other);
    project.is_rejected(
        "  help: ~/.yarnrc.yml was left as it is; add `acme` to its `npmScopes`, with npmRegistryServer: \
         \"http://...:/npm/shop\", npmAuthToken: \"${CODEARTIFACT_AUTH_TOKEN}\", npmAlwaysAuth: true\n\
         ✖ yarn takes packages of @acme from https://registry.yarnpkg.com instead of CodeArtifact acme/shop",
    );
    let own =
        "npmScopes:\n  acme:\n    npmRegistryServer: URL/npm/shop\n    npmAuthToken: ${CODEARTIFACT_AUTH_TOKEN-}\n";
    let project = Project::of("yarn4", "yarn").of_scope().with("~/.yarnrc.yml", own);
    project.installs(&["yarn", "add", &scoped()]);
}

#[test]
fn indexes_that_are_searched_too_are_reported() {
    let public = "https://pypi.org/simple";
    let index = format!("{PYPROJECT}[[tool.uv.index]]\nname = \"public\"\nurl = \"{public}\"\n");
    let configured = |tool: &str, origin: &str, advice: &str| {
        format!(
            "! {tool} is configured for CodeArtifact acme/shop, but also asks {public} (set in {origin}) for the names of its \
             packages; {advice}"
        )
    };
    let (pip, uv) =
        ("remove it: pip installs the highest version that any index has", "remove it, or add `explicit = true` to it");
    let settings = format!("extra-index-url = [\"{public}\"]\n");
    for (tool, file, text, advice) in [
        ("uv", "pyproject.toml", index.clone(), uv),
        ("uv", "~/.config/uv/uv.toml", settings, uv),
        ("pip", "requirements.txt", format!("--extra-index-url {public}\n{PACKAGE}\n"), pip),
        ("pip", "requirements.txt", format!("-i {public}\n{PACKAGE}\n"), pip),
        ("pip", "~/.config/pip/pip.conf", format!("[global]\nextra-index-url =\n  {public}\n"), pip),
    ] {
        let finished = Project::of(tool, tool).with(file, &text).run(&["true"]);
        assert_eq!(
            (Project::said(&finished), finished.code),
            (configured(tool, file, advice), Some(0)),
            "{finished:#?}"
        );
    }
    let finished = Project::of("pip", "pip").set("PIP_EXTRA_INDEX_URL", public).run(&["true"]);
    assert_eq!(Project::said(&finished), configured("pip", "PIP_EXTRA_INDEX_URL", pip));
    // Only asked for packages that name it.
    let explicit = Project::of("uv", "uv").with("pyproject.toml", &format!("{index}explicit = true\n"));
    explicit.installs(&["uv", "sync", "--no-python-downloads"]);
}

#[test]
fn pypi_is_kept_on_request() {
    let kept = |tool| Project::of(tool, tool).set("CODEARTIFACT_KEEP_PYPI", "true").with("pyproject.toml", PYPROJECT);
    // uv asks the repository first, and nobody else for what it has.
    kept("uv").installs(&["uv", "sync", "--no-python-downloads"]);
    let pip = kept("pip").set("PIP_EXTRA_INDEX_URL", "https://own.example/simple");
    let finished = pip.run(&["sh", "-c", "pip download --quiet keyless-private-package && echo $PIP_EXTRA_INDEX_URL"]);
    assert_eq!(finished.stdout, "https://pypi.org/simple/ https://own.example/simple\n", "{finished:#?}");
    let mut asked = pip.public.asked();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked, ["own.example:443", "pypi.org:443"]);
    assert!(Project::said(&finished).contains("but also asks https://own.example/simple (set in PIP_EXTRA_INDEX_URL)"));
}

#[test]
fn poetry_is_told_what_its_project_lacks() {
    let run = |pyproject: &str| {
        let project = Project::of("poetry", "poetry").with("pyproject.toml", pyproject);
        Project::said(&project.run(&["sh", "-c", "test $POETRY_HTTP_BASIC_CODEARTIFACT_USERNAME = aws"]))
    };
    let until = "poetry configured for CodeArtifact acme/shop until the session ends";
    assert_eq!(run("[tool.other]\n"), format!("✔ {until}, not verified: this folder is not in a project of poetry"));
    let unnamed = "! poetry is configured for CodeArtifact acme/shop, but pyproject.toml has no source `codeartifact` with its \
                   URL; add [[tool.poetry.source]] with name = \"codeartifact\" and url = \"http://...:/pypi/shop/simple/\"";
    assert_eq!(run(PYPROJECT), unnamed);
    assert_eq!(run(&format!("{PYPROJECT}{SOURCE}").replace("\"codeartifact\"", "\"acme\"")), unnamed);
    assert_eq!(
        run(&format!("{PYPROJECT}{SOURCE}priority = \"supplemental\"\n")),
        "! poetry is configured for CodeArtifact acme/shop, but also asks https://pypi.org/simple/ for the names of its \
         packages; set `priority = \"primary\"` for the source `codeartifact`, and no other source to `primary`"
    );
    assert_eq!(
        run(&format!("{PYPROJECT}{SOURCE}priority = \"explicit\"\n")),
        "✔ poetry logged in to CodeArtifact acme/shop until the session ends"
    );
}

#[test]
fn what_cannot_be_asked_is_configured() {
    let until = "configured for CodeArtifact acme/shop until the session ends";
    let said = |project: Project| {
        // Nothing but the command itself.
        let bin = project.workplace.folder().join("bin");
        fs::create_dir(&bin).expect("the scratch folder is writable");
        std::os::unix::fs::symlink("/bin/true", bin.join("true")).expect("the scratch folder is writable");
        let mut command = project.keyless();
        let finished = finish(command.env("PATH", bin).args(["exec", "--", "true"]));
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        Project::said(&finished)
    };
    assert_eq!(said(Project::of("npm", "maven,gradle,nuget")), format!("✔ maven, gradle, nuget {until}"));
    let missing = |tool| format!("✔ {tool} {until}, not verified: `{tool}` is not on the PATH");
    assert_eq!(said(Project::of("npm", "pnpm,pip")), format!("{}\n{}", missing("pnpm"), missing("pip")));
    let settings = "<settings><servers/></settings>";
    assert_eq!(
        said(Project::of("npm", "maven").with("~/.m2/settings.xml", settings)),
        "! maven is not logged in: ~/.m/settings.xml exists and was left as it is; add a server with \
         <username>aws</username> and <password>${env.CODEARTIFACT_AUTH_TOKEN}</password>, and a repository with the \
         server's id and <url>http://...:/maven/shop/</url>"
    );
    let settings = "<settings><profiles><url>URL/maven/shop</url></profiles></settings>";
    assert_eq!(said(Project::of("npm", "maven").with("~/.m2/settings.xml", settings)), format!("✔ maven {until}"));
    let registries = said(Project::of("npm", "swift").with("~/.swiftpm/configuration/registries.json", "{}"));
    assert!(registries.starts_with("! swift is not logged in: ~/.swiftpm/configuration/registries.json exists"));
}
