//! `keyless token`: what a step's token says, and what AWS sees of it. The token itself is never printed.

use std::{
    io::{self, Read, Write},
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;
use keyless_core::{
    iam::{
        evaluate::Verdict,
        request::{Entry, Request},
    },
    oidc::{self, Claims, Expectations, StepToken, Subject, VARIABLE},
};

use crate::{
    failure::Failure,
    run::Outcome,
    streams::Streams,
    trust_command::{self, Policy},
};

/// Explain the OIDC token of a step: its claims in words, and what AWS sees of them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless token                                in a step with `oidc: true`
  keyless token --trust-policy trust-policy.json
  keyless token - < token.txt

The token is read from BITBUCKET_STEP_OIDC_TOKEN, or from standard input; it is never printed, and its signature is not verified.

Exit status: 0 AWS may take it, 1 it will not or the policy refuses it, 2 something could not be read, 3 it depends.")]
pub(crate) struct Token {
    /// `-` reads the token from standard input
    #[arg(value_name = "-", value_parser = ["-"])]
    source: Option<String>,
    /// Ask this policy about the token too
    #[arg(long, value_name = "PATH")]
    trust_policy: Option<PathBuf>,
    /// The role to ask, where the file holds several
    #[arg(long, value_name = "NAME", requires = "trust_policy")]
    role: Option<String>,
}

pub(crate) fn run(arguments: &Token, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let token = match read(arguments, streams) {
        Ok(token) => token,
        Err(failure) => {
            streams.fail(&failure);
            return Ok(Outcome::CannotRun);
        }
    };
    let claims = token.claims();
    describe(claims, now, &mut streams.output)?;
    let fatal = mismatches(claims, now, &mut streams.output)?;
    let request = Request::with_token(claims);
    let outcome = match &arguments.trust_policy {
        None => Outcome::Clean,
        Some(path) => {
            match trust_command::evaluate(&Policy { path, role: arguments.role.as_deref() }, &request, streams) {
                Ok(evaluation) => {
                    write!(streams.output, "\n{evaluation}")?;
                    match evaluation.verdict {
                        Verdict::Allow => Outcome::Clean,
                        Verdict::Deny => Outcome::Findings,
                        Verdict::Depends => Outcome::Undecided,
                    }
                }
                Err(failure) => {
                    streams.fail(&failure);
                    Outcome::CannotRun
                }
            }
        }
    };
    Ok(if fatal && outcome != Outcome::CannotRun { Outcome::Findings } else { outcome })
}

fn read(arguments: &Token, streams: &mut Streams<'_>) -> Result<StepToken, Failure> {
    let raw = if arguments.source.is_some() {
        let mut raw = String::new();
        // Far more than any token; what is longer is refused by its length.
        let read = streams.input.by_ref().take(1 << 20).read_to_string(&mut raw);
        read.map_err(|error| Failure::Unreadable { path: PathBuf::from("<stdin>"), error })?;
        raw
    } else {
        std::env::var(VARIABLE).unwrap_or_default()
    };
    StepToken::parse(raw.trim()).map_err(Failure::Token)
}

fn describe(claims: &Claims, now: u64, output: &mut dyn Write) -> io::Result<()> {
    writeln!(output, "issuer       {}", claims.iss)?;
    writeln!(output, "audience     {}", claims.aud)?;
    match Subject::parse(&claims.sub) {
        Some(Subject { repository, environment, step }) => {
            writeln!(output, "repository   {repository}")?;
            writeln!(output, "environment  {}", environment.unwrap_or("none: the step has no `deployment:`"))?;
            writeln!(output, "step         {step}, new in every run")?;
        }
        None => writeln!(output, "subject      {}", claims.sub)?,
    }
    if let Some(branch) = &claims.branch_name {
        writeln!(output, "branch       {branch}, which AWS does not see")?;
    }
    match claims.exp.checked_sub(now) {
        Some(left) => writeln!(output, "valid for    {}", oidc::duration(left))?,
        None => writeln!(output, "expired      {} ago", oidc::duration(now - claims.exp))?,
    }
    writeln!(output, "\nAWS sees")?;
    let request = Request::with_token(claims);
    let issuer = request.issuer.clone().unwrap_or_default();
    for claim in ["aud", "oaud", "sub"] {
        let key = format!("{issuer}:{claim}");
        match request.entry(&key) {
            Entry::Value(value) => writeln!(output, "  {key} = {value}")?,
            Entry::List(values) => writeln!(output, "  {key} = a list: {}", values.join(", "))?,
            Entry::Partial(partial) => writeln!(output, "  {key} = {partial}")?,
            Entry::Absent | Entry::Unknown => {}
        }
    }
    Ok(())
}

/// Writes what does not fit, and says whether AWS is sure to refuse the token.
fn mismatches(claims: &Claims, now: u64, output: &mut dyn Write) -> io::Result<bool> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (workspace, repository) = (variable("BITBUCKET_WORKSPACE"), variable("BITBUCKET_REPO_UUID"));
    let (environment, step) = (variable("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID"), variable("BITBUCKET_STEP_UUID"));
    let found = oidc::check(
        claims,
        &Expectations {
            now,
            workspace: workspace.as_deref(),
            repository_uuid: repository.as_deref(),
            environment_uuid: environment.as_deref(),
            step_uuid: step.as_deref(),
        },
    );
    if !found.is_empty() {
        writeln!(output)?;
    }
    for mismatch in &found {
        writeln!(output, "{}: {mismatch}", if mismatch.is_fatal() { "error" } else { "warning" })?;
    }
    Ok(found.iter().any(oidc::Mismatch::is_fatal))
}
