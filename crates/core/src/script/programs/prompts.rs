//! Commands that ask a question. A step has no terminal, so they fail, hang or give up.

use std::sync::LazyLock;

use super::{ProgramIndex, given, may_hide_options, positional};
use crate::script::Word;

/// A command that asks.
#[derive(Debug)]
pub struct Prompt {
    /// The programs.
    pub programs: &'static [&'static str],
    /// The first arguments that are not options: one of these; `""` for none at all. Empty for any.
    pub subcommands: &'static [&'static str],
    /// When it asks.
    pub asks: Trigger,
    /// The environment variable that keeps it from asking.
    pub variable: Option<&'static str>,
    /// What it wants to know, as the object of "asks for".
    pub question: &'static str,
    /// What to do.
    pub help: &'static str,
    /// Where that is documented.
    pub source: &'static str,
}

/// When a command asks.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// Unless one of these flags is given.
    Unless(&'static [&'static str]),
    /// Unless one of these flags or a further argument is given, such as a saved plan.
    UnlessPlan(&'static [&'static str]),
    /// If one of these flags is given.
    If(&'static [&'static str]),
    /// If one of the first flags is given and none of the second.
    IfWithout(&'static [&'static str], &'static [&'static str]),
}

use Trigger::{If, IfWithout, Unless, UnlessPlan};

/// Options whose value is the next argument, of all programs below.
const VALUED: [&str; 30] = [
    "-chdir",
    "-var",
    "-var-file",
    "-target",
    "-replace",
    "-state",
    "-state-out",
    "-backup",
    "-parallelism",
    "-lock-timeout",
    "-s",
    "--stack",
    "-C",
    "--cwd",
    "-m",
    "-p",
    "--project",
    "--config",
    "-c",
    "--config-file",
    "--profile",
    "--region",
    "-t",
    "--stack-name",
    "--terragrunt-working-dir",
    "--working-dir",
    "-o",
    "--root",
    "-a",
    "--context",
];

