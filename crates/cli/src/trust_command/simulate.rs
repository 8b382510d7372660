//! `keyless trust simulate`: evaluates a policy for one request.

use std::{
    io::{self, Write},
    net::IpAddr,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use keyless_core::{
    analysis::access::workspaces,
    iam::{
        caller::{Caller, Environment},
        evaluate::{self, Evaluation, Verdict},
        policy,
        request::{Entry, Request},
        role::{self, RoleError, RoleSelector, TrustedRole},
    },
    oidc::{StepToken, Uuid, VARIABLE},
};
use serde_json::{Map, Value, json};

use super::step;
use crate::{
    failure::Failure,
    inputs::{self, Input},
    outcome::Outcome,
    streams::Streams,
};

/// Simulate whether a policy accepts a token, condition by condition
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless trust simulate trust-policy.json --token
                                               with the token of this step
  keyless trust simulate trust-policy.json --claims claims.json --source-ip 34.199.54.113
  keyless trust simulate trust-policy.json --pipeline bitbucket-pipelines.yml --step Deploy
  keyless trust simulate template.yaml --role DeployRole --workspace acme \\
      --workspace-uuid '{6f3c2f9e-…}' --repository '{b1d2c3e4-…}' --environment '{0a1b2c3d-…}'

Values that are not given are unknown: a condition on one of them makes the result `depends`.

Exit status: 0 allow, 1 deny, 2 a file or argument could not be read, 3 depends.")]
pub(crate) struct Simulate {
    /// File with the policy, a CloudFormation template, or the output of `aws iam get-role`
    #[arg(value_name = "POLICY")]
    policy: PathBuf,
    /// The role, if the file has several: its ARN, name or logical ID
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Use the token in `BITBUCKET_STEP_OIDC_TOKEN`
    #[arg(long)]
    token: bool,
    /// Read the claims from a JSON file, or `-` for standard input
    #[arg(long, value_name = "PATH", conflicts_with = "token")]
    claims: Option<PathBuf>,
    /// Use the claims that the token of a step of this pipeline will have
    #[arg(long, value_name = "PATH", conflicts_with_all = ["token", "claims"])]
    pipeline: Option<PathBuf>,
    /// The step: its name, or its number in the file [default: the only one with `oidc`]
    #[arg(long, value_name = "NAME", requires = "pipeline")]
    step: Option<String>,
    /// The deployment environment, if the step runs in several
    #[arg(long, value_name = "NAME", requires = "pipeline")]
    deployment: Option<String>,
    /// The workspace's name [default: the one in the policy]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["token", "claims"])]
    workspace: Option<String>,
    /// The workspace's UUID
    #[arg(long, value_name = "UUID", conflicts_with_all = ["token", "claims"])]
    workspace_uuid: Option<Uuid>,
    /// The repository's UUID
    #[arg(long, value_name = "UUID", conflicts_with_all = ["token", "claims"])]
    repository: Option<Uuid>,
    /// The deployment environment's UUID, for a step with `deployment`
    #[arg(long, value_name = "UUID", conflicts_with_all = ["token", "claims"])]
    environment: Option<Uuid>,
    /// The source address of the call
    #[arg(long, value_name = "ADDRESS")]
    source_ip: Option<IpAddr>,
    /// The session name
    #[arg(long, value_name = "NAME")]
    session_name: Option<String>,
    /// The role's account ID
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// The time of the call, such as 2026-11-23T15:00:00Z
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
    /// The value of any other condition key
    #[arg(long, value_name = "KEY=VALUE")]
    key: Vec<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A tree of statements and conditions
    Text,
    /// JSON
    Json,
}

pub(crate) fn run(arguments: &Simulate, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let evaluation = selected_policy(arguments, streams).and_then(|policy| {
        let request = request(arguments, &policy, streams)?;
        Ok(evaluate::evaluate(&policy, &request))
    });
    let evaluation = match evaluation {
        Ok(evaluation) => evaluation,
        Err(failure) => {
            streams.fail(&failure);
            return Ok(Outcome::CannotRun);
        }
    };
    match arguments.format {
        Format::Text => write!(streams.output, "{evaluation}")?,
        Format::Json => writeln!(streams.output, "{:#}", document(&evaluation))?,
    }
    Ok(match evaluation.verdict {
        Verdict::Allow => Outcome::Clean,
        Verdict::Deny => Outcome::Findings,
        Verdict::Depends => Outcome::Undecided,
    })
}

/// Reads a file or standard input as text.
pub(crate) fn read_text(path: &Path, streams: &mut Streams<'_>) -> Result<String, Failure> {
    let (inputs, mut failures) = inputs::find(&[path.to_owned()], &mut streams.input, "<stdin>", &mut |_| false);
    if let Some(failure) = failures.pop() {
        return Err(failure);
    }
    let bytes = inputs.first().map(Input::bytes).transpose()?.unwrap_or_default();
    String::from_utf8(bytes.into_owned()).map_err(|error| Failure::Unreadable {
        path: path.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()),
    })
}

/// The roles of a file, or the selected one.
pub(crate) fn roles(path: &Path, role: Option<&str>, streams: &mut Streams<'_>) -> Result<Vec<TrustedRole>, Failure> {
    let text = read_text(path, streams)?;
    role::read(&text, role.map(RoleSelector::parse).as_ref()).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &RoleError) -> Failure {
    let hint = if matches!(error, RoleError::Ambiguous { .. }) { "; select one with --role" } else { "" };
    Failure::UnusablePolicy { path: path.to_owned(), reason: format!("{error}{hint}") }
}

