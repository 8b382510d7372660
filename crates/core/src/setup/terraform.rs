//! A plan as Terraform configuration.

use std::fmt::Write as _;

use super::{Expression, Name, POLICY_NAME, Plan, ROOT, Role, cloudformation::managed};

/// The configuration, as one file.
pub fn configuration(plan: &Plan) -> String {
    // The provider's thumbprints are optional since version 5.81 of the AWS provider.
    let mut text = String::from(
        "terraform {
  required_providers {
    aws = {
      source  = \"hashicorp/aws\"
      version = \">= 5.81.0\"
    }
  }
}

data \"aws_caller_identity\" \"current\" {}

data \"aws_partition\" \"current\" {}
",
    );
    if !plan.provider_exists {
        let _ = write!(
            text,
            "
resource \"aws_iam_openid_connect_provider\" \"bitbucket\" {{
  url            = \"https://{}\"
  client_id_list = [\"{}\"]
}}
",
            plan.issuer, plan.audience
        );
    }
    for role in &plan.roles {
        role_resources(role, &mut text);
    }
    text
}

fn role_resources(role: &Role, text: &mut String) {
    let label = label(&role.logical_id);
    let path =
        if role.path == ROOT { String::new() } else { format!("\n  path                 = {}", quoted(&role.path)) };
    let boundary = role
        .permissions_boundary
        .as_ref()
        .map_or_else(String::new, |arn| format!("\n  permissions_boundary = {}", quoted(arn)));
    let _ = write!(
        text,
        "
resource \"aws_iam_role\" \"{label}\" {{
  name                 = {}{path}
  description          = {}{boundary}
  max_session_duration = {}
  assume_role_policy   = jsonencode({})
}}

resource \"aws_iam_role_policy\" \"{label}\" {{
  name = {}
  role = aws_iam_role.{label}.name
",
        quoted(&role.name),
        quoted(&role.description),
        role.session_seconds,
        value(&role.trust, 2),
        quoted(POLICY_NAME),
    );
    for grant in &role.grants {
        let _ = writeln!(text, "  # {}: {}", grant.sid, grant.meaning);
    }
    let _ = write!(text, "  policy = jsonencode({})\n}}\n", value(&role.permissions(), 2));
    for name in role.profile.managed_policies() {
        let _ = write!(
            text,
            "
resource \"aws_iam_role_policy_attachment\" \"{label}_{}\" {{
  role       = aws_iam_role.{label}.name
  policy_arn = {}
}}
",
            self::label(name),
            value(&managed(name), 2),
        );
    }
    let description = quoted(&format!("AWS_ROLE_ARN for {}", role.description));
    let _ = write!(
        text,
        "
output \"{label}_arn\" {{
  description = {description}
  value       = aws_iam_role.{label}.arn
}}
"
    );
}

/// `WebProductionRole` → `web_production_role`.
fn label(id: &str) -> String {
    let mut label = String::new();
    let mut after_small = false;
    for c in id.chars() {
        if c.is_ascii_uppercase() && after_small {
            label.push('_');
        }
        after_small = !c.is_ascii_uppercase();
        label.push(c.to_ascii_lowercase());
    }
    label
}

fn value(expression: &Expression, indent: usize) -> String {
    let inner = " ".repeat(indent + 2);
    let outer = " ".repeat(indent);
    match expression {
        Expression::Text(_) if expression.only_name() == Some(Name::Provider) => {
            "aws_iam_openid_connect_provider.bitbucket.arn".to_owned()
        }
        Expression::Text(_) => {
            let name = |name| match name {
                Name::Account => "${data.aws_caller_identity.current.account_id}".to_owned(),
                Name::Partition => "${data.aws_partition.current.partition}".to_owned(),
                Name::Provider => "${aws_iam_openid_connect_provider.bitbucket.arn}".to_owned(),
            };
            format!("\"{}\"", expression.write(&escaped, &name))
        }
        Expression::List(items) if items.len() == 1 => format!("[{}]", value(&items[0], indent)),
        Expression::List(items) => {
            let items: Vec<_> = items.iter().map(|item| format!("{inner}{},\n", value(item, indent + 2))).collect();
            format!("[\n{}{outer}]", items.concat())
        }
        Expression::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(key, member)| {
                    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric());
                    let key = if plain { key.clone() } else { quoted(key) };
                    format!("{inner}{key} = {}\n", value(member, indent + 2))
                })
                .collect();
            format!("{{\n{}{outer}}}", members.concat())
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}
