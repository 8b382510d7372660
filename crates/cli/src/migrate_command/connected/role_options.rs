//! The options of the stage `roles`.

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use keyless_core::{migrate::permissions::MANAGED_LIMIT, setup::Profile};

/// How the roles are made.
#[derive(Clone, Debug, Args)]
pub(super) struct RoleOptions {
    /// Permissions of the roles: those of the key's user, or a profile of `keyless setup`
    #[arg(long, value_name = "PERMISSIONS", default_value = "same", value_parser = granted())]
    pub(super) permissions: Granted,
    /// The managed policy that limits the permissions of the roles [default: that of the user]
    #[arg(long, value_name = "ARN")]
    pub(super) permissions_boundary: Option<String>,
    /// Maximum session duration in hours
    #[arg(long, value_name = "HOURS", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=12))]
    pub(super) session_hours: u32,
    /// How many managed policies a role can have in this account
    #[arg(long, value_name = "NUMBER", default_value_t = MANAGED_LIMIT)]
    pub(super) managed_policy_quota: usize,
}

/// What a role may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granted {
    /// What the user of the key may do.
    Same,
    /// A profile of `keyless setup`.
    Profile(Profile),
}

impl Default for RoleOptions {
    fn default() -> Self {
        Self {
            permissions: Granted::Same,
            permissions_boundary: None,
            session_hours: 1,
            managed_policy_quota: MANAGED_LIMIT,
        }
    }
}

/// The name of [`Granted::Same`].
const SAME: &str = "same";

fn granted() -> impl TypedValueParser<Value = Granted> {
    let names = [SAME].into_iter().chain(Profile::ALL.map(Profile::name));
    PossibleValuesParser::new(names).map(|name| {
        Profile::ALL.into_iter().find(|profile| profile.name() == name).map_or(Granted::Same, Granted::Profile)
    })
}
