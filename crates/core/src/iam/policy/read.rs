//! Reads a document as a trust policy, and reports what IAM would reject.

use super::{Block, Condition, Effect, Policy, Principal, PrincipalKind, Statement, length};
use crate::{
    diagnostic::{Diagnostic, Edit, RuleId, Safety, Severity},
    iam::{
        document::{Member, Node, Value},
        operator::{BASES, Operator},
        template::Template,
        text::Text,
    },
    spelling::nearest,
    text::Span,
};

/// IAM rejects the policy.
pub const MALFORMED: RuleId = RuleId::new("malformed-trust-policy");
/// A duplicate key.
pub const DUPLICATE: RuleId = RuleId::new("duplicate-policy-key");
/// An unknown condition operator.
pub const OPERATOR: RuleId = RuleId::new("unknown-condition-operator");

/// Reads a policy, and reports what IAM would reject.
pub fn read(node: &Node, template: Template<'_>) -> (Policy, Vec<Diagnostic>) {
    let mut reader = Reader { template, problems: Vec::new(), open: false };
    reader.duplicates(node);
    let policy = reader.policy(node);
    (policy, reader.problems)
}

struct Reader<'t> {
    template: Template<'t>,
    problems: Vec<Diagnostic>,
    open: bool,
}

const POLICY: [&str; 3] = ["Id", "Statement", "Version"];
const STATEMENT: [&str; 7] = ["Action", "Condition", "Effect", "NotAction", "NotPrincipal", "Principal", "Sid"];
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

