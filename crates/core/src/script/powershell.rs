//! PowerShell, which runs the scripts of Windows runners, and the argument of `pwsh -Command`.
//!
//! It is read into the shell's vocabulary, so that what follows commands need not know which language they were written
//! in:
//!
//! - `$env:NAME` is the variable `NAME`. PowerShell's own variables live apart from the environment; `$name` becomes
//!   `variable:name`, which is PowerShell's long form and no shell variable can be called.
//! - `$env:NAME = value` is `export NAME=value`.
//! - Cmdlets that print, write files or change the directory get the shell's name: `Write-Host` is `echo`, `Set-Content`
//!   is `echo` with a redirection, `Out-File` behind a pipe is `cat` with one ([`cmdlets`]). A value alone on its line is
//!   printed, as by `echo`.
//! - Every other program keeps its name, without `.exe`.
//!
//! Expressions are not computed: `+`, `-f` and `-join` keep the values they join, whatever else is done to a value makes
//! it unknown. A line that cannot be read goes to [`Script::unparsed`].
//!
//! Sources: `about_Variables`, `about_Quoting_Rules`, `about_Pipelines`, `about_Redirection`, `about_Environment_Variables` in
//! <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/>.

mod cmdlets;
mod expression;
mod statement;
mod word;

use super::{
    Command, ExecutionContext, Invocation, OnFailure, Output, Part, Redirection, RedirectionKind, Script, Word, join,
};
use crate::text::Span;

/// What the names of PowerShell's own variables begin with.
pub const POWERSHELL_SCOPE: &str = "variable:";

/// How deep blocks, groups and subexpressions may nest.
const MAX_DEPTH: usize = 48;

/// Programs that are PowerShell.
const SHELLS: [&str; 4] = ["pwsh", "powershell", "pwsh.exe", "powershell.exe"];

impl Script {
    /// Parses the items of a `script` list as PowerShell. An item that is not a command is passed as an empty text.
    ///
    /// Time and memory grow with the length of the text.
    pub fn parse_powershell<'t>(items: impl IntoIterator<Item = &'t str>) -> Self {
        let (text, item_starts) = join(items);
        let ends = item_starts.iter().skip(1).map(|start| start - 1).chain([text.len()]);
        let mut reader = Reader { text: &text, at: 0, end: 0, depth: 0, commands: Vec::new() };
        let mut unparsed = Vec::new();
        for (&start, end) in item_starts.iter().zip(ends) {
            (reader.at, reader.end) = (start, end);
            reader.item(ExecutionContext::default(), &mut unparsed);
        }
        let commands = reader.commands;
        Self { commands, unparsed, text, item_starts }
    }
}

impl Invocation<'_> {
    /// The script in `pwsh -Command SCRIPT`, also with `-c`, or without an option, which Windows PowerShell takes as one.
    pub fn inline_powershell(&self) -> Option<&Word> {
        if !SHELLS.contains(&self.program.to_ascii_lowercase().as_str()) {
            return None;
        }
        let mut words = self.arguments.iter();
        while let Some(word) = words.next() {
            let option = word.prefix().to_ascii_lowercase();
            match option.as_str() {
                "-c" | "-command" => return words.next(),
                "-file" | "-f" | "-encodedcommand" | "-e" | "-ec" => return None,
                // These take a value.
                "-executionpolicy" | "-ep" | "-ex" | "-workingdirectory" | "-wd" | "-configurationname"
                | "-version" => {
                    words.next();
                }
                _ if option.starts_with('-') => {}
                _ => return self.program.to_ascii_lowercase().starts_with("powershell").then_some(word),
            }
        }
        None
    }
}

/// Reads the script of `pwsh -Command 'script'`, a part of a shell script, and adds its commands to those before it. What
/// cannot be read is ignored.
pub(super) fn inline(text: &str, script: Span, context: ExecutionContext, commands: Vec<Command>) -> Vec<Command> {
    let mut reader = Reader { text, at: script.start, end: script.end, depth: 0, commands };
    reader.item(context, &mut Vec::new());
    reader.commands
}

/// Why a statement could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// A string or group does not end in the item.
    Unterminated,
    /// Nested past [`MAX_DEPTH`].
    TooDeep,
    /// Anything else.
    Unexpected,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// Where the item ends.
    end: usize,
    depth: usize,
    commands: Vec<Command>,
}

