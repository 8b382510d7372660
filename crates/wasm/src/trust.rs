//! Trust policies checked, and asked whether they let a step in; answered as JSON text.

use keyless_core::{
    analysis::{Analysis, ParsedFile, access},
    diagnostic::Severity,
    facts,
    iam::{
        caller::{Caller, Environment},
        evaluate::{ConditionResult, ElementResult, Evaluation, StatementResult, evaluate},
        policy::{self, Effect},
        request::{Entry, Request},
        template::{Document, Found},
    },
    pipeline,
    report::json,
    rules::trust as check,
    settings::Settings,
    text::Source,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json_text::written;

/// Checks the trust policies in a text and asks each about a request.
///
/// The answer has the report of `keyless trust check` as `report`, and under `verdicts` for each role its name, `allow`,
/// `deny` or `depends`, and what led to it. A role whose policy IAM would refuse has no verdict. `request` is JSON; see
/// `TrustRequest` in `web/src/protocol.ts`.
pub fn trust(text: &str, request: &str) -> String {
    let source = Source::new("trust-policy.json", text);
    let findings = check::findings(&source);
    let request = serde_json::from_str::<Asked>(request).unwrap_or_default().request();
    let verdicts: Vec<_> = evaluations(text, &request)
        .into_iter()
        .map(|(role, evaluation)| {
            let statements: Vec<_> = evaluation.statements.iter().map(statement).collect();
            json!({
                "role": role, "verdict": evaluation.verdict.name(), "statements": statements, "open": evaluation.open,
            })
        })
        .collect();
    written(&json!({ "report": json::file(&source, &findings), "verdicts": verdicts }))
}

/// A request as a person describes it: by its claims, or by the step that makes it. What is empty is not known.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Asked {
    issuer: String,
    audience: String,
    subject: String,
    source_ip: String,
    step: Option<AskedStep>,
}

/// A step of the file in the editor, and what Bitbucket calls its repository.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AskedStep {
    pipeline: String,
    /// The byte offset at which the outline has the step.
    offset: usize,
    /// The deployment environment that it is to run in, where it has one.
    environment: Option<String>,
    workspace: String,
    workspace_uuid: String,
    repository_uuid: String,
    environment_uuid: String,
}

/// What was given, if anything was.
fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

impl Asked {
    fn request(&self) -> Request {
        let entry = |text: &str| given(text).map_or(Entry::Unknown, |text| Entry::Value(text.to_owned()));
        let by_claims = || {
            let mut request = Request::new(given(&self.issuer));
            request.claims(&[("aud", entry(&self.audience)), ("sub", entry(&self.subject))]);
            request
        };
        let mut request = self.step.as_ref().map_or_else(by_claims, AskedStep::request);
        if let Some(address) = given(&self.source_ip) {
            request.set("aws:SourceIp", Entry::Value(address.to_owned()));
        }
        request
    }
}

impl AskedStep {
    fn request(&self) -> Request {
        let given = Caller {
            workspace: given(&self.workspace),
            workspace_uuid: given(&self.workspace_uuid),
            repository_uuid: given(&self.repository_uuid),
            environment: given(&self.environment_uuid)
                .map_or(Environment::Unknown, |uuid| Environment::Deployment(Some(uuid))),
            ..Caller::default()
        };
        let (source, settings) = (Source::new("", &self.pipeline), Settings::default());
        let parsed = ParsedFile::new(&source);
        let file = Analysis::new(&parsed, &settings);
        let place = |step: &&pipeline::Step<'_>| step.place(file.tree).start == self.offset;
        let Some(step) = file.model.steps.iter().find(place) else { return given.request() };
        let named = |environment: Option<&str>| environment == self.environment.as_deref();
        let mut deployments = facts::deployments(&file.model, step).into_iter();
        let deployment = deployments.find(|it| named(it.map(|it| it.environment.value))).flatten();
        let own = access::caller(&file, step, deployment);
        match own.environment {
            // there is no UUID to give
            Environment::None => Caller { environment: Environment::None, ..given }.or(own).request(),
            _ => given.or(own).request(),
        }
    }
}

fn evaluations(text: &str, request: &Request) -> Vec<(String, Evaluation)> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    let Ok(found) = document.trust_policies() else { return Vec::new() };
    let judge = |found: &Found<'_>| {
        let (policy, problems) = policy::read(&found.policy, found.template);
        let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
        (!refused).then(|| (found.role.to_owned(), evaluate(&policy, request)))
    };
    found.iter().filter_map(judge).collect()
}

