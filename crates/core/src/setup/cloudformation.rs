//! A plan as a CloudFormation template, in YAML or JSON.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Expression, Name, POLICY_NAME, Plan, ROOT, Role, format::WriteError};

/// The logical ID of the provider.
const PROVIDER: &str = "BitbucketProvider";

/// The template as YAML.
pub(super) fn yaml(plan: &Plan) -> Result<String, WriteError> {
    Ok(quote_dates(&serde_yaml::to_string(&template(plan))?))
}

/// The template as JSON.
pub(super) fn json(plan: &Plan) -> Result<String, WriteError> {
    Ok(serde_json::to_string_pretty(&template(plan))? + "\n")
}

/// Quotes the versions of a template, which YAML 1.1 would read as dates.
fn quote_dates(yaml: &str) -> String {
    ["2010-09-09", "2012-10-17"].iter().fold(yaml.to_owned(), |yaml, date| {
        yaml.replace(&format!("Version: {date}\n"), &format!("Version: '{date}'\n"))
    })
}

/// The template; it serializes to what CloudFormation reads.
pub fn template(plan: &Plan) -> impl Serialize {
    let mut resources = Vec::new();
    if !plan.provider_exists {
        let properties = Expression::object([
            ("Url", Expression::text("https://").then(&plan.issuer)),
            ("ClientIdList", Expression::texts([plan.audience.as_str()])),
        ]);
        resources.push((PROVIDER.to_owned(), resource("AWS::IAM::OIDCProvider", properties)));
    }
    resources
        .extend(plan.roles.iter().map(|role| (role.logical_id.clone(), resource("AWS::IAM::Role", properties(role)))));
    let outputs = plan.roles.iter().map(|role| {
        let arn = Member::Attribute(role.logical_id.clone(), "Arn");
        let description = Member::Value(Expression::text(&format!("AWS_ROLE_ARN for {}", role.description)));
        (
            format!("{}Arn", role.logical_id),
            Member::Object(vec![("Description".into(), description), ("Value".into(), arn)]),
        )
    });
    Member::Object(vec![
        ("AWSTemplateFormatVersion".into(), Member::Value("2010-09-09".into())),
        ("Description".into(), Member::Value("Roles that Bitbucket Pipelines assumes with OIDC".into())),
        ("Resources".into(), Member::Object(resources)),
        ("Outputs".into(), Member::Object(outputs.collect())),
    ])
}

fn resource(kind: &str, properties: impl Into<Member>) -> Member {
    Member::Object(vec![("Type".into(), Member::Value(kind.into())), ("Properties".into(), properties.into())])
}

fn properties(role: &Role) -> Member {
    let mut members: Vec<(String, Member)> = vec![
        ("RoleName".into(), Member::Value(role.name.as_str().into())),
        ("Description".into(), Member::Value(role.description.as_str().into())),
        ("MaxSessionDuration".into(), Member::Number(role.session_seconds)),
        ("AssumeRolePolicyDocument".into(), Member::Value(role.trust.clone())),
    ];
    if role.path != ROOT {
        members.push(("Path".into(), Member::Value(role.path.as_str().into())));
    }
    if let Some(boundary) = &role.permissions_boundary {
        members.push(("PermissionsBoundary".into(), Member::Value(boundary.as_str().into())));
    }
    if !role.profile.managed_policies().is_empty() {
        let arns = role.profile.managed_policies().iter().map(|name| managed(name)).collect();
        members.push(("ManagedPolicyArns".into(), Member::Value(Expression::List(arns))));
    }
    let policy = Expression::object([("PolicyName", POLICY_NAME.into()), ("PolicyDocument", role.permissions())]);
    members.push(("Policies".into(), Member::Value(Expression::List(vec![policy]))));
    Member::Object(members)
}

/// The ARN of an AWS managed policy.
pub(super) fn managed(name: &str) -> Expression {
    Expression::text("arn:").name(Name::Partition).then(&format!(":iam::aws:policy/{name}"))
}

enum Member {
    Value(Expression),
    Number(u32),
    Attribute(String, &'static str),
    Object(Vec<(String, Member)>),
}

impl From<Expression> for Member {
    fn from(value: Expression) -> Self {
        Self::Value(value)
    }
}

impl Serialize for Member {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => Value(value).serialize(serializer),
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::Attribute(resource, attribute) => single(serializer, "Fn::GetAtt", &[resource.as_str(), attribute]),
            Self::Object(members) => serializer.collect_map(members.iter().map(|(key, value)| (key, value))),
        }
    }
}

fn single<S: Serializer>(serializer: S, key: &str, value: &(impl Serialize + ?Sized)) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

/// An expression with CloudFormation's functions.
struct Value<'v>(&'v Expression);

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Expression::List(items) => serializer.collect_seq(items.iter().map(Value)),
            Expression::Object(members) => {
                serializer.collect_map(members.iter().map(|(key, value)| (key.as_str(), Value(value))))
            }
            text @ Expression::Text(_) if text.only_name() == Some(Name::Provider) => {
                single(serializer, "Ref", PROVIDER)
            }
            text @ Expression::Text(_) if text.has_names() => {
                let written =
                    text.write(&|plain| plain.replace("${", "${!"), &|name| format!("${{{}}}", reference(name)));
                single(serializer, "Fn::Sub", &written)
            }
            text @ Expression::Text(_) => serializer.serialize_str(&text.write(&str::to_owned, &|_| String::new())),
        }
    }
}

fn reference(name: Name) -> &'static str {
    match name {
        Name::Account => "AWS::AccountId",
        Name::Partition => "AWS::Partition",
        Name::Provider => PROVIDER,
    }
}
