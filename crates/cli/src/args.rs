//! What may be asked of the command.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser, builder::TypedValueParser};
use keyless_core::diagnostic::Severity;

use crate::{
    report::Format, requirements_command, settings::Declared, setup_command::Setup, token_command::Token,
    trust_command::Trust,
};

/// Deploy from Bitbucket Pipelines to AWS without storing an AWS key
#[derive(Debug, Parser)]
#[command(name = "keyless", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Colour the report
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to colour.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Also into a file, a pipe or a build log
    Always,
    /// Plain text
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Lint(Lint),
    Requirements(requirements_command::Arguments),
    #[command(subcommand)]
    Trust(Trust),
    Setup(Setup),
    Token(Token),
    /// Look at what a deployment needs, in Bitbucket's settings and in the AWS account
    ///
    /// Runs `keyless-aws doctor`, which has the calls to AWS.
    #[command(disable_help_flag = true)]
    Doctor {
        /// The arguments of `keyless-aws doctor`; `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// List the rules that `keyless lint` and `keyless trust check` apply
    Rules,
    /// Print what a rule is about, with a wrong and a right example
    Explain {
        /// The rule's id, as reports print it in brackets
        rule: String,
    },
}

/// Find mistakes in bitbucket-pipelines.yml before Bitbucket does
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless lint                                 the pipeline of this repository
  keyless lint services/                       every bitbucket-pipelines.yml below a folder
  git show HEAD:bitbucket-pipelines.yml | keyless lint -
  keyless lint --variables AWS_ROLE_ARN,AWS_REGION
                                               these are defined in Bitbucket's settings
  keyless lint --settings ci/keyless.yaml      so are those that this file declares
  keyless lint --trust-policy role.json        which steps the role's trust policy refuses
  keyless lint --format json --min-severity hint
  keyless lint --diff                          what --fix would change

A folder is searched for files called bitbucket-pipelines.yml (or .yaml); .git and node_modules are skipped. \
When it has none and is no repository itself, every *.yml and *.yaml file below it is taken for a pipeline.

Exit status: 0 nothing found that counts, 1 findings, 2 something could not be read or asked.")]
pub(crate) struct Lint {
    /// Files, folders, or `-` for standard input [default: bitbucket-pipelines.yml, here or above in the repository]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) declared: Declared,
    /// The trust policy of the role that the steps assume, or a template or the output of `aws iam get-role`
    /// that holds it [default: what keyless.yaml names, for each deployment environment]
    #[arg(long, value_name = "FILE")]
    pub(crate) trust_policy: Option<PathBuf>,
    /// The role, where that file holds several
    #[arg(long, value_name = "NAME", requires = "trust_policy")]
    pub(crate) role: Option<String>,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// What becomes of findings.
#[derive(Debug, Args)]
pub(crate) struct Reporting {
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// Show and count findings from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "warning", value_parser = severity())]
    pub(crate) min_severity: Severity,
    /// Apply safe fixes and report what is left
    #[arg(long)]
    pub(crate) fix: bool,
    /// Print what --fix would change, as a unified diff, and change nothing
    #[arg(long, conflicts_with_all = ["fix", "format"])]
    pub(crate) diff: bool,
    /// What reports call standard input
    #[arg(long, value_name = "NAME", default_value = "<stdin>")]
    pub(crate) stdin_filename: String,
}

fn severity() -> impl TypedValueParser<Value = Severity> {
    // every name in the table parses, so the default is never met
    PossibleValuesParser::new(Severity::ALL.map(Severity::name)).map(|name| name.parse().unwrap_or(Severity::Warning))
}
