//! Trust policies, checked and simulated against a request.

use keyless_core::{
    analysis::{Analysis, ParsedFile, access},
    diagnostic::{Diagnostic, Severity},
    iam::{
        caller::{Caller, Environment},
        evaluate::{ConditionResult, ElementResult, Evaluation, StatementResult, Verdict, evaluate},
        policy::{self, Effect},
        request::{Entry, Request},
        template::{Document, Found},
        truth::Truth,
    },
    oidc::Uuid,
    pipeline,
    report::json,
    settings::Settings,
    text::Source,
};
use serde::{Deserialize, Serialize};

/// A call of `AssumeRoleWithWebIdentity`. Empty values are unknown.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TrustRequest {
    source_ip: String,
    caller: TrustCaller,
}

/// Who makes the call.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum TrustCaller {
    /// Whoever has a token with these claims.
    Claims(CallerClaims),
    /// A step of the file in the editor.
    Step(CallerStep),
}

/// The claims of a token.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CallerClaims {
    issuer: String,
    audience: String,
    subject: String,
}

/// A step of a pipeline file, with the identifiers that only Bitbucket knows.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CallerStep {
    /// The file.
    pipeline: String,
    /// The byte offset at which the outline has the step.
    offset: usize,
    /// The deployment environment that it runs in, if any.
    environment: Option<String>,
    workspace: String,
    workspace_uuid: String,
    repository_uuid: String,
    environment_uuid: String,
}

/// The findings in a document, and a verdict for each of its roles.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TrustAnswer<'a> {
    /// The report of `keyless trust check --format json`.
    report: json::File<'a>,
    /// One for each policy that IAM would accept.
    verdicts: Vec<RoleVerdict>,
}

/// What a trust policy says about the request.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RoleVerdict {
    /// The role's name; empty for a policy by itself.
    role: String,
    verdict: TrustVerdict,
    statements: Vec<TrustStatement>,
    /// Statements whose content is only known after a deployment.
    open: Vec<String>,
}

/// The outcome.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum TrustVerdict {
    /// The role may be assumed.
    Allow,
    /// The role may not be assumed.
    Deny,
    /// Unknown values decide.
    Depends,
}

/// One statement.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TrustStatement {
    /// Its number, from 1.
    number: usize,
    sid: Option<String>,
    /// `null` where it is only known after a deployment.
    effect: Option<Effect>,
    applies: Holds,
    parts: Vec<TrustStatementPart>,
    /// Elements whose content is only known after a deployment.
    open: Vec<String>,
}

/// Whether a part of a policy matches the request.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Holds {
    /// It matches.
    Yes,
    /// It does not match.
    No,
    /// Unknown values decide.
    Depends,
}

/// The principal, the action, or a condition: what it expects, and what the request has.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct TrustStatementPart {
    /// The element or the operator.
    name: String,
    /// The condition key.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    holds: Holds,
    expected: Vec<String>,
    /// Absent where the request has no such key, or its value is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<String>,
    known: bool,
    /// What decided, where it was not the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
}

/// Reports the findings in a document, and simulates a request against each of its trust policies.
///
/// A role whose policy IAM would reject has no verdict.
pub fn simulate<'a>(source: &Source<'a>, diagnostics: &'a [Diagnostic], request: &TrustRequest) -> TrustAnswer<'a> {
    let request = request.request();
    let verdicts = evaluations(source.text(), &request)
        .into_iter()
        .map(|(role, evaluation)| RoleVerdict {
            role,
            verdict: evaluation.verdict.into(),
            statements: evaluation.statements.iter().map(statement).collect(),
            open: evaluation.open,
        })
        .collect();
    TrustAnswer { report: json::file(source, diagnostics), verdicts }
}

/// A value that was given.
fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

impl TrustRequest {
    fn request(&self) -> Request {
        let mut request = match &self.caller {
            TrustCaller::Claims(claims) => claims.request(),
            TrustCaller::Step(step) => step.request(),
        };
        if let Some(address) = given(&self.source_ip) {
            request.set("aws:SourceIp", Entry::Value(address.to_owned()));
        }
        request
    }
}

impl CallerClaims {
    fn request(&self) -> Request {
        let entry = |text: &str| given(text).map_or(Entry::Unknown, |text| Entry::Value(text.to_owned()));
        let mut request = Request::new(given(&self.issuer));
        request.claims(&[("aud", entry(&self.audience)), ("sub", entry(&self.subject))]);
        request
    }
}

