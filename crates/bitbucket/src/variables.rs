//! Variables of a workspace, a repository and its deployment environments. The value of a secured variable cannot be read: the API
//! never returns it.

use std::fmt;

use serde::Deserialize;
use serde_json::json;

use crate::{
    client::{Bitbucket, Call},
    error::BitbucketError,
    scope::{PIPELINE_READ, PIPELINE_VARIABLES},
    slugs::RepositorySlugs,
};

/// Where variables are defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableLevel<'l> {
    /// For every repository of the workspace.
    Workspace,
    /// For every step of the repository.
    Repository,
    /// For the steps that deploy to an environment, given by its UUID with braces.
    Environment(&'l str),
}

/// A variable.
#[derive(Clone, Deserialize)]
pub struct Variable {
    /// With braces.
    #[serde(default)]
    pub uuid: String,
    /// Its name.
    pub key: String,
    /// Whether its value is hidden.
    #[serde(default)]
    pub secured: bool,
    /// The value of a variable that is not secured. It may be a secret all the same.
    #[serde(default)]
    pub value: Option<String>,
}

impl VariableLevel<'_> {
    /// The path of its variables. That of a workspace is written with a hyphen, that of a repository with an underscore
    /// (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pipelines/>).
    fn path(self, slugs: &RepositorySlugs) -> String {
        let RepositorySlugs { workspace, repository } = slugs;
        match self {
            Self::Workspace => format!("/workspaces/{workspace}/pipelines-config/variables"),
            Self::Repository => format!("/repositories/{workspace}/{repository}/pipelines_config/variables"),
            Self::Environment(uuid) => format!(
                "/repositories/{workspace}/{repository}/deployments_config/environments/{}/variables",
                encoded(uuid)
            ),
        }
    }

    fn path_of(self, slugs: &RepositorySlugs, uuid: &str) -> String {
        format!("{}/{}", self.path(slugs), encoded(uuid))
    }
}

/// A UUID for a URL, where braces have to be escaped.
fn encoded(uuid: &str) -> String {
    uuid.replace('{', "%7B").replace('}', "%7D")
}

impl Bitbucket {
    /// The variables of a level.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn variables(
        &self,
        slugs: &RepositorySlugs,
        level: VariableLevel<'_>,
    ) -> Result<Vec<Variable>, BitbucketError> {
        let variables = self.list::<Variable>(&level.path(slugs), PIPELINE_READ).await?;
        // Bitbucket leaves the value of a secured variable out; should that ever change, nobody shall see it here.
        Ok(variables.into_iter().map(|it| Variable { value: it.value.filter(|_| !it.secured), ..it }).collect())
    }

    /// Creates a variable whose value is not secret.
    ///
    /// # Errors
    /// [`BitbucketError`]; [`BitbucketError::Conflict`] if the level has one of that name.
    pub async fn create_variable(
        &self,
        slugs: &RepositorySlugs,
        level: VariableLevel<'_>,
        key: &str,
        value: &str,
    ) -> Result<(), BitbucketError> {
        let body = json!({ "key": key, "value": value, "secured": false });
        self.call(Call::json("POST", &level.path(slugs), PIPELINE_VARIABLES, &body)).await.map(drop)
    }

    /// Gives a variable that is not secured another value.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn update_variable(
        &self,
        slugs: &RepositorySlugs,
        level: VariableLevel<'_>,
        variable: &Variable,
        value: &str,
    ) -> Result<(), BitbucketError> {
        let body = json!({ "key": variable.key, "value": value, "secured": false });
        let path = level.path_of(slugs, &variable.uuid);
        self.call(Call::json("PUT", &path, PIPELINE_VARIABLES, &body)).await.map(drop)
    }

    /// Deletes a variable. The value of a secured one is lost.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn delete_variable(
        &self,
        slugs: &RepositorySlugs,
        level: VariableLevel<'_>,
        uuid: &str,
    ) -> Result<(), BitbucketError> {
        self.call(Call::delete(&level.path_of(slugs, uuid), PIPELINE_VARIABLES)).await.map(drop)
    }

    /// The command that gives a variable a value, which is not secret.
    pub fn change_of_variable(
        &self,
        slugs: &RepositorySlugs,
        level: VariableLevel<'_>,
        variable: &Variable,
        value: &str,
    ) -> String {
        let body = json!({ "key": variable.key, "value": value, "secured": false });
        self.curl_with("PUT", &level.path_of(slugs, &variable.uuid), &body)
    }

    /// The command that deletes a variable.
    pub fn deletion_of_variable(&self, slugs: &RepositorySlugs, level: VariableLevel<'_>, uuid: &str) -> String {
        self.curl("DELETE", &level.path_of(slugs, uuid))
    }
}

/// Without the value.
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable").field("key", &self.key).field("secured", &self.secured).finish_non_exhaustive()
    }
}
