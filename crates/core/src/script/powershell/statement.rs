//! Conditions, loops, functions and error handling.

use super::{Failure, Reader, command, literal, own_variable};
use crate::{
    script::{ExecutionContext, Output, Word},
    text::Span,
};

impl<'t> Reader<'t> {
    /// The letters of a keyword or name at the current place.
    fn letters(&self) -> &'t str {
        let rest = self.rest();
        &rest[..rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len())]
    }

    pub(super) fn statement(&mut self, context: ExecutionContext) -> Result<(), Failure> {
        let keyword = self.letters();
        let after = self.rest().as_bytes().get(keyword.len()).copied();
        let is_keyword = matches!(after, None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'(' | b'{'));
        let branch = ExecutionContext { conditional: true, ..context };
        match keyword.to_ascii_lowercase().as_str() {
            _ if !is_keyword => self.pipeline(context),
            "if" | "elseif" | "while" | "until" | "switch" => {
                self.at += keyword.len();
                self.condition(context)?;
                self.block(branch)
            }
            "foreach" | "for" => {
                self.at += keyword.len();
                self.loop_head(context)?;
                self.block(branch)
            }
            "else" | "function" | "filter" | "catch" => {
                self.at += keyword.len();
                self.heading();
                self.block(branch)
            }
            "try" | "finally" | "do" => {
                self.at += keyword.len();
                self.block(context)
            }
            _ => self.pipeline(context),
        }
    }

    /// `{ … }`, also on the next line. `until (…)` after `do` has none.
    fn block(&mut self, context: ExecutionContext) -> Result<(), Failure> {
        let before = self.at;
        self.skip_lines();
        // `else if` is an `if` in the place of the block.
        if self.letters().eq_ignore_ascii_case("if") {
            return self.deeper(|reader| reader.statement(context));
        }
        if self.eat("{") {
            return self.statements("}", context);
        }
        self.at = before;
        Ok(())
    }

    /// The name and parameters of a function, the types of a `catch`.
    fn heading(&mut self) {
        let rest = self.rest();
        let end = rest.find(['{', '\n']).unwrap_or(rest.len());
        if !self.letters_after_blank("if") {
            self.at += end;
        }
    }

    fn letters_after_blank(&self, word: &str) -> bool {
        let rest = self.rest().trim_start();
        rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    }

    /// `(…)` of an `if` or a loop. What it reads counts as tested.
    fn condition(&mut self, context: ExecutionContext) -> Result<(), Failure> {
        self.skip_blanks();
        let start = self.at;
        if !self.eat("(") {
            return Err(Failure::Unexpected);
        }
        let first = self.commands.len();
        self.statements(")", ExecutionContext { output: Output::Capture, ..context })?;
        let span = Span::new(start, self.at);
        for command in &mut self.commands[first..] {
            // A value is compared, not printed.
            if let [name, ..] = command.words.as_mut_slice()
                && name.literal().as_deref() == Some("echo")
                && command.context.output == Output::Capture
            {
                *name = literal("test", name.span);
            }
        }
        if first == self.commands.len() {
            self.commands.push(command(span, vec![literal("test", span)], context));
        }
        Ok(())
    }

    /// `($name in …)`, or the three parts of a `for`.
    fn loop_head(&mut self, context: ExecutionContext) -> Result<(), Failure> {
        self.skip_blanks();
        let start = self.at;
        let rest = self.rest();
        let name = rest.strip_prefix('(').map(str::trim_start).and_then(|rest| rest.strip_prefix('$'));
        let name =
            name.and_then(|rest| rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next());
        let is_foreach = name.is_some_and(|name| {
            let after = rest.split_once(name).map_or("", |(_, after)| after.trim_start());
            !name.is_empty() && after.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("in "))
        });
        let (Some(name), true) = (name, is_foreach) else { return self.condition(context) };
        let mut parts = self.opaque_group("(", ")")?;
        // The loop's variable is set, not read.
        if !parts.is_empty() {
            parts.remove(0);
        }
        let span = Span::new(start, self.at);
        let words = vec![literal("for", span), literal(&own_variable(name), span), Word { span, parts }];
        self.commands.push(command(span, words, context));
        Ok(())
    }
}