impl<'t> Reader<'t> {
    fn item(&mut self, context: ExecutionContext, unparsed: &mut Vec<Span>) {
        loop {
            self.skip_separators();
            if self.at >= self.end {
                return;
            }
            let (start, known) = (self.at, self.commands.len());
            let Err(failure) = self.statement(context) else { continue };
            self.commands.truncate(known);
            self.depth = 0;
            // What does not end, or nests too deeply, would be met again at every line; looking for it there would take the
            // square of the item's length.
            let rest = &self.text[start..self.end];
            let line_end = rest.find('\n').map_or(self.end, |at| start + at);
            let end = if failure == Failure::Unexpected { line_end } else { self.end };
            unparsed.push(Span::new(start, end));
            self.at = end;
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().bytes().next()
    }

    fn eat(&mut self, text: &str) -> bool {
        let eats = self.rest().starts_with(text);
        if eats {
            self.at += text.len();
        }
        eats
    }

    /// Whether what follows continues the line in the next one.
    fn line_continues(&self) -> bool {
        let rest = self.rest();
        rest.starts_with("`\n") || rest.starts_with("`\r\n")
    }

    /// Skips blanks, continued lines and comments, up to the end of the line.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\u{a0}']).len();
            self.at += blanks;
            let rest = &rest[blanks..];
            if rest.starts_with("`\n") || rest.starts_with("`\r\n") {
                self.at += if rest.starts_with("`\n") { 2 } else { 3 };
            } else if rest.starts_with("<#") {
                self.at += rest.find("#>").map_or(rest.len(), |at| at + 2);
            } else if rest.starts_with('#') {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if blanks == 0 {
                return;
            }
        }
    }

    /// Skips blanks, line breaks and `;`.
    fn skip_separators(&mut self) {
        loop {
            self.skip_blanks();
            if !self.eat("\n") && !self.eat(";") {
                return;
            }
        }
    }

