//! The roles of a document, and which of them an ARN or a name means. Everything that needs one role of several selects
//! it here.

use std::fmt;

use super::{
    policy::{self, Policy},
    template::{Document, Unreadable},
    text::Text,
};
use crate::{aws::RoleArn, diagnostic::Severity};

/// A role by its trust policy.
#[derive(Clone, Debug)]
pub struct TrustedRole {
    /// What the document calls it.
    pub identity: RoleIdentity,
    /// Its trust policy.
    pub policy: Policy,
}

/// What a document says about which role a policy belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleIdentity {
    /// The document's own name for the role: the logical ID in a template, the role's name elsewhere. Empty for a policy
    /// without a role around it.
    pub logical_id: String,
    /// The role's name in AWS (`RoleName`), where the document sets one. A template's functions may leave parts open.
    pub name: Option<Text>,
    /// When the role has this policy, where a template selects between several: `if Production`.
    pub condition: Option<String>,
}

/// Which role of a document is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleSelector {
    /// The role with this ARN. A document has names only, so the account is not compared.
    Arn(RoleArn),
    /// The role with this name in AWS, or else with this logical ID.
    Name(String),
}

/// Why a document gives no role to evaluate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// It has no readable trust policy.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// No role in it is the selected one.
    #[error("it has no role `{wanted}`{}", listed("; the roles are: ", roles))]
    NotFound {
        /// The name that was looked for.
        wanted: String,
        /// The roles that it has.
        roles: Vec<String>,
    },
    /// Several roles may be the one that is meant.
    #[error("it has several roles{}", listed(": ", roles))]
    Ambiguous {
        /// The roles in question.
        roles: Vec<String>,
    },
    /// IAM would reject the policy.
    #[error("IAM would reject the policy: {0}; run `keyless trust check` for details")]
    Rejected(String),
}

/// How well a role fits a selector, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// Nothing says that it is another role.
    Possible,
    /// The logical ID fits, and the name in AWS is not set.
    LogicalId,
    /// The name in AWS is the same.
    Name,
}

/// Reads the roles of a document: a policy, a template, or IAM's own output. With a selector, only those that it may
/// mean: one, unless the document does not set the names.
///
/// # Errors
/// [`RoleError`] where there is no such role, and where IAM would reject a policy.
pub fn read(text: &str, selector: Option<&RoleSelector>) -> Result<Vec<TrustedRole>, RoleError> {
    let document = Document::parse(text)?;
    let all = document.trust_policies()?;
    let found = match selector {
        None => all.iter().collect(),
        Some(selector) => select(&all, selector),
    };
    if let Some(selector) = selector
        && found.is_empty()
    {
        let roles = all.iter().map(|it| it.identity.to_string()).filter(|name| !name.is_empty()).collect();
        return Err(RoleError::NotFound { wanted: selector.name().to_owned(), roles });
    }
    let read = |found: &super::template::Found<'_>| {
        let (policy, problems) = policy::read(&found.policy, found.template);
        match problems.iter().find(|problem| problem.severity == Severity::Error) {
            Some(problem) => Err(RoleError::Rejected(problem.message.clone())),
            None => Ok(TrustedRole { identity: found.identity.clone(), policy }),
        }
    };
    found.into_iter().map(read).collect()
}

/// Reads the one role that a selector means, or the only one of a document.
///
/// # Errors
/// [`RoleError`] as for [`read`], and where several roles are left.
pub fn read_one(text: &str, selector: Option<&RoleSelector>) -> Result<TrustedRole, RoleError> {
    let mut roles = read(text, selector)?;
    match roles.pop() {
        Some(only) if roles.is_empty() => Ok(only),
        last => {
            let roles = roles.iter().chain(&last).map(|role| role.identity.to_string()).collect();
            Err(RoleError::Ambiguous { roles })
        }
    }
}

/// The roles that a selector may mean, best evidence only: a role of the same name excludes roles of unknown names.
pub fn select<'r, R: AsRef<RoleIdentity>>(roles: &'r [R], selector: &RoleSelector) -> Vec<&'r R> {
    let fitting: Vec<_> = roles.iter().filter_map(|role| Some((role.as_ref().evidence(selector)?, role))).collect();
    let best = fitting.iter().map(|(evidence, _)| *evidence).max();
    fitting.into_iter().filter(|(evidence, _)| Some(*evidence) == best).map(|(_, role)| role).collect()
}

impl RoleSelector {
    /// An ARN where the string is one, a name otherwise.
    pub fn parse(text: &str) -> Self {
        RoleArn::parse(text).map_or_else(|_| Self::Name(text.to_owned()), Self::Arn)
    }

    /// The name to look for.
    pub fn name(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.name(),
            Self::Name(name) => name,
        }
    }
}

impl RoleIdentity {
    fn evidence(&self, selector: &RoleSelector) -> Option<Evidence> {
        let wanted = selector.name();
        if self.name.as_ref().and_then(Text::as_str) == Some(wanted)
            || (self.condition.is_some() && self.to_string() == wanted)
        {
            return Some(Evidence::Name);
        }
        match (selector, &self.name) {
            // A person may use the logical ID whatever the name is; an ARN never has one.
            (RoleSelector::Name(_), _) => (self.logical_id == wanted).then_some(Evidence::LogicalId),
            (RoleSelector::Arn(_), Some(name)) => may_be(name, wanted).then_some(Evidence::Possible),
            (RoleSelector::Arn(_), None) if self.logical_id == wanted || is_generated(wanted, &self.logical_id) => {
                Some(Evidence::LogicalId)
            }
            (RoleSelector::Arn(_), None) => Some(Evidence::Possible),
        }
    }
}

