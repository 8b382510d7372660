use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety, Severity},
    facts::{self, AWS_VARIABLES, DEFAULTS},
    rules::{Findings, rule},
    settings::Known,
    spelling,
    text::Span,
};

rule! {
    /// A variable whose name is almost the name of one that AWS tools read or Bitbucket sets.
    ///
    /// AWS tools ignore a variable whose name they do not know, and a variable that nobody sets is empty. The step then
    /// runs without credentials, or with an empty value.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_WEB_IDENTITY_ROLE_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > /tmp/web-identity-token
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > /tmp/web-identity-token
    /// ```
    ///
    /// `AWS_WEB_IDENTITY_ROLE_FILE`, which a page of Atlassian's knowledge base uses by mistake, is among the names
    /// reported.
    static RULE: "misspelled-variable", Warning, check, explained_by ["glued-variable-name"]
}

/// Misspellings found in real pipelines, and the names that AWS tools read.
///
/// `AWS_ACCESS_KEY` and `AWS_SECRET_KEY` are not listed: the AWS SDK for Java 1.x reads them.
const WRONG: [(&str, &str); 4] = [
    ("AWS_WEB_IDENTITY_ROLE_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    ("AWS_WEB_IDENTITY_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    ("AWS_WEBIDENTITY_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    ("AWS_SECRET_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let environments = file.environments(step);
        let declared = |name: &str| {
            environments.iter().any(|environment| file.settings.known(name, *environment) == Known::Defined)
        };
        for binding in facts.bindings.iter().filter(|binding| binding.exported) {
            let meant = WRONG.iter().find(|(wrong, _)| *wrong == binding.name).map(|(_, meant)| *meant);
            let near = || binding.name.starts_with("AWS_").then(|| near(&binding.name, &AWS_VARIABLES)).flatten();
            let read = facts.reads.iter().any(|read| read.name == binding.name && read.order > binding.order);
            let severity = if meant.is_some() { Severity::Error } else { Severity::Warning };
            if let Some(meant) = meant.or_else(near).filter(|meant| binding.name != *meant && !read) {
                report(severity, file, binding.span, &binding.name, meant, "is not read by any AWS tool", findings);
            }
        }
        let defaults = DEFAULTS.map(|(name, _)| name);
        for read in facts.reads.iter().filter(|read| !read.set_before) {
            if !read.name.starts_with("BITBUCKET_") || facts::availability(&read.name).is_some() || declared(&read.name)
            {
                continue;
            }
            if let Some(meant) = near(&read.name, &defaults) {
                report(Severity::Warning, file, read.span, &read.name, meant, "is not set by Bitbucket", findings);
            }
        }
    }
}

/// The known name that differs by one or two letters. A name that ends in a digit is one of a numbered series, not a typo.
fn near<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    if known.contains(&name) || name.ends_with(|last: char| last.is_ascii_digit()) {
        return None;
    }
    let nearest = spelling::nearest(name, known.iter().copied())?;
    let letters = |text: &str| text.bytes().filter(u8::is_ascii_alphanumeric).count();
    // `spelling::nearest` forgives a third of the letters; in names this long that is too much.
    let close = letters(name).abs_diff(letters(nearest)) <= 1 && {
        let pairs = name.bytes().zip(nearest.bytes());
        let common = pairs.clone().take_while(|(a, b)| a == b).count();
        let common_end = name.bytes().rev().zip(nearest.bytes().rev()).take_while(|(a, b)| a == b).count();
        common + common_end + 2 >= nearest.len().min(name.len())
    };
    close.then_some(nearest)
}

fn report(
    severity: Severity,
    file: &Analysis<'_>,
    span: Span,
    name: &str,
    meant: &str,
    problem: &str,
    findings: &mut Findings<'_>,
) {
    let finding = findings.report_as(severity, span, format!("`{name}` {problem}"));
    finding.help(format!("did you mean `{meant}`?"));
    if let Some(at) = file.source.slice(span).find(name) {
        let start = span.start + at;
        let edit = Edit { span: Span::new(start, start + name.len()), replacement: meant.to_owned() };
        finding.fix(format!("change it to `{meant}`"), Safety::Unsafe, vec![edit]);
    }
}
