//! The functions of CloudFormation templates, evaluated as far as a template alone determines them. The rest stays open
//! and is never an error.

use super::{
    document::{Node, Value},
    embedded::{self, Embedded, Piece},
    text::{Part, Text},
};
use crate::{oidc, text::Span};

/// The resources of a CloudFormation template, which evaluate its functions; empty for a plain policy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Template<'d> {
    resources: Option<&'d Node>,
}

/// The resource types of OIDC providers: CloudFormation's and the older CDK construct's.
const PROVIDERS: [&str; 2] = ["AWS::IAM::OIDCProvider", "Custom::AWSCDKOpenIdConnectProvider"];

impl<'d> Template<'d> {
    /// The template that a document is.
    pub(super) fn new(document: &'d Node) -> Self {
        Self { resources: document.get("Resources") }
    }

    /// Whether it creates resources: whether it is a template at all.
    pub(super) fn has_resources(self) -> bool {
        self.resources.is_some()
    }

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
        let (format, variables) = Self::format(argument)?;
        let pieces = embedded::pieces(format.as_str()?)?.into_iter();
        Some(pieces.flat_map(|(piece, _)| self.piece(piece, variables)).collect())
    }

    /// The format string of `Fn::Sub` and its variables.
    fn format(argument: &Node) -> Option<(&Node, Option<&Node>)> {
        match argument.items() {
            [format] => Some((format, None)),
            [format, variables] => Some((format, Some(variables))),
            _ => None,
        }
    }

    fn piece(self, piece: Piece<'_>, variables: Option<&Node>) -> Vec<Part> {
        let name = match piece {
            Piece::Literal(text) => return vec![Part::Known(text.to_owned())],
            Piece::Escaped(name) => return vec![Part::Known(format!("${{{name}}}"))],
            Piece::Variable(name) => name,
        };
        let Some(value) = variables.and_then(|variables| variables.get(name)) else { return self.reference(name) };
        // The variable's name says more than that of a function.
        let is_call = |part: &Part| matches!(part, Part::Open(function) if function.starts_with("Fn::"));
        match self.text(value) {
            Some(text) if !text.parts.iter().any(is_call) => text.parts,
            _ => vec![Part::Open(name.to_owned())],
        }
    }

    /// Appends the characters of a string to JSON that is assembled from several; `source` is the text of the document.
    /// `None` where the value is not a string.
    pub(super) fn embed(self, node: &Node, source: &str, json: &mut Embedded) -> Option<()> {
        let literal = |span: Span, text: &str| {
            let places = embedded::places(source, span, text);
            move |at: usize| places.as_ref().and_then(|places| places.get(at).copied()).unwrap_or(span)
        };
        if let Value::String(text) = &node.value {
            json.known(text, literal(node.span, text));
            return Some(());
        }
        let name = self.function_name(node)?;
        let argument = node.get(name)?;
        match (name, argument.items()) {
            ("Fn::Join", [delimiter, Node { value: Value::List(items), .. }]) => {
                let between = delimiter.as_str()?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        json.known(between, |_| delimiter.span);
                    }
                    self.embed(item, source, json)?;
                }
            }
            ("Fn::Sub", _) => {
                let (format, variables) = Self::format(argument)?;
                let text = format.as_str()?;
                let place = literal(format.span, text);
                for (piece, range) in embedded::pieces(text)? {
                    if let Piece::Literal(text) = piece {
                        json.known(text, |at| place(range.start + at));
                        continue;
                    }
                    json.append(&self.piece(piece, variables), place(range.start));
                }
            }
            _ => json.append(&self.text(node)?.parts, node.span),
        }
        Some(())
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
