//! A pipeline file in, findings out.

use crate::{diagnostic::Diagnostic, source::Source};

/// What a team declares about the world outside the file: the names of variables that Bitbucket's settings define.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names defined for the workspace, the repository or every deployment environment.
    pub known_variables: Vec<String>,
}

/// All findings of one file, in the order of its text.
pub fn lint(source: &Source<'_>, settings: &Settings) -> Vec<Diagnostic> {
    let _ = (source, settings);
    Vec::new()
}