/// Whether a name that a template leaves open in part may turn out to be `wanted`.
fn may_be(name: &Text, wanted: &str) -> bool {
    let (prefix, suffix) = (name.prefix(), name.suffix());
    name.as_str().is_none()
        && wanted.len() >= prefix.len() + suffix.len()
        && wanted.starts_with(prefix)
        && wanted.ends_with(suffix)
}

/// Whether CloudFormation may have generated a name from a logical ID: `stack-LogicalId-1A2B3C4D5E6F`.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html>
fn is_generated(name: &str, logical_id: &str) -> bool {
    name.rsplit_once('-')
        .filter(|(_, random)| random.len() >= 12 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .and_then(|(rest, _)| rest.strip_suffix(logical_id))
        .is_some_and(|stack| !logical_id.is_empty() && stack.ends_with('-'))
}

fn listed(before: &str, roles: &[String]) -> String {
    if roles.is_empty() { String::new() } else { format!("{before}{}", roles.join(", ")) }
}

impl AsRef<RoleIdentity> for TrustedRole {
    fn as_ref(&self) -> &RoleIdentity {
        &self.identity
    }
}

/// The logical ID, followed by the name in AWS where that differs and the condition of the policy. Empty for a policy
/// without a role around it.
impl fmt::Display for RoleIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_ref().map(Text::to_string) {
            Some(name) if name != self.logical_id => write!(f, "{} ({name})", self.logical_id),
            _ => f.write_str(&self.logical_id),
        }?;
        self.condition.as_ref().map_or(Ok(()), |condition| write!(f, " {condition}"))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn arn(name: &str) -> RoleSelector {
        RoleSelector::parse(&format!("arn:aws:iam::123456789012:role/ci/{name}"))
    }

    /// The logical IDs of the roles that a selector finds.
    fn found(text: &str, selector: &RoleSelector) -> Vec<String> {
        match read(text, Some(selector)) {
            Ok(roles) => roles.into_iter().map(|role| role.identity.logical_id).collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    fn template(roles: &[(&str, &str)]) -> String {
        let mut text = "Resources:\n".to_owned();
        for (id, name) in roles {
            let _ = write!(
                text,
                "  {id}:\n    Type: AWS::IAM::Role\n    Properties:\n      {name}\n      AssumeRolePolicyDocument:\n        \
                 Version: '2012-10-17'\n        Statement: {{Effect: Deny, Principal: '*', Action: 'sts:*'}}\n"
            );
        }
        text
    }

    #[test]
    fn an_arn_selects_a_role_by_its_name_in_aws() {
        let text = template(&[
            ("Deploy", "RoleName: deploy"),
            ("Diff", "RoleName: !Sub '${AWS::StackName}-diff'"),
            ("Open", "Description: named by CloudFormation"),
        ]);
        for (name, expected) in [
            ("deploy", vec!["Deploy"]),
            // An ARN has the name in AWS, which `Deploy` is not
            ("Deploy", vec!["Open"]),
            ("prod-diff", vec!["Diff", "Open"]),
            ("prod-Open-1A2B3C4D5E6F", vec!["Open"]),
            ("Open", vec!["Open"]),
        ] {
            assert_eq!(found(&text, &arn(name)), expected, "{name}");
        }
        let named = template(&[("Deploy", "RoleName: deploy"), ("Diff", "RoleName: diff")]);
        assert_eq!(
            found(&named, &arn("other")),
            ["it has no role `other`; the roles are: Deploy (deploy), Diff (diff)"]
        );
        let unnamed = template(&[("Deploy", "Description: a"), ("Diff", "Description: b")]);
        assert_eq!(
            read_one(&unnamed, Some(&arn("other"))).unwrap_err().to_string(),
            "it has several roles: Deploy, Diff"
        );
    }

    #[test]
    fn a_name_selects_a_role_by_its_name_in_aws_or_its_logical_id() {
        let text = template(&[("Deploy", "RoleName: Diff"), ("Diff", "RoleName: deploy"), ("Open", "Description: c")]);
        for (name, expected) in [("Diff", "Deploy"), ("deploy", "Diff"), ("Deploy", "Deploy"), ("Open", "Open")] {
            assert_eq!(found(&text, &RoleSelector::parse(name)), [expected], "{name}");
        }
        assert!(found(&text, &RoleSelector::parse("other"))[0].starts_with("it has no role `other`; the roles are:"));
    }

    #[test]
    fn a_policy_without_a_role_belongs_to_any_arn() {
        let policy =
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "sts:*"}}"#;
        assert_eq!(found(policy, &arn("deploy")), [""]);
        assert_eq!(found(policy, &RoleSelector::parse("deploy")), ["it has no role `deploy`"]);
        let answer = format!(r#"{{"Role": {{"RoleName": "deploy", "AssumeRolePolicyDocument": {policy}}}}}"#);
        assert_eq!(found(&answer, &arn("deploy")), ["deploy"]);
        assert_eq!(found(&answer, &arn("other")), ["it has no role `other`; the roles are: deploy"]);
    }
}
