//! IAM: who owns an access key, what a user may do, and the changes that replace the key by a role.
//!
//! Reads need `iam:Get*` and `iam:List*`. The secret of an access key is never read: IAM returns it once, to whoever creates
//! the key.

mod change;
mod user;

use aws_smithy_types::date_time::{DateTime, Format};
use keyless_core::{aws::Region, iam::document::percent_decode};

use crate::{
    api::{Api, Endpoints},
    error::InventoryError,
    keys::Keys,
    network::Network,
    xml::{all, first, records},
};

pub use change::NewRole;

/// How many pages of a list are read. A page has up to 100 items.
const PAGES: usize = 100;

/// A client of one account's IAM.
#[derive(Debug)]
pub struct Iam {
    api: Api,
}

/// Who owns an access key, and when it was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The name of the user.
    pub user: String,
    /// Its last use; `None` if it was not used since 22 April 2015, when AWS began to record it.
    pub last_use: Option<LastUse>,
}

/// The last use of an access key. Uses within 15 minutes count as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When, as Unix time in seconds.
    pub at: u64,
    /// The service that was called, such as `s3`.
    pub service: String,
    /// The region of the call, or `N/A`.
    pub region: String,
}

/// An access key of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Whether it can be used.
    pub is_active: bool,
}

/// A role as IAM has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExistingRole {
    /// Its ARN.
    pub arn: String,
    /// Its trust policy, as JSON.
    pub trust: String,
    /// The ARNs of its managed policies.
    pub attached: Vec<String>,
    /// Its inline policies: names and documents.
    pub inline: Vec<(String, String)>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its tags: keys and values.
    pub tags: Vec<(String, String)>,
}

/// A Unix time in seconds as AWS writes it, such as `2026-12-01T03:00:00Z`; `None` for a time that is out of range.
pub fn timestamp(seconds: u64) -> Option<String> {
    DateTime::from_secs(i64::try_from(seconds).ok()?).fmt(Format::DateTime).ok()
}

/// Reads a time as [`timestamp`] writes it.
pub fn parse_time(text: &str) -> Option<u64> {
    u64::try_from(DateTime::from_str(text, Format::DateTime).ok()?.secs()).ok()
}

impl Iam {
    /// A client with these keys.
    pub fn new(keys: Keys, region: &Region, endpoints: Endpoints) -> Self {
        Self { api: Api::new(keys, region, endpoints) }
    }

    /// The same client, with another way to AWS.
    #[must_use]
    pub fn over(self, network: &Network) -> Self {
        Self { api: self.api.over(network) }
    }

    /// The account that an access key belongs to, even if it is another one.
    ///
    /// # Errors
    /// [`InventoryError`]; `ValidationError` for an id that no key can have.
    pub async fn account_of_key(&self, id: &str) -> Result<String, InventoryError> {
        first(&self.api.sts(&[("Action", "GetAccessKeyInfo"), ("AccessKeyId", id)]).await?, "Account")
    }

    /// The owner of an access key of this account.
    ///
    /// # Errors
    /// [`InventoryError`]; AWS answers `AccessDenied` or `NoSuchEntity` for a key that does not exist.
    pub async fn owner_of_key(&self, id: &str) -> Result<KeyOwner, InventoryError> {
        let answer = self.api.iam(&[("Action", "GetAccessKeyLastUsed"), ("AccessKeyId", id)]).await?;
        let last_use = match first(&answer, "LastUsedDate") {
            Ok(date) => Some(LastUse {
                at: parse_time(&date).ok_or(InventoryError::Unreadable)?,
                service: first(&answer, "ServiceName")?,
                region: first(&answer, "Region")?,
            }),
            Err(_) => None,
        };
        Ok(KeyOwner { user: first(&answer, "UserName")?, last_use })
    }

    /// The access keys of a user.
    ///
    /// # Errors
    /// [`InventoryError`]; `NoSuchEntity` if the user does not exist.
    pub async fn access_keys(&self, user: &str) -> Result<Vec<AccessKey>, InventoryError> {
        let pages = self.pages(&[("Action", "ListAccessKeys"), ("UserName", user)]).await?;
        let keys = gathered(&pages, "AccessKeyMetadata", ["AccessKeyId", "Status"])?;
        Ok(keys.into_iter().map(|[id, status]| AccessKey { id, is_active: status == "Active" }).collect())
    }

