//! Terraform configurations, read as documents with trust policies: `aws_iam_policy_document`, `jsonencode` and JSON in
//! strings.
//!
//! Literals, locals and the defaults of variables are known; every other value is a call of a template's function and so
//! stays open. Other files of the module are not read. The JSON syntax (`*.tf.json`) is read alike.
//!
//! Source of the data source's defaults:
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>.

pub(super) mod json;

use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
};

use super::{
    document::{Member, Node, Value},
    functions::Template,
    hcl::{self, Block, Body, Expression, Kind, Part},
    text::{self, Text},
};
use crate::{oidc, text::Span};

/// Functions whose value is their argument, or the only one of it.
const PASSING: [&str; 9] =
    ["compact", "distinct", "nonsensitive", "one", "sensitive", "sort", "tolist", "toset", "tostring"];

/// The blocks that a configuration consists of.
const BLOCKS: [&str; 11] =
    ["check", "data", "import", "locals", "module", "moved", "output", "provider", "resource", "terraform", "variable"];

/// Whether a text is a configuration: its first line with content opens one of Terraform's blocks.
pub(super) fn is_configuration(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let comment = if rest.starts_with('#') || rest.starts_with("//") {
            rest.split_once('\n')
        } else if rest.starts_with("/*") {
            rest.split_once("*/")
        } else {
            break;
        };
        let Some((_, after)) = comment else { return false };
        rest = after.trim_start();
    }
    let line = rest.lines().next().unwrap_or_default();
    let (word, after) = line.split_at(line.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(line.len()));
    BLOCKS.contains(&word) && after.trim_start().starts_with(['"', '{'])
}

/// Reads a configuration as the output of a plan: every role with its policy.
///
/// # Errors
/// The offset at which it is not HCL.
pub(super) fn read(text: &str) -> Result<Node, usize> {
    Ok(roles(text, &hcl::parse(text)?))
}

/// Reads a configuration in the JSON syntax, as [`read`] does; `text` is the document.
pub(super) fn read_json(text: &str, root: &Node) -> Node {
    roles(text, &json::body(root))
}

fn roles(text: &str, body: &Body<'_>) -> Node {
    let module = Module::new(text, body);
    let span = Span::new(0, text.len());
    let mut members = Vec::new();
    let mut used = HashSet::new();
    for role in body.blocks.iter().filter(|block| block.kind == "resource") {
        let ["aws_iam_role", label] = role.labels[..] else { continue };
        let Some(policy) = role.body.attribute("assume_role_policy") else { continue };
        let policy = module.policy(&policy.value, &mut used, 0);
        let name = role.body.attribute("name").map(|name| module.node(&name.value, 0));
        let values = name.map(|name| ("name", name)).into_iter().chain([("assume_role_policy", policy)]);
        members.push(member(label, span, object(span, [("values", object(span, values))])));
    }
    for document in documents(body) {
        let [_, label] = document.labels[..] else { continue };
        let policy = module.document(document);
        if !used.contains(label) && is_trust_policy(&policy) {
            let values = object(span, [("assume_role_policy", policy)]);
            members.push(member(label, span, object(span, [("values", values)])));
        }
    }
    Node { span, value: Value::Object(members) }
}

fn documents<'b, 't>(body: &'b Body<'t>) -> impl Iterator<Item = &'b Block<'t>> {
    body.blocks.iter().filter(|block| block.kind == "data" && block.labels.first() == Some(&"aws_iam_policy_document"))
}

/// Whether a document that no role of the file names is one: it lets principals assume something.
fn is_trust_policy(policy: &Node) -> bool {
    policy.get("Statement").is_some_and(|statements| {
        statements.items().iter().any(|statement| {
            let assumes = |action: &Node| action.as_str().is_some_and(|name| name.starts_with("sts:"));
            let principals = statement.get("Principal").or_else(|| statement.get("NotPrincipal"));
            principals.is_some() && statement.get("Action").is_some_and(|actions| actions.items().iter().any(assumes))
        })
    })
}

fn member(key: &str, key_span: Span, value: Node) -> Member {
    Member { key: key.to_owned(), key_span, key_open: false, value }
}

