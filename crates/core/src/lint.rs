//! Runs all rules over a pipeline file.

use std::collections::{HashMap, HashSet};

#[cfg(feature = "complete")]
use crate::migrate;
use crate::{
    analysis::{Analysis, ParsedFile, access::Roles},
    diagnostic::{self, Diagnostic, RuleId},
    rules::{
        Findings, Group,
        pipeline::{self, RULES, unused_suppression},
        precedence, take_levels,
    },
    settings::{Level, Settings},
    text::{Source, Span},
    yaml::NodeId,
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
    for rule in pipeline::rules_for(analysis) {
        (rule.check)(analysis, &mut Findings::new(rule, &mut diagnostics));
    }
    precedence::drop_explained(&RULES, &mut diagnostics);
    blame_steps(analysis, &mut diagnostics);
    let accepted = suppress(analysis, &mut diagnostics);
    take_levels(analysis.settings, pipeline::group, &mut diagnostics);
    diagnostic::sort(&mut diagnostics);
    diagnostic::join(&mut diagnostics);
    let mut named = HashSet::new();
    for diagnostic in &mut diagnostics {
        name_uses(analysis, &accepted, &mut named, diagnostic);
    }
    #[cfg(feature = "complete")]
    offer_migration(analysis, &mut diagnostics);
    diagnostics
}

/// Offers to migrate the steps of a finding about stored keys. The role has to exist first, so that the fix is unsafe.
#[cfg(feature = "complete")]
fn offer_migration(analysis: &Analysis<'_>, diagnostics: &mut [Diagnostic]) {
    let is_about_keys =
        |diagnostic: &&mut Diagnostic| diagnostic.rule == pipeline::stored_keys() && diagnostic.fix.is_none();
    let mut found = diagnostics.iter_mut().filter(is_about_keys).peekable();
    if found.peek().is_none() {
        return;
    }
    let uses = migrate::uses(analysis, &migrate::Options::default()).unwrap_or_default();
    for diagnostic in found {
        let places = std::iter::once(diagnostic.primary.span).chain(
            diagnostic.related.iter().filter(|label| label.message == diagnostic::REPEATED).map(|label| label.span),
        );
        if let Some((title, edits)) = migrate::fix(&uses, places) {
            diagnostic.fix(title, diagnostic::Safety::Unsafe, edits);
        }
    }
}

/// The aliases at which findings of a rule in the anchored text are suppressed.
type AcceptedUses = HashSet<(RuleId, Span)>;

/// Drops the findings that comments in the file suppress, and reports the suppressions that match nothing.
///
/// A suppression in a text that steps share holds for all of them, and one at an alias for that use.
fn suppress(analysis: &Analysis<'_>, diagnostics: &mut Vec<Diagnostic>) -> AcceptedUses {
    let suppressions = &analysis.suppressions.valid;
    let mut accepted = AcceptedUses::new();
    if suppressions.is_empty() {
        return accepted;
    }
    let mut matched = HashSet::new();
    let mut is_suppressed = |rule: RuleId, span: Span| {
        let group = pipeline::group(rule).map_or("", Group::name);
        let matching = suppressions.iter().enumerate().filter_map(|(index, suppression)| {
            suppression.names_finding(rule.as_str(), group, span).map(|name| (index, name))
        });
        let matching: Vec<_> = matching.collect();
        matched.extend(matching.iter().copied());
        !matching.is_empty()
    };
    diagnostics.retain(|diagnostic| {
        if is_suppressed(diagnostic.rule, diagnostic.primary.span) {
            return false;
        }
        let Some(anchor) = analysis.tree.anchor_around(diagnostic.primary.span) else { return true };
        let uses = anchor.uses.iter().map(|alias| analysis.tree.span(*alias));
        let here: Vec<Span> = uses.filter(|span| is_suppressed(diagnostic.rule, *span)).collect();
        accepted.extend(here.iter().map(|span| (diagnostic.rule, *span)));
        here.len() < anchor.uses.len()
    });
    // The first module of the page cannot tell: it does not have all rules.
    if cfg!(feature = "complete") {
        let is_judged = |name: &str| match pipeline::rule(name) {
            Some(rule) => is_on(analysis.settings, rule.id),
            None => {
                pipeline::rules_of(name).is_some_and(|rules| rules.iter().all(|rule| is_on(analysis.settings, rule.id)))
            }
        };
        for (index, suppression) in suppressions.iter().enumerate() {
            let names = suppression.names.iter().enumerate();
            let unused = names.filter(|(at, name)| !matched.contains(&(index, *at)) && is_judged(name.value));
            let unused: Vec<usize> = unused.map(|(at, _)| at).collect();
            unused_suppression::report(analysis.source, suppression, &unused, diagnostics);
        }
    }
    accepted
}

