//! The limits of Bitbucket's Code Insights reports (Bitbucket Cloud REST API, "Reports",
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-reports/>).

use std::borrow::Cow;

/// How many annotations one request may bring.
pub const ANNOTATIONS_PER_REQUEST: usize = 100;

/// How many annotations one report may have.
pub const ANNOTATIONS_PER_REPORT: usize = 1000;

/// How many characters the summary of an annotation may have.
pub const SUMMARY_LIMIT: usize = 450;

/// How many characters the details of a report or an annotation may have.
pub const DETAILS_LIMIT: usize = 2000;

/// A string of at most `limit` characters; a longer one ends with `…`.
pub fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_limit_alone() {
        assert_eq!(shortened("häuser", 6), "häuser");
        assert_eq!(shortened("häuser", 5), "häus…");
    }
}