    /// The audiences of an identity provider; `None` if the provider does not exist.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn audiences(&self, provider: &str) -> Result<Option<Vec<String>>, InventoryError> {
        existing(self.api.audiences(provider).await)
    }

    /// A role with its policies; `None` if the role does not exist.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn role(&self, name: &str) -> Result<Option<ExistingRole>, InventoryError> {
        let Some(answer) = existing(self.api.iam(&[("Action", "GetRole"), ("RoleName", name)]).await)? else {
            return Ok(None);
        };
        let trust = percent_decode(&first(&answer, "AssumeRolePolicyDocument")?);
        let attached = self.attached("ListAttachedRolePolicies", ("RoleName", name)).await?;
        let mut inline = Vec::new();
        for policy in self.names("ListRolePolicies", ("RoleName", name)).await? {
            let form = [("Action", "GetRolePolicy"), ("RoleName", name), ("PolicyName", &policy)];
            let document = percent_decode(&first(&self.api.iam(&form).await?, "PolicyDocument")?);
            inline.push((policy, document));
        }
        let boundary = first(&answer, "PermissionsBoundaryArn").ok();
        let tags = records(&answer, "Tags", ["Key", "Value"])?.into_iter().map(Into::into).collect();
        Ok(Some(ExistingRole { arn: first(&answer, "Arn")?, trust, attached, inline, boundary, tags }))
    }

    /// The document of a managed policy's default version; `None` if the policy does not exist.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn policy(&self, arn: &str) -> Result<Option<String>, InventoryError> {
        let Some(answer) = existing(self.api.iam(&[("Action", "GetPolicy"), ("PolicyArn", arn)]).await)? else {
            return Ok(None);
        };
        let version = first(&answer, "DefaultVersionId")?;
        let form = [("Action", "GetPolicyVersion"), ("PolicyArn", arn), ("VersionId", &version)];
        let document = first(&self.api.iam(&form).await?, "Document")?;
        Ok(Some(percent_decode(&document)))
    }

    /// The ARNs of the managed policies of a user, group or role.
    async fn attached(&self, action: &str, of: (&str, &str)) -> Result<Vec<String>, InventoryError> {
        let pages = self.pages(&[("Action", action), of]).await?;
        Ok(gathered(&pages, "AttachedPolicies", ["PolicyArn"])?.into_iter().map(|[arn]| arn).collect())
    }

    /// The names of the inline policies of a user, group or role.
    async fn names(&self, action: &str, of: (&str, &str)) -> Result<Vec<String>, InventoryError> {
        let pages = self.pages(&[("Action", action), of]).await?;
        let mut names = Vec::new();
        for page in &pages {
            names.extend(all(page, "PolicyNames", Some("member"))?);
        }
        Ok(names)
    }

    /// All pages of a list.
    async fn pages(&self, form: &[(&str, &str)]) -> Result<Vec<String>, InventoryError> {
        let mut pages = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..PAGES {
            let mut form = form.to_vec();
            form.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let page = self.api.iam(&form).await?;
            let is_last = first(&page, "IsTruncated").is_ok_and(|truncated| truncated != "true");
            marker = first(&page, "Marker").ok();
            pages.push(page);
            if is_last {
                return Ok(pages);
            }
            if marker.is_none() {
                return Err(InventoryError::Unreadable);
            }
        }
        Err(InventoryError::Unreadable)
    }
}

/// The members of a list on all of its pages.
fn gathered<const N: usize>(
    pages: &[String],
    list: &str,
    elements: [&str; N],
) -> Result<Vec<[String; N]>, InventoryError> {
    let mut all = Vec::new();
    for page in pages {
        all.extend(records(page, list, elements)?);
    }
    Ok(all)
}

/// Nothing instead of `NoSuchEntity`.
fn existing<T>(answer: Result<T, InventoryError>) -> Result<Option<T>, InventoryError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        assert_eq!(timestamp(1_796_094_000).as_deref(), Some("2026-12-01T03:00:00Z"));
        assert_eq!(parse_time("2026-12-01T03:00:00Z"), Some(1_796_094_000));
        assert_eq!((parse_time("yesterday"), timestamp(u64::MAX)), (None, None));
    }
}
