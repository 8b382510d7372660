//! The part of HCL that Terraform configurations with trust policies use, read with spans.
//!
//! Literals, templates, lists, objects, references and function calls are read; other expressions, such as conditionals
//! and `for`, are unknown and skipped. Source: <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md>.

use crate::text::Span;

/// The content of a file or block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Body<'t> {
    pub(super) attributes: Vec<Attribute<'t>>,
    pub(super) blocks: Vec<Block<'t>>,
}

/// `name = value`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attribute<'t> {
    pub(super) name: &'t str,
    pub(super) name_span: Span,
    pub(super) value: Expression<'t>,
}

/// `kind "label" { … }`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'t> {
    pub(super) kind: &'t str,
    pub(super) kind_span: Span,
    pub(super) labels: Vec<&'t str>,
    pub(super) body: Body<'t>,
}

/// An expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expression<'t> {
    pub(super) span: Span,
    pub(super) kind: Kind<'t>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    Null,
    Boolean(bool),
    Number(&'t str),
    Template(Vec<Part<'t>>),
    List(Vec<Expression<'t>>),
    Object(Vec<(Expression<'t>, Expression<'t>)>),
    Call(&'t str, Vec<Expression<'t>>),
    /// A name with its attributes, such as `local.issuer`.
    Reference(&'t str),
    /// Anything else.
    Unknown,
}

/// A part of a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// These characters, escapes resolved.
    Literal(String),
    /// `${…}`
    Interpolation(Expression<'t>),
}

impl<'t> Body<'t> {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute<'t>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// Nesting beyond this is not read.
const DEPTH: usize = 100;

/// Reads a file.
///
/// # Errors
/// The offset at which it is not HCL.
pub(super) fn parse(text: &str) -> Result<Body<'_>, usize> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let body = reader.body().ok_or(reader.at)?;
    if reader.at == text.len() { Ok(body) } else { Err(reader.at) }
}

/// Reads the content of a string of the JSON syntax, in which a backslash escapes nothing. `None` where it is not a template.
pub(super) fn template(text: &str) -> Option<Kind<'_>> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let mut parts = Vec::new();
    let mut literal = String::new();
    while let Some(char) = reader.peek() {
        if !reader.interpolation(&mut literal, &mut parts)? {
            literal.push(char);
            reader.at += char.len_utf8();
        }
    }
    Some(finished(parts, literal))
}

/// A template of these parts and a literal at its end. One that is a single interpolation is the value itself.
fn finished(mut parts: Vec<Part<'_>>, literal: String) -> Kind<'_> {
    parts.push(Part::Literal(literal));
    match parts.as_mut_slice() {
        [Part::Literal(before), Part::Interpolation(value), Part::Literal(after)]
            if before.is_empty() && after.is_empty() =>
        {
            std::mem::replace(&mut value.kind, Kind::Unknown)
        }
        _ => Kind::Template(parts),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

/// Whether a line break ends an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    End,
    Continue,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Skips white space and comments.
    fn skip(&mut self, lines: Lines) {
        loop {
            let rest = self.rest();
            let spaces = rest.find(|c: char| !c.is_whitespace() || (c == '\n' && lines == Lines::End));
            self.at += spaces.unwrap_or(rest.len());
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            } else {
                return;
            }
        }
    }

    fn identifier(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        if end == 0 || rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return None;
        }
        self.at += end;
        Some(&rest[..end])
    }

    /// Reads up to the closing brace of a block, or the end of the file.
    fn body(&mut self) -> Option<Body<'t>> {
        let mut body = Body::default();
        loop {
            self.skip(Lines::Continue);
            if matches!(self.peek(), None | Some('}')) {
                return Some(body);
            }
            let start = self.at;
            let name = self.identifier()?;
            let name_span = Span::new(start, self.at);
            self.skip(Lines::End);
            if self.rest().starts_with('=') && !self.rest().starts_with("==") {
                self.at += 1;
                let value = self.expression(Lines::End);
                body.attributes.push(Attribute { name, name_span, value });
            } else {
                body.blocks.push(self.block(name, name_span)?);
            }
        }
    }

    fn block(&mut self, kind: &'t str, kind_span: Span) -> Option<Block<'t>> {
        let mut labels = Vec::new();
        loop {
            self.skip(Lines::End);
            if self.take("{") {
                break;
            }
            if self.take("\"") {
                let end = self.rest().find('"')?;
                labels.push(&self.rest()[..end]);
                self.at += end + 1;
            } else {
                labels.push(self.identifier()?);
            }
        }
        if self.depth >= DEPTH {
            return None;
        }
        self.depth += 1;
        let body = self.body()?;
        self.depth -= 1;
        self.take("}").then_some(Block { kind, kind_span, labels, body })
    }

    fn expression(&mut self, lines: Lines) -> Expression<'t> {
        self.skip(lines);
        let start = self.at;
        self.depth += 1;
        let kind = if self.depth < DEPTH { self.operand() } else { None };
        self.depth -= 1;
        let end = self.at;
        self.skip(lines);
        // An operator makes the value of the whole expression unknown.
        let ends = match self.peek() {
            // A tilde is before the end of an interpolation.
            None | Some(',' | ')' | ']' | '}' | '\n' | '~' | ':') => true,
            Some('=') => !self.rest().starts_with("=="),
            Some(_) => false,
        };
        match kind {
            Some(kind) if ends => {
                if lines == Lines::End && self.peek() != Some('\n') {
                    self.at = end.max(self.at);
                }
                Expression { span: Span::new(start, end), kind }
            }
            _ => {
                self.at = start;
                self.skip_expression(lines);
                let end = start + self.text[start..self.at].trim_end().len();
                Expression { span: Span::new(start, end), kind: Kind::Unknown }
            }
        }
    }

    /// Skips an expression that is not understood: up to its end outside of brackets and strings.
    fn skip_expression(&mut self, lines: Lines) {
        let mut open = 0_usize;
        while let Some(char) = self.peek() {
            match char {
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' | ',' if open == 0 => return,
                ')' | ']' | '}' => open -= 1,
                '\n' if open == 0 && lines == Lines::End => return,
                '"' => {
                    self.at += 1;
                    self.skip_string();
                    continue;
                }
                '#' => {
                    self.skip(if open == 0 { lines } else { Lines::Continue });
                    continue;
                }
                '/' if self.rest().starts_with("//") || self.rest().starts_with("/*") => {
                    self.skip(if open == 0 { lines } else { Lines::Continue });
                    continue;
                }
                '<' if self.rest().starts_with("<<") => {
                    if let Some((_, close)) = self.heredoc_bounds() {
                        self.at = close;
                        continue;
                    }
                }
                _ => {}
            }
            self.at += char.len_utf8();
        }
    }

    /// Skips the rest of a string, with the interpolations in it.
    fn skip_string(&mut self) {
        while let Some(char) = self.peek() {
            self.at += char.len_utf8();
            match char {
                '"' => return,
                '\\' => self.at += self.peek().map_or(0, char::len_utf8),
                '$' | '%' if self.rest().starts_with('{') => {
                    self.at += 1;
                    self.skip_interpolation();
                }
                _ => {}
            }
        }
    }

    fn skip_interpolation(&mut self) {
        let mut open = 1;
        while let Some(char) = self.peek() {
            self.at += char.len_utf8();
            match char {
                '{' => open += 1,
                '}' if open == 1 => return,
                '}' => open -= 1,
                // Strings in interpolations do not nest deeply enough to need a stack.
                '"' => {
                    let end = self.rest().find('"').map_or(self.rest().len(), |end| end + 1);
                    self.at += end;
                }
                _ => {}
            }
        }
    }

    fn operand(&mut self) -> Option<Kind<'t>> {
        match self.peek()? {
            '"' => {
                self.at += 1;
                self.quoted()
            }
            '<' if self.rest().starts_with("<<") => self.heredoc(),
            '[' => self.list(),
            '{' => self.object(),
            '(' => {
                self.at += 1;
                let inner = self.expression(Lines::Continue);
                self.take(")").then_some(inner.kind)
            }
            '0'..='9' | '-' => {
                let number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
                let rest = self.rest();
                let end = rest.find(|c| !number(c)).unwrap_or(rest.len());
                rest[..end].parse::<f64>().ok()?;
                self.at += end;
                Some(Kind::Number(&rest[..end]))
            }
            _ => self.named(),
        }
    }

    fn named(&mut self) -> Option<Kind<'t>> {
        let start = self.at;
        let name = self.identifier()?;
        if self.take("(") {
            let arguments = self.items(')')?;
            return Some(Kind::Call(name, arguments));
        }
        loop {
            if self.rest().starts_with('.') && !self.rest().starts_with("...") {
                self.at += 1;
                if !self.take("*") && self.identifier().is_none() {
                    let digits = self.rest().find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest().len());
                    self.at += digits;
                }
            } else if self.take("[") {
                self.skip_expression(Lines::Continue);
                if !self.take("]") {
                    return None;
                }
            } else {
                break;
            }
        }
        Some(match &self.text[start..self.at] {
            "null" => Kind::Null,
            "true" => Kind::Boolean(true),
            "false" => Kind::Boolean(false),
            reference => Kind::Reference(reference),
        })
    }

    /// Items separated by commas, up to a closing bracket.
    fn items(&mut self, close: char) -> Option<Vec<Expression<'t>>> {
        let mut items = Vec::new();
        loop {
            self.skip(Lines::Continue);
            if self.peek() == Some(close) {
                self.at += 1;
                return Some(items);
            }
            items.push(self.expression(Lines::Continue));
            self.skip(Lines::Continue);
            if self.peek() != Some(close) && !self.take(",") {
                return None;
            }
        }
    }

    fn list(&mut self) -> Option<Kind<'t>> {
        self.at += 1;
        self.skip(Lines::Continue);
        if self.starts_for() { None } else { self.items(']').map(Kind::List) }
    }

    fn starts_for(&self) -> bool {
        self.rest().strip_prefix("for").is_some_and(|rest| rest.starts_with(char::is_whitespace))
    }

    fn object(&mut self) -> Option<Kind<'t>> {
        self.at += 1;
        let mut members = Vec::new();
        loop {
            self.skip(Lines::Continue);
            if self.take("}") {
                return Some(Kind::Object(members));
            }
            if self.starts_for() {
                return None;
            }
            let key = self.key()?;
            self.skip(Lines::End);
            if !self.take("=") && !self.take(":") {
                return None;
            }
            let value = self.expression(Lines::End);
            members.push((key, value));
            self.skip(Lines::End);
            if !self.take(",") && !matches!(self.peek(), Some('\n' | '}')) {
                return None;
            }
        }
    }

    /// A key of an object: a name is a string here, not a reference.
    fn key(&mut self) -> Option<Expression<'t>> {
        let start = self.at;
        if let Some(name) = self.identifier()
            && !self.rest().starts_with(['.', '[', '('])
        {
            let kind = Kind::Template(vec![Part::Literal(name.to_owned())]);
            return Some(Expression { span: Span::new(start, self.at), kind });
        }
        self.at = start;
        let kind = self.operand()?;
        Some(Expression { span: Span::new(start, self.at), kind })
    }

    fn quoted(&mut self) -> Option<Kind<'t>> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        loop {
            let char = self.peek()?;
            if self.interpolation(&mut literal, &mut parts)? {
                continue;
            }
            self.at += char.len_utf8();
            match char {
                '"' => break,
                '\n' => return None,
                '\\' => {
                    let escaped = self.peek()?;
                    self.at += escaped.len_utf8();
                    literal.push(match escaped {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'u' => self.code_point(4)?,
                        'U' => self.code_point(8)?,
                        other => other,
                    });
                }
                other => literal.push(other),
            }
        }
        Some(finished(parts, literal))
    }

    fn code_point(&mut self, digits: usize) -> Option<char> {
        let code = self.rest().get(..digits)?;
        self.at += digits;
        char::from_u32(u32::from_str_radix(code, 16).ok()?)
    }

    /// Reads an interpolation or its escaped form, if there is one here. `None` where it is not closed, or is a directive.
    fn interpolation(&mut self, literal: &mut String, parts: &mut Vec<Part<'t>>) -> Option<bool> {
        for (escaped, plain) in [("$${", "${"), ("%%{", "%{")] {
            if self.take(escaped) {
                literal.push_str(plain);
                return Some(true);
            }
        }
        if self.rest().starts_with("%{") {
            return None;
        }
        if !self.take("${") {
            return Some(false);
        }
        let _ = self.take("~");
        parts.push(Part::Literal(std::mem::take(literal)));
        let value = self.expression(Lines::Continue);
        self.skip(Lines::Continue);
        let _ = self.take("~");
        parts.push(Part::Interpolation(value));
        self.take("}").then_some(true)
    }

    /// The content of a heredoc, and the end of its closing delimiter.
    fn heredoc_bounds(&self) -> Option<(Span, usize)> {
        let content = self.rest().strip_prefix("<<-").or_else(|| self.rest().strip_prefix("<<"))?;
        let (delimiter, _) = content.split_once('\n')?;
        let body = self.at + self.rest().find('\n')? + 1;
        let delimiter = delimiter.trim();
        if delimiter.is_empty() {
            return None;
        }
        let mut end = body;
        for line in self.text[body..].split_inclusive('\n') {
            if line.trim() == delimiter {
                let close = end + line.find(delimiter)? + delimiter.len();
                return Some((Span::new(body, end), close));
            }
            end += line.len();
        }
        None
    }

    fn heredoc(&mut self) -> Option<Kind<'t>> {
        let (Span { start: body, end }, close) = self.heredoc_bounds()?;
        self.at = body;
        let mut parts = Vec::new();
        let mut literal = String::new();
        while self.at < end {
            let char = self.peek()?;
            if self.interpolation(&mut literal, &mut parts)? {
                continue;
            }
            literal.push(char);
            self.at += char.len_utf8();
        }
        if self.at > end {
            return None;
        }
        self.at = close;
        Some(finished(parts, literal))
    }
}
