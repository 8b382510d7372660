//! Commands that a step is there for: they test, build, install or deploy, and their failure has to fail the step.

use super::{deployer, plain, positional};
use crate::script::{
    Word,
    runners::{Kind, runs},
};

/// How certain it is that a failure of a command should fail the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// It runs a script of the repository, which may do anything.
    Likely,
    /// It tests, builds, installs or deploys.
    Certain,
}

/// Programs whose every use, or whose use with one of these first arguments, is such a task.
static TASKS: [(&[&str], &[&str]); 34] = [
    (&["npm"], &["ci", "install", "i", "test", "t", "run", "run-script", "publish", "audit", "rebuild"]),
    (&["pnpm", "bun"], &["install", "i", "test", "run", "build", "lint", "publish", "deploy", "audit", "add"]),
    (
        &["yarn"],
        &[
            "",
            "install",
            "test",
            "run",
            "build",
            "lint",
            "publish",
            "deploy",
            "audit",
            "add",
            "workspaces",
            "workspace",
        ],
    ),
    (&["mvn", "mvnw", "gradle", "gradlew", "ant", "sbt", "lein", "bazel", "bazelisk", "buck2", "pants"], &[]),
    (
        &[
            "make", "gmake", "ninja", "ctest", "scons", "meson", "rake", "just", "task", "mage", "earthly", "nx",
            "turbo",
        ],
        &[],
    ),
    (&["cmake"], &["--build"]),
    (&["go"], &["test", "build", "vet", "generate", "install", "run"]),
    (&["cargo"], &["test", "build", "check", "clippy", "fmt", "publish", "nextest", "bench", "run", "install", "deny"]),
    (&["dotnet"], &["test", "build", "publish", "restore", "pack", "format", "run", "nuget"]),
    (&["msbuild", "nuget", "xcodebuild", "fastlane", "pod", "flutter", "dart", "swift", "expo", "eas"], &[]),
    (&["pytest", "py.test", "tox", "nox", "unittest", "nosetests", "behave", "robot", "mypy", "pylint", "flake8"], &[]),
    (
        &[
            "ruff",
            "black",
            "isort",
            "bandit",
            "pip-audit",
            "safety",
            "pyright",
            "pyflakes",
            "twine",
            "build",
            "sphinx-build",
        ],
        &[],
    ),
    (&["coverage"], &["run"]),
    (&["pip", "pip3"], &["install", "wheel", "check"]),
    (&["poetry", "pdm", "hatch", "pipenv"], &["install", "build", "publish", "test", "check", "sync"]),
    (&["uv"], &["sync", "build", "publish", "pip"]),
    (&["composer"], &["install", "update", "test", "validate", "audit", "require", "run-script", "run"]),
    (
        &["phpunit", "phpstan", "phpcs", "psalm", "pest", "codecept", "behat", "php-cs-fixer", "paratest", "infection"],
        &[],
    ),
    (&["artisan", "console"], &["test", "migrate", "dusk"]),
    (&["bundle"], &["", "install"]),
    (&["rspec", "rubocop", "cucumber", "brakeman", "minitest"], &[]),
    (&["rails"], &["test", "db:migrate", "assets:precompile"]),
    (&["mix"], &["test", "compile", "format", "credo", "dialyzer", "deps.get", "release"]),
    (
        &[
            "jest",
            "vitest",
            "mocha",
            "ava",
            "karma",
            "cypress",
            "playwright",
            "newman",
            "k6",
            "artillery",
            "lighthouse",
            "lhci",
        ],
        &[],
    ),
    (
        &[
            "eslint",
            "tsc",
            "prettier",
            "stylelint",
            "ng",
            "webpack",
            "vite",
            "rollup",
            "next",
            "nuxt",
            "gatsby",
            "gulp",
            "grunt",
        ],
        &[],
    ),
    (
        &[
            "lerna",
            "semantic-release",
            "react-scripts",
            "vue-cli-service",
            "nyc",
            "c8",
            "tap",
            "wdio",
            "testcafe",
            "protractor",
        ],
        &[],
    ),
    (&["docker", "podman"], &["build", "push", "buildx", "run", "compose", "pull"]),
    (&["docker-compose"], &["build", "up", "run", "push"]),
    (&["terraform", "tofu", "terragrunt"], &["init", "validate", "plan", "apply", "destroy", "test", "fmt"]),
    (&["cdk"], &["synth", "deploy", "diff", "bootstrap", "destroy"]),
    (
        &["sam", "serverless", "sls", "cfn-lint", "cfn_nag", "packer"],
        &["", "build", "deploy", "package", "validate", "publish"],
    ),
    (&["helm", "kubeval", "kubeconform"], &["lint", "upgrade", "install", "package", "push", "test"]),
    (
        &[
            "sonar-scanner",
            "snyk",
            "trivy",
            "grype",
            "checkov",
            "tfsec",
            "tflint",
            "gitleaks",
            "semgrep",
            "hadolint",
            "shellcheck",
        ],
        &[],
    ),
    (
        &["aws"],
        &[
            "s3 sync",
            "s3 cp",
            "cloudformation deploy",
            "cloudformation package",
            "lambda update-function-code",
            "ecs update-service",
            "deploy create-deployment",
        ],
    ),
];

