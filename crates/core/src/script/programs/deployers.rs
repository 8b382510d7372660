//! Commands that change what runs somewhere, whatever the cloud.
//!
//! [`crate::facts::TOOLS`] says which commands need AWS credentials; a tool that serves many clouds never certainly does.
//! This table only says that a command deploys.

use super::{given, positional};
use crate::script::Word;

/// A command that changes a running system.
#[derive(Debug)]
pub struct Deployer {
    /// What people call the tool.
    pub name: &'static str,
    /// The programs.
    pub programs: &'static [&'static str],
    /// The first arguments that are not options, with what they do; `""` for none.
    pub subcommands: &'static [(&'static str, Change)],
    /// Flags with which nothing is changed, or something else is done.
    pub unless: &'static [&'static str],
    /// Where tests usually point it instead of a running system.
    pub in_tests: TestTarget,
}

/// What tests deploy to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestTarget {
    /// Nothing, or an emulator that an endpoint variable names.
    Emulator,
    /// A cluster that the step starts.
    Cluster,
    /// A service of the step, or the step's own container.
    Service,
}

/// What a command does to a running system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It creates or updates.
    Applies,
    /// It removes.
    Destroys,
}

use Change::{Applies, Destroys};
use TestTarget::{Cluster, Emulator, Service};

/// Options whose value is the next argument.
const VALUED: [&str; 26] = [
    "-chdir",
    "-var",
    "-var-file",
    "-target",
    "-replace",
    "-n",
    "--namespace",
    "--kube-context",
    "--kubeconfig",
    "--context",
    "--cluster",
    "-s",
    "--stack",
    "-C",
    "--cwd",
    "--stage",
    "--region",
    "--profile",
    "--project",
    "-P",
    "--config",
    "-c",
    "-e",
    "--environment",
    "--terragrunt-working-dir",
    "--working-dir",
];

/// Flags that show instead of doing.
const PREVIEW: &[&str] = &["--dry-run", "--help", "-h", "-help"];

