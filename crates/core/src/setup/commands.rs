//! A plan as a shell script of AWS CLI commands.

use std::fmt::Write as _;

use super::{Expression, Name, POLICY_NAME, Plan, ROOT, Role, cloudformation::managed};

/// The script. It reads the account from AWS, so it can run in any account.
pub fn script(plan: &Plan) -> String {
    let mut text = String::from(
        "#!/bin/sh
# Creates the roles that Bitbucket Pipelines assumes with OIDC, in the account of the current credentials.
set -eu

account=$(aws sts get-caller-identity --query Account --output text)
partition=$(aws sts get-caller-identity --query Arn --output text | cut -d: -f2)
",
    );
    let _ = writeln!(text, "provider={}", shell(&super::provider_arn(&plan.issuer)));
    if !plan.provider_exists {
        let _ = write!(
            text,
            "
aws iam create-open-id-connect-provider \\
  --url https://{} \\
  --client-id-list {}
",
            plan.issuer, plan.audience
        );
    }
    for role in &plan.roles {
        role_commands(role, &mut text);
    }
    text
}

fn role_commands(role: &Role, text: &mut String) {
    let name = &role.name;
    let mut options = if role.path == ROOT { String::new() } else { format!(" --path {}", role.path) };
    if let Some(boundary) = &role.permissions_boundary {
        let _ = write!(options, " --permissions-boundary {boundary}");
    }
    let _ = write!(
        text,
        "
# {}
aws iam create-role --role-name {name}{options} \\
  --description {} \\
  --max-session-duration {} \\
  --assume-role-policy-document \"$(cat <<JSON
{}
JSON
)\"
",
        role.description,
        quoted(&role.description),
        role.session_seconds,
        document(&role.trust)
    );
    for grant in &role.grants {
        let _ = writeln!(text, "# {}: {}", grant.sid, grant.meaning);
    }
    let _ = write!(
        text,
        "aws iam put-role-policy --role-name {name} --policy-name {POLICY_NAME} \\
  --policy-document \"$(cat <<JSON
{}
JSON
)\"
",
        document(&role.permissions())
    );
    for policy in role.profile.managed_policies() {
        let _ =
            writeln!(text, "aws iam attach-role-policy --role-name {name} --policy-arn {}", shell(&managed(policy)));
    }
}

fn variable(name: Name) -> String {
    match name {
        Name::Account => "${account}",
        Name::Partition => "${partition}",
        Name::Provider => "${provider}",
    }
    .to_owned()
}

/// A document between `<<JSON` and `JSON`, in which the shell expands variables.
fn document(expression: &Expression) -> String {
    pretty(expression, 0)
}

fn pretty(expression: &Expression, indent: usize) -> String {
    let inner = " ".repeat(indent + 2);
    let outer = " ".repeat(indent);
    match expression {
        Expression::Text(_) => {
            let plain = |text: &str| {
                let json = serde_json::Value::from(text).to_string();
                // Characters that the shell would expand; backslashes of JSON are doubled.
                json[1..json.len() - 1].replace('\\', "\\\\").replace('$', "\\$").replace('`', "\\`")
            };
            format!("\"{}\"", expression.write(&plain, &variable))
        }
        Expression::List(items) => {
            let items: Vec<_> = items.iter().map(|item| format!("{inner}{}", pretty(item, indent + 2))).collect();
            format!("[\n{}\n{outer}]", items.join(",\n"))
        }
        Expression::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(key, member)| format!("{inner}\"{key}\": {}", pretty(member, indent + 2)))
                .collect();
            format!("{{\n{}\n{outer}}}", members.join(",\n"))
        }
    }
}

/// A shell word in double quotes.
fn shell(expression: &Expression) -> String {
    format!("\"{}\"", expression.write(&str::to_owned, &variable))
}

/// A word of a shell command in single quotes.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
