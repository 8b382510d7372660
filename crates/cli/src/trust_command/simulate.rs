//! `keyless trust simulate`: one request against one policy.

use std::{
    io::{self, Write},
    net::IpAddr,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use keyless_core::{
    diagnostic::Severity,
    iam::{
        evaluate::{self, Evaluation, Verdict},
        policy,
        request::{Entry, Request},
        template::Document,
    },
    oidc::{AUDIENCE, ISSUER, StepToken, VARIABLE},
};
use serde_json::{Map, Value, json};

use crate::{
    failure::Failure,
    inputs::{self, Input},
    run::Outcome,
    streams::Streams,
};

/// Say whether a policy lets a token in, condition by condition
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless trust simulate trust-policy.json --token
                                               with the token of this step
  keyless trust simulate trust-policy.json --claims claims.json --source-ip 34.199.54.113
  keyless trust simulate template.yaml --role DeployRole --workspace acme \\
      --workspace-uuid '{6f3c2f9e-…}' --repository '{b1d2c3e4-…}' --environment '{0a1b2c3d-…}'

What is not given stays unknown: a condition on it makes the answer `depends`.

Exit status: 0 allow, 1 deny, 2 something could not be read or asked, 3 depends.")]
pub(crate) struct Simulate {
    /// File with the policy, or a template or the output of `aws iam get-role` that holds it
    #[arg(value_name = "POLICY")]
    policy: PathBuf,
    /// The role to ask, where the file holds several
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// Take the claims of the token in `BITBUCKET_STEP_OIDC_TOKEN`
    #[arg(long)]
    token: bool,
    /// Take the claims from a file with JSON, or `-` for standard input
    #[arg(long, value_name = "PATH", conflicts_with = "token")]
    claims: Option<PathBuf>,
    /// The workspace's name, for a step of it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["token", "claims"])]
    workspace: Option<String>,
    /// The workspace's UUID
    #[arg(long, value_name = "UUID", requires = "workspace")]
    workspace_uuid: Option<String>,
    /// The repository's UUID
    #[arg(long, value_name = "UUID", requires = "workspace")]
    repository: Option<String>,
    /// The deployment environment's UUID, for a step with `deployment:`
    #[arg(long, value_name = "UUID", requires = "repository")]
    environment: Option<String>,
    /// The address that the call comes from
    #[arg(long, value_name = "ADDRESS")]
    source_ip: Option<IpAddr>,
    /// The name of the session
    #[arg(long, value_name = "NAME")]
    session_name: Option<String>,
    /// The account of the role
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// When the call is made, as 2026-11-23T15:00:00Z
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
    /// Any other condition key and its value
    #[arg(long, value_name = "KEY=VALUE")]
    key: Vec<String>,
    /// How to answer
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// The forms of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: a tree of statements and conditions
    Text,
    /// For programs
    Json,
}

/// Which policy to ask.
#[derive(Debug)]
pub(crate) struct Policy<'p> {
    /// The file that holds it.
    pub(crate) path: &'p Path,
    /// The role's name, where the file holds several.
    pub(crate) role: Option<&'p str>,
}

/// A step's UUID is new in every run; this one stands for all of them.
const ANY_STEP: &str = "{00000000-0000-4000-8000-000000000000}";

pub(crate) fn run(arguments: &Simulate, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let policy = Policy { path: &arguments.policy, role: arguments.role.as_deref() };
    let evaluation = request(arguments, streams).and_then(|request| evaluate(&policy, &request, streams));
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
    let (inputs, mut failures) = inputs::find(&[path.to_owned()], &mut streams.input, "<stdin>");
    if let Some(failure) = failures.pop() {
        return Err(failure);
    }
    let bytes = inputs.first().map(Input::bytes).transpose()?.unwrap_or_default();
    String::from_utf8(bytes.into_owned()).map_err(|error| Failure::Unreadable {
        path: path.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()),
    })
}

