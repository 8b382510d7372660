//! Which of several findings about one cause is reported.

use std::collections::{HashMap, HashSet};

use super::Rule;
use crate::{
    diagnostic::{Diagnostic, RuleId},
    text::Span,
};

/// Drops every finding whose primary span lies in a span that a finding of a rule in its `explained_by` is about.
///
/// A finding that is dropped still explains others, so the order of the rules does not matter.
pub(crate) fn drop_explained<C>(rules: &[&Rule<C>], diagnostics: &mut Vec<Diagnostic>) {
    let found: HashSet<RuleId> = diagnostics.iter().map(|diagnostic| diagnostic.rule).collect();
    let explained = rules.iter().filter(|rule| !rule.explained_by.is_empty() && found.contains(&rule.id));
    let explained: HashMap<RuleId, &[RuleId]> = explained.map(|rule| (rule.id, rule.explained_by)).collect();
    let explaining: HashSet<RuleId> = explained.values().flat_map(|ids| ids.iter().copied()).collect();
    let mut covered: HashMap<RuleId, Vec<Span>> = HashMap::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| explaining.contains(&diagnostic.rule)) {
        let spans = covered.entry(diagnostic.rule).or_default();
        spans.push(diagnostic.primary.span);
        spans.extend(&diagnostic.covers);
    }
    if covered.is_empty() {
        return;
    }
    let covered: HashMap<RuleId, Cover> = covered.into_iter().map(|(rule, spans)| (rule, Cover::new(spans))).collect();
    diagnostics.retain(|diagnostic| {
        let by = explained.get(&diagnostic.rule).copied().unwrap_or_default();
        !by.iter().filter_map(|id| covered.get(id)).any(|cover| cover.contains(diagnostic.primary.span))
    });
}

/// Spans that may overlap, for the question whether one of them contains another span.
struct Cover {
    /// By start; each with the end that reaches furthest up to there.
    spans: Vec<Span>,
}

impl Cover {
    fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        let mut furthest = 0;
        for span in &mut spans {
            furthest = span.end.max(furthest);
            span.end = furthest;
        }
        Self { spans }
    }

    fn contains(&self, span: Span) -> bool {
        let begun = self.spans.partition_point(|other| other.start <= span.start);
        self.spans[..begun].last().is_some_and(|last| span.end <= last.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostic::Severity,
        rules::{pipeline, trust},
    };

    fn descriptions() -> HashMap<RuleId, Rule<()>> {
        let all = pipeline::RULES.iter().map(|rule| rule.described());
        all.chain(trust::RULES.iter().map(|rule| rule.described())).map(|rule| (rule.id, rule)).collect()
    }

    #[test]
    fn rules_are_explained_by_rules_and_never_in_a_circle() {
        let rules = descriptions();
        for rule in rules.values() {
            let mut waiting = rule.explained_by.to_vec();
            let mut seen = HashSet::new();
            while let Some(id) = waiting.pop() {
                assert!(rules.contains_key(&id), "{}: `{id}` is not a rule", rule.id);
                assert_ne!(id, rule.id, "explains itself");
                if seen.insert(id) {
                    waiting.extend(rules[&id].explained_by);
                }
            }
        }
    }

    #[test]
    fn findings_inside_a_covered_span_are_dropped() {
        const CAUSE: RuleId = RuleId::new("cause");
        const EFFECT: RuleId = RuleId::new("effect");
        const OTHER: RuleId = RuleId::new("other");
        let rule = |id, explained_by| Rule { id, severity: Severity::Error, doc: "", explained_by, check: () };
        let (cause, effect) = (rule(CAUSE, &[]), rule(EFFECT, &[CAUSE]));
        let finding = |id, start, end| Diagnostic::new(id, Severity::Error, Span::new(start, end), "");
        let mut wide = finding(CAUSE, 20, 22);
        wide.covers(Span::new(0, 10)).covers(Span::new(2, 4));
        let mut findings = vec![
            finding(EFFECT, 5, 10),
            wide,
            finding(EFFECT, 5, 11),
            finding(OTHER, 5, 6),
            finding(EFFECT, 20, 22),
            finding(EFFECT, 22, 23),
        ];
        drop_explained(&[&effect, &cause], &mut findings);
        let left: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.primary.span.start)).collect();
        assert_eq!(left, [(CAUSE, 20), (EFFECT, 5), (OTHER, 5), (EFFECT, 22)]);
    }
}
