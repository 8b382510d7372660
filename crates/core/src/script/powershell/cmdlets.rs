//! Cmdlets that do what a program of the shell does.

use super::{literal, slashed};
use crate::script::{Command, Part, Redirection, RedirectionKind, Word};

/// What a cmdlet is in the shell's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// `echo`
    Print,
    /// `echo value > path`; behind a pipe `cat > path`.
    WriteFile {
        /// Whether it appends without being told to.
        append: bool,
    },
    /// The same with the file first: the value comes from the pipe.
    OutFile,
    /// `tee path`
    Tee,
    /// A program with paths as arguments.
    Program(&'static str),
    /// What passes its input on.
    Filter,
    /// `unset NAME` where it is given `Env:NAME`.
    Remove,
    /// `export NAME=value` where it is given `Env:NAME`.
    SetItem,
    /// The whole environment where it is given `Env:`.
    List,
    /// `eval`
    Evaluate,
}

/// By name and alias, in lower case
/// (<https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_aliases>).
const CMDLETS: [(&str, Meaning); 58] = {
    use Meaning::{Evaluate, Filter, List, OutFile, Print, Program, Remove, SetItem, Tee, WriteFile};
    [
        ("write-host", Print),
        ("write-output", Print),
        ("write-information", Print),
        ("write-warning", Print),
        ("write-error", Print),
        ("echo", Print),
        ("write", Print),
        ("set-content", WriteFile { append: false }),
        ("sc", WriteFile { append: false }),
        ("add-content", WriteFile { append: true }),
        ("ac", WriteFile { append: true }),
        ("out-file", OutFile),
        ("tee-object", Tee),
        ("tee", Tee),
        ("get-content", Program("cat")),
        ("gc", Program("cat")),
        ("type", Program("cat")),
        ("cat", Program("cat")),
        ("set-location", Program("cd")),
        ("sl", Program("cd")),
        ("chdir", Program("cd")),
        ("cd", Program("cd")),
        ("push-location", Program("pushd")),
        ("pushd", Program("pushd")),
        ("pop-location", Program("popd")),
        ("popd", Program("popd")),
        ("copy-item", Program("cp")),
        ("cpi", Program("cp")),
        ("copy", Program("cp")),
        ("cp", Program("cp")),
        ("move-item", Program("mv")),
        ("mi", Program("mv")),
        ("move", Program("mv")),
        ("mv", Program("mv")),
        ("out-host", Filter),
        ("out-default", Filter),
        ("out-string", Filter),
        ("format-list", Filter),
        ("fl", Filter),
        ("format-table", Filter),
        ("ft", Filter),
        ("sort-object", Program("sort")),
        ("sort", Program("sort")),
        ("remove-item", Remove),
        ("ri", Remove),
        ("rm", Remove),
        ("del", Remove),
        ("set-item", SetItem),
        ("si", SetItem),
        ("new-item", SetItem),
        ("ni", SetItem),
        ("get-childitem", List),
        ("gci", List),
        ("dir", List),
        ("ls", List),
        ("get-item", List),
        ("invoke-expression", Evaluate),
        ("iex", Evaluate),
    ]
};

/// Parameters without a value.
const SWITCHES: [&str; 9] =
    ["-nonewline", "-force", "-append", "-passthru", "-recurse", "-noclobber", "-noenumerate", "-raw", "-asbytestream"];

