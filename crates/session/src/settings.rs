//! The settings of a session.

mod packages;
mod tags;

use std::{path::PathBuf, time::Duration};

use keyless_aws::{Environment, Keys};
use keyless_core::{
    aws::{AccountId, Region, RoleArn, SessionName},
    pipes::keyless as v,
    spelling::nearest,
};

pub use packages::PackageSettings;
pub use tags::SessionTags;

use crate::{invalid_setting::InvalidSetting, log, reader::Reader};

/// Which role to assume, for how long, and how the child receives the session.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// The role to assume.
    pub role: RoleArn,
    /// The region to deploy to.
    pub region: Region,
    /// The session's length.
    pub duration: Duration,
    /// The session's name; without one it is named after the build.
    pub name: Option<SessionName>,
    /// An inline session policy.
    pub policy: Option<String>,
    /// Managed session policies.
    pub policy_arns: Vec<String>,
    /// Further roles, in order.
    pub chain: Vec<ChainLink>,
    /// The tags of the last role's session.
    pub tags: SessionTags,
    /// The allowed accounts; an empty list allows any.
    pub allowed_accounts: Vec<AccountId>,
    /// Where to read the role's trust policy when AWS refuses the session.
    pub trust_policy: Option<TrustPolicy>,
    /// The package managers to log in.
    pub packages: Option<PackageSettings>,
    /// How the child receives the credentials.
    pub credentials: Credentials,
}

/// Where a role's trust policy is.
#[derive(Clone, Debug)]
pub enum TrustPolicy {
    /// In a file.
    File(PathBuf),
    /// In IAM, read with these credentials.
    Iam(Keys),
}

/// A role to assume from the session of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// The role.
    pub role: RoleArn,
    /// The external id that its trust policy requires.
    pub external_id: Option<String>,
}

/// How the child receives the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// From a loopback endpoint.
    Endpoint,
    /// In its environment.
    Environment,
}

const CREDENTIALS: [(&str, Credentials); 2] =
    [("endpoint", Credentials::Endpoint), ("environment", Credentials::Environment)];

/// The longest session of a chained role, and the default of any.
pub const ONE_HOUR: Duration = v::CHAINED_DURATION;
/// The most managed session policies (STS API reference, `PolicyArns`).
const POLICY_ARNS: usize = 10;
/// The longest inline session policy, in characters (STS API reference, `Policy`).
const POLICY_LENGTH: usize = 2048;

impl SessionSettings {
    /// Reads the settings of a session from the variables of a step, which may have others for its own programs.
    ///
    /// # Errors
    /// Every invalid setting.
    pub fn read(environment: &Environment) -> Result<Self, Vec<InvalidSetting>> {
        let mut reader = Reader::of_a_step(environment);
        Self::read_from(&mut reader).filter(|_| reader.invalid.is_empty()).ok_or(reader.invalid)
    }

    /// Reads them together with others. `None` when role or region is missing or invalid.
    pub fn read_from(reader: &mut Reader<'_>) -> Option<Self> {
        let role = reader.parsed(&v::AWS_ROLE_ARN, RoleArn::parse, InvalidSetting::Role);
        reader.invalid.extend(reader.environment().insecure_endpoints().into_iter().map(InvalidSetting::Endpoint));
        let region = reader.parsed(&v::AWS_REGION, Region::parse, InvalidSetting::Region);
        if let (Some(role), Some(region)) = (&role, &region)
            && role.partition() != region.partition()
        {
            reader.invalid.push(InvalidSetting::Partition(role.clone(), region.clone()));
        }
        let duration = reader.duration(&v::SESSION_DURATION, v::DURATION_FORM, v::DURATIONS, ONE_HOUR);
        let name = reader.parsed(&v::SESSION_NAME, SessionName::parse, InvalidSetting::SessionName);
        let policy = reader.parsed(&v::SESSION_POLICY, policy, |_, invalid| invalid);
        let policy_arns = reader.list(&v::SESSION_POLICY_ARNS);
        if policy_arns.len() > POLICY_ARNS {
            reader.invalid.push(InvalidSetting::TooManyPolicies(policy_arns.len(), POLICY_ARNS));
        }
        let before = reader.invalid.len();
        let chain = reader.parsed_list(&v::ROLE_CHAIN, ChainLink::parse, InvalidSetting::Role);
        // An invalid chain is reported alone.
        let chained = !chain.is_empty() || reader.invalid.len() > before;
        let tags = SessionTags::read_from(reader, chained);
        let allowed_accounts = reader.parsed_list(&v::ALLOWED_ACCOUNT_IDS, AccountId::parse, InvalidSetting::Account);
        let trust_policy = TrustPolicy::read_from(reader);
        let packages = PackageSettings::read_from(reader);
        let credentials = Credentials::read_from(reader);
        if let Some(role) = &role {
            let account = chain.last().map_or(role, |link| &link.role).account();
            if !allowed_accounts.is_empty() && !allowed_accounts.contains(account) {
                reader.invalid.push(InvalidSetting::ForbiddenAccount(account.clone(), allowed_accounts.clone()));
            }
        }
        Some(Self {
            role: role?,
            region: region?,
            duration,
            name,
            policy,
            policy_arns,
            chain,
            tags,
            allowed_accounts,
            trust_policy,
            packages,
            credentials,
        })
    }

