//! The command line.

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

#[cfg(feature = "lsp")]
use crate::lsp_command::Lsp;
#[cfg(not(all(feature = "cloud", feature = "lsp")))]
use crate::without_cloud::WithoutCloud;
#[cfg(feature = "cloud")]
use crate::{doctor_command::Doctor, exec_command::Exec};
use crate::{
    init_command::Init,
    lint_command::Lint,
    migrate_command::Migrate,
    requirements_command,
    rules_command::{RuleFormat, RuleIdParser},
    schema_command::Described,
    setup_command::Setup,
    token_command::Token,
    trust_command::Trust,
};

/// Deploy from Bitbucket Pipelines to AWS without storing an AWS key
#[derive(Debug, Parser)]
#[command(
    name = "keyless",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "\
Examples:
  keyless lint                                 check the pipeline of this repository
  keyless init                                 write a keyless.yaml with what the pipeline reads
  keyless requirements                         list the variables to set in Bitbucket
  keyless migrate                              replace stored AWS keys by roles
  keyless setup --help                         create the identity provider and the roles in AWS
  keyless trust check trust-policy.json        check a role's trust policy
  keyless explain stored-keys                  show a rule's documentation"
)]
pub(crate) struct Arguments {
    /// When to color the report
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to color.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `CLICOLOR=0`; always with `FORCE_COLOR` or `CLICOLOR_FORCE`
    Auto,
    /// Also in files, pipes and build logs
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Lint(Lint),
    Init(Init),
    Requirements(requirements_command::Arguments),
    Migrate(Migrate),
    #[command(subcommand)]
    Trust(Trust),
    Setup(Setup),
    Token(Token),
    #[cfg(feature = "lsp")]
    Lsp(Lsp),
    #[cfg(not(feature = "lsp"))]
    #[command(hide = true, disable_help_flag = true)]
    Lsp(WithoutCloud),
    #[cfg(feature = "cloud")]
    Doctor(Doctor),
    #[cfg(feature = "cloud")]
    Exec(Exec),
    /// Print a role session for an AWS SDK's `credential_process`
    ///
    /// Assumes the role of `AWS_ROLE_ARN` with the step's token, as `keyless exec` does, and prints the credentials as JSON.
    #[cfg(feature = "cloud")]
    #[command(after_help = "\
Examples:
  # ~/.aws/config
  [profile deploy]
  credential_process = keyless credential-process

Variables: the same as for `keyless exec`; see `keyless exec --help`.

Exit status: 0 printed, 1 invalid settings or no session, 2 invalid command line.")]
    CredentialProcess {
        /// Print the session of the `keyless exec` that started this process; the profiles that it generates do this
        #[arg(long, hide = true)]
        of_exec: bool,
    },
    #[cfg(not(feature = "cloud"))]
    #[command(hide = true, disable_help_flag = true)]
    Doctor(WithoutCloud),
    #[cfg(not(feature = "cloud"))]
    #[command(hide = true, disable_help_flag = true)]
    Exec(WithoutCloud),
    #[cfg(not(feature = "cloud"))]
    #[command(hide = true, disable_help_flag = true)]
    CredentialProcess(WithoutCloud),
    /// List the rules of `keyless lint` and `keyless trust check`
    #[command(after_help = "\
Examples:
  keyless rules                                severity, group and summary of every rule; * marks those with a fix
  keyless rules | grep oidc
  keyless rules --format json")]
    Rules {
        /// How to list them
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: RuleFormat,
    },
    /// Print a JSON Schema, with which editors complete and check a file
    #[command(after_help = "\
Examples:
  keyless schema settings > keyless.schema.json
  check-jsonschema --schemafile keyless.schema.json keyless.yaml")]
    Schema {
        /// Of what
        of: Described,
    },
    /// Show a rule's documentation
    #[command(after_help = "\
Examples:
  keyless explain missing-oidc                 what it finds, why, and a wrong and a right example
  keyless explain secrets                      the rules of a group")]
    Explain {
        /// The rule's id, as reports show it in brackets, or a group's name
        #[arg(value_parser = RuleIdParser, hide_possible_values = true)]
        rule: String,
    },
    /// Print what a shell needs to complete commands, options and rules
    #[command(after_help = "\
Examples:
  keyless completions bash > ~/.local/share/bash-completion/completions/keyless
  keyless completions fish > ~/.config/fish/completions/keyless.fish
  keyless completions zsh > ~/.zfunc/_keyless  with `fpath+=(~/.zfunc)` above `compinit` in ~/.zshrc
  keyless completions powershell >> $PROFILE")]
    Completions {
        /// The shell
        shell: Shell,
    },
}
