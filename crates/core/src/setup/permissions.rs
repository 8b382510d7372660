//! The permissions of roles: profiles and their statements, each with a description.

use serde::Deserialize;

use super::{Expression, Name, Setup, addresses};
use crate::iam::policy::Effect;

/// A set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "SetupProfile"))]
pub enum Profile {
    /// Assume the roles of the CDK bootstrap stack, and nothing else.
    Minimal,
    /// Read the account, use CodeArtifact, do anything through CloudFormation, and assume or pass the bootstrap roles.
    Full,
    /// Read the account, for `cdk diff` and look-ups.
    ReadOnly,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 3] = [Self::Minimal, Self::Full, Self::ReadOnly];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Full => "full",
            Self::ReadOnly => "read-only",
        }
    }

    /// The AWS managed policies of its roles.
    pub const fn managed_policies(self) -> &'static [&'static str] {
        match self {
            Self::Minimal => &[],
            // ReadOnlyAccess allows reading packages, but not sts:GetServiceBearerToken, which reading them requires.
            Self::Full => &["ReadOnlyAccess", "AWSCodeArtifactReadOnlyAccess"],
            Self::ReadOnly => &["ReadOnlyAccess"],
        }
    }
}

/// One statement of a permissions policy.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its `Sid`.
    pub sid: &'static str,
    /// What it allows or denies, one line.
    pub meaning: &'static str,
    /// What it allows indirectly.
    pub warning: Option<&'static str>,
    /// Whether it allows or denies the actions.
    pub effect: Effect,
    /// The actions.
    pub actions: &'static [&'static str],
    /// The resources.
    pub resources: Vec<Expression>,
    /// The conditions, if any.
    pub conditions: Option<Expression>,
}

impl Grant {
    /// The statement in the policy.
    pub fn statement(&self) -> Expression {
        let one_or_many =
            |mut items: Vec<Expression>| if items.len() == 1 { items.remove(0) } else { Expression::List(items) };
        let mut members = vec![
            ("Sid", self.sid.into()),
            ("Effect", self.effect.name().into()),
            ("Action", one_or_many(self.actions.iter().map(|action| (*action).into()).collect())),
            ("Resource", one_or_many(self.resources.clone())),
        ];
        members.extend(self.conditions.clone().map(|conditions| ("Condition", conditions)));
        Expression::object(members)
    }
}

/// The roles of the CDK's bootstrap stack that a deployment assumes; the fifth, `cfn-exec`, only CloudFormation may.
///
/// Source: `bootstrap-template.yaml` of the CDK CLI, template version 32.
const ASSUMED: [&str; 4] = ["deploy", "file-publishing", "image-publishing", "lookup"];

fn arn(service: &str) -> Expression {
    Expression::text("arn:").name(Name::Partition).then(&format!(":{service}:"))
}

fn bootstrap_role(setup: &Setup, role: &str) -> Expression {
    arn("iam")
        .then(":")
        .name(Name::Account)
        .then(&format!(":role/cdk-{}-{role}-role-", setup.qualifier))
        .name(Name::Account)
        .then("-*")
}

/// The statements of a profile.
pub(super) fn grants(profile: Profile, setup: &Setup) -> Vec<Grant> {
    let mut grants = match profile {
        Profile::Minimal => vec![assume(setup, &ASSUMED)],
        Profile::Full => full(setup),
        Profile::ReadOnly => vec![assume(setup, &["lookup"])],
    };
    if !setup.deploy_accounts.is_empty() {
        grants.push(assume_elsewhere(setup, if profile == Profile::ReadOnly { &["lookup"] } else { &ASSUMED }));
    }
    if setup.bind_session {
        grants.push(Grant {
            sid: "OnlyFromTheseAddresses",
            meaning: "denies calls from other addresses, except calls that AWS services make for the session",
            warning: Some("this does not restrict sessions of the bootstrap roles that the CDK assumes"),
            effect: Effect::Deny,
            actions: &["*"],
            resources: vec!["*".into()],
            conditions: Some(Expression::object([
                ("NotIpAddress", Expression::object([("aws:SourceIp", addresses(setup))])),
                ("Bool", Expression::object([("aws:ViaAWSService", "false".into())])),
            ])),
        });
    }
    grants
}

