//! What a user may do: its own policies and those of its groups.

use keyless_core::{
    iam::document::percent_decode,
    migrate::permissions::{Group, InlinePolicy, ManagedPolicy, UserPermissions},
};

use super::{Iam, gathered};
use crate::{
    error::InventoryError,
    xml::{first, records},
};

/// The calls that list the policies of a user or a group.
struct Calls {
    attached: &'static str,
    inline: &'static str,
    document: &'static str,
    parameter: &'static str,
}

const USER: Calls = Calls {
    attached: "ListAttachedUserPolicies",
    inline: "ListUserPolicies",
    document: "GetUserPolicy",
    parameter: "UserName",
};
const GROUP: Calls = Calls {
    attached: "ListAttachedGroupPolicies",
    inline: "ListGroupPolicies",
    document: "GetGroupPolicy",
    parameter: "GroupName",
};

impl Iam {
    /// What a user is allowed to do. Service control policies are not visible here: they limit the account, and so the role
    /// as well.
    ///
    /// # Errors
    /// [`InventoryError`]; `NoSuchEntity` if the user does not exist.
    pub async fn user_permissions(&self, name: &str) -> Result<UserPermissions, InventoryError> {
        let answer = self.api.iam(&[("Action", "GetUser"), ("UserName", name)]).await?;
        let (attached, inline) = self.policies_of(&USER, name).await?;
        let pages = self.pages(&[("Action", "ListGroupsForUser"), ("UserName", name)]).await?;
        let mut groups = Vec::new();
        for [group] in gathered(&pages, "Groups", ["GroupName"])? {
            let (attached, inline) = self.policies_of(&GROUP, &group).await?;
            groups.push(Group { name: group, attached, inline });
        }
        let boundary = match first(&answer, "PermissionsBoundaryArn") {
            Ok(arn) => Some(self.managed(arn).await?),
            Err(_) => None,
        };
        let tags = records(&answer, "Tags", ["Key", "Value"])?.into_iter().map(Into::into).collect();
        let arn = first(&answer, "Arn")?;
        Ok(UserPermissions { name: name.to_owned(), arn, attached, inline, groups, boundary, tags })
    }

    async fn policies_of(
        &self,
        calls: &Calls,
        name: &str,
    ) -> Result<(Vec<ManagedPolicy>, Vec<InlinePolicy>), InventoryError> {
        let of = (calls.parameter, name);
        let mut attached = Vec::new();
        for arn in self.attached(calls.attached, of).await? {
            attached.push(self.managed(arn).await?);
        }
        let mut inline = Vec::new();
        for policy in self.names(calls.inline, of).await? {
            let form = [("Action", calls.document), of, ("PolicyName", &policy)];
            let document = percent_decode(&first(&self.api.iam(&form).await?, "PolicyDocument")?);
            inline.push(InlinePolicy { name: policy, document });
        }
        Ok((attached, inline))
    }

    async fn managed(&self, arn: String) -> Result<ManagedPolicy, InventoryError> {
        let document = self.policy(&arn).await?.ok_or(InventoryError::Unreadable)?;
        Ok(ManagedPolicy { arn, document })
    }
}