fn object<'k>(span: Span, members: impl IntoIterator<Item = (&'k str, Node)>) -> Node {
    let members = members.into_iter().map(|(key, value)| member(key, span, value)).collect();
    Node { span, value: Value::Object(members) }
}

fn string(span: Span, text: &str) -> Node {
    Node { span, value: Value::String(text.to_owned()) }
}

/// A value that is known only after deployment, by its source.
fn open(span: Span, name: &str) -> Node {
    Node::call("Ref", string(span, name))
}

/// References are followed this far, so that those in a circle end.
const DEPTH: usize = 20;

/// How many values are read at most, counting repeated references.
const BUDGET: usize = 100_000;

struct Module<'m, 't> {
    text: &'t str,
    body: &'m Body<'t>,
    names: HashMap<String, &'m Expression<'t>>,
    budget: Cell<usize>,
}

impl<'m, 't> Module<'m, 't> {
    fn new(text: &'t str, body: &'m Body<'t>) -> Self {
        let mut names = HashMap::new();
        for block in &body.blocks {
            match (block.kind, block.labels.first()) {
                ("locals", _) => {
                    names.extend(block.body.attributes.iter().map(|it| (format!("local.{}", it.name), &it.value)));
                }
                ("variable", Some(name)) => {
                    let default = block.body.attribute("default").filter(|it| it.value.kind != Kind::Null);
                    names.extend(default.map(|it| (format!("var.{name}"), &it.value)));
                }
                _ => {}
            }
        }
        Self { text, body, names, budget: Cell::new(BUDGET) }
    }

