//! Why an assembly cannot be used for a command.

use std::fmt;

use crate::{assembly::Lookup, forbidden_account::ForbiddenAccount};

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
    pub(crate) lookups: Vec<Lookup>,
    /// Whether the assembly was synthesized by an earlier step.
    pub(crate) ready: bool,
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
