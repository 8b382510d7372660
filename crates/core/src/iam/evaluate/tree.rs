//! Displays an evaluation: every statement and condition, with expected and actual values.

use std::fmt::{self, Display};

use super::{ConditionResult, ElementResult, Evaluation, StatementResult, Verdict};
use crate::iam::{policy::Effect, request::Entry, truth::Truth};

/// The number of values shown of a list.
const SHOWN: usize = 3;

impl Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.verdict.name())?;
        let deciding = |truth: Truth, effect: Effect| {
            self.statements.iter().find(|it| it.applies == truth && it.effect == Some(effect)).map(|it| it.number)
        };
        let action = &self.action;
        match (self.verdict, deciding(Truth::True, Effect::Deny), deciding(Truth::True, Effect::Allow)) {
            (Verdict::Deny, Some(number), _) => writeln!(f, "statement {number} denies {action}")?,
            (Verdict::Deny, None, _) => writeln!(f, "no statement allows {action}")?,
            (Verdict::Allow, _, Some(number)) => writeln!(f, "statement {number} allows {action}")?,
            _ => writeln!(f, "the result for {action} depends on unknown values")?,
        }
        for open in &self.open {
            writeln!(f, "depends  statements that are known only after deployment: {open}")?;
        }
        self.statements.iter().try_for_each(|statement| statement.fmt(f))
    }
}

impl Display for StatementResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} statement {}", self.applies, self.number)?;
        if let Some(sid) = &self.sid {
            write!(f, " `{sid}`")?;
        }
        match self.effect {
            Some(effect) => writeln!(f, " ({effect})")?,
            None => writeln!(f, " (unknown effect)")?,
        }
        self.principal.fmt(f)?;
        self.action.fmt(f)?;
        self.conditions.iter().try_for_each(|condition| condition.fmt(f))?;
        self.open
            .iter()
            .try_for_each(|open| writeln!(f, "  depends  an element that is known only after deployment: {open}"))
    }
}

impl Display for ElementResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {:<8} {}", self.holds, self.element)?;
        if let (Truth::True, [only]) = (self.holds, self.expected.as_slice()) {
            return writeln!(f, " {only}");
        }
        writeln!(f)?;
        let expected: Vec<_> = self.expected.iter().map(|it| (it.as_str(), Truth::Unknown)).collect();
        values(f, &expected)?;
        writeln!(f, "             actual    {}", self.actual.as_deref().unwrap_or("unknown"))
    }
}

impl Display for ConditionResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {:<8} {} {}", self.holds, self.operator, self.key)?;
        let expected: Vec<_> = self.expected.iter().map(|(value, matched)| (value.as_str(), *matched)).collect();
        values(f, &expected)?;
        write!(f, "             actual    ")?;
        match &self.actual {
            Entry::Value(value) => writeln!(f, "{value}")?,
            Entry::List(values) if values.is_empty() => writeln!(f, "an empty list")?,
            Entry::List(values) => writeln!(f, "{}", values.join(", "))?,
            Entry::Partial(partial) => writeln!(f, "{partial}")?,
            Entry::Absent => writeln!(f, "missing key")?,
            Entry::Unknown => writeln!(f, "unknown")?,
        }
        self.note.map_or(Ok(()), |note| writeln!(f, "             because   {note}"))
    }
}

/// The expected values, matching ones first, and the number of values not shown.
fn values(f: &mut fmt::Formatter<'_>, expected: &[(&str, Truth)]) -> fmt::Result {
    write!(f, "             expected  ")?;
    let mut ordered: Vec<_> = expected.iter().collect();
    ordered.sort_by_key(|(_, matched)| *matched != Truth::True);
    let shown: Vec<_> = ordered.iter().take(SHOWN).map(|(value, _)| *value).collect();
    match ordered.len() {
        0 => writeln!(f, "no values, so nothing matches"),
        1 => writeln!(f, "{}", shown[0]),
        all if all > SHOWN => writeln!(f, "one of {}, and {} more", shown.join(", "), all - SHOWN),
        _ => writeln!(f, "one of {}", shown.join(", ")),
    }
}