    /// The role whose session the child receives.
    pub fn last_role(&self) -> &RoleArn {
        self.chain.last().map_or(&self.role, |link| &link.role)
    }
}

impl Credentials {
    /// In a step, `CREDENTIALS` is also what other clouds call a key: such a value belongs to the command.
    fn read_from(reader: &mut Reader<'_>) -> Self {
        if reader.is_shared()
            && let Some((name, value)) = reader.value(&v::CREDENTIALS)
            && name == v::CREDENTIALS.name
            && !CREDENTIALS.iter().any(|(known, _)| *known == value)
            && nearest(&value, CREDENTIALS.map(|(known, _)| known)).is_none()
        {
            log::warning(format_args!(
                "{name} is left to the command: its value is neither endpoint nor environment; keyless reads {}",
                v::CREDENTIALS.qualified
            ));
            return Self::Endpoint;
        }
        reader.choice(&v::CREDENTIALS, &CREDENTIALS, Self::Endpoint)
    }
}

impl TrustPolicy {
    fn read_from(reader: &mut Reader<'_>) -> Option<Self> {
        let source = reader.string(&v::TRUST_POLICY)?;
        let confirmed = source == v::IAM_WITH_STORED_KEYS;
        if source != v::IAM && !confirmed {
            return Some(Self::File(source.into()));
        }
        let keys = Keys::from_environment(reader.environment());
        match &keys {
            None => reader.invalid.push(InvalidSetting::NoIamCredentials),
            Some(keys) if !keys.are_temporary() && !confirmed => reader.invalid.push(InvalidSetting::StoredKeys),
            Some(_) => {}
        }
        keys.map(Self::Iam)
    }
}

impl ChainLink {
    /// `ARN` or `ARN#external-id`; neither part can contain a `#`.
    fn parse(text: &str) -> Result<Self, keyless_core::aws::role::RoleArnError> {
        let (role, external_id) = text.split_once('#').map_or((text, None), |(role, id)| (role, Some(id.to_owned())));
        Ok(Self { role: RoleArn::parse(role)?, external_id })
    }
}

fn policy(text: &str) -> Result<String, InvalidSetting> {
    let name = v::SESSION_POLICY.name;
    let length = text.chars().count();
    if length > POLICY_LENGTH {
        return Err(InvalidSetting::PolicyLength(name, length, POLICY_LENGTH));
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(policy) if policy["Statement"].is_null() => Err(InvalidSetting::PolicyStatement(name)),
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(InvalidSetting::PolicyJson(name, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package_managers::PACKAGE_MANAGERS;

    #[test]
    fn the_table_of_variables_lists_the_same_values() {
        assert_eq!(v::CREDENTIALS.values(), CREDENTIALS.map(|(name, _)| name));
        let tools: Vec<_> = PACKAGE_MANAGERS.iter().map(|tool| tool.name).collect();
        assert!(matches!(v::CODEARTIFACT_TOOLS.form, v::Form::Items(items) if items == tools));
    }
}
