//! The documents that contain trust policies.
//!
//! A trust policy is a whole document, or part of the output of `aws iam get-role`, of a CloudFormation template
//! (JSON or YAML, including one that the CDK synthesized), of a Terraform configuration, or of a Terraform plan. A
//! template's functions are evaluated as far as the template alone determines them; the rest stays open and is never an
//! error.

use std::borrow::Cow;

use super::{
    document::{self, Member, Node, NotJson, Value},
    embedded::Embedded,
    role::RoleIdentity,
    terraform,
    text::Text,
};
use crate::{
    text::Span,
    yaml::{self, Kind, Meaning, NodeId, Tree},
};

pub use super::functions::Template;

/// A document with trust policies.
#[derive(Clone, Debug)]
pub struct Document<'t> {
    root: Node,
    text: &'t str,
    terraform: bool,
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
    /// Whether the document has the policy as JSON or YAML, so that its strings can be edited in place; not if it is
    /// inside a string.
    pub editable: bool,
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
    /// The document begins like Terraform, but is not valid from here on.
    #[error("invalid Terraform")]
    Terraform(Span),
    /// A program that creates the policy when it runs.
    #[error("{0}")]
    Program(&'static str),
    /// The document neither is nor contains a trust policy.
    #[error(
        "no trust policy found; expected a policy document, the output of `aws iam get-role` or `terraform show -json`, a \
         CloudFormation template with an `AssumeRolePolicyDocument`, or a Terraform configuration"
    )]
    NoTrustPolicy,
}

impl Unreadable {
    /// Where reading stopped.
    pub fn span(&self) -> Span {
        match self {
            Self::Json(error) => error.span,
            Self::Yaml(span) | Self::Terraform(span) => *span,
            Self::Program(_) | Self::NoTrustPolicy => Span::at(0),
        }
    }
}

/// Members that hold a trust policy: the API's and CloudFormation's name, Terraform's, and Pulumi's.
const HOLDERS: [&str; 3] = ["AssumeRolePolicyDocument", "assume_role_policy", "assumeRolePolicy"];

/// What the source of programs contains, and how to get the policy that they create.
const PROGRAMS: [(&str, &str); 4] =
    [("aws-cdk-lib", FROM_CDK), ("aws_cdk", FROM_CDK), ("@pulumi/", FROM_PULUMI), ("pulumi_aws", FROM_PULUMI)];
const FROM_CDK: &str = "this is the source of a CDK app; run `cdk synth` and check the templates in `cdk.out`";
const FROM_PULUMI: &str =
    "this is the source of a Pulumi program; run `pulumi preview --json` or `pulumi stack export` and check the output";

const FROM_TERRAFORM: &str = "no trust policy found in this Terraform file; check the file with the `aws_iam_policy_document`, or the output of \
     `terraform show -json` for a plan if a module creates the role";

impl<'t> Document<'t> {
    /// Reads a document: JSON or Terraform where it begins like that, YAML otherwise.
    ///
    /// # Errors
    /// [`Unreadable`] where it is neither.
    pub fn parse(text: &'t str) -> Result<Self, Unreadable> {
        if text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']) {
            let root = document::parse(text)?;
            if terraform::json::is_configuration(&root) {
                return Ok(Self { root: terraform::read_json(text, &root), text, terraform: true });
            }
            return Ok(Self { root, text, terraform: false });
        }
        if terraform::is_configuration(text) {
            let root = terraform::read(text).map_err(|at| Unreadable::Terraform(Span::at(at)))?;
            return Ok(Self { root, text, terraform: true });
        }
        if let Some((_, advice)) = PROGRAMS.iter().find(|(import, _)| is_imported(text, import)) {
            return Err(Unreadable::Program(advice));
        }
        let limits = yaml::Limits { expansion: 100_000, ..yaml::Limits::default() };
        let (tree, problems) = yaml::parse(text, limits);
        for problem in problems {
            if let yaml::Problem::Syntax { span, .. } = problem {
                return Err(Unreadable::Yaml(span));
            }
        }
        let root = tree.root().ok_or(Unreadable::NoTrustPolicy)?;
        Ok(Self { root: from_yaml(&tree, text, root), text, terraform: false })
    }

    /// The trust policies, in document order. A role whose template selects between several has one entry for each.
    ///
    /// # Errors
    /// [`Unreadable::NoTrustPolicy`] where there is none, [`Unreadable::Json`] where one is a string with invalid JSON.
    pub fn trust_policies(&self) -> Result<Vec<Found<'_>>, Unreadable> {
        let template = Template::new(&self.root);
        let mut search = Search { text: self.text, template, editable: !self.terraform, found: Vec::new() };
        if self.root.get("Statement").is_some() {
            search.add(RoleIdentity::default(), Cow::Borrowed(&self.root));
        } else {
            search.descend(&self.root, "")?;
        }
        match search.found {
            found if !found.is_empty() => Ok(found),
            _ if self.terraform => Err(Unreadable::Program(FROM_TERRAFORM)),
            _ => Err(Unreadable::NoTrustPolicy),
        }
    }
}