fn assume(setup: &Setup, roles: &[&str]) -> Grant {
    Grant {
        sid: "AssumeBootstrapRoles",
        meaning: "allows the CDK to assume the roles of the bootstrap stack in this account",
        warning: Some("the deploy role can use the execution role, which has administrator access by default")
            .filter(|_| roles.contains(&"deploy")),
        effect: Effect::Allow,
        actions: &["sts:AssumeRole"],
        resources: roles.iter().map(|role| bootstrap_role(setup, role)).collect(),
        conditions: None,
    }
}

fn assume_elsewhere(setup: &Setup, roles: &[&str]) -> Grant {
    let arn = |account: &str, role: &str| {
        arn("iam").then(&format!(":{account}:role/cdk-{}-{role}-role-{account}-*", setup.qualifier))
    };
    let accounts = setup.deploy_accounts.iter();
    Grant {
        sid: "AssumeBootstrapRolesElsewhere",
        meaning: "allows the CDK to assume the roles of the bootstrap stacks in the deployment accounts",
        warning: Some("those accounts must trust this one: bootstrap them with `--trust`"),
        effect: Effect::Allow,
        actions: &["sts:AssumeRole"],
        resources: accounts.flat_map(|account| roles.iter().map(|role| arn(account, role))).collect(),
        conditions: None,
    }
}

fn full(setup: &Setup) -> Vec<Grant> {
    let bucket = |name: &str| arn("s3").then("::").then(name);
    let assets = format!("cdk-{}-assets-*", setup.qualifier);
    vec![
        Grant {
            sid: "AnythingThroughCloudFormation",
            meaning: "allows everything through CloudFormation, for stacks without an execution role",
            warning: Some("this is administrator access: a stack can create users and roles with any permissions"),
            effect: Effect::Allow,
            actions: &["*"],
            resources: vec!["*".into()],
            // The key has several values: without ForAnyValue it would not match, and with ForAllValues it would also
            // match direct calls.
            conditions: Some(Expression::object([(
                "ForAnyValue:StringEquals",
                Expression::object([("aws:CalledVia", "cloudformation.amazonaws.com".into())]),
            )])),
        },
        Grant {
            sid: "StagingBuckets",
            meaning: "allows the CDK to write assets to its staging buckets, with the names of CDK v1 and v2",
            warning: None,
            effect: Effect::Allow,
            actions: &[
                "s3:GetBucketLocation",
                "s3:GetEncryptionConfiguration",
                "s3:GetObject",
                "s3:ListBucket",
                "s3:PutObject",
            ],
            resources: vec![bucket(&assets), bucket("cdk-*stagingbucket*"), bucket("cdktoolkit-stagingbucket-*")],
            conditions: None,
        },
        Grant {
            sid: "ChangeSets",
            meaning: "allows the CDK to validate, create, read, execute and delete change sets",
            warning: None,
            effect: Effect::Allow,
            actions: &[
                "cloudformation:CreateChangeSet",
                "cloudformation:DeleteChangeSet",
                "cloudformation:DescribeChangeSet",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStacks",
                "cloudformation:ExecuteChangeSet",
                "cloudformation:GetTemplate",
                "cloudformation:ValidateTemplate",
            ],
            resources: vec!["*".into()],
            conditions: None,
        },
        Grant {
            sid: "PublishPackages",
            meaning: "allows publishing packages to every CodeArtifact repository of the account",
            warning: None,
            effect: Effect::Allow,
            actions: &["codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata"],
            resources: vec![arn("codeartifact").then("*:").name(Name::Account).then(":package/*")],
            conditions: None,
        },
        assume(setup, &ASSUMED),
        Grant {
            sid: "PassExecutionRole",
            meaning: "allows the CDK to pass the bootstrap execution role to CloudFormation",
            warning: None,
            effect: Effect::Allow,
            actions: &["iam:PassRole"],
            resources: vec![bootstrap_role(setup, "cfn-exec")],
            conditions: Some(Expression::object([(
                "StringEquals",
                Expression::object([("iam:PassedToService", "cloudformation.amazonaws.com".into())]),
            )])),
        },
    ]
}
