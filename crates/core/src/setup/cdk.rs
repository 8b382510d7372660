//! A plan as a CDK app in TypeScript.

use std::fmt::Write as _;

use super::{Expression, Grant, Name, POLICY_NAME, Plan, ROOT, Role};
use crate::iam::policy::Effect;

/// The name of the stack.
pub const STACK: &str = "BitbucketAccess";

/// The app, as one file: `npx cdk deploy --app 'npx tsx keyless.ts'`.
pub fn app(plan: &Plan) -> String {
    let mut text = String::from(
        "import { App, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** Roles that Bitbucket Pipelines assumes with OIDC. */
export class BitbucketAccess extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
",
    );
    if plan.provider_exists {
        text.push_str("\n    const providerArn = ");
        text.push_str(&string(&super::provider_arn(&plan.issuer)));
        text.push_str(";\n");
    } else {
        let _ = write!(
            text,
            "
    const provider = new iam.OidcProviderNative(this, 'BitbucketProvider', {{
      url: 'https://{}',
      clientIds: ['{}'],
    }});
    const providerArn = provider.oidcProviderArn;
",
            plan.issuer, plan.audience
        );
    }
    for role in &plan.roles {
        role_construct(role, &mut text);
    }
    let _ = write!(text, "  }}\n}}\n\nconst app = new App();\nnew {STACK}(app, '{STACK}');\n");
    text
}

fn role_construct(role: &Role, text: &mut String) {
    let id = &role.logical_id;
    let variable = id[..1].to_ascii_lowercase() + &id[1..];
    let conditions = trust_conditions(&role.trust);
    let path = if role.path == ROOT { String::new() } else { format!("\n      path: {},", quoted(&role.path)) };
    let boundary = role.permissions_boundary.as_ref().map_or_else(String::new, |arn| {
        let policy = format!("iam.ManagedPolicy.fromManagedPolicyArn(this, '{id}Boundary', {})", quoted(arn));
        format!("\n      permissionsBoundary: {policy},")
    });
    let _ = write!(
        text,
        "
    const {variable} = new iam.Role(this, '{id}', {{
      roleName: {},{path}
      description: {},
      maxSessionDuration: Duration.seconds({}),
      assumedBy: new iam.WebIdentityPrincipal(providerArn, {}),{boundary}
",
        quoted(&role.name),
        quoted(&role.description),
        role.session_seconds,
        value(&conditions, 6)
    );
    if !role.profile.managed_policies().is_empty() {
        text.push_str("      managedPolicies: [\n");
        for name in role.profile.managed_policies() {
            let _ = writeln!(text, "        iam.ManagedPolicy.fromAwsManagedPolicyName('{name}'),");
        }
        text.push_str("      ],\n");
    }
    let _ = write!(
        text,
        "      inlinePolicies: {{\n        {POLICY_NAME}: new iam.PolicyDocument({{\n          statements: [\n"
    );
    for grant in &role.grants {
        statement(grant, text);
    }
    text.push_str("          ],\n        }),\n      },\n    });\n");
    let _ = writeln!(
        text,
        "    new CfnOutput(this, '{id}Arn', {{ value: {variable}.roleArn, description: {} }});",
        quoted(&format!("AWS_ROLE_ARN for {}", role.description))
    );
}

fn trust_conditions(trust: &Expression) -> Expression {
    let statement = match trust.get("Statement") {
        Some(Expression::List(statements)) => statements.first(),
        other => other,
    };
    statement
        .and_then(|statement| statement.get("Condition"))
        .cloned()
        .unwrap_or_else(|| Expression::Object(Vec::new()))
}

fn statement(grant: &Grant, text: &mut String) {
    let _ = write!(
        text,
        "            // {}\n            new iam.PolicyStatement({{\n              sid: '{}',\n",
        grant.meaning, grant.sid
    );
    if grant.effect == Effect::Deny {
        text.push_str("              effect: iam.Effect.DENY,\n");
    }
    let _ = writeln!(text, "              actions: {},", value(&Expression::texts(grant.actions.iter().copied()), 14));
    let _ = writeln!(text, "              resources: {},", value(&Expression::List(grant.resources.clone()), 14));
    if let Some(conditions) = &grant.conditions {
        let _ = writeln!(text, "              conditions: {},", value(conditions, 14));
    }
    text.push_str("            }),\n");
}

/// A literal; `indent` is the indentation of its line.
fn value(expression: &Expression, indent: usize) -> String {
    let inner = " ".repeat(indent + 2);
    let outer = " ".repeat(indent);
    match expression {
        Expression::Text(_) => string(expression),
        Expression::List(items) if items.len() == 1 => format!("[{}]", value(&items[0], indent)),
        Expression::List(items) => {
            let items: Vec<_> = items.iter().map(|item| format!("{inner}{},\n", value(item, indent + 2))).collect();
            format!("[\n{}{outer}]", items.concat())
        }
        Expression::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(key, member)| format!("{inner}{}: {},\n", quoted(key), value(member, indent + 2)))
                .collect();
            format!("{{\n{}{outer}}}", members.concat())
        }
    }
}

fn string(expression: &Expression) -> String {
    if !expression.has_names() {
        return quoted(&expression.write(&str::to_owned, &|_| String::new()));
    }
    let name = |name| match name {
        Name::Account => "${this.account}".to_owned(),
        Name::Partition => "${this.partition}".to_owned(),
        Name::Provider => "${providerArn}".to_owned(),
    };
    let plain = |text: &str| text.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${");
    format!("`{}`", expression.write(&plain, &name))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
}