/// Whether the source of a program imports a package.
fn is_imported(text: &str, package: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        line.contains(package) && ["import ", "from ", "const ", "} from "].iter().any(|start| line.starts_with(start))
    })
}

/// Looks for trust policies in a document.
struct Search<'d> {
    text: &'d str,
    template: Template<'d>,
    editable: bool,
    found: Vec<Found<'d>>,
}

impl<'d> Search<'d> {
    fn descend(&mut self, node: &'d Node, role: &'d str) -> Result<(), NotJson> {
        if let Value::List(items) = &node.value {
            return items.iter().try_for_each(|item| self.descend(item, role));
        }
        // IAM's output has the role's name; in a template the logical ID is the key two levels up.
        let template = self.template;
        let name = || ["RoleName", "name"].iter().find_map(|key| template.text(node.get(key)?));
        for member in node.members() {
            if HOLDERS.contains(&member.key.as_str()) {
                let name = name();
                let own = name.as_ref().and_then(Text::as_str).filter(|_| !template.has_resources());
                let identity = RoleIdentity { logical_id: own.unwrap_or(role).to_owned(), name, condition: None };
                self.held(&member.value, &identity)?;
            } else {
                let role = if member.key == "Properties" || member.key == "values" { role } else { &member.key };
                self.descend(&member.value, role)?;
            }
        }
        Ok(())
    }

    /// Adds the policies in a member: an object, JSON in a string, or one for each branch of a condition.
    fn held(&mut self, node: &'d Node, identity: &RoleIdentity) -> Result<(), NotJson> {
        match (self.template.function_name(node), &node.value) {
            (Some("Fn::If"), _) => self.branches(node, identity)?,
            (Some("Fn::ToJsonString"), _) => {
                for argument in node.members() {
                    self.held(&argument.value, identity)?;
                }
            }
            (Some("Ref"), _) if node.get("Ref").and_then(Node::as_str) == Some("AWS::NoValue") => {}
            (None, Value::Object(_)) => self.add(identity.clone(), Cow::Borrowed(node)),
            (Some(_), _) | (None, Value::String(_)) => {
                let policy = self.embedded(node)?.unwrap_or_else(|| unknown(node));
                self.add(identity.clone(), Cow::Owned(policy));
            }
            _ => {}
        }
        Ok(())
    }

    fn branches(&mut self, node: &'d Node, identity: &RoleIdentity) -> Result<(), NotJson> {
        let [condition, branches @ ..] = node.get("Fn::If").map_or(&[][..], Node::items) else { return Ok(()) };
        let condition = condition.as_str().unwrap_or("Fn::If");
        for (branch, when) in branches.iter().zip(["if", "unless"]) {
            let outer = identity.condition.as_ref().map_or_else(String::new, |outer| format!("{outer} and "));
            let condition = Some(format!("{outer}{when} {condition}"));
            self.held(branch, &RoleIdentity { condition, ..identity.clone() })?;
        }
        Ok(())
    }

    /// JSON in a string, which IAM's query API also percent-encodes. `None` where parts that are known only after
    /// deployment hide the structure.
    fn embedded(&self, node: &Node) -> Result<Option<Node>, NotJson> {
        let mut json = Embedded::default();
        match node.as_str().filter(|text| text.starts_with('%')) {
            Some(text) => json.known(&document::percent_decode(text), |_| node.span),
            // A reference of a language that evaluates its strings, such as Pulumi's YAML.
            None if node.as_str().is_some_and(|text| text.trim_start().starts_with("${")) => return Ok(None),
            None if self.template.embed(node, self.text, &mut json).is_none() => return Ok(None),
            None => {}
        }
        json.parse()
    }

    fn add(&mut self, identity: RoleIdentity, policy: Cow<'d, Node>) {
        let editable = self.editable && matches!(policy, Cow::Borrowed(_));
        self.found.push(Found { identity, policy, template: self.template, editable });
    }
}

/// A policy of which nothing is known before deployment.
fn unknown(node: &Node) -> Node {
    let member = |key: &str, value| Member { key: key.to_owned(), key_span: node.span, key_open: false, value };
    let version = Node { span: node.span, value: Value::String("2012-10-17".to_owned()) };
    // A string that refers to a value is as open as a template's function.
    let statement = if node.as_str().is_some() { Node::call("Ref", node.clone()) } else { node.clone() };
    let members = vec![member("Version", version), member("Statement", statement)];
    Node { span: node.span, value: Value::Object(members) }
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
                    key_open: false,
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
            Node::call(&key, Node { span, value: text_of(value) })
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