    fn source(&self, span: Span) -> &'t str {
        &self.text[span.start..span.end]
    }

    /// The value of `assume_role_policy`.
    fn policy(&self, expression: &Expression<'t>, used: &mut HashSet<&'t str>, depth: usize) -> Node {
        match &expression.kind {
            Kind::Call(name, arguments)
                if arguments.len() == 1 && (*name == "jsonencode" || PASSING.contains(name)) && depth < DEPTH =>
            {
                self.policy(&arguments[0], used, depth + 1)
            }
            Kind::Reference(name) if depth < DEPTH => {
                if let Some(value) = self.names.get(*name) {
                    return self.policy(value, used, depth + 1);
                }
                let label = name
                    .strip_prefix("data.aws_iam_policy_document.")
                    .and_then(|rest| rest.strip_suffix(".json").or_else(|| rest.strip_suffix(".minified_json")))
                    .map(|label| label.split('[').next().unwrap_or(label));
                let Some(label) = label else { return self.node(expression, depth) };
                match documents(self.body).find(|it| it.labels.get(1) == Some(&label)) {
                    Some(document) => {
                        used.insert(label);
                        self.document(document)
                    }
                    None => open(expression.span, name),
                }
            }
            _ => self.node(expression, depth),
        }
    }

    /// The node of an expression. What cannot be resolved is a function call.
    fn node(&self, expression: &Expression<'t>, depth: usize) -> Node {
        let span = expression.span;
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(1));
        if depth >= DEPTH || left == 0 {
            return open(span, self.source(span));
        }
        let value = match &expression.kind {
            Kind::Null => Value::Null,
            Kind::Boolean(boolean) => Value::Bool(*boolean),
            Kind::Number(number) => Value::Number((*number).to_owned()),
            Kind::Template(parts) => return self.template(parts, span, depth),
            Kind::List(items) => Value::List(items.iter().map(|item| self.node(item, depth + 1)).collect()),
            Kind::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, value)| {
                        let key_node = self.node(key, depth + 1);
                        let value = self.node(value, depth + 1);
                        keyed(&key_node, value)
                    })
                    .collect(),
            ),
            Kind::Call(name, arguments) => return self.call(name, arguments, span, depth),
            Kind::Reference(name) => return self.reference(name, span, depth),
            Kind::Unknown => return open(span, self.source(span)),
        };
        Node { span, value }
    }

    fn template(&self, parts: &[Part<'t>], span: Span, depth: usize) -> Node {
        let mut format = String::new();
        let mut variables = Vec::new();
        for part in parts {
            match part {
                Part::Literal(text) => format.push_str(&text.replace("${", "${!")),
                Part::Interpolation(value) => {
                    let name: String = self
                        .source(value.span)
                        .chars()
                        .map(|c| if matches!(c, '{' | '}' | '!') { '\'' } else { c })
                        .collect();
                    format.push_str("${");
                    format.push_str(&name);
                    format.push('}');
                    variables.push((name, self.node(value, depth + 1)));
                }
            }
        }
        if variables.is_empty() {
            return string(span, &format.replace("${!", "${"));
        }
        let variables = variables.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let arguments = vec![string(span, &format), object(span, variables)];
        Node::call("Fn::Sub", Node { span, value: Value::List(arguments) })
    }

    fn reference(&self, name: &str, span: Span, depth: usize) -> Node {
        if let Some(value) = self.names.get(name) {
            let node = self.node(value, depth + 1);
            // A null value is set elsewhere.
            return if node.value == Value::Null { open(span, name) } else { node };
        }
        match self.provider(name).filter(|(_, attribute)| *attribute == "arn") {
            Some((url, _)) => {
                let url = self.issuer(url, depth);
                let format = "arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/${url}";
                let arguments = vec![string(span, format), object(span, [("url", url)])];
                Node::call("Fn::Sub", Node { span, value: Value::List(arguments) })
            }
            None => open(span, name),
        }
    }

    /// The URL of the provider that a reference means, and the attribute of it.
    fn provider<'n>(&self, name: &'n str) -> Option<(&'m Expression<'t>, &'n str)> {
        let (kind, rest) = match name.strip_prefix("data.") {
            Some(rest) => ("data", rest),
            None => ("resource", name),
        };
        let (label, attribute) = rest.strip_prefix("aws_iam_openid_connect_provider.")?.split_once('.')?;
        let label = label.split('[').next().unwrap_or(label);
        let block = self
            .body
            .blocks
            .iter()
            .find(|block| block.kind == kind && block.labels == ["aws_iam_openid_connect_provider", label])?;
        Some((&block.body.attribute("url")?.value, attribute))
    }

    /// A provider's URL without the scheme, which is how IAM names it.
    fn issuer(&self, url: &Expression<'t>, depth: usize) -> Node {
        let node = self.node(url, depth + 1);
        match known(&node) {
            Some(url) => string(node.span, oidc::provider_name(&url)),
            None => open(node.span, self.source(url.span)),
        }
    }

    fn call(&self, name: &str, arguments: &[Expression<'t>], span: Span, depth: usize) -> Node {
        let unknown = || open(span, self.source(span));
        // AWS returns the URL of a provider without the scheme.
        if let ("replace" | "trimprefix", [first, ..]) = (name, arguments)
            && let Kind::Reference(reference) = passed(first).kind
            && let Some((url, "url")) = self.provider(reference)
        {
            return self.issuer(url, depth);
        }
        let values: Vec<Node> = arguments.iter().map(|argument| self.node(argument, depth + 1)).collect();
        let texts: Option<Vec<String>> = values.iter().map(known).collect();
        let texts = texts.as_deref();
        let result = match (name, values.as_slice(), texts) {
            ("one", [Node { value: Value::List(items), .. }], _) if items.len() == 1 => return items[0].clone(),
            (name, [only], _) if PASSING.contains(&name) => return only.clone(),
            ("concat" | "setunion", lists, _) => {
                let items = lists.iter().flat_map(Node::items).cloned().collect();
                return Node { span, value: Value::List(items) };
            }
            ("flatten", [list], _) => {
                let items = list.items().iter().flat_map(Node::items).cloned().collect();
                return Node { span, value: Value::List(items) };
            }
            ("merge", objects, _) if objects.iter().all(is_object) => {
                let mut members: Vec<Member> = Vec::new();
                for member in objects.iter().flat_map(Node::members) {
                    members.retain(|earlier| earlier.key != member.key || earlier.key_open || member.key_open);
                    members.push(member.clone());
                }
                return Node { span, value: Value::Object(members) };
            }
            ("lower", _, Some([text])) => text.to_lowercase(),
            ("upper", _, Some([text])) => text.to_uppercase(),
            ("trimspace", _, Some([text])) => text.trim().to_owned(),
            ("trimprefix", _, Some([text, prefix])) => text.strip_prefix(prefix.as_str()).unwrap_or(text).to_owned(),
            ("trimsuffix", _, Some([text, suffix])) => text.strip_suffix(suffix.as_str()).unwrap_or(text).to_owned(),
            // A pattern between slashes is a regular expression.
            ("replace", _, Some([text, from, to]))
                if !from.starts_with('/') || from.len() < 2 || !from.ends_with('/') =>
            {
                text.replace(from.as_str(), to)
            }
            ("join", [separator, list], _) => return joined(separator, list, span).unwrap_or_else(unknown),
            ("format", [format, rest @ ..], _) => return formatted(format, rest, span).unwrap_or_else(unknown),
            _ => return unknown(),
        };
        string(span, &result)
    }

    /// A data source `aws_iam_policy_document` as the policy that it writes.
    fn document(&self, block: &Block<'t>) -> Node {
        let span = block.kind_span;
        let mut members = Vec::new();
        let attribute = |name: &str| block.body.attribute(name);
        members.push(match attribute("version") {
            Some(version) => member("Version", version.name_span, self.node(&version.value, 0)),
            None => member("Version", span, string(span, "2012-10-17")),
        });
        let mut statements = Vec::new();
        for inner in &block.body.blocks {
            match inner.kind {
                "statement" => statements.push(self.statement(inner)),
                "dynamic" => statements.push(open(inner.kind_span, "dynamic")),
                _ => {}
            }
        }
        let others = ["source_policy_documents", "override_policy_documents", "source_json", "override_json"];
        statements.extend(others.iter().filter_map(|name| attribute(name)).map(|it| open(it.name_span, it.name)));
        members.push(member("Statement", span, Node { span, value: Value::List(statements) }));
        Node { span, value: Value::Object(members) }
    }

    fn statement(&self, block: &Block<'t>) -> Node {
        let span = block.kind_span;
        let mut members = Vec::new();
        let copied = [
            ("sid", "Sid"),
            ("effect", "Effect"),
            ("actions", "Action"),
            ("not_actions", "NotAction"),
            ("resources", "Resource"),
            ("not_resources", "NotResource"),
        ];
        for (name, key) in copied {
            match block.body.attribute(name) {
                Some(it) => members.push(member(key, it.name_span, self.node(&it.value, 0))),
                None if name == "effect" => members.push(member(key, span, string(span, "Allow"))),
                None => {}
            }
        }
        for (kind, key) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
            members.extend(self.principals(block, kind, key));
        }
        let mut operators: Vec<Member> = Vec::new();
        for inner in &block.body.blocks {
            match (inner.kind, inner.labels.first()) {
                ("condition", _) => self.condition(inner, &mut operators),
                ("dynamic", Some(&"condition")) => {
                    operators.push(member("dynamic", inner.kind_span, open(inner.kind_span, "dynamic")));
                }
                ("dynamic", Some(&"principals")) => {
                    members.push(member("Principal", inner.kind_span, open(inner.kind_span, "dynamic")));
                }
                _ => {}
            }
        }
        if let Some(first) = operators.first() {
            let first = first.key_span;
            members.push(member("Condition", first, Node { span: first, value: Value::Object(operators) }));
        }
        Node { span, value: Value::Object(members) }
    }

    fn principals(&self, block: &Block<'t>, kind: &str, key: &str) -> Option<Member> {
        let mut kinds: Vec<Member> = Vec::new();
        let mut place = None;
        for inner in block.body.blocks.iter().filter(|inner| inner.kind == kind) {
            let of_type = inner.body.attribute("type").map(|it| self.node(&it.value, 0))?;
            let identifiers = inner.body.attribute("identifiers").map(|it| self.node(&it.value, 0))?;
            place = place.or(Some(inner.kind_span));
            let Some(name) = known(&of_type) else {
                return Some(member(key, inner.kind_span, open(inner.kind_span, "type")));
            };
            if name == "*" {
                return Some(member(key, inner.kind_span, string(identifiers.span, "*")));
            }
            merge(&mut kinds, member(&name, of_type.span, identifiers));
        }
        place.map(|span| member(key, span, Node { span, value: Value::Object(kinds) }))
    }

    fn condition(&self, block: &Block<'t>, operators: &mut Vec<Member>) {
        let span = block.kind_span;
        let attribute = |name: &str| block.body.attribute(name).map(|it| self.node(&it.value, 0));
        let (Some(test), Some(variable), Some(values)) =
            (attribute("test"), attribute("variable"), attribute("values"))
        else {
            return;
        };
        let Some(name) = known(&test) else {
            operators.push(member("dynamic", span, open(test.span, "test")));
            return;
        };
        let key = keyed(&variable, values);
        if let Some(Member { value: Node { value: Value::Object(keys), .. }, .. }) =
            operators.iter_mut().find(|operator| operator.key == name)
        {
            merge(keys, key);
        } else {
            let keys = Node { span, value: Value::Object(vec![key]) };
            operators.push(member(&name, test.span, keys));
        }
    }
}

