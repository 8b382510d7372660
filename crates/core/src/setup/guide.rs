//! What a plan grants, and the next steps in Bitbucket.

use std::fmt::Write as _;

use super::{DEFAULT_QUALIFIER, Plan, Profile, Role};
use crate::pipes::keyless::IMAGE;

/// The guide as plain text: every role with its statements, the variables to set, and the steps to add.
pub fn text(plan: &Plan) -> String {
    let mut text = roles(plan);
    if !plan.deploy_accounts.is_empty() {
        text.push_str("\nRun with administrator credentials of each deployment account:\n");
        text.push_str(&bootstrap(plan));
    }
    text.push_str("\nSet in Bitbucket:\n");
    for line in settings(plan) {
        let _ = writeln!(text, "  {line}");
    }
    text.push_str("\nAdd to bitbucket-pipelines.yml:\n");
    text.push_str(&steps(plan));
    text
}

/// The provider and every role, with what each statement grants.
pub fn roles(plan: &Plan) -> String {
    let mut text = String::new();
    if plan.provider_exists {
        let _ = writeln!(text, "Identity provider {} (exists already)", plan.issuer);
    } else {
        let _ = writeln!(text, "Identity provider {} (one per account)", plan.issuer);
    }
    for role in &plan.roles {
        describe(role, &mut text);
    }
    text
}

/// The variables to set in Bitbucket, one per line.
pub fn settings(plan: &Plan) -> Vec<String> {
    let role_arn = |role: &Role| {
        let (repository, environment) = &role.used_by;
        let place = match environment {
            Some(environment) => format!("deployment environment {environment} of {repository}"),
            None => format!("repository {repository}"),
        };
        format!("AWS_ROLE_ARN in {place}: the ARN of role {}", role.name)
    };
    let region = "AWS_REGION in the workspace or the repositories".to_owned();
    plan.roles.iter().map(role_arn).chain([region]).collect()
}

/// The commands that let the roles deploy to other accounts.
pub fn bootstrap(plan: &Plan) -> String {
    let deploys = plan.roles.iter().any(|role| role.profile != Profile::ReadOnly);
    let mut options = if deploys {
        "--trust <account ID of the roles> \\\n      --cloudformation-execution-policies arn:aws:iam::aws:policy/AdministratorAccess"
    } else {
        "--trust-for-lookup <account ID of the roles>"
    }
    .to_owned();
    if plan.qualifier != DEFAULT_QUALIFIER {
        let _ = write!(options, " \\\n      --qualifier {}", plan.qualifier);
    }
    let mut text = String::new();
    for account in &plan.deploy_accounts {
        let _ = writeln!(text, "  cdk bootstrap aws://{account}/<region> {options}");
    }
    text
}

fn describe(role: &Role, text: &mut String) {
    let _ = writeln!(text, "\nRole {} ({})", role.name, role.profile.name());
    let _ = writeln!(text, "  accepts subject {}", role.subject);
    let _ = writeln!(text, "  trust policy: {} characters", role.trust_length);
    if let Some(boundary) = &role.permissions_boundary {
        let _ = writeln!(text, "  permissions boundary: {boundary}");
    }
    for policy in role.profile.managed_policies() {
        let _ = writeln!(text, "  managed policy: {policy}");
    }
    if role.profile == Profile::ReadOnly && role.used_by.1.is_none() {
        text.push_str("    warning: every branch of the repository can read the account; --read-only-environment limits the role\n");
    }
    for grant in &role.grants {
        let _ = writeln!(text, "  {}: {}", grant.sid, grant.meaning);
        if let Some(warning) = grant.warning {
            let _ = writeln!(text, "    warning: {warning}");
        }
    }
}

/// Steps to paste into a pipeline, one for each role.
pub fn steps(plan: &Plan) -> String {
    let mut text = String::new();
    for role in &plan.roles {
        let (_, environment) = &role.used_by;
        let _ = writeln!(
            text,
            "  - step:\n      name: {}",
            environment.as_deref().map_or_else(|| format!("Use {}", role.name), |it| format!("Deploy to {it}"))
        );
        text.push_str("      oidc: true\n");
        if let Some(environment) = environment {
            let _ = writeln!(text, "      deployment: {environment}");
        }
        if plan.from_addresses {
            text.push_str("      size: 4x\n      runtime:\n        cloud:\n          atlassian-ip-ranges: true\n");
        }
        let pipe = plan.pipe.as_deref().unwrap_or(IMAGE);
        let _ = writeln!(text, "      script:\n        - pipe: docker://{pipe}\n          variables:");
        text.push_str("            AWS_ROLE_ARN: $AWS_ROLE_ARN\n            AWS_REGION: $AWS_REGION\n");
        if role.profile == Profile::ReadOnly {
            text.push_str("            COMMAND: diff\n");
        }
    }
    text
}
