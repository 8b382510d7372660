//! What a team declares about the world outside the file.

/// Names of what Bitbucket's settings define. Values are never asked for.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Variables defined for the workspace, the repository or every deployment environment.
    pub known_variables: Vec<String>,
}
