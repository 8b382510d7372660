//! What the page may ask about the AWS side, answered as JSON text: trust policies, tokens, and what to set up.

use keyless_core::{
    diagnostic::Severity,
    iam::{
        check,
        evaluate::{Evaluation, evaluate},
        generate::{self, Profile, Setup, Subject, cdk, cloudformation, commands, guide, terraform},
        policy,
        request::{Entry, Request},
        template::Document,
    },
    oidc::{self, Claims, Expectations, StepToken},
    report::json,
    source::Source,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json_text::written;

/// Checks the trust policies in a text and asks each about a request.
///
/// The answer has the report of `keyless trust check` as `report`, and under `verdicts` for each role its name, `allow`,
/// `deny` or `depends`, and the tree behind it. A role whose policy IAM would refuse has no verdict. `request` is JSON:
/// `issuer`, `audience`, `subject` and `sourceIp`, of which each that is absent or empty is not known.
pub fn trust(text: &str, request: &str) -> String {
    let source = Source::new("trust-policy.json", text);
    let findings = check::findings(&source);
    let request = serde_json::from_str::<Asked>(request).unwrap_or_default().request();
    let verdicts: Vec<_> = evaluations(text, &request)
        .into_iter()
        .map(|(role, evaluation)| json!({ "role": role, "verdict": evaluation.verdict.name(), "tree": evaluation.to_string() }))
        .collect();
    written(&json!({ "report": json::file(&source, &findings), "verdicts": verdicts }))
}

/// A request as a person describes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Asked {
    issuer: String,
    audience: String,
    subject: String,
    source_ip: String,
}

impl Asked {
    fn request(&self) -> Request {
        let entry = |text: &str| if text.is_empty() { Entry::Unknown } else { Entry::Value(text.to_owned()) };
        let mut request = Request::new(Some(self.issuer.as_str()).filter(|issuer| !issuer.is_empty()));
        request.claims(&[("aud", entry(&self.audience)), ("sub", entry(&self.subject))]);
        request.set("aws:SourceIp", entry(&self.source_ip));
        request
    }
}

fn evaluations(text: &str, request: &Request) -> Vec<(String, Evaluation)> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    let Ok(found) = document.trust_policies() else { return Vec::new() };
    let judge = |found: &keyless_core::iam::template::Found<'_>| {
        let (policy, problems) = policy::read(&found.policy, found.template);
        let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
        (!refused).then(|| (found.role.to_owned(), evaluate(&policy, request)))
    };
    found.iter().filter_map(judge).collect()
}

/// Reads a step's token without judging its signature: its claims, what AWS sees of them, and what does not fit.
///
/// `now` is in seconds since 1970. The answer is `{"error": …}` for a text that is no token, and never holds the token.
pub fn token(raw: &str, now: u64) -> String {
    match StepToken::parse(raw.trim()) {
        Ok(token) => written(&described(token.claims(), now)),
        Err(error) => written(&json!({ "error": error.to_string() })),
    }
}

fn described(claims: &Claims, now: u64) -> Value {
    let subject = oidc::Subject::parse(&claims.sub);
    let left = claims.exp.checked_sub(now).map(oidc::duration);
    let past = now.checked_sub(claims.exp).map(oidc::duration);
    let mismatches: Vec<_> = oidc::check(claims, &Expectations { now, ..Expectations::default() })
        .iter()
        .map(|mismatch| json!({ "fatal": mismatch.is_fatal(), "message": mismatch.to_string() }))
        .collect();
    json!({
        "issuer": claims.iss,
        "audiences": claims.aud.iter().collect::<Vec<_>>(),
        "subject": claims.sub,
        "repository": subject.map(|subject| subject.repository),
        "environment": subject.and_then(|subject| subject.environment),
        "step": subject.map(|subject| subject.step),
        "branch": claims.branch_name,
        "validFor": left,
        "expiredSince": past,
        "mismatches": mismatches,
    })
}