fn is_on(settings: &Settings, rule: RuleId) -> bool {
    settings.level(rule.as_str(), pipeline::group(rule).map_or("", Group::name)) != Some(Level::Off)
}

/// Moves findings from text that steps share to the steps that they are about, if other steps share it and are right.
fn blame_steps(analysis: &Analysis<'_>, diagnostics: &mut [Diagnostic]) {
    let shared = |diagnostic: &Diagnostic| {
        diagnostic.step.as_ref().is_some_and(|step| !step.whole.contains(diagnostic.primary.span))
    };
    if !diagnostics.iter().any(shared) {
        return;
    }
    let mut blamed: HashMap<(RuleId, Span), HashSet<Span>> = HashMap::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| shared(diagnostic)) {
        if let Some(step) = &diagnostic.step {
            blamed.entry((diagnostic.rule, diagnostic.primary.span)).or_default().insert(step.whole);
        }
    }
    let users = users(analysis);
    for diagnostic in diagnostics.iter_mut().filter(|diagnostic| shared(diagnostic)) {
        let span = diagnostic.primary.span;
        let using = analysis.tree.nodes_around(span).find_map(|id| users.get(&id)).copied().unwrap_or_default();
        let Some(step) = diagnostic.step.as_ref().filter(|_| blamed[&(diagnostic.rule, span)].len() < using) else {
            continue;
        };
        diagnostic.primary.span = step.place;
        if let Some(name) = &step.name {
            diagnostic.message = format!("in step `{name}`: {}", diagnostic.message);
        }
        let label = std::mem::replace(&mut diagnostic.primary.message, "".into());
        let label = if label.is_empty() { "shared with other steps".into() } else { label };
        diagnostic.related.insert(0, diagnostic::Label { span, message: label });
    }
}

/// In how many steps a value or an item of a list is used, aliases and merges followed.
fn users(analysis: &Analysis<'_>) -> HashMap<NodeId, usize> {
    let tree = analysis.tree;
    let mut users: HashMap<NodeId, usize> = HashMap::new();
    for step in analysis.model.steps.iter().filter(|step| !step.uses.is_empty()) {
        let values = tree.fields(step.node).into_iter().map(|field| tree.resolve(field.value));
        let parts = values.flat_map(|value| tree.items(value).iter().map(|item| tree.resolve(*item)).chain([value]));
        let images = analysis.model.images_of(step).map(|image| image.node);
        for part in parts.chain(images).collect::<HashSet<_>>() {
            *users.entry(part).or_default() += 1;
        }
    }
    users
}

/// Adds the uses of the anchor around a finding, unless an earlier finding has `named` them.
fn name_uses(analysis: &Analysis<'_>, accepted: &AcceptedUses, named: &mut HashSet<Span>, diagnostic: &mut Diagnostic) {
    let tree = analysis.tree;
    let Some(anchor) = tree.anchor_around(diagnostic.primary.span) else { return };
    if !named.insert(anchor.span) {
        return;
    }
    // Other steps that merge the step of a finding may be right.
    let step = diagnostic.step.as_ref().filter(|step| step.whole.contains(diagnostic.primary.span));
    let sites = step.and_then(|step| analysis.model.steps.get(step.index)).map(|step| {
        let mut sites: Vec<Span> = step.uses.iter().map(|at| tree.span(at.site)).collect();
        sites.sort_unstable();
        sites
    });
    let is_wrong = |span: Span| {
        sites.as_ref().is_none_or(|sites| {
            let before = sites.partition_point(|site| site.start <= span.start);
            sites[..before].last().is_some_and(|site| site.contains(span))
        })
    };
    let known: HashSet<Span> = diagnostic.related.iter().map(|label| label.span).collect();
    for span in anchor.uses.iter().map(|alias| tree.span(*alias)) {
        let is_accepted = accepted.contains(&(diagnostic.rule, span));
        if !diagnostic.primary.span.contains(span) && !known.contains(&span) && is_wrong(span) && !is_accepted {
            diagnostic.related(span, "used here");
        }
    }
}