impl Reader<'_> {
    fn problem(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.problems.push_mut(Diagnostic::new(MALFORMED, Severity::Error, span, message))
    }

    /// A template function in place of an element, which stays open.
    fn opened(&mut self, node: &Node) -> Option<Text> {
        let name = self.template.function_name(node)?;
        self.open = true;
        Some(Text::open(node.span, name))
    }

    fn policy(&mut self, node: &Node) -> Policy {
        let mut policy =
            Policy { span: node.span, version: None, statements: Vec::new(), open: Vec::new(), length: None };
        if !matches!(node.value, Value::Object(_)) {
            self.problem(node.span, format!("a policy must be an object, found {}", node.kind()));
            return policy;
        }
        self.elements(node, &POLICY, "policy element");
        policy.version = node.get("Version").and_then(|version| self.string(version, "`Version`"));
        if let Some(version) = policy.version.as_ref().and_then(Text::as_str)
            && !VERSIONS.contains(&version)
        {
            let span = policy.version.as_ref().map_or(node.span, |version| version.span);
            self.problem(span, format!("unknown policy version `{version}`; use `2012-10-17`"));
        }
        match node.get("Statement") {
            None => {
                self.problem(brace(node), "missing required element `Statement`");
            }
            Some(statements) => {
                for statement in statements.items() {
                    self.listed(statement, &mut policy);
                }
                if statements.items().is_empty() {
                    self.problem(statements.span, "the policy has no statements");
                }
            }
        }
        policy.length = (!self.open).then(|| length(node));
        policy
    }

    /// An item of the statement list: a statement, or a template function in place of some.
    fn listed(&mut self, node: &Node, policy: &mut Policy) {
        let Some([_condition, branches @ ..]) = node.get("Fn::If").map(Node::items) else {
            match self.opened(node) {
                Some(_) if node.get("Ref").and_then(Node::as_str) == Some("AWS::NoValue") => {}
                Some(open) => policy.open.push(open),
                None => policy.statements.extend(self.statement(node)),
            }
            return;
        };
        self.open = true;
        let before = policy.statements.len();
        for statement in branches.iter().flat_map(Node::items) {
            self.listed(statement, policy);
        }
        policy.statements[before..].iter_mut().for_each(|statement| statement.conditional = true);
    }

    fn statement(&mut self, node: &Node) -> Option<Statement> {
        if !matches!(node.value, Value::Object(_)) {
            self.problem(node.span, format!("a statement must be an object, found {}", node.kind()));
            return None;
        }
        self.elements(node, &STATEMENT, "statement element");
        let mut statement = Statement {
            span: node.span,
            sid: None,
            effect: None,
            principals: None,
            actions: None,
            conditions: Vec::new(),
            open: Vec::new(),
            conditional: false,
        };
        for member in node.members() {
            if let Some(open) = self.opened(&member.value)
                && !matches!(member.key.as_str(), "Sid" | "Action" | "NotAction")
            {
                statement.open.push(open);
                continue;
            }
            match member.key.as_str() {
                "Sid" => statement.sid = self.string(&member.value, "`Sid`"),
                "Effect" => statement.effect = self.effect(&member.value),
                "Principal" | "NotPrincipal" => statement.principals = Some(self.principals(member)),
                "Action" | "NotAction" => statement.actions = Some(self.actions(member)),
                "Condition" => self.conditions(&member.value, &mut statement),
                _ => {}
            }
        }
        for (one, other) in [("Principal", "NotPrincipal"), ("Action", "NotAction")] {
            match (node.get(one), node.get(other)) {
                (None, None) => {
                    self.problem(brace(node), format!("missing required element `{one}`"));
                }
                (Some(_), Some(both)) => {
                    self.problem(both.span, format!("`{one}` cannot be used with `{other}`"));
                }
                _ => {}
            }
        }
        if node.get("Effect").is_none() {
            self.problem(brace(node), "missing required element `Effect`");
        }
        Some(statement)
    }

    fn effect(&mut self, node: &Node) -> Option<Effect> {
        let known = node.as_str().and_then(Effect::parse);
        if known.is_none() {
            let found = node.as_str().map_or_else(|| node.kind().to_owned(), |text| format!("`{text}`"));
            self.problem(node.span, format!("`Effect` must be `Allow` or `Deny`, found {found}"));
        }
        known
    }

    fn principals(&mut self, member: &Member) -> Block<Principal> {
        let mut items = Vec::new();
        match &member.value.value {
            Value::String(star) if star == "*" => {
                items.push(Principal { kind: PrincipalKind::Everyone, name: Text::known(member.value.span, "*") });
            }
            Value::Object(kinds) => {
                for kind in kinds {
                    let Some((_, known)) = PrincipalKind::KEYS.iter().find(|(key, _)| *key == kind.key) else {
                        self.unknown(kind, PrincipalKind::KEYS.map(|(key, _)| key).as_slice(), "principal type");
                        continue;
                    };
                    for name in kind.value.items() {
                        items.extend(
                            self.string(name, &format!("`{}`", kind.key)).map(|name| Principal { kind: *known, name }),
                        );
                    }
                }
            }
            _ => {
                let kind = member.value.kind();
                let key = &member.key;
                self.problem(
                    member.value.span,
                    format!("`{key}` must be an object such as {{\"Federated\": \"arn:…\"}}, found {kind}"),
                );
            }
        }
        Block { negated: member.key == "NotPrincipal", key_span: member.key_span, items }
    }

    fn actions(&mut self, member: &Member) -> Block<Text> {
        let items = member
            .value
            .items()
            .iter()
            .filter_map(|action| self.string(action, &format!("`{}`", member.key)))
            .collect();
        Block { negated: member.key == "NotAction", key_span: member.key_span, items }
    }

    fn conditions(&mut self, node: &Node, statement: &mut Statement) {
        if !matches!(node.value, Value::Object(_)) {
            self.problem(node.span, format!("`Condition` must be an object of operators, found {}", node.kind()));
        }
        for operator in node.members() {
            if let Some(open) = self.opened(&operator.value) {
                statement.open.push(open);
                continue;
            }
            let known = Operator::new(&operator.key);
            if known.is_none() {
                self.unknown_operator(operator);
            }
            if !matches!(operator.value.value, Value::Object(_)) {
                let kind = operator.value.kind();
                self.problem(
                    operator.value.span,
                    format!("`{}` must be an object of condition keys, found {kind}", operator.key),
                );
            }
            for key in operator.value.members() {
                let placeholder = !key.key_open && key.key.contains("${");
                if placeholder && self.template.has_resources() {
                    let message =
                        format!("`${{…}}` is not replaced in a key, so the condition on `{}` never matches", key.key);
                    self.problems
                        .push_mut(Diagnostic::new(MALFORMED, Severity::Warning, key.key_span, message))
                        .help("write the whole policy as JSON in a string, in `Fn::Sub`");
                }
                let values = key.value.items().iter().filter_map(|value| self.condition_value(value)).collect();
                statement.conditions.push(Condition {
                    operator_name: operator.key.clone(),
                    operator_span: operator.key_span,
                    operator: known,
                    key: key.key.clone(),
                    key_span: key.key_span,
                    // Also of a file that another program fills in.
                    key_open: key.key_open || placeholder,
                    values,
                    values_span: key.value.span,
                });
            }
        }
    }

    /// Condition values may be strings, numbers and booleans (`reference_policies_grammar`).
    fn condition_value(&mut self, node: &Node) -> Option<Text> {
        match &node.value {
            Value::Bool(bool) => Some(Text::known(node.span, bool.to_string())),
            Value::Number(number) => Some(Text::known(node.span, number.clone())),
            _ => self.string(node, "a condition value"),
        }
    }

    fn string(&mut self, node: &Node, what: &str) -> Option<Text> {
        let text = self.template.text(node);
        match &text {
            Some(text) => self.open |= text.as_str().is_none(),
            None => {
                self.problem(node.span, format!("{what} must be a string, found {}", node.kind()));
            }
        }
        text
    }

    fn elements(&mut self, node: &Node, allowed: &[&'static str], whole: &str) {
        for member in node.members().iter().filter(|member| !allowed.contains(&member.key.as_str())) {
            if let "Resource" | "NotResource" = member.key.as_str() {
                let key = &member.key;
                let message = format!("`{key}` is not allowed in a trust policy: the role itself is the resource");
                self.problem(member.span(), message).help = Some(format!("remove `{key}`"));
            } else {
                self.unknown(member, allowed, whole);
            }
        }
    }

    fn unknown(&mut self, member: &Member, allowed: &[&'static str], whole: &str) {
        let key = &member.key;
        let message = format!("unknown {whole} `{key}`; expected one of {}", allowed.join(", "));
        let near = nearest(key, allowed.iter().copied());
        let problem = self.problem(member.key_span, message);
        if let Some(near) = near {
            problem.help(format!("did you mean `{near}`?")).fix(
                format!("change it to `{near}`"),
                Safety::Safe,
                vec![Edit { span: member.key_span, replacement: format!("\"{near}\"") }],
            );
        }
    }

    fn unknown_operator(&mut self, operator: &Member) {
        let name = &operator.key;
        let bases = BASES.iter().map(|base| base.name);
        let stem = name.rsplit(':').next().unwrap_or(name);
        let message = format!("unknown condition operator `{name}`");
        let problem = self.problems.push_mut(Diagnostic::new(OPERATOR, Severity::Error, operator.key_span, message));
        if let Some(near) = nearest(stem.strip_suffix("IfExists").unwrap_or(stem), bases) {
            problem.help(format!("did you mean `{near}`?"));
        }
    }

    /// Duplicate keys, of which one is silently lost. Condition keys are not case-sensitive.
    fn duplicates(&mut self, node: &Node) {
        if let Value::List(items) = &node.value {
            for item in items {
                self.duplicates(item);
            }
        }
        let members = node.members();
        for (at, member) in members.iter().enumerate() {
            let same = |other: &&Member| {
                other.key == member.key || (member.key.contains(':') && other.key.eq_ignore_ascii_case(&member.key))
            };
            if let Some(first) = members[..at].iter().find(same) {
                let message = format!("duplicate key `{}`; only one of them has an effect", member.key);
                self.problems
                    .push_mut(Diagnostic::new(DUPLICATE, Severity::Error, member.key_span, message))
                    .related(first.key_span, "first occurrence")
                    .help("keep one, with a list of values if there are several");
            }
            self.duplicates(&member.value);
        }
    }
}

/// A place for what an object lacks, without spanning many lines: its opening brace, or its first key in YAML.
fn brace(node: &Node) -> Span {
    match node.members().first() {
        Some(first) if first.key_span.start > node.span.start => Span::new(node.span.start, node.span.start + 1),
        Some(first) => first.key_span,
        None => node.span,
    }
}