/// A command with the shell's name for what it does, or without `.exe`.
pub(super) fn in_shell_terms(mut command: Command, piped: bool) -> Command {
    let Some(name) = command.words.first().and_then(Word::to_literal) else { return command };
    let lower = name.to_ascii_lowercase();
    let Some((_, meaning)) = CMDLETS.iter().find(|(cmdlet, _)| *cmdlet == lower) else {
        program(&mut command, &name);
        return command;
    };
    let name_span = command.words[0].span;
    let mut arguments = Arguments::of(&command.words[1..]);
    let rename = |name: &str, words: Vec<Word>, command: &mut Command| {
        command.words = std::iter::once(literal(name, name_span)).chain(words).collect();
    };
    match *meaning {
        Meaning::Print => {
            let value = arguments.named(&["-object", "-inputobject", "-message", "-messagedata"]);
            let words = value.into_iter().chain(arguments.positional).collect::<Vec<_>>();
            // Without arguments it prints what comes through the pipe.
            rename(if words.is_empty() && piped { "cat" } else { "echo" }, words, &mut command);
        }
        Meaning::WriteFile { append } => {
            let path = arguments.named(&["-path", "-literalpath"]).or_else(|| arguments.next());
            let value = arguments.named(&["-value"]).or_else(|| arguments.next());
            let Some(path) = path else { return command };
            rename(if value.is_some() { "echo" } else { "cat" }, value.into_iter().collect(), &mut command);
            command.redirections.push(write(path, append));
        }
        Meaning::OutFile => {
            let path = arguments.named(&["-filepath", "-path", "-literalpath"]).or_else(|| arguments.next());
            let value = arguments.named(&["-inputobject"]);
            let Some(path) = path else { return command };
            rename(if value.is_some() { "echo" } else { "cat" }, value.into_iter().collect(), &mut command);
            command.redirections.push(write(path, arguments.switch("-append")));
        }
        Meaning::Tee => {
            let path = arguments.named(&["-filepath", "-literalpath"]).or_else(|| arguments.next());
            rename("tee", path.map(slashed).into_iter().collect(), &mut command);
        }
        Meaning::Program("cat")
            if arguments.positional.first().is_some_and(|path| environment_variable(path).is_some()) =>
        {
            let name = arguments.next().and_then(|path| environment_variable(&path)).unwrap_or_default();
            let word = literal(&name, command.span);
            rename("printenv", vec![word], &mut command);
        }
        Meaning::Program(program) => {
            let paths = [arguments.named(&["-path", "-literalpath"]), arguments.named(&["-destination"])];
            let words = paths.into_iter().flatten().chain(arguments.positional).map(slashed).collect();
            rename(program, words, &mut command);
        }
        Meaning::Filter => rename("cat", Vec::new(), &mut command),
        Meaning::Remove => {
            let variable = arguments.item().and_then(|path| environment_variable(&path));
            if let Some(variable) = variable {
                let word = literal(&variable, command.span);
                rename("unset", vec![word], &mut command);
            }
        }
        Meaning::SetItem => {
            let variable = arguments.item().and_then(|path| environment_variable(&path));
            let value = arguments.named(&["-value"]).or_else(|| arguments.next());
            if let (Some(variable), Some(value)) = (variable, value) {
                let mut parts = vec![Part::Text { text: format!("{variable}="), quoted: false }];
                parts.extend(value.parts);
                rename("export", vec![Word { span: command.span, parts }], &mut command);
            }
        }
        Meaning::List => {
            let path = arguments.item();
            let variable = path.as_ref().and_then(environment_variable);
            let path = path.and_then(|path| path.to_literal()).unwrap_or_default().to_ascii_lowercase();
            if let Some(variable) = variable {
                let word = literal(&variable, command.span);
                rename("printenv", vec![word], &mut command);
            } else if matches!(
                path.as_str(),
                "env:" | "env:*" | "env:bitbucket*" | "env:bitbucket_*" | "env:\\" | "env:/"
            ) {
                rename("printenv", Vec::new(), &mut command);
            }
        }
        Meaning::Evaluate => {
            let code = arguments.named(&["-command"]).or_else(|| arguments.next());
            rename("eval", code.into_iter().collect(), &mut command);
        }
    }
    command
}

/// A program's name as the shell has it: `.\tools\aws.exe` → `./tools/aws`.
fn program(command: &mut Command, name: &str) {
    let path = name.replace('\\', "/");
    let lower = path.to_ascii_lowercase();
    let extension = [".exe", ".cmd", ".bat"].iter().find(|extension| lower.ends_with(**extension));
    let stem = &path[..path.len() - extension.map_or(0, |extension| extension.len())];
    if let Some(word) = command.words.first_mut()
        && stem != name
    {
        *word = literal(stem, word.span);
    }
}

fn write(path: Word, append: bool) -> Redirection {
    let kind = if append { RedirectionKind::Append } else { RedirectionKind::Output };
    Redirection { span: path.span, kind, descriptor: 1, target: slashed(path) }
}

/// `NAME` in `Env:NAME` or `Env:\NAME`.
fn environment_variable(path: &Word) -> Option<String> {
    let path = path.literal()?;
    let name = path.get(..4).filter(|drive| drive.eq_ignore_ascii_case("env:")).and(path.get(4..))?;
    let name = name.trim_start_matches(['\\', '/']);
    crate::script::is_name(name).then(|| name.to_owned())
}

/// A cmdlet's arguments.
struct Arguments {
    named: Vec<(String, Word)>,
    switches: Vec<String>,
    positional: Vec<Word>,
}

impl Arguments {
    fn of(words: &[Word]) -> Self {
        let mut arguments = Self { named: Vec::new(), switches: Vec::new(), positional: Vec::new() };
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let parameter = parameter(word);
            let Some(parameter) = parameter else {
                arguments.positional.push(word.clone());
                continue;
            };
            let takes_value = !SWITCHES.contains(&parameter.as_str());
            match words.next_if(|next| takes_value && self::parameter(next).is_none()) {
                Some(value) => arguments.named.push((parameter, value.clone())),
                None => arguments.switches.push(parameter),
            }
        }
        arguments
    }

    /// The value of the first of some parameters, which may be abbreviated.
    fn named(&mut self, names: &[&str]) -> Option<Word> {
        let fits = |given: &str| given.len() > 1 && names.iter().any(|name| name.starts_with(given));
        let index = self.named.iter().position(|(given, _)| fits(given))?;
        Some(self.named.remove(index).1)
    }

    fn switch(&self, name: &str) -> bool {
        self.switches.iter().any(|given| given == name)
    }

    /// The next argument without a name.
    fn next(&mut self) -> Option<Word> {
        if self.positional.is_empty() { None } else { Some(self.positional.remove(0)) }
    }

    /// The path of an item.
    fn item(&mut self) -> Option<Word> {
        self.named(&["-path", "-literalpath", "-name"]).or_else(|| self.next())
    }
}

/// `-Name`, in lower case.
fn parameter(word: &Word) -> Option<String> {
    match word.parts.as_slice() {
        [Part::Text { text, quoted: false }] if text.starts_with('-') => {
            let letter = text.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic);
            letter.then(|| text.to_ascii_lowercase())
        }
        _ => None,
    }
}