impl CallerStep {
    fn request(&self) -> Request {
        // A UUID that is not complete yet is unknown.
        let uuid = |text: &str| given(text).and_then(|text| Uuid::parse(text).ok());
        let given = Caller {
            workspace: given(&self.workspace),
            workspace_uuid: uuid(&self.workspace_uuid),
            repository_uuid: uuid(&self.repository_uuid),
            environment: uuid(&self.environment_uuid)
                .map_or(Environment::Unknown, |uuid| Environment::Deployment(Some(uuid))),
            ..Caller::default()
        };
        let (source, settings) = (Source::new("", &self.pipeline), Settings::default());
        let parsed = ParsedFile::new(&source);
        let file = Analysis::new(&parsed, &settings);
        let is_chosen = |step: &&pipeline::Step<'_>| step.place(file.tree).start == self.offset;
        let Some(step) = file.model.steps.iter().find(is_chosen) else { return given.request() };
        let is_chosen = |environment: Option<&str>| environment == self.environment.as_deref();
        let mut deployments = file.model.deployments(step).into_iter();
        let deployment = deployments.find(|it| is_chosen(it.map(|it| it.environment.value))).flatten();
        let own = access::caller(&file, step, deployment);
        match own.environment {
            // Without an environment, the subject has no UUID for it.
            Environment::None => Caller { environment: Environment::None, ..given }.or(own).request(),
            _ => given.or(own).request(),
        }
    }
}

fn evaluations(text: &str, request: &Request) -> Vec<(String, Evaluation)> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    let Ok(found) = document.trust_policies() else { return Vec::new() };
    let evaluated = |found: &Found<'_>| {
        let (policy, problems) = policy::read(&found.policy, found.template);
        let rejected = problems.iter().any(|problem| problem.severity == Severity::Error);
        (!rejected).then(|| (found.identity.logical_id.clone(), evaluate(&policy, request)))
    };
    found.iter().filter_map(evaluated).collect()
}

impl From<Verdict> for TrustVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow => Self::Allow,
            Verdict::Deny => Self::Deny,
            Verdict::Depends => Self::Depends,
        }
    }
}

impl From<Truth> for Holds {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Self::Yes,
            Truth::False => Self::No,
            Truth::Unknown => Self::Depends,
        }
    }
}

fn statement(statement: &StatementResult) -> TrustStatement {
    let elements = [&statement.principal, &statement.action].map(element).into_iter();
    TrustStatement {
        number: statement.number,
        sid: statement.sid.clone(),
        effect: statement.effect,
        applies: statement.applies.into(),
        parts: elements.chain(statement.conditions.iter().map(condition)).collect(),
        open: statement.open.clone(),
    }
}

fn element(element: &ElementResult) -> TrustStatementPart {
    TrustStatementPart {
        name: element.element.to_owned(),
        key: None,
        holds: element.holds.into(),
        expected: element.expected.clone(),
        actual: element.actual.clone(),
        known: element.actual.is_some(),
        because: None,
    }
}