    fn skip_lines(&mut self) {
        loop {
            self.skip_blanks();
            if !self.eat("\n") {
                return;
            }
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        if self.depth == MAX_DEPTH {
            return Err(Failure::TooDeep);
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Statements up to a closing bracket, which is taken.
    fn statements(&mut self, close: &str, context: ExecutionContext) -> Result<(), Failure> {
        self.deeper(|reader| {
            loop {
                reader.skip_separators();
                if reader.eat(close) {
                    return Ok(());
                }
                if reader.at >= reader.end {
                    return Err(Failure::Unterminated);
                }
                reader.statement(context)?;
            }
        })
    }

    /// `a | b`, `a && b`, `a || b`
    fn pipeline(&mut self, context: ExecutionContext) -> Result<(), Failure> {
        let mut context = context;
        let mut piped_from: Option<usize> = None;
        loop {
            self.skip_blanks();
            let index = self.element(context, piped_from.is_some())?;
            if let (Some(from), Some(to)) = (piped_from, index)
                && let Some(command) = self.commands.get_mut(from)
            {
                command.context.output = Output::Pipe(to);
            }
            self.skip_blanks();
            if self.eat("&&") {
                piped_from = None;
            } else if self.eat("||") {
                context.conditional = true;
                piped_from = None;
            } else if self.eat("|") {
                piped_from = index;
            } else {
                // In the background.
                self.eat("&");
                return match self.peek() {
                    None | Some(b'\n' | b';' | b'}' | b')') => Ok(()),
                    Some(_) => Err(Failure::Unexpected),
                };
            }
            self.skip_lines();
        }
    }

    /// One part of a pipeline. Returns the number of the command that it became.
    fn element(&mut self, context: ExecutionContext, piped: bool) -> Result<Option<usize>, Failure> {
        match self.peek() {
            None | Some(b'}' | b')' | b'|' | b';' | b'\n') => Err(Failure::Unexpected),
            Some(b'&') => {
                self.at += 1;
                self.skip_blanks();
                self.call(context, piped).map(Some)
            }
            Some(b'$' | b'"' | b'\'' | b'@' | b'(' | b'[' | b'!' | b'+' | b',' | b'-' | b'0'..=b'9') => {
                self.expression(context).map(Some)
            }
            Some(b'{') => {
                self.at += 1;
                self.statements("}", ExecutionContext { conditional: true, ..context })?;
                Ok(None)
            }
            Some(_) => self.call(context, piped).map(Some),
        }
    }

    /// A command with its arguments.
    fn call(&mut self, context: ExecutionContext, piped: bool) -> Result<usize, Failure> {
        let start = self.at;
        let mut words = Vec::new();
        let mut redirections = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None | Some(b'\n' | b';' | b'|' | b'&' | b')' | b'}') => break,
                Some(_) => {}
            }
            if let Some(redirection) = self.redirection()? {
                redirections.push(redirection);
            } else {
                let before = self.at;
                words.push(self.argument()?);
                if self.at == before {
                    return Err(Failure::Unexpected);
                }
            }
        }
        let last = words.last().map(|word: &Word| word.span).into_iter();
        let last = last.chain(redirections.last().map(|redirection: &Redirection| redirection.span));
        let span = Span::new(start, last.map(|span| span.end).max().unwrap_or(start));
        let mut call = command(span, words, context);
        call.redirections = redirections;
        let script = self.inline_script(&call);
        self.commands.push(cmdlets::in_shell_terms(call, piped));
        let index = self.commands.len() - 1;
        if let Some(script) = script {
            self.inline(script, context);
        }
        Ok(index)
    }

    /// The quoted script of `powershell -Command "script"`. Between double quotes the variables are expanded before it
    /// runs, which prints and passes on the same values.
    fn inline_script(&self, call: &Command) -> Option<Span> {
        let span = call.invocation()?.inline_powershell()?.span;
        let inside = Span::new(span.start + 1, span.end.checked_sub(1)?);
        let (text, quoted) = (self.text.get(inside.start..inside.end)?, self.text.get(span.start..span.end)?);
        let plain = match quoted.as_bytes() {
            [b'\'', .., b'\''] => !text.contains('\''),
            [b'"', .., b'"'] => !text.contains(['"', '`']),
            _ => false,
        };
        plain.then_some(inside)
    }

    /// Reads a script inside another one, whose variables are its own. What cannot be read is ignored.
    fn inline(&mut self, script: Span, context: ExecutionContext) {
        let (at, end, known) = (self.at, self.end, self.commands.len());
        let inside = ExecutionContext { subshell: true, ..context };
        (self.at, self.end) = (script.start, script.end);
        let read = self.deeper(|reader| {
            loop {
                reader.skip_separators();
                if reader.at >= reader.end {
                    return Ok(());
                }
                reader.statement(inside)?;
            }
        });
        if read.is_err() {
            self.commands.truncate(known);
        }
        (self.at, self.end) = (at, end);
    }

    /// `> file`, `2>&1`, `*>> file`
    fn redirection(&mut self) -> Result<Option<Redirection>, Failure> {
        let start = self.at;
        let rest = self.rest();
        let stream = rest.bytes().next().filter(|byte| byte.is_ascii_digit() || *byte == b'*');
        let Some(after) = rest[usize::from(stream.is_some())..].strip_prefix('>') else { return Ok(None) };
        let (append, after) = after.strip_prefix('>').map_or((false, after), |after| (true, after));
        self.at = self.end - after.len();
        if self.eat("&") {
            let digit =
                Span::new(self.at, self.at + usize::from(self.peek().is_some_and(|byte| byte.is_ascii_digit())));
            self.at = digit.end;
            let target = literal(&self.text[digit.start..digit.end], digit);
            let descriptor = descriptor(stream);
            let span = Span::new(start, self.at);
            return Ok(Some(Redirection { span, kind: RedirectionKind::Duplicate, descriptor, target }));
        }
        self.skip_blanks();
        let target = slashed(self.argument()?);
        let kind = match (stream, append) {
            (Some(b'*'), _) => RedirectionKind::OutputAndErrors,
            (_, true) => RedirectionKind::Append,
            (_, false) => RedirectionKind::Output,
        };
        let span = Span::new(start, self.at);
        Ok(Some(Redirection { span, kind, descriptor: descriptor(stream), target }))
    }
}

/// Streams 1 and 2 are those of the shell; 3 to 6 are warnings and the like.
fn descriptor(stream: Option<u8>) -> u32 {
    match stream {
        Some(digit @ b'0'..=b'9') => u32::from(digit - b'0'),
        _ => 1,
    }
}

fn command(span: Span, words: Vec<Word>, context: ExecutionContext) -> Command {
    let on_failure = OnFailure::Exits;
    Command { span, assignments: Vec::new(), words, redirections: Vec::new(), context, on_failure }
}

fn literal(text: &str, span: Span) -> Word {
    Word { span, parts: vec![Part::Text { text: text.to_owned(), quoted: true }] }
}

/// The name of one of PowerShell's own variables, which do not depend on letter case.
fn own_variable(name: &str) -> String {
    format!("{POWERSHELL_SCOPE}{}", name.to_ascii_lowercase())
}

/// A path with `/` between its parts, which Windows takes too.
fn slashed(mut word: Word) -> Word {
    for part in &mut word.parts {
        if let Part::Text { text, .. } = part {
            *text = text.replace('\\', "/");
        }
    }
    word
}

#[cfg(test)]
mod tests;
