//! What a rule over pipelines is.

use crate::lint::File;

pub(crate) use crate::rule::rule;
pub use crate::rule::{Example, Findings};

/// A rule over pipelines.
pub type Rule = crate::rule::Rule<fn(&File<'_>, &mut Findings<'_>)>;
