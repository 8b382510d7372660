//! The AWS side of a repository, as `keyless setup` writes it.

use keyless_core::{
    ip_ranges,
    setup::{self, Format, Plan, Profile, Setup, Subject, guide},
};
use serde::{Deserialize, Serialize};

use crate::OrError;

/// The form that a person fills in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SetupForm {
    workspace: String,
    workspace_uuid: String,
    repository: String,
    repository_uuid: String,
    /// Name and UUID of each.
    environments: Vec<(String, String)>,
    /// Name and UUID of each environment whose role can only read.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<Vec<(String, String)>>", optional))]
    read_only_environments: Vec<(String, String)>,
    profile: Profile,
    format: Format,
    provider_exists: bool,
    with_read_only: bool,
    /// Further accounts, separated by commas or spaces.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<String>", optional))]
    deploy_accounts: String,
    /// The ARN of a managed policy, or nothing.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<String>", optional))]
    permissions_boundary: String,
    /// The path of the roles.
    #[serde(default = "top")]
    #[cfg_attr(test, ts(as = "Option<String>", optional))]
    role_path: String,
    /// The image of the deploy pipe, or nothing.
    #[serde(default)]
    #[cfg_attr(test, ts(as = "Option<String>", optional))]
    pipe: String,
    prefix: String,
    qualifier: String,
    session_hours: u32,
    addresses: SourceAddresses,
    bind_session: bool,
    trust_policy_quota: usize,
}

/// The addresses that a role accepts calls from.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum SourceAddresses {
    /// All.
    Anywhere,
    /// Those that Bitbucket publishes, in the copy of [`ip_ranges::BITBUCKET_AS_OF`].
    Bitbucket,
    /// A list in a format that [`ip_ranges::read`] reads.
    Listed(String),
}

/// What to deploy, and what to do next.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SetupAnswer {
    /// The file.
    text: String,
    /// What the roles grant.
    roles: String,
    /// The variables to set in Bitbucket, one a line.
    settings: Vec<String>,
    /// The steps to add to the pipeline file.
    steps: String,
}

/// Writes the identity provider and the roles of a repository in one of the formats of `keyless setup`.
pub fn setup(form: &SetupForm) -> OrError<SetupAnswer> {
    let answer = form.plan().and_then(|plan| {
        Ok(SetupAnswer {
            text: form.format.write(&plan).map_err(|error| error.to_string())?,
            roles: guide::roles(&plan),
            settings: guide::settings(&plan),
            steps: guide::steps(&plan),
        })
    });
    answer.into()
}

impl SetupForm {
    fn plan(&self) -> Result<Plan, String> {
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
        let addresses = match &self.addresses {
            SourceAddresses::Anywhere => Ok(Vec::new()),
            SourceAddresses::Bitbucket => ip_ranges::read(&ip_ranges::BITBUCKET.join("\n")),
            SourceAddresses::Listed(text) => ip_ranges::read(text),
        };
        let setup = Setup {
            workspace: self.workspace.clone(),
            workspace_uuid: self.workspace_uuid.clone(),
            subjects,
            profile: self.profile,
            with_read_only: self.with_read_only,
            read_only: self.read_only_environments.iter().cloned().map(|named| subject(Some(named))).collect(),
            deploy_accounts: list(&self.deploy_accounts),
            permissions_boundary: given(&self.permissions_boundary),
            role_path: self.role_path.clone(),
            pipe: given(self.pipe.trim_start_matches("docker://")),
            prefix: self.prefix.clone(),
            qualifier: self.qualifier.clone(),
            addresses: addresses.map_err(|error| error.to_string())?,
            bind_session: self.bind_session,
            session_seconds: self.session_hours.saturating_mul(3600),
            provider_exists: self.provider_exists,
            trust_policy_quota: self.trust_policy_quota,
        };
        setup::plan(&setup).map_err(|error| error.to_string())
    }
}