/// The argument of functions that pass it on.
fn passed<'e, 't>(mut expression: &'e Expression<'t>) -> &'e Expression<'t> {
    while let Kind::Call(name, arguments) = &expression.kind
        && let [only] = arguments.as_slice()
        && PASSING.contains(name)
    {
        expression = only;
    }
    expression
}

/// Adds the values of a member to those of the same key.
fn merge(members: &mut Vec<Member>, new: Member) {
    match members.iter_mut().find(|member| member.key == new.key && member.key_open == new.key_open) {
        Some(member) => {
            let items = member.value.items().iter().chain(new.value.items()).cloned().collect();
            member.value = Node { span: member.value.span, value: Value::List(items) };
        }
        None => members.push(new),
    }
}

/// Whether a node is an object of the configuration, and no call of a function.
fn is_object(node: &Node) -> bool {
    matches!(node.value, Value::Object(_)) && Template::default().function_name(node).is_none()
}

/// The characters of a node, if all are known.
fn known(node: &Node) -> Option<String> {
    Template::default().text(node)?.as_str().map(str::to_owned)
}

/// A member whose key is the value of an expression.
fn keyed(key: &Node, value: Node) -> Member {
    let text = Template::default().text(key).unwrap_or_else(|| Text::open(key.span, "key"));
    let key_open = text.as_str().is_none();
    Member { key: text.to_string(), key_span: key.span, key_open, value }
}