/// Asks a policy about a request.
pub(crate) fn evaluate(
    asked: &Policy<'_>,
    request: &Request,
    streams: &mut Streams<'_>,
) -> Result<Evaluation, Failure> {
    let text = read_text(asked.path, streams)?;
    let unusable = |reason: String| Failure::UnusablePolicy { path: asked.path.to_owned(), reason };
    let document = Document::parse(&text).map_err(|error| unusable(error.to_string()))?;
    let mut found = document.trust_policies().map_err(|error| unusable(error.to_string()))?;
    if let Some(role) = asked.role {
        let names: Vec<_> = found.iter().map(|it| it.role).collect();
        let message = format!("no role `{role}` in it; there are: {}", names.join(", "));
        found.retain(|it| it.role == role);
        if found.is_empty() {
            return Err(unusable(message));
        }
    }
    let [only] = found.as_slice() else {
        let names: Vec<_> = found.iter().map(|it| it.role).collect();
        return Err(unusable(format!("it holds several roles; name one by --role: {}", names.join(", "))));
    };
    let (policy, problems) = policy::read(&only.policy, only.template);
    if let Some(problem) = problems.iter().find(|problem| problem.severity == Severity::Error) {
        let message = &problem.message;
        return Err(unusable(format!("IAM would refuse it: {message}; `keyless trust check` says where")));
    }
    Ok(evaluate::evaluate(&policy, request))
}

fn request(arguments: &Simulate, streams: &mut Streams<'_>) -> Result<Request, Failure> {
    let mut request = if arguments.token {
        let raw = std::env::var(VARIABLE).unwrap_or_default();
        Request::with_token(StepToken::parse(raw.trim()).map_err(Failure::Token)?.claims())
    } else if let Some(path) = &arguments.claims {
        let text = read_text(path, streams)?;
        from_claims(&text).ok_or_else(|| Failure::Claims(path.clone()))?
    } else {
        from_parts(arguments)
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

/// A token's claims as JSON; `None` where they are no object with an issuer.
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

/// A step, by the names and UUIDs that make up its token; what is not given is not known.
fn from_parts(arguments: &Simulate) -> Request {
    let Some(workspace) = &arguments.workspace else { return Request::new(None) };
    let mut request = Request::new(Some(&format!("{}{workspace}{}", ISSUER.0, ISSUER.1)));
    let braced = |uuid: &str| format!("{{{}}}", uuid.trim_matches(['{', '}']));
    let audience = arguments
        .workspace_uuid
        .as_deref()
        .map_or(Entry::Unknown, |uuid| Entry::Value(format!("{AUDIENCE}{}", uuid.trim_matches(['{', '}']))));
    let subject = arguments.repository.as_deref().map_or(Entry::Unknown, |repository| {
        let parts = [Some(repository), arguments.environment.as_deref(), Some(ANY_STEP)];
        Entry::Value(parts.into_iter().flatten().map(braced).collect::<Vec<_>>().join(":"))
    });
    request.claims(&[("aud", audience), ("sub", subject)]);
    request
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
                        Entry::Absent | Entry::Unknown => Value::Null,
                    };
                    json!({
                        "operator": condition.operator,
                        "key": condition.key,
                        "holds": condition.holds.to_string(),
                        "expected": expected,
                        "actual": actual,
                        "known": condition.actual != Entry::Unknown,
                        "because": condition.note.map(|note| note.to_string()),
                    })
                })
                .collect();
            json!({
                "number": statement.number,
                "sid": statement.sid,
                "effect": statement.effect.map(|effect| format!("{effect:?}").to_lowercase()),
                "applies": statement.applies.to_string(),
                "principal": statement.principal.holds.to_string(),
                "action": statement.action.holds.to_string(),
                "conditions": conditions,
            })
        })
        .collect();
    json!({"version": 1, "verdict": evaluation.verdict.name(), "statements": statements})
}