/// Commands that ask, by their documentation.
pub static PROMPTS: [Prompt; 41] = [
    Prompt {
        programs: &["apt-get", "apt", "aptitude"],
        subcommands: &[
            "install",
            "upgrade",
            "dist-upgrade",
            "full-upgrade",
            "remove",
            "purge",
            "autoremove",
            "build-dep",
        ],
        // `-qq` implies `-y`.
        asks: Unless(&["-y", "--yes", "--assume-yes", "-qq", "-s", "--simulate", "--dry-run", "--assume-no"]),
        variable: None,
        question: "confirmation",
        help: "add `-y`",
        source: "https://manpages.debian.org/apt-get.8",
    },
    Prompt {
        programs: &["add-apt-repository", "apt-add-repository"],
        subcommands: &[],
        asks: Unless(&["-y", "--yes"]),
        variable: None,
        question: "confirmation",
        help: "add `-y`",
        source: "https://manpages.ubuntu.com/manpages/noble/en/man1/add-apt-repository.1.html",
    },
    Prompt {
        programs: &["yum", "dnf", "microdnf"],
        subcommands: &["install", "update", "upgrade", "remove", "erase", "reinstall", "groupinstall", "autoremove"],
        asks: Unless(&["-y", "--assumeyes", "--assumeno"]),
        variable: None,
        question: "confirmation",
        help: "add `-y`",
        source: "https://dnf.readthedocs.io/en/latest/command_ref.html",
    },
    Prompt {
        programs: &["zypper"],
        subcommands: &["install", "in", "update", "up", "remove", "rm", "dist-upgrade", "dup"],
        asks: Unless(&["-y", "--no-confirm", "-n", "--non-interactive"]),
        variable: None,
        question: "confirmation",
        help: "add `--non-interactive` before the command",
        source: "https://en.opensuse.org/SDB:Zypper_manual",
    },
    Prompt {
        programs: &["terraform", "tofu"],
        subcommands: &["apply"],
        asks: UnlessPlan(&["-auto-approve", "--auto-approve", "-help", "--help"]),
        variable: None,
        question: "approval",
        help: "apply a saved plan, or add `-auto-approve`",
        source: "https://developer.hashicorp.com/terraform/cli/commands/apply",
    },
    Prompt {
        programs: &["terraform", "tofu"],
        subcommands: &["destroy"],
        asks: Unless(&["-auto-approve", "--auto-approve", "-help", "--help"]),
        variable: None,
        question: "approval",
        help: "add `-auto-approve`",
        source: "https://developer.hashicorp.com/terraform/cli/commands/destroy",
    },
    Prompt {
        programs: &["terraform", "tofu"],
        subcommands: &["force-unlock"],
        asks: Unless(&["-force", "--force"]),
        variable: None,
        question: "confirmation",
        help: "add `-force`",
        source: "https://developer.hashicorp.com/terraform/cli/commands/force-unlock",
    },
    Prompt {
        programs: &["terragrunt"],
        subcommands: &["apply", "destroy", "run-all apply", "run-all destroy", "run apply", "run destroy"],
        asks: UnlessPlan(&["-auto-approve", "--auto-approve", "--terragrunt-non-interactive", "--non-interactive"]),
        variable: None,
        question: "approval",
        help: "apply a saved plan, or add `-auto-approve`",
        source: "https://terragrunt.gruntwork.io/docs/reference/cli-options/",
    },
    Prompt {
        programs: &["pulumi"],
        subcommands: &["up", "update", "destroy", "refresh", "import", "cancel"],
        asks: Unless(&["-y", "--yes", "-f", "--skip-preview", "--preview-only", "--help"]),
        variable: Some("PULUMI_SKIP_CONFIRMATIONS"),
        question: "confirmation",
        help: "add `--yes`",
        source: "https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/",
    },
    Prompt {
        programs: &["sam"],
        subcommands: &["deploy"],
        asks: If(&["--guided", "-g", "--confirm-changeset"]),
        variable: None,
        question: "the deployment's parameters or approval",
        help: "remove it, and pass the parameters as options or in `samconfig.toml`",
        source: "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-deploy.html",
    },
    Prompt {
        programs: &["sam"],
        subcommands: &["delete"],
        asks: Unless(&["--no-prompts", "--help"]),
        variable: None,
        question: "confirmation",
        help: "add `--no-prompts`",
        source: "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-delete.html",
    },
    Prompt {
        programs: &["serverless", "sls"],
        subcommands: &["login"],
        asks: Unless(&["--help"]),
        variable: None,
        question: "a login in the browser",
        help: "set `SERVERLESS_ACCESS_KEY` or `SERVERLESS_LICENSE_KEY` instead",
        source: "https://www.serverless.com/framework/docs/guides/cicd/running-in-your-own-cicd",
    },
    Prompt {
        programs: &["cdk"],
        subcommands: &["destroy"],
        asks: Unless(&["-f", "--force", "-y", "--yes", "--help"]),
        variable: None,
        question: "confirmation",
        help: "add `--force`",
        source: "https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-destroy.html",
    },
    Prompt {
        programs: &["aws"],
        subcommands: &["sso login", "configure sso"],
        asks: Unless(&["--help"]),
        variable: None,
        question: "a login in the browser",
        help: "assume a role with the step's OIDC token instead",
        source: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html",
    },
    Prompt {
        programs: &["amplify"],
        subcommands: &["push", "publish", "init", "pull"],
        asks: Unless(&["-y", "--yes", "--help"]),
        variable: None,
        question: "confirmation",
        help: "add `--yes`",
        source: "https://docs.amplify.aws/gen1/react/tools/cli/usage/headless/",
    },
    Prompt {
        programs: &["copilot"],
        subcommands: &["app delete", "env delete", "svc delete", "job delete"],
        asks: Unless(&["--yes", "--help"]),
        variable: None,
        question: "confirmation",
        help: "add `--yes`",
        source: "https://aws.github.io/copilot-cli/docs/commands/svc-delete/",
    },
    Prompt {
        programs: &["eb"],
        subcommands: &["terminate"],
        asks: Unless(&["--force", "--help"]),
        variable: None,
        question: "confirmation",
        help: "add `--force`",
        source: "https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/eb3-terminate.html",
    },
    Prompt {
        programs: &["docker", "podman"],
        subcommands: &[
            "system prune",
            "image prune",
            "volume prune",
            "container prune",
            "network prune",
            "builder prune",
        ],
        asks: Unless(&["-f", "--force", "--help"]),
        variable: None,
        question: "confirmation",
        help: "add `--force`",
        source: "https://docs.docker.com/reference/cli/docker/system/prune/",
    },
    Prompt {
        programs: &["docker", "podman"],
        subcommands: &["login"],
        asks: Unless(&["--password-stdin", "--password", "-p", "--help"]),
        variable: None,
        question: "a password",
        help: "pass it to standard input with `--password-stdin`",
        source: "https://docs.docker.com/reference/cli/docker/login/",
    },
    Prompt {
        programs: &["docker"],
        subcommands: &["run", "exec"],
        asks: If(&["-it", "-ti"]),
        variable: None,
        question: "a terminal",
        help: "remove `-it`",
        source: "https://docs.docker.com/reference/cli/docker/container/run/",
    },
    Prompt {
        programs: &["npm", "yarn", "pnpm", "bun"],
        subcommands: &["init"],
        asks: Unless(&["-y", "--yes", "-2", "--help"]),
        variable: None,
        question: "the package's name and version",
        help: "add `--yes`",
        source: "https://docs.npmjs.com/cli/commands/npm-init",
    },
    Prompt {
        programs: &["npm", "pnpm"],
        subcommands: &["login", "adduser"],
        asks: Unless(&["--help"]),
        variable: None,
        question: "a login",
        help: "write the registry's token to `.npmrc` from a secured variable instead",
        source: "https://docs.npmjs.com/cli/commands/npm-login",
    },
    Prompt {
        programs: &["az"],
        subcommands: &["login"],
        asks: Unless(&["-u", "--username", "--service-principal", "--identity", "-i", "--federated-token", "--help"]),
        variable: None,
        question: "a login in the browser",
        help: "add `--service-principal` with `--federated-token \"$BITBUCKET_STEP_OIDC_TOKEN\"`",
        source: "https://learn.microsoft.com/cli/azure/authenticate-azure-cli",
    },
    Prompt {
        programs: &["gcloud"],
        subcommands: &["auth login"],
        asks: Unless(&["--cred-file", "--help"]),
        variable: None,
        question: "a login in the browser",
        help: "add `--cred-file` with a workload identity configuration",
        source: "https://cloud.google.com/sdk/gcloud/reference/auth/login",
    },
    Prompt {
        programs: &["firebase", "heroku"],
        subcommands: &["login"],
        asks: Unless(&["--help"]),
        variable: None,
        question: "a login in the browser",
        help: "use a token from a secured variable instead",
        source: "https://firebase.google.com/docs/cli#cli-ci-systems",
    },
    Prompt {
        programs: &["git"],
        subcommands: &["rebase", "add"],
        asks: If(&["-i", "--interactive", "--patch"]),
        variable: Some("GIT_SEQUENCE_EDITOR"),
        question: "an editor or a choice",
        help: "remove the option",
        source: "https://git-scm.com/docs/git-rebase",
    },
    Prompt {
        programs: &["prisma"],
        subcommands: &["migrate dev"],
        asks: Unless(&["--help", "-h"]),
        variable: None,
        question: "a terminal",
        help: "use `prisma migrate deploy`",
        source: "https://www.prisma.io/docs/orm/reference/prisma-cli-reference#migrate-dev",
    },
    Prompt {
        programs: &["pip", "pip3"],
        subcommands: &["uninstall"],
        asks: Unless(&["-y", "--yes", "--help"]),
        variable: None,
        question: "confirmation",
        help: "add `--yes`",
        source: "https://pip.pypa.io/en/stable/cli/pip_uninstall/",
    },
    Prompt {
        programs: &["conda", "mamba"],
        subcommands: &["install", "create", "update", "upgrade", "remove", "uninstall"],
        asks: Unless(&["-y", "--yes", "--dry-run", "-d", "--help"]),
        variable: Some("CONDA_ALWAYS_YES"),
        question: "confirmation",
        help: "add `--yes`",
        source: "https://docs.conda.io/projects/conda/en/stable/commands/install.html",
    },
    Prompt {
        programs: &["pacman"],
        subcommands: &[],
        asks: IfWithout(&["-S", "-R", "-U"], &["--noconfirm", "-p", "--print", "--help"]),
        variable: None,
        question: "confirmation",
        help: "add `--noconfirm`",
        source: "https://man.archlinux.org/man/pacman.8",
    },
    Prompt {
        programs: &["ssh-keygen"],
        subcommands: &[],
        asks: IfWithout(&["-t"], &["-N", "-y", "-R", "-F", "-l", "-H", "-A", "-e", "-i", "-B", "-Y", "-s"]),
        variable: None,
        question: "a passphrase",
        help: "add `-N ''` for a key without one",
        source: "https://man.openbsd.org/ssh-keygen.1",
    },
    Prompt {
        programs: &["aws"],
        subcommands: &["configure"],
        asks: UnlessPlan(&["--help"]),
        variable: None,
        question: "access keys",
        help: "set variables, or use `aws configure set`",
        source: "https://docs.aws.amazon.com/cli/latest/reference/configure/",
    },
    Prompt {
        programs: &["git"],
        subcommands: &["commit"],
        asks: Unless(&[
            "-m",
            "--message",
            "-F",
            "--file",
            "-C",
            "--reuse-message",
            "--no-edit",
            "--fixup",
            "--squash",
            "--dry-run",
            "--help",
        ]),
        variable: Some("GIT_EDITOR"),
        question: "a message in an editor",
        help: "add `--message`",
        source: "https://git-scm.com/docs/git-commit",
    },
    Prompt {
        programs: &["git"],
        subcommands: &["tag"],
        asks: IfWithout(
            &["-a", "--annotate", "-s", "--sign"],
            &["-m", "--message", "-F", "--file", "-d", "-l", "--list"],
        ),
        variable: Some("GIT_EDITOR"),
        question: "a message in an editor",
        help: "add `--message`",
        source: "https://git-scm.com/docs/git-tag",
    },
    Prompt {
        programs: &["composer", "poetry", "pdm"],
        subcommands: &["init"],
        asks: Unless(&["-n", "--no-interaction", "--non-interactive", "--name", "--help"]),
        variable: Some("COMPOSER_NO_INTERACTION"),
        question: "the package's name and version",
        help: "add `--no-interaction`",
        source: "https://getcomposer.org/doc/03-cli.md#init",
    },
    Prompt {
        programs: &["gh"],
        subcommands: &["auth login"],
        asks: Unless(&["--with-token", "--help"]),
        variable: None,
        question: "a login in the browser",
        help: "set `GH_TOKEN` from a secured variable instead",
        source: "https://cli.github.com/manual/gh_auth_login",
    },
    Prompt {
        programs: &["snyk"],
        subcommands: &["auth"],
        asks: UnlessPlan(&["--help", "--auth-type", "--client-id"]),
        variable: None,
        question: "a login in the browser",
        help: "set `SNYK_TOKEN` from a secured variable instead",
        source: "https://docs.snyk.io/snyk-cli/commands/auth",
    },
    Prompt {
        programs: &["eas", "expo", "netlify", "vercel", "wrangler", "railway"],
        subcommands: &["login"],
        asks: Unless(&["--help"]),
        variable: None,
        question: "a login",
        help: "use a token from a secured variable instead",
        source: "https://docs.expo.dev/accounts/programmatic-access/",
    },
    Prompt {
        programs: &["openssl"],
        subcommands: &["req"],
        asks: IfWithout(&["-new", "-x509", "-newkey"], &["-subj", "-config", "-batch", "-help"]),
        variable: None,
        question: "the subject of the certificate",
        help: "add `-subj`",
        source: "https://docs.openssl.org/master/man1/openssl-req/",
    },
    Prompt {
        programs: &["kubectl", "oc"],
        subcommands: &["edit"],
        asks: Unless(&["--help"]),
        variable: Some("KUBE_EDITOR"),
        question: "an editor",
        help: "use `kubectl patch` or `kubectl apply`",
        source: "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_edit/",
    },
    Prompt {
        programs: &["read"],
        subcommands: &[],
        asks: If(&["-p"]),
        variable: None,
        question: "an answer",
        help: "use a variable of the pipeline instead",
        source: "https://www.gnu.org/software/bash/manual/html_node/Bash-Builtins.html",
    },
];