fn top() -> String {
    "/".to_owned()
}

/// The parts of a list that a person types.
fn list(text: &str) -> Vec<String> {
    let separates = |letter: char| letter == ',' || letter.is_whitespace();
    text.split(separates).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(changes: &Value) -> Value {
        let mut form = json!({
            "workspace": "acme", "workspaceUuid": "{6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1}",
            "repository": "web", "repositoryUuid": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}",
            "environments": [["production", "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}"]],
            "profile": "minimal", "format": "cloudformation", "providerExists": false, "withReadOnly": false,
            "prefix": "bitbucket", "qualifier": "hnb659fds", "sessionHours": 1, "addresses": "anywhere",
            "bindSession": false, "trustPolicyQuota": 2048,
        });
        form.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        serde_json::to_value(setup(&serde_json::from_value(form).unwrap())).unwrap()
    }

    #[test]
    fn each_format_is_written() {
        for format in ["cloudformation", "cloudformation-json", "cdk", "terraform", "commands"] {
            let answer = answer(&json!({ "format": format }));
            assert!(answer["text"].as_str().unwrap().contains("0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9"), "{answer}");
            assert!(answer["steps"].as_str().unwrap().contains("deployment: production"), "{answer}");
            assert_eq!(answer["settings"].as_array().unwrap().len(), 2);
        }
    }

    #[test]
    fn each_profile_is_read_by_its_name() {
        for profile in Profile::ALL {
            let answer = answer(&json!({ "profile": profile.name() }));
            assert!(answer["text"].is_string(), "{answer}");
        }
    }

    #[test]
    fn invalid_input_is_an_error() {
        let answer = answer(&json!({ "workspaceUuid": "acme" }));
        assert!(answer["error"].as_str().unwrap().contains("`acme`"), "{answer}");
    }

    #[test]
    fn roles_have_the_path_the_boundary_and_the_accounts() {
        let boundary = "arn:aws:iam::123456789012:policy/boundary";
        let found = answer(&json!({
            "deployAccounts": "111111111111, 222222222222", "permissionsBoundary": boundary, "rolePath": "/ci/",
            "pipe": "docker://registry.acme.dev/keyless-pipe:1", "format": "cloudformation-json",
            "readOnlyEnvironments": [["review", "{1a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}"]],
        }));
        let text = found["text"].as_str().unwrap();
        for sign in ["111111111111", "222222222222", boundary, "\"/ci/\"", "web-review-read-only"] {
            assert!(text.contains(sign), "{sign}: {text}");
        }
        assert!(found["steps"].as_str().unwrap().contains("docker://registry.acme.dev/keyless-pipe:1"), "{found}");
        for (name, value, part) in [
            ("deployAccounts", "acme", "`acme` is not an account ID"),
            ("permissionsBoundary", "boundary", "`boundary` is not the ARN of a managed policy"),
            ("rolePath", "ci", "`ci` is not the path of a role"),
            ("pipe", "/image", "/image"),
        ] {
            let error = answer(&json!({ name: value }))["error"].clone();
            assert!(error.as_str().is_some_and(|error| error.contains(part)), "{name}: {error}");
        }
    }

    #[test]
    fn calls_are_restricted_to_published_or_listed_addresses() {
        let text =
            |addresses: Value| answer(&json!({ "addresses": addresses, "trustPolicyQuota": 4096 }))["text"].clone();
        assert!(!text(json!("anywhere")).as_str().unwrap().contains("aws:SourceIp"));
        assert!(text(json!("bitbucket")).as_str().unwrap().contains(ip_ranges::BITBUCKET[0]));
        assert!(text(json!({ "listed": "203.0.113.0/24\n" })).as_str().unwrap().contains("203.0.113.0/24"));
        let rejected = answer(&json!({ "addresses": { "listed": "nowhere" } }));
        assert!(rejected["error"].as_str().unwrap().contains("`nowhere`"), "{rejected}");
    }
}
