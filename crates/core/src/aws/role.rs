//! Role ARNs: `arn:<partition>:iam::<account>:role/<path and name>`.

use std::fmt;

use super::{
    account::{AccountId, AccountIdError},
    partition::{PARTITIONS, Partition},
};
use crate::spelling::nearest;

/// The longest role name (IAM quotas).
const NAME_LIMIT: usize = 64;
/// The longest path (IAM API reference, `CreateRole`).
const PATH_LIMIT: usize = 512;

/// The ARN of an IAM role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleArn {
    text: String,
    partition: &'static Partition,
    account: AccountId,
    name_start: usize,
}

/// Which part of a role ARN is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleArnError {
    /// Nothing there.
    #[error("it is empty; a role ARN looks like `{form}`", form = FORM)]
    Empty,
    /// A variable that nobody replaced, such as `$AWS_ROLE_ARN`.
    #[error("it is the literal string `{0}`: no variable of that name is set for this step")]
    Unexpanded(String),
    /// White space or quotation marks around or inside it.
    #[error("it contains {}; remove it", visible(*.0))]
    StrayCharacter(char),
    /// Not of the form `arn:…` with six parts: the number of parts.
    #[error("{}; a role ARN looks like `{form}`", not_an_arn(found, *parts), form = FORM)]
    NotAnArn {
        /// What was written.
        found: String,
        /// How many parts it has, split at the first five colons.
        parts: usize,
    },
    /// The second part names no partition.
    #[error("its partition `{found}` does not exist; {}", partitions(*nearest))]
    Partition {
        /// What was written.
        found: String,
        /// The partition that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The third part is not `iam`.
    #[error("its service is `{0}` instead of `iam`; a role ARN looks like `{form}`", form = FORM)]
    Service(String),
    /// The fourth part is not empty; roles belong to no region.
    #[error("it contains the region `{0}`, but roles have no region; use `iam::`")]
    Region(String),
    /// The fifth part is not an account id.
    #[error(transparent)]
    Account(AccountIdError),
    /// The sixth part does not begin with `role/`: its kind, such as `user` or `assumed-role`.
    #[error("it is the ARN of {}, not of a role (`role/…`)", kind(.0))]
    NotARole(String),
    /// The role's name is empty.
    #[error("the role name is missing after `role/`")]
    NameEmpty,
    /// The role's name or path has a character that IAM does not allow.
    #[error("`{name}` contains {}, which role names do not allow", visible(*character))]
    NameCharacter {
        /// The name or path.
        name: String,
        /// The character.
        character: char,
    },
    /// The role's name or its path is longer than IAM allows: the length found and the limit.
    #[error("the role's {part} has {length} characters; at most {limit} are allowed")]
    TooLong {
        /// "name" or "path".
        part: &'static str,
        /// Characters found.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
}

impl RoleArn {
    /// Reads a role's ARN.
    ///
    /// # Errors
    /// [`RoleArnError`] that names the first part that is wrong.
    pub fn parse(text: &str) -> Result<Self, RoleArnError> {
        if text.is_empty() {
            return Err(RoleArnError::Empty);
        }
        if text.starts_with('$') {
            return Err(RoleArnError::Unexpanded(text.to_owned()));
        }
        if let Some(stray) = text.chars().find(|c| c.is_whitespace() || matches!(c, '"' | '\'' | '`')) {
            return Err(RoleArnError::StrayCharacter(stray));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let &["arn", partition, service, region, account, resource] = parts.as_slice() else {
            return Err(RoleArnError::NotAnArn { found: text.to_owned(), parts: parts.len() });
        };
        let partition = Partition::named(partition).ok_or_else(|| RoleArnError::Partition {
            found: partition.to_owned(),
            nearest: nearest(partition, PARTITIONS.iter().map(|partition| partition.name)),
        })?;
        if service != "iam" {
            return Err(RoleArnError::Service(service.to_owned()));
        }
        if !region.is_empty() {
            return Err(RoleArnError::Region(region.to_owned()));
        }
        let account = AccountId::parse(account).map_err(RoleArnError::Account)?;
        let (kind, path_and_name) = resource.split_once('/').unwrap_or((resource, ""));
        if kind != "role" {
            return Err(RoleArnError::NotARole(kind.to_owned()));
        }
        let (path, name) = path_and_name.rsplit_once('/').unwrap_or(("", path_and_name));
        check_name(path, name)?;
        Ok(Self { text: text.to_owned(), partition, account, name_start: text.len() - name.len() })
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its partition.
    pub fn partition(&self) -> &'static Partition {
        self.partition
    }

    /// The account that owns the role, and must own the identity provider too.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The role's name without its path.
    pub fn name(&self) -> &str {
        &self.text[self.name_start..]
    }

    /// The ARN of the identity provider for an issuer in the role's account, where AWS looks for it.
    pub fn provider_arn(&self, issuer: &str) -> String {
        let url = issuer.strip_prefix("https://").unwrap_or(issuer);
        format!("arn:{}:iam::{}:oidc-provider/{url}", self.partition, self.account)
    }
}

/// IAM's rules for role names `[\w+=,.@-]{1,64}` and paths (IAM API reference, `CreateRole`).
fn check_name(path: &str, name: &str) -> Result<(), RoleArnError> {
    if name.is_empty() {
        return Err(RoleArnError::NameEmpty);
    }
    if let Some(character) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c))) {
        return Err(RoleArnError::NameCharacter { name: name.to_owned(), character });
    }
    if let Some(character) = path.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(RoleArnError::NameCharacter { name: path.to_owned(), character });
    }
    for (part, length, limit) in [("name", name.len(), NAME_LIMIT), ("path", path.len(), PATH_LIMIT)] {
        if length > limit {
            return Err(RoleArnError::TooLong { part, length, limit });
        }
    }
    Ok(())
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The form that messages show.
const FORM: &str = "arn:aws:iam::123456789012:role/deploy";

