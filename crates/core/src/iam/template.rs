//! The documents that contain trust policies, and the functions of templates.
//!
//! A trust policy is a whole document, or part of the output of `aws iam get-role`, of a CloudFormation template
//! (JSON or YAML, including one that the CDK synthesized), or of a Terraform plan. A template's functions are evaluated
//! as far as the template alone determines them; the rest stays open and is never an error.

use std::borrow::Cow;

use super::{
    document::{self, Member, Node, NotJson, Value},
    role::RoleIdentity,
    text::{Part, Text},
};
use crate::{
    oidc,
    text::Span,
    yaml::{self, Kind, Meaning, NodeId, Tree},
};

/// A document with trust policies.
#[derive(Clone, Debug)]
pub struct Document {
    root: Node,
}

/// A trust policy in a [`Document`].
#[derive(Clone, Debug)]
pub struct Found<'d> {
    /// The role that it belongs to.
    pub identity: RoleIdentity,
    /// The policy.
    pub policy: Cow<'d, Node>,
    /// The template that evaluates its strings.
    pub template: Template<'d>,
}

impl AsRef<RoleIdentity> for Found<'_> {
    fn as_ref(&self) -> &RoleIdentity {
        &self.identity
    }
}

/// Why a document has no readable trust policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The document begins like JSON, but is not valid JSON.
    #[error(transparent)]
    Json(#[from] NotJson),
    /// The document is not valid YAML from here on.
    #[error("invalid YAML")]
    Yaml(Span),
    /// The document neither is nor contains a trust policy.
    #[error(
        "no trust policy found; expected a policy document, the output of `aws iam get-role`, or a CloudFormation template \
         with an `AssumeRolePolicyDocument`"
    )]
    NoTrustPolicy,
}

impl Unreadable {
    /// Where reading stopped.
    pub fn span(&self) -> Span {
        match self {
            Self::Json(error) => error.span,
            Self::Yaml(span) => *span,
            Self::NoTrustPolicy => Span::at(0),
        }
    }
}

/// Members that hold a trust policy: the API's and CloudFormation's name, and Terraform's.
const HOLDERS: [&str; 2] = ["AssumeRolePolicyDocument", "assume_role_policy"];

impl Document {
    /// Reads a document: JSON where it begins like JSON, YAML otherwise.
    ///
    /// # Errors
    /// [`Unreadable`] where it is neither.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        if text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']) {
            return document::parse(text).map(|root| Self { root }).map_err(Unreadable::Json);
        }
        let limits = yaml::Limits { expansion: 100_000, ..yaml::Limits::default() };
        let (tree, problems) = yaml::parse(text, limits);
        for problem in problems {
            if let yaml::Problem::Syntax { span, .. } = problem {
                return Err(Unreadable::Yaml(span));
            }
        }
        let root = tree.root().ok_or(Unreadable::NoTrustPolicy)?;
        Ok(Self { root: from_yaml(&tree, text, root) })
    }

    /// The trust policies, in document order.
    ///
    /// # Errors
    /// [`Unreadable::NoTrustPolicy`] where there is none, [`Unreadable::Json`] where one is a string with invalid JSON.
    pub fn trust_policies(&self) -> Result<Vec<Found<'_>>, Unreadable> {
        let template = Template { resources: self.root.get("Resources") };
        let mut found = Vec::new();
        if self.root.get("Statement").is_some() {
            let identity = RoleIdentity::default();
            found.push(Found { identity, policy: Cow::Borrowed(&self.root), template });
        } else {
            search(&self.root, "", template, &mut found)?;
        }
        if found.is_empty() { Err(Unreadable::NoTrustPolicy) } else { Ok(found) }
    }
}

fn search<'d>(
    node: &'d Node,
    role: &'d str,
    template: Template<'d>,
    found: &mut Vec<Found<'d>>,
) -> Result<(), Unreadable> {
    if let Value::List(items) = &node.value {
        return items.iter().try_for_each(|item| search(item, role, template, found));
    }
    // IAM's output has the role's name; in a template the logical ID is the key two levels up.
    let name = || ["RoleName", "name"].iter().find_map(|key| template.text(node.get(key)?));
    for member in node.members() {
        if HOLDERS.contains(&member.key.as_str()) {
            if let Some(policy) = held(&member.value)? {
                let name = name();
                let own = name.as_ref().and_then(Text::as_str).filter(|_| template.resources.is_none());
                let identity = RoleIdentity { logical_id: own.unwrap_or(role).to_owned(), name };
                found.push(Found { identity, policy, template });
            }
        } else {
            let role = if member.key == "Properties" || member.key == "values" { role } else { &member.key };
            search(&member.value, role, template, found)?;
        }
    }
    Ok(())
}