fn condition(condition: &ConditionResult) -> TrustStatementPart {
    let actual = match &condition.actual {
        Entry::Value(value) => Some(value.clone()),
        Entry::List(values) => Some(values.join(", ")),
        Entry::Partial(partial) => Some(partial.to_string()),
        Entry::Absent | Entry::Unknown => None,
    };
    TrustStatementPart {
        name: condition.operator.clone(),
        key: Some(condition.key.clone()),
        holds: condition.holds.into(),
        expected: condition.expected.iter().map(|(value, _)| value.clone()).collect(),
        actual,
        known: !matches!(condition.actual, Entry::Unknown | Entry::Partial(_)),
        because: condition.note.map(|note| note.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use keyless_core::rules::trust as rules;
    use serde_json::{Value, json};

    use super::*;

    const WORKSPACE: &str = "6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1";
    const REPOSITORY: &str = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}";
    const ENVIRONMENT: &str = "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";
    const OTHER: &str = "{11111111-2222-4333-8444-555555555555}";
    const ISSUER: &str = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";

    fn policy() -> String {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": format!("arn:aws:iam::123456789012:oidc-provider/{ISSUER}")},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {format!("{ISSUER}:aud"): format!("ari:cloud:bitbucket::workspace/{WORKSPACE}")},
                "StringLike": {format!("{ISSUER}:sub"): format!("{REPOSITORY}:{ENVIRONMENT}:*")},
            },
        }]})
        .to_string()
    }

    fn answer(text: &str, caller: &Value, source_ip: &str) -> Value {
        let source = Source::new("trust-policy.json", text);
        let request = serde_json::from_value(json!({ "sourceIp": source_ip, "caller": caller })).unwrap();
        serde_json::to_value(simulate(&source, &rules::findings(&source), &request)).unwrap()
    }

    fn claims(issuer: &str, audience: &str, subject: &str) -> Value {
        json!({ "claims": { "issuer": issuer, "audience": audience, "subject": subject } })
    }

    #[test]
    fn a_policy_is_evaluated_with_the_given_claims() {
        let issuer = format!("https://{ISSUER}");
        let own = format!("ari:cloud:bitbucket::workspace/{WORKSPACE}");
        for (audience, verdict) in [(own.as_str(), "allow"), ("other", "deny"), ("", "depends")] {
            let subject = format!("{REPOSITORY}:{ENVIRONMENT}:{OTHER}");
            let answer = answer(&policy(), &claims(&issuer, audience, &subject), "");
            assert_eq!(answer["verdicts"][0]["verdict"], verdict, "{answer}");
        }
        let old = policy().replace("2012-10-17", "2008-10-17");
        assert_eq!(answer(&old, &claims("", "", ""), "")["report"]["findings"][0]["rule"], "old-policy-version");
    }

    #[test]
    fn a_policy_is_evaluated_for_a_step() {
        let pipeline = "pipelines:\n  default:\n    - step: {deployment: production, oidc: true, script: [a]}\n    \
                        - step: {oidc: true, script: [b]}\n";
        let [deploying, other] = ["step", "step: {oidc"].map(|sign| pipeline.find(sign).unwrap());
        let bare = REPOSITORY.trim_matches(['{', '}']);
        for (offset, environment, repository, environment_uuid, verdict) in [
            (deploying, json!("production"), REPOSITORY, ENVIRONMENT, "allow"),
            (deploying, json!("production"), bare, ENVIRONMENT, "allow"),
            (deploying, json!("production"), REPOSITORY, "", "depends"),
            (other, Value::Null, REPOSITORY, "", "deny"),
            (other, Value::Null, REPOSITORY, ENVIRONMENT, "deny"),
            (deploying, json!("production"), OTHER, ENVIRONMENT, "deny"),
            (deploying, json!("production"), "", ENVIRONMENT, "depends"),
        ] {
            let step = json!({
                "pipeline": pipeline, "offset": offset, "environment": environment, "workspace": "acme",
                "workspaceUuid": WORKSPACE, "repositoryUuid": repository, "environmentUuid": environment_uuid,
            });
            let answer = answer(&policy(), &json!({ "step": step }), "");
            assert_eq!(answer["verdicts"][0]["verdict"], verdict, "{step}");
        }
    }

    #[test]
    fn the_source_address_depends_on_the_runtime_of_the_step() {
        let bound = policy()
            .replace("\"StringEquals\"", "\"IpAddress\": {\"aws:SourceIp\": [\"34.199.54.113/32\"]}, \"StringEquals\"");
        let pipeline = "pipelines: {default: [step: {deployment: e, oidc: true, script: [a]}]}";
        let step = json!({
            "pipeline": pipeline, "offset": pipeline.find("step").unwrap(), "environment": "e", "workspace": "acme",
            "workspaceUuid": WORKSPACE, "repositoryUuid": REPOSITORY, "environmentUuid": ENVIRONMENT,
        });
        for (source_ip, verdict) in [("", "deny"), ("34.199.54.113", "allow"), ("198.51.100.7", "deny")] {
            let answer = answer(&bound, &json!({ "step": step }), source_ip);
            assert_eq!(answer["verdicts"][0]["verdict"], verdict, "{source_ip}: {answer}");
        }
    }

    #[test]
    fn a_verdict_shows_what_each_part_expects_and_what_the_request_has() {
        let answer = answer(&policy(), &claims(ISSUER, "", &format!("{REPOSITORY}:{OTHER}")), "");
        let statement = &answer["verdicts"][0]["statements"][0];
        assert_eq!((&statement["effect"], &statement["applies"]), (&json!("allow"), &json!("no")));
        let parts = statement["parts"].as_array().unwrap();
        let names: Vec<_> = parts.iter().map(|part| part["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Principal", "Action", "StringEquals", "StringLike"]);
        assert_eq!((&parts[2]["holds"], &parts[2]["known"]), (&json!("depends"), &json!(false)));
        assert_eq!(
            (&parts[3]["expected"], &parts[3]["actual"], &parts[3]["holds"]),
            (&json!([format!("{REPOSITORY}:{ENVIRONMENT}:*")]), &json!(format!("{REPOSITORY}:{OTHER}")), &json!("no"))
        );
        assert!(parts[3]["because"].is_string());
    }

    #[test]
    fn an_invalid_policy_is_a_finding_without_a_verdict() {
        let answer = answer("{", &claims("", "", ""), "");
        assert_eq!(answer["verdicts"], json!([]));
        assert_eq!(answer["report"]["findings"].as_array().unwrap().len(), 1);
    }
}