/// The policy of the selected role.
fn selected_policy(arguments: &Simulate, streams: &mut Streams<'_>) -> Result<policy::Policy, Failure> {
    let text = read_text(&arguments.policy, streams)?;
    let selector = arguments.role.as_deref().map(RoleSelector::parse);
    let role = role::read_one(&text, selector.as_ref()).map_err(|error| unusable(&arguments.policy, &error))?;
    Ok(role.policy)
}

fn request(arguments: &Simulate, policy: &policy::Policy, streams: &mut Streams<'_>) -> Result<Request, Failure> {
    let mut request = if arguments.token {
        let raw = std::env::var(VARIABLE).unwrap_or_default();
        Request::with_token(StepToken::parse(raw.trim()).map_err(Failure::Token)?.claims())
    } else if let Some(path) = &arguments.claims {
        let text = read_text(path, streams)?;
        from_claims(&text).ok_or_else(|| Failure::Claims(path.clone()))?
    } else if let Some(path) = &arguments.pipeline {
        let selection =
            step::Selection { path, step: arguments.step.as_deref(), deployment: arguments.deployment.as_deref() };
        step::request(&selection, streams, given(arguments), named(policy))?
    } else {
        from_parts(arguments, policy)
    };
    request.account.clone_from(&arguments.account);
    let given = [
        ("aws:SourceIp", arguments.source_ip.map(|address| address.to_string())),
        ("sts:RoleSessionName", arguments.session_name.clone()),
        ("aws:CurrentTime", arguments.time.clone()),
    ];
    for (key, value) in given {
        if let Some(value) = value {
            request.set(key, Entry::Value(value));
        }
    }
    for pair in &arguments.key {
        let (key, value) = pair.split_once('=').ok_or_else(|| Failure::KeyWithoutValue(pair.clone()))?;
        request.set(key, Entry::Value(value.to_owned()));
    }
    Ok(request)
}

/// The request of a token with these claims in JSON; `None` if they are not an object with an issuer.
fn from_claims(text: &str) -> Option<Request> {
    let claims: Map<String, Value> = serde_json::from_str(text).ok()?;
    let mut request = Request::new(Some(claims.get("iss")?.as_str()?));
    let entries: Vec<_> = claims.iter().map(|(name, value)| (name.as_str(), entry(value))).collect();
    request.claims(&entries);
    Some(request)
}

fn entry(value: &Value) -> Entry {
    match value {
        Value::Null => Entry::Absent,
        Value::String(text) => Entry::Value(text.clone()),
        Value::Array(items) => {
            let text = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            Entry::List(items.iter().map(text).collect())
        }
        other => Entry::Value(other.to_string()),
    }
}

/// The request of a step that is given by names and UUIDs; other values are unknown.
fn from_parts(arguments: &Simulate, policy: &policy::Policy) -> Request {
    let mut caller = given(arguments).or(named(policy));
    // With a repository but no environment, the step has none; otherwise its environment is unknown.
    if caller.environment == Environment::Unknown && arguments.repository.is_some() {
        caller.environment = Environment::None;
    }
    caller.request()
}

/// The step that the arguments describe.
fn given(arguments: &Simulate) -> Caller<'_> {
    Caller {
        workspace: arguments.workspace.as_deref(),
        workspace_uuid: arguments.workspace_uuid,
        repository_uuid: arguments.repository,
        environment: match arguments.environment {
            Some(uuid) => Environment::Deployment(Some(uuid)),
            None => Environment::Unknown,
        },
        ..Caller::default()
    }
}

/// The workspace, if the policy has exactly one.
fn named(policy: &policy::Policy) -> Caller<'_> {
    let mut named = workspaces(policy).into_iter();
    Caller { workspace: named.next().filter(|_| named.next().is_none()), ..Caller::default() }
}

fn document(evaluation: &Evaluation) -> Value {
    let statements: Vec<_> = evaluation
        .statements
        .iter()
        .map(|statement| {
            let conditions: Vec<_> = statement
                .conditions
                .iter()
                .map(|condition| {
                    let expected: Vec<_> = condition.expected.iter().map(|(value, _)| value).collect();
                    let actual = match &condition.actual {
                        Entry::Value(value) => json!(value),
                        Entry::List(values) => json!(values),
                        Entry::Partial(partial) => json!(partial.to_string()),
                        Entry::Absent | Entry::Unknown => Value::Null,
                    };
                    json!({
                        "operator": condition.operator,
                        "key": condition.key,
                        "holds": condition.holds.to_string(),
                        "expected": expected,
                        "actual": actual,
                        "known": !matches!(condition.actual, Entry::Unknown | Entry::Partial(_)),
                        "because": condition.note.map(|note| note.to_string()),
                    })
                })
                .collect();
            json!({
                "number": statement.number,
                "sid": statement.sid,
                "effect": statement.effect,
                "applies": statement.applies.to_string(),
                "principal": statement.principal.holds.to_string(),
                "action": statement.action.holds.to_string(),
                "conditions": conditions,
            })
        })
        .collect();
    json!({"version": 1, "verdict": evaluation.verdict.name(), "statements": statements})
}