/// Commands that deploy, by their documentation.
pub static DEPLOYERS: [Deployer; 17] = [
    Deployer {
        name: "Terraform",
        programs: &["terraform"],
        subcommands: &[("apply", Applies), ("destroy", Destroys)],
        unless: PREVIEW,
        in_tests: Emulator,
    },
    Deployer {
        name: "OpenTofu",
        programs: &["tofu"],
        subcommands: &[("apply", Applies), ("destroy", Destroys)],
        unless: PREVIEW,
        in_tests: Emulator,
    },
    Deployer {
        name: "Terragrunt",
        programs: &["terragrunt"],
        subcommands: &[
            ("apply", Applies),
            ("destroy", Destroys),
            ("apply-all", Applies),
            ("destroy-all", Destroys),
            ("run-all apply", Applies),
            ("run-all destroy", Destroys),
            ("run apply", Applies),
            ("run destroy", Destroys),
            ("stack run apply", Applies),
            ("stack run destroy", Destroys),
        ],
        unless: PREVIEW,
        in_tests: Emulator,
    },
    Deployer {
        name: "Pulumi",
        programs: &["pulumi"],
        subcommands: &[("up", Applies), ("update", Applies), ("destroy", Destroys)],
        unless: &["--preview-only", "--help", "-h"],
        in_tests: Emulator,
    },
    Deployer {
        name: "Serverless Framework",
        programs: &["serverless", "sls", "osls"],
        subcommands: &[("deploy list", Applies), ("deploy", Applies), ("remove", Destroys), ("rollback", Applies)],
        unless: &["--help", "-h", "--noDeploy"],
        in_tests: Emulator,
    },
    Deployer {
        name: "AWS SAM CLI",
        programs: &["sam"],
        subcommands: &[("deploy", Applies), ("sync", Applies), ("delete", Destroys)],
        unless: &["--no-execute-changeset", "--help", "-h"],
        in_tests: Emulator,
    },
    Deployer {
        name: "AWS CDK",
        programs: &["cdk"],
        subcommands: &[("deploy", Applies), ("destroy", Destroys), ("rollback", Applies), ("import", Applies)],
        unless: &["--no-execute", "--help", "-h"],
        in_tests: Emulator,
    },
    Deployer {
        name: "kubectl",
        programs: &["kubectl", "oc"],
        subcommands: &[
            ("apply", Applies),
            ("create", Applies),
            ("replace", Applies),
            ("patch", Applies),
            ("set image", Applies),
            ("rollout restart", Applies),
            ("rollout undo", Applies),
            ("scale", Applies),
            ("delete", Destroys),
        ],
        unless: PREVIEW,
        in_tests: Cluster,
    },
    Deployer {
        name: "Helm",
        programs: &["helm"],
        subcommands: &[
            ("upgrade", Applies),
            ("install", Applies),
            ("rollback", Applies),
            ("uninstall", Destroys),
            ("delete", Destroys),
        ],
        unless: PREVIEW,
        in_tests: Cluster,
    },
    Deployer {
        name: "Helmfile",
        programs: &["helmfile"],
        subcommands: &[("apply", Applies), ("sync", Applies), ("destroy", Destroys)],
        unless: PREVIEW,
        in_tests: Cluster,
    },
    Deployer {
        name: "Ansible",
        programs: &["ansible-playbook"],
        subcommands: &[],
        unless: &[
            "--check",
            "-C",
            "--syntax-check",
            "--list-tasks",
            "--list-hosts",
            "--list-tags",
            "--help",
            "-h",
            "--version",
        ],
        in_tests: Emulator,
    },
    Deployer {
        name: "Google Cloud CLI",
        programs: &["gcloud"],
        subcommands: &[
            ("app deploy", Applies),
            ("run deploy", Applies),
            ("run services replace", Applies),
            ("functions deploy", Applies),
            ("deploy releases create", Applies),
        ],
        unless: PREVIEW,
        in_tests: Emulator,
    },
    Deployer {
        name: "Azure CLI",
        programs: &["az"],
        subcommands: &[
            ("webapp deploy", Applies),
            ("webapp up", Applies),
            ("functionapp deploy", Applies),
            ("containerapp up", Applies),
            ("containerapp update", Applies),
            ("deployment group create", Applies),
            ("deployment sub create", Applies),
            ("stack group create", Applies),
        ],
        unless: &["--what-if", "-w", "--help", "-h"],
        in_tests: Emulator,
    },
    Deployer {
        name: "Firebase CLI",
        programs: &["firebase"],
        subcommands: &[("deploy", Applies)],
        unless: PREVIEW,
        in_tests: Emulator,
    },
    Deployer {
        name: "Wrangler",
        programs: &["wrangler"],
        subcommands: &[("deploy", Applies), ("publish", Applies), ("pages deploy", Applies), ("delete", Destroys)],
        unless: PREVIEW,
        in_tests: Emulator,
    },
    Deployer {
        name: "flyctl",
        programs: &["fly", "flyctl"],
        subcommands: &[("deploy", Applies)],
        unless: &["--build-only", "--help", "-h"],
        in_tests: Emulator,
    },
    Deployer {
        name: "database migrations",
        programs: &["flyway", "liquibase", "prisma"],
        subcommands: &[("migrate deploy", Applies), ("migrate", Applies), ("update", Applies), ("clean", Destroys)],
        unless: PREVIEW,
        in_tests: Service,
    },
];

/// The tool and what the command does; `None` where it changes nothing, or what it does cannot be seen.
pub fn deployer(program: &str, arguments: &[Word]) -> Option<(&'static Deployer, Change)> {
    let deployer = DEPLOYERS.iter().find(|deployer| deployer.programs.contains(&program))?;
    // `--dry-run=none` and `--dry-run=false` do what they say.
    let off = arguments.iter().any(|word| matches!(word.prefix(), "--dry-run=none" | "--dry-run=false"));
    if given(arguments, deployer.unless) && !off {
        return None;
    }
    // A playbook for the step's own container.
    let local = |word: &Word| matches!(word.prefix(), "localhost," | "127.0.0.1," | "--connection=local" | "local");
    if deployer.programs == ["ansible-playbook"] && arguments.iter().any(local) {
        return None;
    }
    let positional = positional(arguments, &VALUED);
    if deployer.subcommands.is_empty() {
        return Some((deployer, Applies));
    }
    let (subcommand, change) = deployer.subcommands.iter().find(|(subcommand, _)| {
        subcommand.split_whitespace().enumerate().all(|(index, word)| positional.get(index) == Some(&Some(word)))
    })?;
    // It lists deployments.
    if *subcommand == "deploy list" {
        return None;
    }
    let destroys = given(arguments, &["-destroy", "--destroy"]) && deployer.programs != ["helm"];
    Some((deployer, if destroys { Destroys } else { *change }))
}
