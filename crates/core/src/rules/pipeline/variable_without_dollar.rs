use std::collections::HashSet;

use crate::{
    analysis::{Analysis, steps::Started},
    facts,
    pipeline::Language,
    rules::{Findings, rule},
    script::{Part, Word},
    text::Span,
};

rule! {
    /// The name of a variable where its value is meant.
    ///
    /// Without `$` a name is a literal string: `ssh deploy@SERVER_IP` connects to a host called `SERVER_IP`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - scp app.jar "deploy@$SERVER_IP:/srv/app.jar"
    ///             - ssh deploy@SERVER_IP systemctl restart app
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - scp app.jar "deploy@$SERVER_IP:/srv/app.jar"
    ///             - ssh "deploy@$SERVER_IP" systemctl restart app
    /// ```
    ///
    /// Reported are names of variables that Bitbucket sets or that the file sets or reads elsewhere, in places that hold a
    /// host, a bucket or a path: after `@` or `://`, as the host of `ssh` and `scp`, as the value of an option.
    static RULE: "variable-without-dollar", Hint, check
}

/// Programs that print their arguments, or take names of variables.
const TAKE_NAMES: [&str; 26] = [
    "echo", "printf", "export", "unset", "env", "printenv", "declare", "typeset", "readonly", "local", "read", "test",
    "[", "[[", "for", "case", "grep", "egrep", "rg", "sed", "awk", "perl", "envsubst", "jq", "yq", "make",
];

/// Programs whose first arguments are hosts.
const TAKE_HOSTS: [&str; 9] = ["ssh", "scp", "sftp", "rsync", "ssh-keyscan", "ping", "nc", "telnet", "sshpass"];

/// Programs whose options take values.
const TAKE_VALUES: [&str; 14] = [
    "aws",
    "az",
    "gcloud",
    "cdk",
    "sam",
    "eb",
    "curl",
    "mysql",
    "mysqldump",
    "psql",
    "pg_dump",
    "redis-cli",
    "ssh",
    "lftp",
];

/// Options whose value may be the name of something that is called like a variable.
const NAMING_OPTIONS: [&str; 14] = [
    "--name",
    "--names",
    "--secret-id",
    "--key-id",
    "--profile",
    "-e",
    "--env",
    "--header",
    "-H",
    "--data",
    "-d",
    "--tags",
    "--build-arg",
    "--secret",
];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let reads = file.steps().flat_map(|(_, facts)| &facts.reads);
    let bindings = file.steps().flat_map(|(_, facts)| &facts.bindings).map(|binding| binding.name.as_str());
    let read: HashSet<&str> =
        reads.map(|read| read.name.as_str()).chain(bindings).filter(|name| is_constant(name)).collect();
    let known = |name: &str| {
        is_constant(name)
            && (read.contains(name) || name.starts_with("BITBUCKET_") && facts::availability(name).is_some())
    };
    let mut reported: HashSet<Span> = HashSet::new();
    file.each_program(&mut |Started { step, section, invocation, .. }| {
        let program = invocation.program.as_ref();
        if TAKE_NAMES.contains(&program) || file.model.script_language(step) == Language::PowerShell {
            return;
        }
        let mut option = "";
        for word in invocation.arguments {
            let place = Place {
                host: TAKE_HOSTS.contains(&program),
                value: TAKE_VALUES.contains(&program) && option.starts_with('-') && !NAMING_OPTIONS.contains(&option),
            };
            let names = NAMING_OPTIONS.contains(&std::mem::replace(&mut option, word.prefix()));
            if names {
                continue;
            }
            if let Some(name) = place.name(word, &known) {
                let span = section.place(word.span);
                let at = file.source.slice(span).find(&name).map_or(span.start, |at| span.start + at);
                let span = Span::new(at, at + name.len());
                if file.source.slice(span) == name && reported.insert(span) {
                    findings
                        .report(span, format!("`{name}` is a literal string here, not the value of the variable"))
                        .help(format!("use `${name}`"));
                }
            }
        }
    });
}

/// Whether a name is written as those of variables usually are, and long enough not to be a word.
fn is_constant(name: &str) -> bool {
    name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What an argument may be.
struct Place {
    /// A host.
    host: bool,
    /// The value of an option.
    value: bool,
}

impl Place {
    /// The variable that a word names where a value belongs.
    fn name(&self, word: &Word, known: &dyn Fn(&str) -> bool) -> Option<String> {
        word.parts.iter().enumerate().find_map(|(index, part)| {
            let Part::Text { text, .. } = part else { return None };
            // `$env:NAME` is PowerShell.
            let before = index.checked_sub(1).and_then(|before| word.parts.get(before));
            let drive = matches!(before, Some(Part::Variable(_))) && text.starts_with(':');
            if drive || text.to_ascii_lowercase().contains("$env:") {
                return None;
            }
            let mut rest = 0;
            for token in text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
                let start = rest;
                rest = start + token.len() + text[start + token.len()..].chars().next().map_or(0, char::len_utf8);
                if !known(token) {
                    continue;
                }
                let (before, after) = (&text[..start], &text[start + token.len()..]);
                let whole = word.parts.len() == 1 && before.is_empty();
                let bordered = before.ends_with(['/', ':']) || index > 0 || after.starts_with('/');
                let fits = before.ends_with('@')
                    || before.ends_with("://")
                    || before.ends_with(':') && token.contains('_')
                    || self.host && whole && (after.is_empty() || after.starts_with(':'))
                    || self.value && whole && after.is_empty() && token.contains('_')
                    || token.starts_with("BITBUCKET_") && bordered;
                if fits && !after.starts_with(['=', '}', '%']) && !before.ends_with(['$', '{', '%']) {
                    return Some(token.to_owned());
                }
            }
            None
        })
    }
}
