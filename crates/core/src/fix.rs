//! Fixes applied to a source, until none is left.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Edit, Fix, Safety, Severity};

/// A fix can reveal a finding that another fix removes; no sensible file takes more rounds than this.
const ROUNDS: usize = 16;
/// Fixes that make a file this many times longer come back in every round.
const GROWTH: usize = 16;

/// A source before its fixes.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The text before them.
    pub original: String,
    /// How many were applied.
    pub count: usize,
}

/// Which fixes are applied.
#[derive(Clone, Copy, Debug)]
pub struct Fixing {
    /// Those of findings from this severity on.
    pub minimum: Severity,
    /// Also those that someone should review.
    pub with_unsafe: bool,
}

impl Fixing {
    fn fix(self, diagnostic: &Diagnostic) -> Option<&Fix> {
        let counts = diagnostic.severity >= self.minimum;
        diagnostic.fix.as_ref().filter(|fix| counts && (self.with_unsafe || fix.safety == Safety::Safe))
    }
}

/// Applies fixes until none is left. `diagnostics` are those of `text`; both are
/// brought up to date. `None` where there was nothing to apply.
pub fn apply(
    text: &mut String,
    diagnostics: &mut Vec<Diagnostic>,
    fixing: Fixing,
    lint: impl Fn(&str) -> Vec<Diagnostic>,
) -> Option<Fixed> {
    let mut fixed = Fixed { original: text.clone(), count: 0 };
    for _ in 0..ROUNDS {
        let (edited, count) = apply_once(text, diagnostics.iter().filter_map(|diagnostic| fixing.fix(diagnostic)));
        if count == 0 || edited.len() > GROWTH * fixed.original.len().max(1024) {
            break;
        }
        fixed.count += count;
        *diagnostics = lint(&edited);
        *text = edited;
    }
    (fixed.count > 0).then_some(fixed)
}

/// The fix of a finding that may be applied unseen.
pub fn safe_fix(diagnostic: &Diagnostic) -> Option<&Fix> {
    diagnostic.fix.as_ref().filter(|fix| fix.safety == Safety::Safe)
}

/// Applies those of the fixes that do not touch each other, the first of two that do, and says how many they were.
fn apply_once<'f>(text: &str, fixes: impl Iterator<Item = &'f Fix>) -> (String, usize) {
    let mut edits: BTreeMap<usize, &Edit> = BTreeMap::new();
    let mut count = 0;
    for fix in fixes {
        let is_free = |edit: &Edit| {
            // the edits taken so far lie apart, so that only the last one that starts before this end can touch it
            edits.range(..=edit.span.end).next_back().is_none_or(|(_, taken)| taken.span.end < edit.span.start)
        };
        if !fix.edits.is_empty() && fix.edits.iter().all(is_free) {
            edits.extend(fix.edits.iter().map(|edit| (edit.span.start, edit)));
            count += 1;
        }
    }
    let mut edited = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits.values() {
        edited.push_str(&text[copied..edit.span.start]);
        edited.push_str(&edit.replacement);
        copied = edit.span.end;
    }
    edited.push_str(&text[copied..]);
    (edited, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn fix(edits: &[(usize, usize, &str)]) -> Fix {
        let edit = |&(start, end, replacement): &(usize, usize, &str)| Edit {
            span: Span::new(start, end),
            replacement: replacement.to_owned(),
        };
        Fix { title: String::new(), safety: Safety::Safe, edits: edits.iter().map(edit).collect() }
    }

    #[test]
    fn fixes_that_touch_wait_for_the_next_round() {
        for (fixes, expected) in [
            (vec![fix(&[(0, 1, "A")]), fix(&[(4, 5, "E")])], ("AbcdEf", 2)),
            (vec![fix(&[(4, 5, "E")]), fix(&[(0, 1, "A"), (5, 6, "F")])], ("abcdEf", 1)),
            (vec![fix(&[(2, 2, "x")]), fix(&[(2, 2, "y")])], ("abxcdef", 1)),
            (vec![fix(&[(1, 3, "")]), fix(&[(3, 4, "")])], ("adef", 1)),
            (vec![fix(&[(1, 2, "")]), fix(&[(3, 4, "")])], ("acef", 2)),
            (vec![fix(&[])], ("abcdef", 0)),
        ] {
            let (text, count) = apply_once("abcdef", fixes.iter());
            assert_eq!((&*text, count), expected, "{fixes:?}");
        }
    }
}
