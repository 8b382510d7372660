//! What roles may do: the profiles and their statements, each with what it grants in words.

use serde::Deserialize;

use super::{Expression, Name, Setup, addresses};
use crate::iam::policy::Effect;

/// A set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "SetupProfile"))]
pub enum Profile {
    /// Assume the roles that `cdk bootstrap` made, and nothing else.
    Minimal,
    /// Read the account, use CodeArtifact, do anything through CloudFormation, and assume or pass the bootstrap roles.
    Full,
    /// Read the account, for `cdk diff` and look-ups.
    ReadOnly,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 3] = [Self::Minimal, Self::Full, Self::ReadOnly];

    /// The word used on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Full => "full",
            Self::ReadOnly => "read-only",
        }
    }

    /// The policies of AWS that its roles have attached.
    pub const fn managed_policies(self) -> &'static [&'static str] {
        match self {
            Self::Minimal => &[],
            // ReadOnlyAccess reads packages, and has no sts:GetServiceBearerToken for the token that reading needs.
            Self::Full => &["ReadOnlyAccess", "AWSCodeArtifactReadOnlyAccess"],
            Self::ReadOnly => &["ReadOnlyAccess"],
        }
    }
}

/// One statement of a permissions policy.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its name.
    pub sid: &'static str,
    /// What it grants or forbids, in one line.
    pub meaning: &'static str,
    /// What it grants beyond what it seems to.
    pub warning: Option<&'static str>,
    /// Whether it grants or forbids the actions.
    pub effect: Effect,
    /// The actions.
    pub actions: &'static [&'static str],
    /// The resources.
    pub resources: Vec<Expression>,
    /// When it applies.
    pub conditions: Option<Expression>,
}

impl Grant {
    /// The statement as it stands in the policy.
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
    if setup.bind_session {
        grants.push(Grant {
            sid: "OnlyFromTheseAddresses",
            meaning: "forbids every call from another address, except those that AWS makes for the session",
            warning: Some("sessions of the bootstrap roles that it assumes are not bound by it"),
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
        meaning: "lets the CDK assume the roles that `cdk bootstrap` made in this account",
        warning: Some("the bootstrap's deploy role passes the execution role, which is administrator unless bootstrapped otherwise")
            .filter(|_| roles.contains(&"deploy")),
        effect: Effect::Allow,
        actions: &["sts:AssumeRole"],
        resources: roles.iter().map(|role| bootstrap_role(setup, role)).collect(),
        conditions: None,
    }
}

fn full(setup: &Setup) -> Vec<Grant> {
    let bucket = |name: &str| arn("s3").then("::").then(name);
    let assets = format!("cdk-{}-assets-*", setup.qualifier);
    vec![
        Grant {
            sid: "AnythingThroughCloudFormation",
            meaning: "lets CloudFormation do anything for the session, where a stack has no execution role",
            warning: Some(
                "whoever can deploy a stack can make users and roles with any permission: this is administrator",
            ),
            effect: Effect::Allow,
            actions: &["*"],
            resources: vec!["*".into()],
            // The key has many values: without ForAnyValue it would not match, and with ForAllValues it would match
            // direct calls too.
            conditions: Some(Expression::object([(
                "ForAnyValue:StringEquals",
                Expression::object([("aws:CalledVia", "cloudformation.amazonaws.com".into())]),
            )])),
        },
        Grant {
            sid: "StagingBuckets",
            meaning: "lets the CDK write assets to its staging buckets, under the names of version 2 and of older ones",
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
            meaning: "lets the CDK validate, create, read, execute and delete change sets",
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
            meaning: "lets builds publish packages to every CodeArtifact repository of the account",
            warning: None,
            effect: Effect::Allow,
            actions: &["codeartifact:PublishPackageVersion", "codeartifact:PutPackageMetadata"],
            resources: vec![arn("codeartifact").then("*:").name(Name::Account).then(":package/*")],
            conditions: None,
        },
        assume(setup, &ASSUMED),
        Grant {
            sid: "PassExecutionRole",
            meaning: "lets the CDK hand the bootstrap's execution role to CloudFormation",
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
