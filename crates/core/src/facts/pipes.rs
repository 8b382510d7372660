//! Pipes that call AWS, and the variables that they require.

use crate::pipes::{Reference, catalogue, keyless};

/// A published pipe.
#[derive(Debug)]
pub struct KnownPipe {
    /// Its reference without the version.
    pub name: &'static str,
    /// How it gets its credentials.
    pub login: Login,
    /// Variables that its README marks as always required.
    pub required: &'static [&'static str],
    /// Whether it changes something in AWS.
    pub deploys: bool,
}

/// How a pipe gets its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// [`ROLE_VARIABLE`] with the step's token, or stored keys. With a role but without a token the pipe only warns and
    /// goes on with the keys (seen in a public fork of aws-cloudfront-invalidate 0.6.0, which Atlassian's AWS pipes
    /// share their login with).
    RoleOrKeys,
    /// Only [`ROLE_VARIABLE`] with the step's token.
    Role,
    /// The step's token, for something other than an AWS role.
    Token,
}

/// The variable that names the role in Atlassian's AWS pipes.
pub const ROLE_VARIABLE: &str = "AWS_OIDC_ROLE_ARN";

/// [`ROLE_VARIABLE`], and the other name in keyless's own pipe.
pub const ROLE_VARIABLES: [&str; 2] = [ROLE_VARIABLE, "AWS_ROLE_ARN"];

/// Pipes as described in their READMEs (<https://bitbucket.org/atlassian/> and the authors' repositories).
///
/// A variable is listed if the README marks it with `(*)`, always required, in every version seen. Conditional
/// variables and those that may come from Bitbucket's settings are not listed.
pub const KNOWN: [KnownPipe; 13] = [
    aws("atlassian/aws-cloudformation-deploy", &["STACK_NAME", "TEMPLATE"]),
    aws("atlassian/aws-cloudfront-invalidate", &["DISTRIBUTION_ID"]),
    aws("atlassian/aws-code-deploy", &["COMMAND", "APPLICATION_NAME"]),
    aws("atlassian/aws-ecr-push-image", &["IMAGE_NAME"]),
    aws("atlassian/aws-ecs-deploy", &["CLUSTER_NAME", "SERVICE_NAME"]),
    aws("atlassian/aws-eks-kubectl-run", &["CLUSTER_NAME", "KUBECTL_COMMAND"]),
    aws("atlassian/aws-elasticbeanstalk-deploy", &["APPLICATION_NAME"]),
    aws("atlassian/aws-lambda-deploy", &["FUNCTION_NAME", "COMMAND"]),
    aws("atlassian/aws-s3-deploy", &["S3_BUCKET", "LOCAL_PATH"]),
    // The variables of 2.x are unknown.
    aws("atlassian/aws-sam-deploy", &[]),
    KnownPipe { name: "cyberark/conjur-bitbucket-pipe", login: Login::Token, required: &[], deploys: false },
    KnownPipe { name: "dwightwhitlock1/aws-oidc-bitbucket-pipe", login: Login::Role, required: &[], deploys: false },
    KnownPipe { name: "trustep/aws-sam-custom-deploy", login: Login::RoleOrKeys, required: &[], deploys: true },
];

const fn aws(name: &'static str, required: &'static [&'static str]) -> KnownPipe {
    KnownPipe { name, login: Login::RoleOrKeys, required, deploys: true }
}

/// keyless's own pipe. What it requires may have two names and come from Bitbucket's settings, so nothing is listed.
pub(super) const KEYLESS: KnownPipe =
    KnownPipe { name: "keyless/pipe", login: Login::Role, required: &[], deploys: true };

/// What is known about a pipe, also as an image or through a mirror.
pub(super) fn known(reference: &Reference<'_>) -> Option<&'static KnownPipe> {
    if keyless::is_keyless(reference) {
        return Some(&KEYLESS);
    }
    let published = catalogue::find(reference).map(|pipe| pipe.name);
    KNOWN.iter().find(|pipe| published == Some(pipe.name) || pipe.name == reference.path)
}
