//! JSON with the span of every key and value.
//!
//! Policies are strict JSON: IAM rejects comments and trailing commas, and so does this. CloudFormation templates in YAML
//! are read into the same tree.

use jsonc_parser::{CollectOptions, ParseOptions, ast, parse_to_ast};

use crate::text::Span;

/// A value and its span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The span, including quotes and brackets.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string, escapes resolved.
    String(String),
    /// An array.
    List(Vec<Node>),
    /// An object in document order, including duplicate keys.
    Object(Vec<Member>),
}

/// One key of an object with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key, escapes resolved.
    pub key: String,
    /// The key's span, including quotes.
    pub key_span: Span,
    /// Whether parts of the key are known only after deployment, written as in `Fn::Sub`: `${name}`.
    pub key_open: bool,
    /// Its value.
    pub value: Node,
}

impl Member {
    /// Key and value together.
    pub fn span(&self) -> Span {
        self.key_span.cover(self.value.span)
    }
}

impl Node {
    /// A call of a template's function, such as `Ref`, with the span of its argument.
    pub(super) fn call(function: &str, argument: Self) -> Self {
        let span = argument.span;
        let member = Member { key: function.to_owned(), key_span: span, key_open: false, value: argument };
        Self { span, value: Value::Object(vec![member]) }
    }

    /// The value of a key; the last one where the key is duplicate, as IAM and CloudFormation read it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.members().iter().rev().find(|member| member.key == key).map(|member| &member.value)
    }

    /// The members of an object; none for other values.
    pub fn members(&self) -> &[Member] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of a list, or the value itself as the only item: IAM accepts a single value for a list of one.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// The value of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The type of the value, with its article, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    /// The same tree with every span set to `span`: for a document inside a string of another.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = span;
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| *item = std::mem::take(item).at(span)),
            Value::Object(members) => members.iter_mut().for_each(|member| {
                member.key_span = span;
                member.value = std::mem::take(&mut member.value).at(span);
            }),
            _ => {}
        }
        self
    }
}

impl Default for Node {
    fn default() -> Self {
        Self { span: Span::default(), value: Value::Null }
    }
}

/// The document is not valid JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid JSON: {message}")]
pub struct NotJson {
    /// Where reading stopped.
    pub span: Span,
    /// What is wrong there, in lower case.
    pub message: String,
}

/// RFC 8259 and nothing more.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads one JSON value. Nesting is limited to 512 levels.
///
/// # Errors
/// [`NotJson`] with the first syntax error.
pub fn parse(text: &str) -> Result<Node, NotJson> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shift = text.len() - body.len();
    let result = parse_to_ast(body, &CollectOptions::default(), &STRICT).map_err(|error| {
        let mut message = error.kind().to_string();
        message[..1].make_ascii_lowercase();
        NotJson { span: span(error.range(), shift), message }
    })?;
    let Some(value) = result.value else {
        return Err(NotJson { span: Span::at(text.len()), message: "the document is empty".to_owned() });
    };
    Ok(node(value, shift))
}

fn span(range: jsonc_parser::common::Range, shift: usize) -> Span {
    Span::new(range.start + shift, range.end.max(range.start) + shift)
}

fn node(value: ast::Value<'_>, shift: usize) -> Node {
    match value {
        ast::Value::NullKeyword(null) => Node { span: span(null.range, shift), value: Value::Null },
        ast::Value::BooleanLit(bool) => Node { span: span(bool.range, shift), value: Value::Bool(bool.value) },
        ast::Value::NumberLit(number) => {
            Node { span: span(number.range, shift), value: Value::Number(number.value.to_owned()) }
        }
        ast::Value::StringLit(string) => {
            Node { span: span(string.range, shift), value: Value::String(string.value.into_owned()) }
        }
        ast::Value::Array(array) => Node {
            span: span(array.range, shift),
            value: Value::List(array.elements.into_iter().map(|item| node(item, shift)).collect()),
        },
        ast::Value::Object(object) => Node {
            span: span(object.range, shift),
            value: Value::Object(object.properties.into_iter().map(|property| member(property, shift)).collect()),
        },
    }
}

fn member(property: ast::ObjectProp<'_>, shift: usize) -> Member {
    let (key, range) = match property.name {
        ast::ObjectPropName::String(name) => (name.value.into_owned(), name.range),
        ast::ObjectPropName::Word(name) => (name.value.to_owned(), name.range),
    };
    Member { key, key_span: span(range, shift), key_open: false, value: node(property.value, shift) }
}

/// A value as JSON without white space, in document order, duplicate keys included: what IAM counts against its quotas.
pub fn compact(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.clone(),
        Value::String(text) => quoted(text),
        Value::List(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let member = |it: &Member| format!("{}:{}", quoted(&it.key), compact(&it.value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text of a document that IAM's query API percent-encodes (RFC 3986).
pub fn percent_decode(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_value_has_its_place() {
        let text = "\u{feff}{\"é\": [1, \"a\\u00e9\\ud83d\\ude00\"]}";
        let root = parse(text).unwrap();
        let member = &root.members()[0];
        assert_eq!(&text[member.key_span.start..member.key_span.end], "\"é\"");
        let item = &member.value.items()[1];
        assert_eq!(&text[item.span.start..item.span.end], "\"a\\u00e9\\ud83d\\ude00\"");
        assert_eq!(item.as_str(), Some("aé😀"));
    }

    #[test]
    fn a_compact_document_keeps_order_and_escapes() {
        let text = "{ \"b\": [ 1, null, true ],\n \"a\": \"é\\\"\", \"b\": {} }";
        let compacted = compact(&parse(text).unwrap());
        assert_eq!(compacted, "{\"b\":[1,null,true],\"a\":\"é\\\"\",\"b\":{}}");
        assert_eq!(crate::iam::policy::length(&parse(&compacted).unwrap()), compacted.chars().count());
        assert_eq!(percent_decode("%7B%22a%22%3A%22%2B+%C3%A9%22%7D%"), "{\"a\":\"++é\"}%");
    }

    #[test]
    fn what_iam_refuses_is_refused_with_its_place() {
        for (text, start, message) in [
            ("", 0, "the document is empty"),
            ("{\"a\": 1,}", 7, "trailing commas are not allowed"),
            ("{\"a\": 1 // x\n}", 8, "comments are not allowed"),
            ("{'a': 1}", 1, "single-quoted strings are not allowed"),
            ("{\"a\" 1}", 5, "expected colon after the string or word in object property"),
            ("[1", 0, "unterminated array"),
            ("{} {}", 3, "text cannot contain more than one JSON value"),
            ("\"\\x41\"", 1, "invalid escape"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message.starts_with(message), "{text}: {error}");
            assert_eq!(error.span.start, start, "{text}: {error}");
        }
    }

    #[test]
    fn a_tower_of_brackets_is_an_error_and_no_crash() {
        assert!(parse(&"[".repeat(100_000)).unwrap_err().message.contains("nesting"));
    }
}
