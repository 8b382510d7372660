//! What a rule over trust policies is.

use super::Trust;

pub(crate) use crate::rule::rule;
pub use crate::rule::{Example, Findings};

/// A rule over trust policies.
pub type Rule = crate::rule::Rule<fn(&Trust<'_>, &mut Findings<'_>)>;
