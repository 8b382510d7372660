//! A trust policy in, findings out: what IAM would refuse, what can never match, and what lets too many in.
//!
//! A rule is one file below `rules`: its documentation with a wrong and a right example, its id and severity, and one
//! function.

mod rule;
mod rules;
mod trust;

pub use rule::{Example, Findings, Rule};
pub use rules::RULES;
pub use trust::Trust;
pub(crate) use trust::is_braced_uuid;
pub(super) use trust::{is_bitbucket, is_uuid};

use std::borrow::Cow;

use super::{
    policy,
    template::{Document, Unreadable},
};
use crate::{
    diagnostic::{self, Diagnostic, Severity},
    source::Source,
};

/// All findings of every trust policy in a text, in its order, each once.
///
/// # Errors
/// [`Unreadable`] where the text is not JSON or YAML, or holds no trust policy.
pub fn check(source: &Source<'_>) -> Result<Vec<Diagnostic>, Unreadable> {
    let document = Document::parse(source.text())?;
    let mut diagnostics = Vec::new();
    for found in document.trust_policies()? {
        let (policy, problems) = policy::read(&found.policy, found.template);
        let trust = Trust { source, policy: &policy, problems: &problems };
        let before = diagnostics.len();
        for rule in RULES {
            (rule.check)(&trust, &mut Findings::new(rule, &mut diagnostics));
        }
        // Of a policy inside a string only the string has a place, and an edit would replace all of it.
        if matches!(found.policy, Cow::Owned(_)) {
            diagnostics[before..].iter_mut().for_each(|diagnostic| diagnostic.fix = None);
        }
    }
    diagnostic::sort(&mut diagnostics);
    Ok(diagnostics)
}

/// Like [`check`], with a text that cannot be read as a finding too.
pub fn findings(source: &Source<'_>) -> Vec<Diagnostic> {
    check(source).unwrap_or_else(|unreadable| {
        vec![Diagnostic::new(policy::MALFORMED, Severity::Error, unreadable.span(), unreadable.to_string())]
    })
}

/// A rule by its id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}