/// Interpreters, which run a script of the repository.
const INTERPRETERS: [&str; 16] = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "python", "python2", "python3", "node", "deno", "ruby", "perl", "php",
    "ts-node", "tsx",
];

/// Words in the name of a script that say what it is for.
const PURPOSES: [&str; 14] = [
    "test",
    "build",
    "deploy",
    "check",
    "lint",
    "verify",
    "release",
    "publish",
    "migrat",
    "install",
    "compile",
    "package",
    "spec",
    "provision",
];

/// Options with which a program does nothing that could fail the step.
const HARMLESS: [&str; 4] = ["--help", "-h", "--version", "-version"];

/// Whether a command is what its step is there for; `None` for one whose failure may mean nothing.
pub fn importance(path: &str, program: &str, arguments: &[Word]) -> Option<Importance> {
    if arguments.iter().any(|word| HARMLESS.contains(&word.prefix())) {
        return None;
    }
    let certain =
        |program: &str, arguments: &[Word]| is_task(program, arguments) || deployer(program, arguments).is_some();
    if certain(program, arguments) {
        return Some(Importance::Certain);
    }
    // The name of a package's script says nothing certain.
    let inner = runs(program, arguments).take_while(|run| run.kind != Kind::Script);
    let inner: Vec<_> = inner.collect();
    if inner.iter().any(|run| certain(run.program(), run.arguments)) {
        return Some(Importance::Certain);
    }
    let (path, program, arguments) =
        inner.last().map_or((path, program, arguments), |run| (run.command.as_str(), run.program(), run.arguments));
    let script = if INTERPRETERS.contains(&program) {
        let file = arguments.iter().find(|word| !word.prefix().starts_with('-'))?;
        if arguments.iter().take_while(|word| word.prefix().starts_with('-')).any(|word| is_code(word.prefix())) {
            return None;
        }
        let name = plain(file)?.rsplit('/').next()?;
        // `php artisan test`, `python manage.py test`
        let rest = &arguments[arguments.iter().position(|word| word.span == file.span)? + 1..];
        if is_task(name, rest) || name == "manage.py" && rest.first().is_some_and(|word| word.prefix() == "test") {
            return Some(Importance::Certain);
        }
        name
    } else if path.contains('/') && !["/bin/", "/sbin/"].iter().any(|folder| path.contains(folder)) {
        program
    } else {
        let extension = program.rsplit_once('.').is_some_and(|(_, extension)| matches!(extension, "sh" | "py"));
        extension.then_some(program)?
    };
    let script = script.to_ascii_lowercase();
    let known = PURPOSES.iter().any(|purpose| script.contains(purpose));
    Some(if known { Importance::Certain } else { Importance::Likely })
}

/// Whether an option of an interpreter is followed by code instead of a file.
fn is_code(option: &str) -> bool {
    matches!(option, "-c" | "-e" | "-r" | "-p" | "-m" | "-s" | "--eval" | "--print")
}

fn is_task(program: &str, arguments: &[Word]) -> bool {
    let positional = || positional(arguments, &[]);
    TASKS.iter().filter(|(programs, _)| programs.contains(&program)).any(|(_, subcommands)| {
        if subcommands.is_empty() {
            return true;
        }
        let given = positional();
        subcommands.iter().any(|subcommand| {
            let mut wanted = subcommand.split(' ').filter(|word| !word.is_empty()).enumerate();
            if subcommand.is_empty() {
                return given.is_empty();
            }
            wanted.all(|(index, word)| {
                // Options before it may take values that are unknown here: `npm --prefix app test`.
                given.get(index) == Some(&Some(word))
                    || index == 0 && subcommand == &word && given.get(1) == Some(&Some(word))
            }) || subcommand.starts_with('-') && arguments.iter().any(|argument| argument.prefix() == *subcommand)
        })
    })
}
