//! Changes of IAM: the provider and roles that replace a key, and the end of the key. Each is one call.

use super::Iam;
use crate::{error::InventoryError, xml::first};

/// A role to create.
#[derive(Clone, Debug)]
pub struct NewRole<'r> {
    /// Its name.
    pub name: &'r str,
    /// Its path, such as `/`.
    pub path: &'r str,
    /// Its description, one line.
    pub description: &'r str,
    /// Its trust policy, as JSON.
    pub trust: &'r str,
    /// The longest session, in seconds.
    pub session_seconds: u32,
    /// The ARN of its permissions boundary.
    pub boundary: Option<&'r str>,
    /// Its tags: keys and values.
    pub tags: &'r [(String, String)],
}

impl Iam {
    /// Creates an identity provider. Its certificates need no thumbprint: AWS verifies them by its own list of authorities.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn create_provider(&self, url: &str, audience: &str) -> Result<(), InventoryError> {
        self.change(&[("Action", "CreateOpenIDConnectProvider"), ("Url", url), ("ClientIDList.member.1", audience)])
            .await
    }

    /// Creates a role, with its boundary and tags in one call, so that it never exists without them.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn create_role(&self, role: &NewRole<'_>) -> Result<(), InventoryError> {
        let seconds = role.session_seconds.to_string();
        let tags: Vec<_> = (1..).zip(role.tags).map(|(number, tag): (usize, _)| (tag_names(number), tag)).collect();
        let mut form = vec![
            ("Action", "CreateRole"),
            ("RoleName", role.name),
            ("Path", role.path),
            ("Description", role.description),
            ("AssumeRolePolicyDocument", role.trust),
            ("MaxSessionDuration", &seconds),
        ];
        form.extend(role.boundary.map(|arn| ("PermissionsBoundary", arn)));
        for ([key_name, value_name], (key, value)) in &tags {
            form.extend([(key_name.as_str(), key.as_str()), (value_name.as_str(), value.as_str())]);
        }
        self.change(&form).await
    }

    /// Adds an inline policy to a role, or replaces the one of the same name.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn put_role_policy(&self, role: &str, name: &str, document: &str) -> Result<(), InventoryError> {
        let policy = [("PolicyName", name), ("PolicyDocument", document)];
        self.change(&[[("Action", "PutRolePolicy"), ("RoleName", role)], policy].concat()).await
    }

    /// Attaches a managed policy to a role.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn attach_role_policy(&self, role: &str, arn: &str) -> Result<(), InventoryError> {
        self.change(&[("Action", "AttachRolePolicy"), ("RoleName", role), ("PolicyArn", arn)]).await
    }

    /// Creates a managed policy.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn create_policy(&self, name: &str, path: &str, document: &str) -> Result<(), InventoryError> {
        let form = [("Action", "CreatePolicy"), ("PolicyName", name), ("Path", path), ("PolicyDocument", document)];
        let answer = self.api.iam(&form).await?;
        first(&answer, "Arn").map(drop)
    }

    /// Activates or deactivates an access key.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn set_key_active(&self, user: &str, id: &str, is_active: bool) -> Result<(), InventoryError> {
        let status = if is_active { "Active" } else { "Inactive" };
        self.change(&[("Action", "UpdateAccessKey"), ("UserName", user), ("AccessKeyId", id), ("Status", status)]).await
    }

    /// Deletes an access key. Nothing brings it back.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn delete_key(&self, user: &str, id: &str) -> Result<(), InventoryError> {
        self.change(&[("Action", "DeleteAccessKey"), ("UserName", user), ("AccessKeyId", id)]).await
    }

    async fn change(&self, form: &[(&str, &str)]) -> Result<(), InventoryError> {
        self.api.iam(form).await.map(drop)
    }
}

/// The parameters of a tag.
fn tag_names(number: usize) -> [String; 2] {
    ["Key", "Value"].map(|part| format!("Tags.member.{number}.{part}"))
}
