//! What must be right about an assembly before anything is called: the named stacks exist, their accounts are allowed, and no
//! context value is missing.

use std::fmt;

use crate::{
    accounts,
    assembly::{Contents, Lookup, unmatched},
    forbidden_account::ForbiddenAccount,
    settings::{Settings, Synth},
};

/// How many stacks a message lists.
const MOST_LISTED: usize = 50;

/// Why an assembly cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    /// Patterns in STACKS that match no stack, and the stacks that there are.
    #[error("no stack of the app matches {} in STACKS", quoted(patterns))]
    Stacks {
        /// The patterns.
        patterns: Vec<String>,
        /// The paths of all stacks.
        stacks: Vec<String>,
    },
    /// What is in accounts that are not allowed.
    #[error("ALLOWED_ACCOUNT_IDS does not allow every account of the app")]
    Accounts(Vec<ForbiddenAccount>),
    /// Context values that are missing.
    #[error("cdk.context.json does not have every value that the app looks up")]
    Context(Missing),
}

/// Missing context values, and whether the pipe could have looked them up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    lookups: Vec<Lookup>,
    /// Whether the assembly was synthesized by an earlier step.
    ready: bool,
}

/// Checks an assembly that was synthesized for this run, or is ready (`settings.assembly`).
///
/// # Errors
/// The first of what is wrong.
pub(crate) fn check(settings: &Settings, contents: &Contents) -> Result<(), Unusable> {
    // Without stacks, the CDK says so.
    let unknown = if contents.stacks.is_empty() { Vec::new() } else { unmatched(&contents.stacks, &settings.stacks) };
    if !unknown.is_empty() {
        return Err(Unusable::Stacks {
            patterns: unknown.into_iter().map(str::to_owned).collect(),
            stacks: contents.stacks.iter().map(|stack| stack.path.clone()).collect(),
        });
    }
    let forbidden = accounts::forbidden(settings, contents);
    if !forbidden.is_empty() {
        return Err(Unusable::Accounts(forbidden));
    }
    let ready = settings.assembly.is_some();
    // The CDK looks values up for a ready assembly too, but deploys it as it is, with values that it made up.
    if !contents.missing.is_empty() && (ready || settings.synth == Synth::Isolated) {
        return Err(Unusable::Context(Missing { lookups: contents.missing.clone(), ready }));
    }
    Ok(())
}

impl Unusable {
    /// What is wrong in detail, a line each.
    pub(crate) fn details(&self) -> Vec<String> {
        match self {
            Self::Stacks { stacks, .. } => vec![format!("stacks of the app: {}", listed(stacks))],
            Self::Accounts(accounts) => accounts.iter().map(ToString::to_string).collect(),
            Self::Context(missing) => missing.lookups.iter().map(ToString::to_string).collect(),
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Stacks { .. } | Self::Accounts(_) => None,
            Self::Context(Missing { ready: true, .. }) => {
                Some("synthesize the assembly again with a complete cdk.context.json, and commit that file")
            }
            Self::Context(Missing { ready: false, .. }) => Some(
                "run `cdk synth` locally with credentials that can read the account, and commit cdk.context.json; or set `SYNTH: \
                 session`, which lets the app's code use the session",
            ),
        }
    }
}

/// What is looked up, in words (aws-cdk-cli, `@aws-cdk/cloud-assembly-schema`, `ContextProvider`).
const PROVIDERS: [(&str, &str); 11] = [
    ("ami", "an AMI"),
    ("availability-zones", "availability zones"),
    ("cc-api-provider", "a resource"),
    ("endpoint-service-availability-zones", "the zones of an endpoint service"),
    ("hosted-zone", "a hosted zone"),
    ("key-provider", "a KMS key"),
    ("load-balancer", "a load balancer"),
    ("load-balancer-listener", "a listener of a load balancer"),
    ("security-group", "a security group"),
    ("ssm", "an SSM parameter"),
    ("vpc-provider", "a VPC"),
];

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = PROVIDERS.iter().find(|(name, _)| *name == self.provider).map_or("a value", |(_, words)| words);
        write!(f, "{words} ({}): `{}`", self.provider, self.key)
    }
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}

fn listed(stacks: &[String]) -> String {
    match stacks.len().saturating_sub(MOST_LISTED) {
        0 => stacks.join(", "),
        more => format!("{} and {more} more", stacks[..MOST_LISTED].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembly;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let session = [("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/r"), ("AWS_REGION", "eu-west-1")];
        Settings::read(&session.iter().chain(variables).copied().collect()).1.unwrap()
    }

    fn contents(stacks: &[&str], missing: &str) -> Contents {
        let folder = tempfile::tempdir().unwrap();
        let artifacts: serde_json::Map<_, _> = stacks
            .iter()
            .map(|name| ((*name).to_owned(), serde_json::json!({ "type": "aws:cloudformation:stack" })))
            .collect();
        let missing: serde_json::Value = serde_json::from_str(missing).unwrap();
        let manifest = serde_json::json!({ "artifacts": artifacts, "missing": missing });
        std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
        assembly::read(folder.path()).unwrap()
    }

    #[test]
    fn patterns_without_a_stack_are_named_with_the_stacks() {
        let contents = contents(&["Net", "Shop"], "[]");
        for command in ["deploy", "diff", "destroy", "drift", "list", "rollback", "synth"] {
            let settings = settings(&[("COMMAND", command), ("STACKS", "Shop Shpo Web*")]);
            let unusable = check(&settings, &contents).unwrap_err();
            assert_eq!(unusable.to_string(), "no stack of the app matches `Shpo` or `Web*` in STACKS", "{command}");
            assert_eq!(unusable.details(), ["stacks of the app: Net, Shop"]);
        }
        for stacks in ["", "Shop", "**", "S*", "!Net", "Net Shop"] {
            assert_eq!(check(&settings(&[("STACKS", stacks)]), &contents), Ok(()), "{stacks}");
        }
    }

    #[test]
    fn missing_values_are_named_unless_the_session_looks_them_up() {
        let missing = r#"[{ "key": "vpc-provider:account=1", "provider": "vpc-provider", "props": {} },
            { "key": "x", "provider": "new-provider", "props": {} }]"#;
        let contents = contents(&["Shop"], missing);
        let unusable = check(&settings(&[]), &contents).unwrap_err();
        assert_eq!(
            unusable.details(),
            ["a VPC (vpc-provider): `vpc-provider:account=1`", "a value (new-provider): `x`"]
        );
        assert!(unusable.help().unwrap().contains("`SYNTH: session`"));
        let mut session = settings(&[("SYNTH", "session")]);
        assert_eq!(check(&session, &contents), Ok(()));
        session.assembly = Some("cdk.out".to_owned());
        assert!(check(&session, &contents).unwrap_err().help().unwrap().starts_with("synthesize the assembly again"));
    }
}
