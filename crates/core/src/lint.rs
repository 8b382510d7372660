//! Runs all rules over a pipeline file.

use std::collections::HashSet;

use crate::{
    analysis::{Analysis, ParsedFile, access::Roles},
    diagnostic::{self, Diagnostic},
    rules::{Findings, pipeline::RULES, precedence},
    settings::Settings,
    text::{Source, Span},
    yaml::Tree,
};

/// All findings of one file, in text order, without duplicates.
///
/// A finding inside an anchored node is reported at the anchor, with the aliases that use it as related locations.
pub fn lint(source: &Source<'_>, settings: &Settings) -> Vec<Diagnostic> {
    findings(&Analysis::new(&ParsedFile::new(source), settings))
}

/// Like [`lint`], but also checks each step against the trust policy of the role that it assumes.
pub fn lint_with_roles(source: &Source<'_>, settings: &Settings, roles: &Roles) -> Vec<Diagnostic> {
    findings(&Analysis::with_roles(&ParsedFile::new(source), settings, roles))
}

/// All findings of an analyzed file, in text order, without duplicates.
pub fn findings(analysis: &Analysis<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for rule in RULES {
        (rule.check)(analysis, &mut Findings::new(rule, &mut diagnostics));
    }
    precedence::drop_explained(RULES, &mut diagnostics);
    diagnostic::sort(&mut diagnostics);
    diagnostic::join(&mut diagnostics);
    let mut named = HashSet::new();
    for diagnostic in &mut diagnostics {
        name_uses(analysis.tree, &mut named, diagnostic);
    }
    diagnostics
}

/// Maximum number of uses of an anchor in a finding.
const NAMED_USES: usize = 3;

/// Adds the uses of the anchor around a finding, unless an earlier finding has `named` them.
fn name_uses(tree: &Tree, named: &mut HashSet<Span>, diagnostic: &mut Diagnostic) {
    let Some(anchor) = tree.anchor_around(diagnostic.primary.span) else { return };
    if !named.insert(anchor.span) {
        return;
    }
    let more = anchor.uses.len().saturating_sub(NAMED_USES);
    for (index, alias) in anchor.uses.iter().take(NAMED_USES).enumerate() {
        let span = tree.span(*alias);
        if diagnostic.primary.span.contains(span) || diagnostic.related.iter().any(|label| label.span == span) {
            continue;
        }
        let last = index + 1 == NAMED_USES && more > 0;
        let places = if more == 1 { "place" } else { "places" };
        let message = if last { format!("used here, and in {more} more {places}").into() } else { "used here".into() };
        diagnostic.related.push(diagnostic::Label { span, message });
    }
}