/// The policy in a member: an object, or JSON in a string, which IAM's query API also percent-encodes.
fn held(node: &Node) -> Result<Option<Cow<'_, Node>>, Unreadable> {
    match &node.value {
        Value::Object(_) => Ok(Some(Cow::Borrowed(node))),
        Value::String(text) => {
            let text = if text.starts_with('%') { percent_decode(text) } else { text.clone() };
            let inner =
                document::parse(&text).map_err(|error| Unreadable::Json(NotJson { span: node.span, ..error }))?;
            Ok(Some(Cow::Owned(inner.at(node.span))))
        }
        _ => Ok(None),
    }
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        if byte == b'%'
            && let (Some(high), Some(low)) = (hex(0), hex(1))
            && let Ok(decoded) = u8::try_from(high * 16 + low)
        {
            bytes.push(decoded);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The YAML tree as JSON, with CloudFormation's short tags in their long form.
fn from_yaml(tree: &Tree, text: &str, id: NodeId) -> Node {
    let written = tree.node(id);
    let span = written.span;
    let id = tree.resolve(id);
    let value = match &tree.node(id).kind {
        Kind::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => Value::Null,
            Meaning::Boolean(bool) => Value::Bool(bool),
            Meaning::Integer(_) | Meaning::Float => Value::Number(scalar.value.clone()),
            Meaning::YesNo(_) | Meaning::Text => Value::String(scalar.value.clone()),
        },
        Kind::Sequence(items) => Value::List(items.iter().map(|item| from_yaml(tree, text, *item)).collect()),
        Kind::Mapping(_) => Value::Object(
            tree.fields(id)
                .iter()
                .map(|field| Member {
                    key: tree.text(field.key).unwrap_or_default().to_owned(),
                    key_span: tree.span(field.key),
                    value: from_yaml(tree, text, field.value),
                })
                .collect(),
        ),
        Kind::Alias(_) => Value::Null,
    };
    let tag = tree.node(id).tag.and_then(|tag| text.get(tag.start..tag.end));
    match tag.and_then(|tag| tag.strip_prefix('!')).filter(|tag| !tag.starts_with('!') && !tag.is_empty()) {
        None => Node { span, value },
        Some(tag) => {
            let key = if matches!(tag, "Ref" | "Condition") { tag.to_owned() } else { format!("Fn::{tag}") };
            let value = Node { span, value: text_of(value) };
            Node { span, value: Value::Object(vec![Member { key, key_span: span, value }]) }
        }
    }
}

/// A tagged scalar is a string, whatever it looks like.
fn text_of(value: Value) -> Value {
    match value {
        Value::Null => Value::String(String::new()),
        Value::Bool(bool) => Value::String(bool.to_string()),
        Value::Number(number) => Value::String(number),
        value => value,
    }
}

/// The resources of a CloudFormation template, which evaluate its functions; empty for a plain policy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Template<'d> {
    resources: Option<&'d Node>,
}

/// The resource types of OIDC providers: CloudFormation's and the older CDK construct's.
const PROVIDERS: [&str; 2] = ["AWS::IAM::OIDCProvider", "Custom::AWSCDKOpenIdConnectProvider"];

