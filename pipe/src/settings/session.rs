//! Who to be on AWS: the settings that the pipe and `keyless-aws` share.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, time::Duration};

use keyless_aws::Keys;
use keyless_core::aws::{AccountId, Region, RoleArn, SessionName};

use super::PackageSettings;
use crate::{mistake::Mistake, reader::Reader, variables as v};

/// Who to be on AWS, for how long, and how the child learns it.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// The role to assume.
    pub role: RoleArn,
    /// The region to deploy to.
    pub region: Region,
    /// The session's length.
    pub duration: Duration,
    /// The session's name, when a person chose it.
    pub name: Option<SessionName>,
    /// An inline session policy.
    pub policy: Option<String>,
    /// Managed session policies.
    pub policy_arns: Vec<String>,
    /// Further roles, in order.
    pub chain: Vec<ChainLink>,
    /// The accounts that may be deployed to; none means any.
    pub allowed_accounts: Vec<AccountId>,
    /// Where the role's trust policy is read when AWS refuses.
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
    /// In IAM, which is asked with this identity.
    Iam(Keys),
}

/// A role to assume from the session of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// The role.
    pub role: RoleArn,
    /// The external id that its trust policy asks for.
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

const HANDOVERS: [(&str, Credentials); 2] =
    [("endpoint", Credentials::Endpoint), ("environment", Credentials::Environment)];

/// Limits of a session's length (STS API reference, `DurationSeconds`), and of one from another role's session.
const DURATIONS: (Duration, Duration) = (Duration::from_mins(15), Duration::from_hours(12));
/// The longest session of a chained role, and the default of any.
pub const ONE_HOUR: Duration = Duration::from_hours(1);
/// The most managed session policies (STS API reference, `PolicyArns`).
const POLICY_ARNS: usize = 10;
/// The longest inline session policy, in characters (STS API reference, `Policy`).
const POLICY_LENGTH: usize = 2048;

impl SessionSettings {
    /// Reads the settings of a session alone.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn read(environment: &BTreeMap<OsString, OsString>) -> Result<Self, Vec<Mistake>> {
        let mut reader = Reader::new(environment);
        Self::read_from(&mut reader).filter(|_| reader.mistakes.is_empty()).ok_or(reader.mistakes)
    }

    pub(super) fn read_from(reader: &mut Reader<'_>) -> Option<Self> {
        let role = reader.parsed(&v::AWS_ROLE_ARN, RoleArn::parse, Mistake::Role);
        let region = reader.parsed(&v::AWS_REGION, Region::parse, Mistake::Region);
        if let (Some(role), Some(region)) = (&role, &region)
            && role.partition() != region.partition()
        {
            reader.mistakes.push(Mistake::Partition(role.clone(), region.clone()));
        }
        let duration = reader.duration(&v::SESSION_DURATION, DURATIONS, ONE_HOUR);
        let name = reader.parsed(&v::SESSION_NAME, SessionName::parse, Mistake::SessionName);
        let policy = reader.parsed(&v::SESSION_POLICY, policy, Mistake::Policy);
        let policy_arns = reader.list(&v::SESSION_POLICY_ARNS);
        if policy_arns.len() > POLICY_ARNS {
            reader.mistakes.push(Mistake::TooManyPolicies(policy_arns.len(), POLICY_ARNS));
        }
        let chain = reader.parsed_list(&v::ROLE_CHAIN, ChainLink::parse, Mistake::Role);
        let allowed_accounts = reader.parsed_list(&v::ALLOWED_ACCOUNT_IDS, AccountId::parse, Mistake::Account);
        let trust_policy = TrustPolicy::read_from(reader);
        let packages = PackageSettings::read_from(reader);
        let credentials = reader.choice(&v::CREDENTIALS, &HANDOVERS, Credentials::Endpoint);
        if let Some(role) = &role {
            let account = chain.last().map_or(role, |link| &link.role).account();
            if !allowed_accounts.is_empty() && !allowed_accounts.contains(account) {
                reader.mistakes.push(Mistake::ForbiddenAccount(account.clone(), allowed_accounts.clone()));
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
            allowed_accounts,
            trust_policy,
            packages,
            credentials,
        })
    }

    /// The role that deploys in the end.
    pub fn last_role(&self) -> &RoleArn {
        self.chain.last().map_or(&self.role, |link| &link.role)
    }
}

impl TrustPolicy {
    fn read_from(reader: &mut Reader<'_>) -> Option<Self> {
        let place = reader.text(&v::TRUST_POLICY)?;
        if place != "iam" {
            return Some(Self::File(place.into()));
        }
        let keys = Keys::from_variables(|name| reader.get(name));
        if keys.is_none() {
            reader.mistakes.push(Mistake::NoIdentity);
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

fn policy(text: &str) -> Result<String, String> {
    if text.chars().count() > POLICY_LENGTH {
        return Err(format!("it has {} characters, at most {POLICY_LENGTH} are allowed", text.chars().count()));
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(policy) if policy["Statement"].is_null() => Err("it is no IAM policy: `Statement` is missing".to_owned()),
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("it is not JSON: {error}")),
    }
}
