//! Terraform's JSON syntax as the blocks and expressions of its native one: strings are templates.
//!
//! Only the keys that policies consist of are told apart as blocks; every other key of a body is an attribute.
//! Source: <https://developer.hashicorp.com/terraform/language/syntax/json>.

use crate::{
    iam::{
        document::{Member, Node, Value},
        hcl::{self, Attribute, Block, Body, Expression, Kind, Part},
    },
    text::Span,
};

/// The top-level blocks that are read, each with how many of its labels are keys.
const BLOCKS: [(&str, usize); 4] = [("data", 2), ("locals", 0), ("resource", 2), ("variable", 1)];

/// The blocks of a policy document and of its statements.
const NESTED: [&str; 4] = ["condition", "not_principals", "principals", "statement"];

/// Whether a document in JSON is a configuration with roles or policies.
pub(in crate::iam) fn is_configuration(root: &Node) -> bool {
    let blocks = root.items().iter().flat_map(Node::members);
    let bodies = blocks.filter(|block| matches!(block.key.as_str(), "resource" | "data"));
    bodies
        .flat_map(|block| block.value.items())
        .flat_map(Node::members)
        .any(|member| member.key.starts_with("aws_iam_"))
}

/// The blocks of a configuration.
pub(super) fn body(root: &Node) -> Body<'_> {
    let mut body = Body::default();
    for member in root.items().iter().flat_map(Node::members) {
        if let Some((_, labels)) = BLOCKS.iter().find(|(kind, _)| *kind == member.key) {
            labelled(member, &member.value, &mut vec![], *labels, &mut body.blocks);
        }
    }
    body
}

/// Adds the blocks of a kind, whose labels are the keys of that many nested objects.
fn labelled<'n>(
    member: &'n Member,
    node: &'n Node,
    labels: &mut Vec<&'n str>,
    count: usize,
    blocks: &mut Vec<Block<'n>>,
) {
    for node in node.items() {
        if labels.len() == count {
            let body = nested(node, member.key == "variable");
            let (kind, kind_span) = (member.key.as_str(), member.key_span);
            blocks.push(Block { kind, kind_span, labels: labels.clone(), body });
            continue;
        }
        for label in node.members() {
            labels.push(&label.key);
            labelled(member, &label.value, labels, count, blocks);
            labels.pop();
        }
    }
}

/// A body; the values of a variable's are not evaluated.
fn nested(node: &Node, is_literal: bool) -> Body<'_> {
    let mut body = Body::default();
    for member in node.members() {
        if NESTED.contains(&member.key.as_str()) {
            labelled(member, &member.value, &mut vec![], 0, &mut body.blocks);
        } else if member.key == "dynamic" {
            labelled(member, &member.value, &mut vec![], 1, &mut body.blocks);
        } else if member.key != "//" {
            let value = expression(&member.value, is_literal);
            body.attributes.push(Attribute { name: &member.key, name_span: member.key_span, value });
        }
    }
    body
}

fn expression(node: &Node, is_literal: bool) -> Expression<'_> {
    let kind = match &node.value {
        Value::Null => Kind::Null,
        Value::Bool(bool) => Kind::Boolean(*bool),
        Value::Number(number) => Kind::Number(number),
        Value::String(string) if is_literal => Kind::Template(vec![Part::Literal(string.clone())]),
        Value::String(string) => template(string, node.span),
        Value::List(items) => Kind::List(items.iter().map(|item| expression(item, is_literal)).collect()),
        Value::Object(members) => Kind::Object(
            members
                .iter()
                .map(|member| {
                    let key = Expression { span: member.key_span, kind: template(&member.key, member.key_span) };
                    (key, expression(&member.value, is_literal))
                })
                .collect(),
        ),
    };
    Expression { span: node.span, kind }
}

/// A string as a template, everything in it at the string's place; unknown where it is not one.
fn template(string: &str, span: Span) -> Kind<'_> {
    let mut kind = hcl::template(string).unwrap_or(Kind::Unknown);
    place(&mut kind, span);
    kind
}

fn place(kind: &mut Kind<'_>, span: Span) {
    let at = |expression: &mut Expression<'_>| {
        expression.span = span;
        place(&mut expression.kind, span);
    };
    match kind {
        Kind::Template(parts) => parts.iter_mut().for_each(|part| {
            if let Part::Interpolation(value) = part {
                at(value);
            }
        }),
        Kind::List(items) | Kind::Call(_, items) => items.iter_mut().for_each(at),
        Kind::Object(members) => members.iter_mut().for_each(|(key, value)| {
            at(key);
            at(value);
        }),
        Kind::Null | Kind::Boolean(_) | Kind::Number(_) | Kind::Reference(_) | Kind::Unknown => {}
    }
}