impl Template<'_> {
    /// The string that a value is or evaluates to; `None` where the value is neither a string nor a template function.
    pub fn text(self, node: &Node) -> Option<Text> {
        match &node.value {
            Value::String(text) => Some(Text::known(node.span, text.clone())),
            Value::Object(_) => self.function(node),
            _ => None,
        }
    }

    /// The name of the function, where a value is a function call: `Ref`, `Fn::If`.
    pub fn function_name(self, node: &Node) -> Option<&str> {
        match node.members() {
            [only] if only.key == "Ref" || only.key.starts_with("Fn::") => Some(&only.key),
            _ => None,
        }
    }

    fn function(self, node: &Node) -> Option<Text> {
        let name = self.function_name(node)?;
        let argument = node.get(name)?;
        let parts = match name {
            "Ref" => argument.as_str().map(|name| self.reference(name)),
            "Fn::GetAtt" => match argument.items() {
                [whole] => whole.as_str().map(|name| self.reference(name)),
                [resource, attribute] => resource
                    .as_str()
                    .zip(attribute.as_str())
                    .map(|(resource, attribute)| self.reference(&format!("{resource}.{attribute}"))),
                _ => None,
            },
            "Fn::Sub" => self.substitution(argument),
            "Fn::Join" => self.join(argument),
            _ => None,
        };
        let mut text = Text { span: node.span, parts: Vec::new() };
        text.extend(parts.unwrap_or_else(|| vec![Part::Open(name.to_owned())]));
        Some(text)
    }

    /// The value of a reference: the ARN of a provider that the template creates, or an open part.
    fn reference(self, name: &str) -> Vec<Part> {
        let logical = name.strip_suffix(".Arn").unwrap_or(name);
        let provider = self.resources.and_then(|resources| resources.get(logical)).filter(|resource| {
            resource.get("Type").and_then(Node::as_str).is_some_and(|kind| PROVIDERS.contains(&kind))
        });
        let url = provider.and_then(|provider| {
            // The URL may use functions too, but not resources: a reference cycle would not end.
            Template::default().text(provider.get("Properties")?.get("Url")?)
        });
        let Some(url) = url else { return vec![Part::Open(name.to_owned())] };
        let mut parts = vec![
            Part::Known("arn:".to_owned()),
            Part::Open("AWS::Partition".to_owned()),
            Part::Known(":iam::".to_owned()),
            Part::Open("AWS::AccountId".to_owned()),
            Part::Known(":oidc-provider/".to_owned()),
        ];
        let mut rest = url.parts;
        if let Some(Part::Known(text)) = rest.first_mut() {
            *text = oidc::provider_name(text).to_owned();
        }
        parts.append(&mut rest);
        parts
    }

    fn substitution(self, argument: &Node) -> Option<Vec<Part>> {
        let (format, variables) = match argument.items() {
            [format] => (format, None),
            [format, variables] => (format, Some(variables)),
            _ => return None,
        };
        let mut rest = format.as_str()?;
        let mut parts = Vec::new();
        while let Some((before, after)) = rest.split_once("${") {
            parts.push(Part::Known(before.to_owned()));
            let (name, after) = after.split_once('}')?;
            match name.strip_prefix('!') {
                Some(literal) => parts.push(Part::Known(format!("${{{literal}}}"))),
                None => match variables.and_then(|variables| variables.get(name)) {
                    Some(value) => {
                        parts.extend(
                            self.text(value).map_or_else(|| vec![Part::Open(name.to_owned())], |text| text.parts),
                        );
                    }
                    None => parts.extend(self.reference(name)),
                },
            }
            rest = after;
        }
        parts.push(Part::Known(rest.to_owned()));
        Some(parts)
    }

    fn join(self, argument: &Node) -> Option<Vec<Part>> {
        let [delimiter, Node { value: Value::List(items), .. }] = argument.items() else { return None };
        let delimiter = delimiter.as_str()?;
        let mut parts = Vec::new();
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                parts.push(Part::Known(delimiter.to_owned()));
            }
            parts.extend(self.text(item)?.parts);
        }
        Some(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principals(text: &str) -> Vec<String> {
        let document = Document::parse(text).unwrap();
        document
            .trust_policies()
            .unwrap()
            .iter()
            .map(|found| {
                let federated =
                    found.policy.get("Statement").unwrap().items()[0].get("Principal").unwrap().get("Federated");
                format!("{}: {}", found.identity.logical_id, found.template.text(federated.unwrap()).unwrap())
            })
            .collect()
    }

    #[test]
    fn policies_are_found_where_they_are_kept() {
        let policy = r#"{"Statement": {"Principal": {"Federated": "x"}}}"#;
        let encoded = policy.replace('{', "%7B").replace('"', "%22").replace(' ', "%20");
        let quoted = policy.replace('"', "\\\"");
        for (text, expected) in [
            (policy.to_owned(), ": x"),
            (format!(r#"{{"Role": {{"RoleName": "Deploy", "AssumeRolePolicyDocument": {policy}}}}}"#), "Deploy: x"),
            (
                format!(r#"{{"Roles": [{{"RoleName": "Deploy", "AssumeRolePolicyDocument": "{encoded}"}}]}}"#),
                "Deploy: x",
            ),
            (format!(r#"{{"values": {{"name": "ci", "assume_role_policy": "{quoted}"}}}}"#), "ci: x"),
            (
                format!(
                    r#"{{"Resources": {{"Ci": {{"Type": "AWS::IAM::Role", "Properties": {{"RoleName": "n", "AssumeRolePolicyDocument": {policy}}}}}}}}}"#
                ),
                "Ci: x",
            ),
        ] {
            assert_eq!(principals(&text), [expected], "{text}");
        }
        assert_eq!(Document::parse("{}").unwrap().trust_policies().unwrap_err(), Unreadable::NoTrustPolicy);
        assert!(matches!(Document::parse("a: [").unwrap_err(), Unreadable::Yaml(_)));
    }

    #[test]
    fn functions_are_evaluated_as_far_as_the_template_determines_them() {
        let template = |federated: &str| {
            format!(
                "Resources:
  Provider:
    Type: AWS::IAM::OIDCProvider
    Properties: {{ Url: !Sub 'https://api.bitbucket.org/${{Workspace}}/oidc' }}
  Role:
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Principal: {{ Federated: {federated} }}
"
            )
        };
        let arn =
            "Role: arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/api.bitbucket.org/${Workspace}/oidc";
        for (federated, expected) in [
            ("!Ref Provider", arn),
            ("!GetAtt Provider.Arn", arn),
            ("{ 'Fn::GetAtt': [Provider, Arn] }", arn),
            ("!Sub '${Provider.Arn}'", arn),
            ("!Ref Other", "Role: ${Other}"),
            ("!Sub ['a${B}${!c}', {B: b}]", "Role: ab${c}"),
            ("!Join ['-', [a, !Ref B, c]]", "Role: a-${B}-c"),
            ("!If [A, b, c]", "Role: ${Fn::If}"),
            ("!ImportValue x", "Role: ${Fn::ImportValue}"),
        ] {
            assert_eq!(principals(&template(federated)), [expected], "{federated}");
        }
    }
}