/// The question that a program asks with these arguments; `None` when it does not, or may not.
///
/// Input from a pipe (`yes | …`) or a file, and the variable of [`Prompt::variable`], are for the caller to look at.
pub fn prompt(program: &str, arguments: &[Word]) -> Option<&'static Prompt> {
    static INDEX: LazyLock<ProgramIndex<Prompt>> =
        LazyLock::new(|| ProgramIndex::new(&PROMPTS, |prompt| prompt.programs));
    let mut rows = INDEX.of(program).peekable();
    rows.peek()?;
    if may_hide_options(arguments) {
        return None;
    }
    let positional = positional(arguments, &VALUED);
    rows.find(|prompt| {
        let words = prompt.subcommands.iter().find_map(|subcommand| {
            let wanted: Vec<&str> = subcommand.split_whitespace().collect();
            let begins = wanted.iter().enumerate().all(|(index, word)| positional.get(index) == Some(&Some(word)));
            begins.then_some(wanted.len())
        });
        if words.is_none() && !prompt.subcommands.is_empty() {
            return false;
        }
        match prompt.asks {
            Trigger::Unless(flags) => !given(arguments, flags),
            Trigger::UnlessPlan(flags) => !given(arguments, flags) && positional.len() == words.unwrap_or_default(),
            Trigger::If(flags) => given(arguments, flags),
            Trigger::IfWithout(flags, without) => given(arguments, flags) && !given(arguments, without),
        }
    })
}
