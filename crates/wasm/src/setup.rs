//! The AWS side of a repository written down, as `keyless setup` does; answered as JSON text.

use keyless_core::{
    ip_ranges,
    setup::{self, Plan, Profile, Setup, Subject, cdk, cloudformation, commands, guide, terraform},
};
use serde::Deserialize;
use serde_json::json;

use crate::json_text::written;

/// Writes the provider and the roles of a repository in one of the formats of `keyless setup`.
///
/// `wanted` is JSON; see `SetupForm` in `web/src/protocol.ts`. The answer has the file as `text`, what the roles grant as
/// `roles`, the variables to set as `settings`, and the steps to write as `steps`; or `error`.
pub fn setup(wanted: &str) -> String {
    let answer = serde_json::from_str::<Wanted>(wanted).map_err(|error| error.to_string()).and_then(|wanted| {
        let plan = wanted.plan()?;
        Ok(json!({
            "text": write(&plan, &wanted.format)?, "roles": guide::roles(&plan), "settings": guide::settings(&plan),
            "steps": guide::steps(&plan),
        }))
    });
    written(&answer.unwrap_or_else(|error| json!({ "error": error })))
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
    with_read_only: bool,
    prefix: String,
    qualifier: String,
    session_hours: u32,
    addresses: Addresses,
    bind_session: bool,
    trust_policy_quota: usize,
}

/// Where calls may come from.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Addresses {
    Anywhere,
    /// Those that Bitbucket publishes, in the copy of [`ip_ranges::BITBUCKET_AS_OF`].
    Bitbucket,
    /// A text in a form that [`ip_ranges::read`] takes.
    Listed(String),
}

impl Wanted {
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
        let profile = Profile::ALL.into_iter().find(|profile| profile.name() == self.profile);
        let addresses = match &self.addresses {
            Addresses::Anywhere => Ok(Vec::new()),
            Addresses::Bitbucket => ip_ranges::read(&ip_ranges::BITBUCKET.join("\n")),
            Addresses::Listed(text) => ip_ranges::read(text),
        };
        let setup = Setup {
            workspace: self.workspace.clone(),
            workspace_uuid: self.workspace_uuid.clone(),
            subjects,
            profile: profile.ok_or_else(|| format!("`{}` is no profile", self.profile))?,
            with_read_only: self.with_read_only,
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

fn write(plan: &Plan, format: &str) -> Result<String, String> {
    match format {
        "cloudformation" => serde_yaml::to_string(&cloudformation::template(plan))
            .map(|yaml| cloudformation::quote_dates(&yaml))
            .map_err(|error| error.to_string()),
        "cloudformation-json" => serde_json::to_string_pretty(&cloudformation::template(plan))
            .map(|text| text + "\n")
            .map_err(|error| error.to_string()),
        "cdk" => Ok(cdk::app(plan)),
        "terraform" => Ok(terraform::configuration(plan)),
        "commands" => Ok(commands::script(plan)),
        other => Err(format!("`{other}` is no format")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn answered(changes: &Value) -> Value {
        let mut wanted = json!({
            "workspace": "acme", "workspaceUuid": "{6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1}",
            "repository": "web", "repositoryUuid": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}",
            "environments": [["production", "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}"]],
            "profile": "minimal", "format": "cloudformation", "providerExists": false, "withReadOnly": false,
            "prefix": "bitbucket", "qualifier": "hnb659fds", "sessionHours": 1, "addresses": "anywhere",
            "bindSession": false, "trustPolicyQuota": 2048,
        });
        wanted.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        serde_json::from_str(&setup(&wanted.to_string())).unwrap()
    }

    #[test]
    fn each_format_is_written() {
        for format in ["cloudformation", "cloudformation-json", "cdk", "terraform", "commands"] {
            let answer = answered(&json!({ "format": format }));
            assert!(answer["text"].as_str().unwrap().contains("0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9"), "{answer}");
            assert!(answer["steps"].as_str().unwrap().contains("deployment: production"), "{answer}");
            assert_eq!(answer["settings"].as_array().unwrap().len(), 2);
        }
        assert!(setup("{}").contains("error"));
    }

    #[test]
    fn calls_are_bound_to_addresses_that_are_published_or_listed() {
        let text =
            |addresses: Value| answered(&json!({ "addresses": addresses, "trustPolicyQuota": 4096 }))["text"].clone();
        assert!(!text(json!("anywhere")).as_str().unwrap().contains("aws:SourceIp"));
        assert!(text(json!("bitbucket")).as_str().unwrap().contains(ip_ranges::BITBUCKET[0]));
        assert!(text(json!({ "listed": "203.0.113.0/24\n" })).as_str().unwrap().contains("203.0.113.0/24"));
        let refused = answered(&json!({ "addresses": { "listed": "nowhere" } }));
        assert!(refused["error"].as_str().unwrap().contains("`nowhere`"), "{refused}");
    }
}
