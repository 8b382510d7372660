//! A pipeline file in, findings out.
//!
//! [`lint`] reads the file once (tree, departures from the language table, typed model) and hands all of it to every
//! rule of [`RULES`]. A rule is one file below `rules`: its documentation with a wrong and a right example, its id and
//! severity, and one function.

mod access;
mod file;
mod rule;
mod rules;
mod settings;
mod steps;

pub use access::{Access, RoleFile, Roles, caller, workspaces};
pub use file::File;
pub use rule::{Example, Findings, Rule};
pub use rules::RULES;
pub use settings::{Environment, Known, Role, Settings, Variables};
pub use steps::Token;

use crate::{
    diagnostic::{self, Diagnostic},
    source::Source,
    yaml::Tree,
};

/// All findings of one file, in the order of its text, each once.
///
/// A finding inside an anchored part is reported where it stands and names the aliases that repeat it.
pub fn lint(source: &Source<'_>, settings: &Settings) -> Vec<Diagnostic> {
    find(source, settings, |_| {})
}

/// Like [`lint`], and holds each step against the trust policy of the role that it assumes.
pub fn lint_with_roles(source: &Source<'_>, settings: &Settings, roles: &Roles) -> Vec<Diagnostic> {
    find(source, settings, |file| file.access = access::read(file, roles))
}

/// Hands a file with all that is known of it to `ask`.
pub fn with_file<T>(source: &Source<'_>, settings: &Settings, ask: impl FnOnce(&File<'_>) -> T) -> T {
    ask(&file::Parsed::new(source).file(source, settings))
}

fn find(source: &Source<'_>, settings: &Settings, prepare: impl FnOnce(&mut File<'_>)) -> Vec<Diagnostic> {
    let parsed = file::Parsed::new(source);
    let mut file = parsed.file(source, settings);
    prepare(&mut file);
    let mut diagnostics = Vec::new();
    for rule in RULES {
        (rule.check)(&file, &mut Findings::new(rule, &mut diagnostics));
    }
    diagnostic::sort(&mut diagnostics);
    for diagnostic in &mut diagnostics {
        name_uses(&parsed.tree, diagnostic);
    }
    diagnostics
}

/// A rule by its id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// How many uses of an anchor a finding names.
const NAMED_USES: usize = 3;

fn name_uses(tree: &Tree, diagnostic: &mut Diagnostic) {
    let Some(anchor) = tree.anchor_around(diagnostic.primary.span) else { return };
    let more = anchor.uses.len().saturating_sub(NAMED_USES);
    for (index, alias) in anchor.uses.iter().take(NAMED_USES).enumerate() {
        let span = tree.span(*alias);
        if diagnostic.primary.span.contains(span) || diagnostic.related.iter().any(|label| label.span == span) {
            continue;
        }
        let last = index + 1 == NAMED_USES && more > 0;
        let message = if last { format!("used here, and in {more} more places").into() } else { "used here".into() };
        diagnostic.related.push(diagnostic::Label { span, message });
    }
}
