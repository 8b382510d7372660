//! `keyless token`: the claims of a step's token, and what AWS sees. The token itself is never printed.

mod signature;

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;
use keyless_core::{
    iam::{
        evaluate::{self, Verdict},
        request::{Entry, Request},
        role::TrustedRole,
    },
    oidc::{self, Claims, Expectations, StepToken, Subject, VARIABLE},
};

use crate::{
    failure::Failure,
    outcome::Outcome,
    streams::Streams,
    trust_command::{self, read_text},
};

/// Show the claims of a step's OIDC token, and what AWS sees of them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless token                                in a step with `oidc: true`
  keyless token --trust-policy trust-policy.json
  keyless token - < token.txt
  curl -so keys.json https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc/keys.json
  keyless token --jwks keys.json               also verify its signature

The token is read from BITBUCKET_STEP_OIDC_TOKEN, or from standard input; it is never printed.

Exit status: 0 AWS may accept the token, 1 AWS or the policy rejects it, 2 the token or a file could not be read, 3 depends.")]
pub(crate) struct Token {
    /// Read the token from standard input
    #[arg(value_name = "-", value_parser = ["-"])]
    source: Option<String>,
    /// Verify the signature with the issuer's keys: a JWKS file, as published at `<issuer>/keys.json`
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Evaluate these trust policies for the token
    #[arg(long, value_name = "FILE", num_args = 1..)]
    trust_policy: Vec<PathBuf>,
    /// The role, if a file has several: its ARN, name or logical ID
    #[arg(long, value_name = "ROLE", requires = "trust_policy")]
    role: Option<String>,
}

pub(crate) fn run(arguments: &Token, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let Inputs { token, keys, roles } = match read_inputs(arguments, streams) {
        Ok(inputs) => inputs,
        Err(failure) => {
            streams.fail(&failure);
            return Ok(Outcome::CannotRun);
        }
    };
    let output = &mut streams.output;
    describe(token.claims(), now, output)?;
    let fatal = mismatches(token.claims(), now, output)?;
    let unverified = match keys.map(|keys| signature::verify(&token, &keys)) {
        None => false,
        Some(Ok(key)) => {
            writeln!(output, "\nsignature    verified with key `{key}`")?;
            false
        }
        Some(Err(reason)) => {
            writeln!(output, "\nerror: the signature is invalid: {reason}")?;
            true
        }
    };
    let outcome = evaluate_all(&roles, &Request::with_token(token.claims()), output)?;
    Ok(if fatal || unverified { Outcome::Findings } else { outcome })
}

/// The files and the token that the arguments name.
struct Inputs {
    token: StepToken,
    keys: Option<signature::KeySet>,
    /// Each with its name in the report.
    roles: Vec<(String, TrustedRole)>,
}

fn read_inputs(arguments: &Token, streams: &mut Streams<'_>) -> Result<Inputs, Failure> {
    let token = read(arguments.source.is_some(), streams)?;
    let keys = arguments.jwks.as_deref().map(|path| keys(path, streams)).transpose()?;
    let mut roles = Vec::new();
    for path in &arguments.trust_policy {
        for role in trust_command::roles(path, arguments.role.as_deref(), streams)? {
            roles.push((format!("{} {}", path.display(), role.identity.logical_id).trim_end().to_owned(), role));
        }
    }
    Ok(Inputs { token, keys, roles })
}

fn keys(path: &Path, streams: &mut Streams<'_>) -> Result<signature::KeySet, Failure> {
    let text = read_text(path, streams)?;
    serde_json::from_str(&text).map_err(|error| Failure::Keys { path: path.to_owned(), error })
}

/// Writes the evaluations: every condition for a single policy, one line each for several. One that accepts the token is
/// enough.
fn evaluate_all(roles: &[(String, TrustedRole)], request: &Request, output: &mut dyn Write) -> io::Result<Outcome> {
    let answers: Vec<_> = roles.iter().map(|(name, role)| (name, evaluate::evaluate(&role.policy, request))).collect();
    match answers.as_slice() {
        [] => return Ok(Outcome::Clean),
        [(_, only)] => write!(output, "\n{only}")?,
        several => {
            writeln!(output, "\ntrust policies")?;
            for (name, answer) in several {
                write!(output, "  {:<8} {name}", answer.verdict.name())?;
                match answer.verdict {
                    Verdict::Deny => writeln!(output, ": {}", answer.refusal())?,
                    Verdict::Allow | Verdict::Depends => writeln!(output)?,
                }
            }
        }
    }
    let any = |verdict: Verdict| answers.iter().any(|(_, answer)| answer.verdict == verdict);
    Ok(match (any(Verdict::Allow), any(Verdict::Depends)) {
        (true, _) => Outcome::Clean,
        (false, true) => Outcome::Undecided,
        (false, false) => Outcome::Findings,
    })
}

/// The step's token, from standard input or from the environment.
pub(crate) fn read(from_standard_input: bool, streams: &mut Streams<'_>) -> Result<StepToken, Failure> {
    let raw = if from_standard_input {
        let mut raw = String::new();
        // Far more than any token; parsing rejects what is longer.
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
            writeln!(output, "environment  {}", environment.unwrap_or("none (the step has no `deployment`)"))?;
            writeln!(output, "step         {step} (different in every run)")?;
        }
        None => writeln!(output, "subject      {}", claims.sub)?,
    }
    if let Some(branch) = &claims.branch_name {
        writeln!(output, "branch       {branch} (not visible to AWS)")?;
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
            Entry::List(values) => writeln!(output, "  {key} = [{}]", values.join(", "))?,
            Entry::Partial(partial) => writeln!(output, "  {key} = {partial}")?,
            Entry::Absent | Entry::Unknown => {}
        }
    }
    Ok(())
}

/// Writes the mismatches, and returns whether AWS is certain to reject the token.
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
