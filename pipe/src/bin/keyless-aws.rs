//! The same session for any command, in a plain step.

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use keyless_pipe::{
    doctor::{self, Arguments},
    exec, log,
};

const HELP: &str = "\
keyless-aws: a role session by OIDC for any command, in a step with `oidc: true`

usage:
  keyless-aws exec [--] <command> [arguments…]   run a command with the session
  keyless-aws credential-process                 print the session for an AWS SDK's profile
  keyless-aws doctor [options]                   look at everything that a deployment needs
                                                 (`keyless-aws doctor --help`)

variables: AWS_ROLE_ARN and AWS_REGION (required), SESSION_DURATION, SESSION_NAME,
SESSION_POLICY, SESSION_POLICY_ARNS, ROLE_CHAIN, ALLOWED_ACCOUNT_IDS, TRUST_POLICY,
CODEARTIFACT_*, CREDENTIALS; they mean what they mean for the pipe, see `keyless-pipe --help`

examples:
  keyless-aws exec -- terraform apply -auto-approve
  AWS_ROLE_ARN=arn:aws:iam::123456789012:role/deploy keyless-aws exec -- aws s3 sync site s3://bucket

  # ~/.aws/config
  [profile deploy]
  credential_process = keyless-aws credential-process
";

/// The command line itself is wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let rest = |skip: usize| arguments[skip..].to_vec();
    match words.as_slice() {
        ["--help" | "-h" | "help"] => print(HELP),
        ["--version" | "-V"] => print(concat!("keyless-aws ", env!("CARGO_PKG_VERSION"), "\n")),
        ["exec", "--", _, ..] => run(exec::exec(std::env::vars_os().collect(), rest(2))),
        ["exec", first, ..] if !first.starts_with('-') => run(exec::exec(std::env::vars_os().collect(), rest(1))),
        ["credential-process"] => run(exec::credential_process(std::env::vars_os().collect())),
        ["doctor", "--help" | "-h"] => print(doctor::HELP),
        ["doctor", words @ ..] => match Arguments::parse(words) {
            Ok(arguments) => run(doctor::doctor(std::env::vars_os().collect(), arguments)),
            Err(mistake) => {
                log::failure(format_args!("{mistake}; usage: {}", doctor::USAGE));
                ExitCode::from(USAGE)
            }
        },
        _ => {
            log::failure("no such command; see `keyless-aws --help`");
            ExitCode::from(USAGE)
        }
    }
}

fn run(work: impl Future<Output = u8>) -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => ExitCode::from(runtime.block_on(work)),
        Err(error) => {
            log::failure(format_args!("keyless-aws could not be started: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
