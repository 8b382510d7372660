//! Why a policy rejects a request, in one line.

use super::Evaluation;
use crate::iam::{key::Key, policy::Effect, request::Entry, truth::Truth};
use crate::oidc::resembles_bitbucket;

impl Evaluation {
    /// Why the policy rejects the request, in one line: the reason of the statement that is closest to allowing it.
    pub fn refusal(&self) -> String {
        let denying = self.statements.iter().find(|it| it.effect == Some(Effect::Deny) && it.applies == Truth::True);
        if let Some(statement) = denying {
            return format!("statement {} of the policy denies the token", statement.number);
        }
        let failing = |holds: Truth| usize::from(holds == Truth::False);
        let allowing = self.statements.iter().filter(|it| it.effect == Some(Effect::Allow));
        let nearest = allowing.min_by_key(|it| {
            let conditions: usize = it.conditions.iter().map(|condition| failing(condition.holds)).sum();
            failing(it.principal.holds) + failing(it.action.holds) + conditions
        });
        let Some(statement) = nearest else { return "the policy allows nothing".to_owned() };
        if statement.principal.holds == Truth::False {
            return "the policy trusts another identity provider".to_owned();
        }
        let Some(condition) = statement.conditions.iter().find(|condition| condition.holds == Truth::False) else {
            return format!("the policy does not allow {}", self.action);
        };
        let key = match Key::new(&condition.key) {
            Key::Claim { issuer, claim } if resembles_bitbucket(issuer) => claim,
            _ => &condition.key,
        };
        if let Some(note) = condition.note {
            return format!("`{key}`: {note}");
        }
        let values = condition.expected.iter().take(2).map(|(value, _)| format!("`{value}`")).collect::<Vec<_>>();
        let more = if condition.expected.len() > 2 { " or another" } else { "" };
        let actual = match &condition.actual {
            Entry::Value(value) => value.clone(),
            Entry::List(values) => values.join(", "),
            Entry::Partial(partial) => partial.to_string(),
            Entry::Absent | Entry::Unknown => "nothing".to_owned(),
        };
        format!("`{}` compares `{key}` with {}{more}, but it is `{actual}`", condition.operator, values.join(" or "))
    }
}
