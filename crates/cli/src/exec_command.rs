//! `keyless exec` and `keyless credential-process`: a role session for any command.

use std::{
    ffi::OsString,
    io::{self, Write},
};

use clap::Args;
use keyless_aws::{Environment, check_random};
use keyless_session::{child::protect, exec, inherited_credentials, log, process_credentials};
use tokio::runtime::Builder;

use crate::{outcome::Outcome, streams::Streams};

/// Run a command with a role session, in a step with `oidc: true`
///
/// Assumes the role of `AWS_ROLE_ARN` with the step's token and runs the command with the session, which is renewed while the
/// command runs. The step's token and other credentials are removed from the command's environment; all other variables are
/// passed on. Profiles of `AWS_CONFIG_FILE` or `~/.aws` keep their names and settings and use the session.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless exec -- terraform apply -auto-approve
  keyless exec aws s3 sync site s3://bucket
  AWS_ROLE_ARN=arn:aws:iam::123456789012:role/deploy AWS_REGION=eu-west-1 keyless exec -- env

Variables: AWS_ROLE_ARN and AWS_REGION (required), SESSION_DURATION, SESSION_NAME, SESSION_POLICY, SESSION_POLICY_ARNS, \
ROLE_CHAIN, SESSION_TAGS, TRANSITIVE_TAG_KEYS, ALLOWED_ACCOUNT_IDS, TRUST_POLICY, CODEARTIFACT_*, CREDENTIALS. They are the same as for the deploy pipe; see \
pipe/README.md. If the command has variables with these names, use KEYLESS_SESSION_NAME and so on, which take precedence.

Exit status: the command's own; 1 invalid settings or no session, 2 invalid command line.")]
pub(crate) struct Exec {
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
}

/// Runs a command and exits as it does.
pub(crate) fn run(arguments: &Exec, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    // what the command prints comes after what was printed here
    streams.output.flush()?;
    let Some((program, rest)) = arguments.command.split_first() else { return Ok(Outcome::CannotRun) };
    if !hides() {
        return Ok(Outcome::Exit(1));
    }
    let environment = Environment::of_process();
    let ended = block_on(exec(&environment, program, rest))?;
    Ok(Outcome::Exit(ended.unwrap_or_else(|failure| failure.report())))
}

/// Prints a session: a new one, or that of the `keyless exec` above this process.
pub(crate) fn credential_process(of_exec: bool, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    if !hides() {
        return Ok(Outcome::Exit(1));
    }
    if of_exec {
        return match inherited_credentials(&Environment::of_process()) {
            Ok(credentials) => writeln!(streams.output, "{credentials}").map(|()| Outcome::Clean),
            Err(error) => {
                log::use_standard_error();
                log::failure(format_args!("cannot read the session of `keyless exec`: {error}"));
                Ok(Outcome::Exit(1))
            }
        };
    }
    match block_on(process_credentials(&Environment::of_process()))? {
        Ok(credentials) => writeln!(streams.output, "{credentials}").map(|()| Outcome::Clean),
        Err(failure) => Ok(Outcome::Exit(failure.report())),
    }
}

/// Hides the token and the session from other processes of the same user. `false`, after a message, if there are no random bytes,
/// without which nothing can be hidden.
fn hides() -> bool {
    if let Err(error) = check_random() {
        log::use_standard_error();
        log::failure(error);
        return false;
    }
    if let Err(error) = protect() {
        log::use_standard_error();
        log::warning(format_args!("other processes of this user may read the step's token: {error}"));
    }
    true
}

/// Runs work that makes network calls.
fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    Ok(Builder::new_current_thread().enable_all().build()?.block_on(work))
}