/// Writes the provider and the roles of a workspace in one of the formats of `keyless setup`.
///
/// `wanted` is JSON; see `SetupForm` in `web/src/protocol.ts`. The answer has `text` and `guide`, or `error`.
pub fn setup(wanted: &str) -> String {
    let answer = serde_json::from_str::<Wanted>(wanted)
        .map_err(|error| error.to_string())
        .and_then(Wanted::write)
        .map_or_else(|error| json!({ "error": error }), |(text, guide)| json!({ "text": text, "guide": guide }));
    written(&answer)
}

/// The form that a person fills in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    workspace: String,
    workspace_uuid: String,
    repository: String,
    repository_uuid: String,
    /// Names and UUIDs.
    environments: Vec<(String, String)>,
    profile: String,
    format: String,
    provider_exists: bool,
}

impl Wanted {
    fn write(self) -> Result<(String, String), String> {
        let subject = |environment| Subject {
            repository: self.repository.clone(),
            repository_uuid: self.repository_uuid.clone(),
            environment,
        };
        let subjects = if self.environments.is_empty() {
            vec![subject(None)]
        } else {
            self.environments.iter().cloned().map(|environment| subject(Some(environment))).collect()
        };
        let profile = Profile::ALL.into_iter().find(|profile| profile.name() == self.profile);
        let setup = Setup {
            workspace: self.workspace.clone(),
            workspace_uuid: self.workspace_uuid.clone(),
            subjects,
            profile: profile.ok_or_else(|| format!("`{}` is no profile", self.profile))?,
            with_read_only: false,
            prefix: "bitbucket".to_owned(),
            qualifier: "hnb659fds".to_owned(),
            addresses: Vec::new(),
            bind_session: false,
            session_seconds: 3600,
            provider_exists: self.provider_exists,
            trust_policy_quota: 2048,
        };
        let plan = generate::plan(&setup).map_err(|error| error.to_string())?;
        let text = match self.format.as_str() {
            "cloudformation" => serde_json::to_string_pretty(&cloudformation::template(&plan))
                .map_err(|error| error.to_string())
                .map(|text| text + "\n")?,
            "cdk" => cdk::app(&plan),
            "terraform" => terraform::configuration(&plan),
            "commands" => commands::script(&plan),
            other => return Err(format!("`{other}` is no format")),
        };
        Ok((text, guide::text(&plan)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/w"}}}]}"#;

    fn asked(text: &str, request: &Value) -> Value {
        serde_json::from_str(&trust(text, &request.to_string())).unwrap()
    }

    #[test]
    fn a_policy_is_judged_by_what_is_known() {
        let issuer = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
        for (audience, verdict) in [("ari:cloud:bitbucket::workspace/w", "allow"), ("other", "deny"), ("", "depends")] {
            let answer = asked(POLICY, &json!({ "issuer": issuer, "audience": audience }));
            assert_eq!(answer["verdicts"][0]["verdict"], verdict, "{answer}");
        }
        assert!(asked(POLICY, &json!({}))["report"]["findings"][0]["rule"].is_string());
    }

    #[test]
    fn what_is_no_policy_is_a_finding_without_a_verdict() {
        let answer = asked("{", &json!({}));
        assert_eq!(answer["verdicts"], json!([]));
        assert_eq!(answer["report"]["findings"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_token_is_refused_without_repeating_it() {
        let answer = token("secret.part", 0);
        assert!(answer.contains("error") && !answer.contains("secret"), "{answer}");
    }

    #[test]
    fn each_format_is_written() {
        for format in ["cloudformation", "cdk", "terraform", "commands"] {
            let wanted = json!({
                "workspace": "acme", "workspaceUuid": "{6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1}",
                "repository": "web", "repositoryUuid": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}",
                "environments": [["production", "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}"]],
                "profile": Profile::ALL[0].name(), "format": format, "providerExists": false,
            });
            let answer: Value = serde_json::from_str(&setup(&wanted.to_string())).unwrap();
            assert!(answer["text"].as_str().unwrap().contains("0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9"), "{answer}");
        }
        assert!(setup("{}").contains("error"));
    }
}
