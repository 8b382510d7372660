use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// A key or token in the file, recognized by its format.
    ///
    /// Everyone who can read the repository, now or in the future, can use it, and deleting the line does not remove it
    /// from the history. Revoke it first, then store its replacement as a secured variable or, for AWS, use a role
    /// instead.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - ./publish.sh --key AKIAQWERTYUIOPASDFGH
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///           - aws s3 ls
    /// ```
    static RULE: "secret-in-file", Error, check, explained_by ["stored-keys"]
}

/// The format of a secret.
struct Shape {
    name: &'static str,
    prefix: &'static str,
    /// Minimum number of characters after the prefix.
    length: usize,
    /// Whether a character is allowed after the prefix.
    body: fn(u8) -> bool,
}

const fn shape(name: &'static str, prefix: &'static str, length: usize, body: fn(u8) -> bool) -> Shape {
    Shape { name, prefix, length, body }
}

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte) || byte.is_ascii_digit()
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn token(byte: u8) -> bool {
    word(byte) || matches!(byte, b'=' | b'.' | b'+' | b'/')
}

/// Formats as their issuers document them.
const SHAPES: [Shape; 12] = [
    shape("AWS access key ID", "AKIA", 16, upper),
    shape("AWS session key ID", "ASIA", 16, upper),
    shape("Bitbucket app password", "ATBB", 28, word),
    shape("Atlassian API token", "ATATT3x", 100, token),
    shape("Bitbucket access token", "ATCTT3x", 100, token),
    shape("GitHub token", "ghp_", 36, word),
    shape("GitHub token", "github_pat_", 60, word),
    shape("GitLab token", "glpat-", 20, word),
    shape("npm token", "npm_", 36, |byte| byte.is_ascii_alphanumeric()),
    shape("Slack token", "xoxb-", 40, word),
    shape("Slack webhook", "https://hooks.slack.com/services/T", 40, token),
    shape("Docker Hub token", "dckr_pat_", 24, word),
];

/// Whether a shape begins with a byte.
const BEGINS: [bool; 256] = {
    let mut begins = [false; 256];
    let mut index = 0;
    while index < SHAPES.len() {
        begins[SHAPES[index].prefix.as_bytes()[0] as usize] = true;
        index += 1;
    }
    begins
};

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let text = file.source.text();
    // One pass over the starts of words: a search for each prefix would take longer than most other rules together.
    let mut before = b' ';
    for (at, byte) in text.bytes().enumerate() {
        let in_word = std::mem::replace(&mut before, byte).is_ascii_alphanumeric();
        if !BEGINS[usize::from(byte)] || in_word {
            continue;
        }
        let starts = |shape: &&Shape| text[at..].starts_with(shape.prefix);
        for shape in SHAPES.iter().filter(starts) {
            let rest = &text.as_bytes()[at + shape.prefix.len()..];
            let length = rest.iter().take_while(|byte| (shape.body)(**byte)).count();
            let bounded = shape.prefix != "AKIA" && shape.prefix != "ASIA" || length == shape.length;
            let end = at + shape.prefix.len() + length;
            let documented = text[at..end].ends_with("EXAMPLE");
            if length < shape.length || !bounded || documented {
                continue;
            }
            report(shape.name, Span::new(at, end), findings);
        }
    }
    for (at, opening) in text.match_indices("-----BEGIN ") {
        let line = text[at + opening.len()..].lines().next().unwrap_or_default();
        if let Some((kind, _)) = line.split_once("PRIVATE KEY-----") {
            let length = opening.len() + kind.len() + "PRIVATE KEY-----".len();
            report("private key", Span::new(at, at + length), findings);
        }
    }
    for (_, facts) in file.steps() {
        for binding in facts.bindings.iter().filter(|binding| binding.name.ends_with("SECRET_ACCESS_KEY")) {
            let secret = |text: &str| text.len() == 40 && text.bytes().all(|byte| token(byte) && byte != b'.');
            if binding.value.literal().is_some_and(|text| secret(text) && !text.contains("EXAMPLE")) {
                report("AWS secret access key", binding.span, findings);
            }
        }
    }
}

fn report(name: &str, span: Span, findings: &mut Findings<'_>) {
    let article = if name.starts_with(['A', 'n']) { "an" } else { "a" };
    findings
        .report(span, format!("the file contains {article} {name}"))
        .help("revoke it: deleting the line does not remove it from the history");
}
