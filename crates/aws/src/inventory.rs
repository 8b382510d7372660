//! Reads what a deployment needs from an account: identity providers, roles, parameters, templates. Nothing here changes anything.

use keyless_core::aws::{Region, RoleArn};
use serde_json::{Value, json};

use crate::{
    api::{Api, Endpoints},
    error::InventoryError,
    keys::Keys,
    network::Network,
    sts::Said,
    xml::first,
};

/// A reader of one account.
#[derive(Debug)]
pub struct Inventory {
    api: Api,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its trust policy, as JSON that IAM percent-encodes.
    pub trust_policy: String,
}

impl Role {
    /// The JSON that `aws iam get-role` would print, as far as the trust policy needs it.
    pub fn to_json(&self) -> String {
        json!({ "Role": { "RoleName": self.name, "AssumeRolePolicyDocument": self.trust_policy } }).to_string()
    }
}

impl Inventory {
    /// A reader with these keys.
    pub fn new(keys: Keys, region: &Region, endpoints: Endpoints) -> Self {
        Self { api: Api::new(keys, region, endpoints) }
    }

    /// The same reader, with another way to AWS.
    #[must_use]
    pub fn over(self, network: &Network) -> Self {
        Self { api: self.api.over(network) }
    }

    /// The account that the keys belong to.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn account(&self) -> Result<String, InventoryError> {
        first(&self.api.sts(&[("Action", "GetCallerIdentity")]).await?, "Account")
    }

    /// A role.
    ///
    /// # Errors
    /// [`InventoryError`]; `NoSuchEntity` where there is none.
    pub async fn role(&self, role: &RoleArn) -> Result<Role, InventoryError> {
        let answer = self.api.iam(&[("Action", "GetRole"), ("RoleName", role.name())]).await?;
        Ok(Role { name: role.name().to_owned(), trust_policy: first(&answer, "AssumeRolePolicyDocument")? })
    }

    /// The audiences (client ids) that an identity provider takes.
    ///
    /// # Errors
    /// [`InventoryError`]; `NoSuchEntity` if the provider does not exist.
    pub async fn audiences(&self, provider: &str) -> Result<Vec<String>, InventoryError> {
        self.api.audiences(provider).await
    }

    /// The value of an SSM parameter.
    ///
    /// # Errors
    /// [`InventoryError`]; `ParameterNotFound` where there is none.
    pub async fn parameter(&self, name: &str) -> Result<String, InventoryError> {
        let answer = self.api.ssm("AmazonSSM.GetParameter", json!({ "Name": name }).to_string()).await?;
        let body: Value = serde_json::from_str(&answer.body).map_err(|_| InventoryError::Unreadable)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if answer.status < 300 {
            return body.pointer("/Parameter/Value").map(text).ok_or(InventoryError::Unreadable);
        }
        // The code can have a namespace prefix.
        let code = text(&body["__type"]);
        let code = code.rsplit('#').next().unwrap_or_default().to_owned();
        let message = text(if body["message"].is_string() { &body["message"] } else { &body["Message"] });
        Err(InventoryError::Refused(Said { code, message, request_id: None }))
    }

    /// The template of a stack as it was deployed; nothing if the stack does not exist.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn template(&self, stack: &str) -> Result<Option<String>, InventoryError> {
        let form = [("Action", "GetTemplate"), ("StackName", stack), ("TemplateStage", "Original")];
        let answer = match self.api.cloudformation(&form).await {
            // The code says no more than that the call was not valid.
            Err(InventoryError::Refused(said)) if said.message.ends_with(" does not exist") => return Ok(None),
            answer => answer?,
        };
        first(&answer, "TemplateBody").map(Some)
    }

    /// The physical id of a resource of a stack, which for a nested stack is its ARN.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn physical_id(&self, stack: &str, logical_id: &str) -> Result<String, InventoryError> {
        let form = [("Action", "DescribeStackResources"), ("StackName", stack), ("LogicalResourceId", logical_id)];
        first(&self.api.cloudformation(&form).await?, "PhysicalResourceId")
    }
}