/// A string of parts as a node.
fn from_parts(parts: Vec<text::Part>, span: Span) -> Node {
    let mut text = Text { span, parts: Vec::new() };
    text.extend(parts);
    if let Some(known) = text.as_str() {
        return string(span, known);
    }
    let format = text.parts.iter().map(|part| match part {
        text::Part::Known(text) => text.replace("${", "${!"),
        text::Part::Open(name) => format!("${{{}}}", name.replace(['{', '}', '!'], "'")),
    });
    Node::call("Fn::Sub", string(span, &format.collect::<String>()))
}

/// `join(separator, list)`
fn joined(separator: &Node, list: &Node, span: Span) -> Option<Node> {
    let between = known(separator)?;
    let Value::List(items) = &list.value else { return None };
    let mut parts = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            parts.push(text::Part::Known(between.clone()));
        }
        parts.extend(Template::default().text(item)?.parts);
    }
    Some(from_parts(parts, span))
}

/// `format("%s:%s", …)`, with the verb for strings only.
fn formatted(format: &Node, values: &[Node], span: Span) -> Option<Node> {
    let format = known(format)?;
    let mut values = values.iter();
    let mut parts = Vec::new();
    let mut pieces = format.split("%s");
    parts.push(text::Part::Known(pieces.next().unwrap_or_default().to_owned()));
    for piece in pieces {
        parts.extend(Template::default().text(values.next()?)?.parts);
        parts.push(text::Part::Known(piece.to_owned()));
    }
    let plain = |part: &text::Part| !matches!(part, text::Part::Known(text) if text.contains('%'));
    (values.next().is_none() && parts.iter().all(plain)).then(|| from_parts(parts, span))
}