fn statement(statement: &StatementResult) -> Value {
    let effect = statement.effect.map(|effect| match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    });
    let elements = [&statement.principal, &statement.action].map(element).into_iter();
    let parts: Vec<_> = elements.chain(statement.conditions.iter().map(condition)).collect();
    json!({
        "number": statement.number, "sid": statement.sid, "effect": effect, "applies": statement.applies.to_string(),
        "parts": parts, "open": statement.open,
    })
}

fn element(element: &ElementResult) -> Value {
    json!({
        "name": element.element, "holds": element.holds.to_string(), "expected": element.expected,
        "actual": element.actual, "known": element.actual.is_some(),
    })
}

fn condition(condition: &ConditionResult) -> Value {
    let expected: Vec<_> = condition.expected.iter().map(|(value, _)| value).collect();
    let actual = match &condition.actual {
        Entry::Value(value) => Some(value.clone()),
        Entry::List(values) => Some(values.join(", ")),
        Entry::Partial(partial) => Some(partial.to_string()),
        Entry::Absent | Entry::Unknown => None,
    };
    json!({
        "name": condition.operator, "key": condition.key, "holds": condition.holds.to_string(), "expected": expected,
        "actual": actual, "known": !matches!(condition.actual, Entry::Unknown | Entry::Partial(_)),
        "because": condition.note.map(|note| note.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
                "StringEquals": {format!("{ISSUER}:aud"): "ari:cloud:bitbucket::workspace/w"},
                "StringLike": {format!("{ISSUER}:sub"): format!("{REPOSITORY}:{ENVIRONMENT}:*")},
            },
        }]})
        .to_string()
    }

    fn asked(text: &str, request: &Value) -> Value {
        serde_json::from_str(&trust(text, &request.to_string())).unwrap()
    }

    #[test]
    fn a_policy_is_judged_by_what_is_known_of_the_claims() {
        let issuer = format!("https://{ISSUER}");
        for (audience, verdict) in [("ari:cloud:bitbucket::workspace/w", "allow"), ("other", "deny"), ("", "depends")] {
            let answer = asked(
                &policy(),
                &json!({ "issuer": issuer, "audience": audience, "subject": format!("{REPOSITORY}:{ENVIRONMENT}:{OTHER}") }),
            );
            assert_eq!(answer["verdicts"][0]["verdict"], verdict, "{answer}");
        }
        assert!(asked(&policy(), &json!({}))["report"]["findings"][0]["rule"].is_string());
    }

    #[test]
    fn a_policy_is_judged_by_what_is_known_of_the_step() {
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
                "workspaceUuid": "w", "repositoryUuid": repository, "environmentUuid": environment_uuid,
            });
            let answer = asked(&policy(), &json!({ "step": step }));
            assert_eq!(answer["verdicts"][0]["verdict"], verdict, "{step}");
        }
    }

    #[test]
    fn a_step_calls_from_where_its_runtime_lets_it() {
        let bound = policy()
            .replace("\"StringEquals\"", "\"IpAddress\": {\"aws:SourceIp\": [\"34.199.54.113/32\"]}, \"StringEquals\"");
        let pipeline = "pipelines: {default: [step: {deployment: e, oidc: true, script: [a]}]}";
        let step = json!({
            "pipeline": pipeline, "offset": pipeline.find("step").unwrap(), "environment": "e", "workspace": "acme",
            "workspaceUuid": "w", "repositoryUuid": REPOSITORY, "environmentUuid": ENVIRONMENT,
        });
        for (source_ip, verdict) in [("", "deny"), ("34.199.54.113", "allow"), ("198.51.100.7", "deny")] {
            let answer = asked(&bound, &json!({ "step": step, "sourceIp": source_ip }));
            assert_eq!(answer["verdicts"][0]["verdict"], verdict, "{source_ip}: {answer}");
        }
    }

    #[test]
    fn a_verdict_says_what_each_part_wanted_and_got() {
        let answer = asked(&policy(), &json!({ "issuer": ISSUER, "subject": format!("{REPOSITORY}:{OTHER}") }));
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
    fn what_is_no_policy_is_a_finding_without_a_verdict() {
        let answer = asked("{", &json!({}));
        assert_eq!(answer["verdicts"], json!([]));
        assert_eq!(answer["report"]["findings"].as_array().unwrap().len(), 1);
    }
}