fn not_an_arn(found: &str, parts: usize) -> String {
    if found.starts_with("arn:") {
        format!("`{found}` has {parts} parts separated by colons instead of 6")
    } else {
        format!("`{found}` is not an ARN")
    }
}

fn partitions(nearest: Option<&str>) -> String {
    if let Some(nearest) = nearest {
        return format!("did you mean `{nearest}`?");
    }
    let names: Vec<_> = PARTITIONS.iter().map(|partition| partition.name).collect();
    format!("allowed: {}", names.join(", "))
}

fn kind(kind: &str) -> String {
    match kind {
        "assumed-role" => "a session (`assumed-role/…`)".to_owned(),
        other => format!("a `{other}`"),
    }
}

fn visible(character: char) -> String {
    match character {
        ' ' => "a space".to_owned(),
        '\n' | '\r' => "a line break".to_owned(),
        '\t' => "a tab".to_owned(),
        '"' | '\'' | '`' => format!("the quotation mark {character}"),
        other => format!("`{}`", other.escape_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_read_or_the_wrong_part_is_named() {
        for (text, expected) in [
            ("arn:aws:iam::123456789012:role/deploy", "aws 123456789012 deploy"),
            ("arn:aws-cn:iam::123456789012:role/ci/eu/deploy+1", "aws-cn 123456789012 deploy+1"),
            ("", "it is empty; a role ARN looks like `arn:aws:iam::123456789012:role/deploy`"),
            (
                "$AWS_ROLE_ARN",
                "it is the literal string `$AWS_ROLE_ARN`: no variable of that name is set for this step",
            ),
            ("arn:aws:iam::123456789012:role/deploy\n", "it contains a line break; remove it"),
            ("\"arn:aws:iam::123456789012:role/deploy\"", "it contains the quotation mark \"; remove it"),
            ("deploy", "`deploy` is not an ARN; a role ARN looks like `arn:aws:iam::123456789012:role/deploy`"),
            (
                "arn:aws:iam:123456789012:role/deploy",
                "`arn:aws:iam:123456789012:role/deploy` has 5 parts separated by colons instead of 6; \
                 a role ARN looks like `arn:aws:iam::123456789012:role/deploy`",
            ),
            (
                "arn:aws_cn:iam::123456789012:role/deploy",
                "its partition `aws_cn` does not exist; did you mean `aws-cn`?",
            ),
            (
                "arn:azure:iam::123456789012:role/deploy",
                "its partition `azure` does not exist; allowed: aws, aws-cn, aws-us-gov, aws-eusc, aws-iso, aws-iso-b, \
                 aws-iso-e, aws-iso-f",
            ),
            (
                "arn:aws:sts::123456789012:assumed-role/deploy/me",
                "its service is `sts` instead of `iam`; a role ARN looks like \
                 `arn:aws:iam::123456789012:role/deploy`",
            ),
            (
                "arn:aws:iam:eu-west-1:123456789012:role/d",
                "it contains the region `eu-west-1`, but roles have no region; use `iam::`",
            ),
            ("arn:aws:iam::12345678901:role/deploy", "the account id has 11 digits instead of 12"),
            ("arn:aws:iam::12345678901O:role/deploy", "the account id `12345678901O` is not a number of 12 digits"),
            ("arn:aws:iam::123456789012:roles/deploy", "it is the ARN of a `roles`, not of a role (`role/…`)"),
            ("arn:aws:iam::123456789012:user/deploy", "it is the ARN of a `user`, not of a role (`role/…`)"),
            (
                "arn:aws:iam::123456789012:assumed-role/deploy/me",
                "it is the ARN of a session (`assumed-role/…`), not of a role (`role/…`)",
            ),
            ("arn:aws:iam::123456789012:role/", "the role name is missing after `role/`"),
            ("arn:aws:iam::123456789012:role/de*", "`de*` contains `*`, which role names do not allow"),
        ] {
            let read = match RoleArn::parse(text) {
                Ok(role) => format!("{} {} {}", role.partition(), role.account(), role.name()),
                Err(error) => error.to_string(),
            };
            assert_eq!(read, expected);
        }
        let long = format!("arn:aws:iam::123456789012:role/{}", "x".repeat(65));
        assert_eq!(
            RoleArn::parse(&long).unwrap_err().to_string(),
            "the role's name has 65 characters; at most 64 are allowed"
        );
    }
}
