//! The accounts that a run would call: those of the stacks that it selects, and of the values that the app looks up.

use crate::{
    assembly::Contents,
    forbidden_account::{ForbiddenAccount, What},
    selection,
    settings::{Command, Settings},
};

/// What a run with these settings would call in accounts that are not allowed. A stack without an account is deployed to the
/// session's account, which is checked before.
pub(crate) fn forbidden(settings: &Settings, contents: &Contents) -> Vec<ForbiddenAccount> {
    if !settings.invocation.command.calls_accounts_of_stacks() {
        return Vec::new();
    }
    let stacks = selection::called(settings, contents)
        .into_iter()
        .map(|stack| (What::Stack(stack.path.clone()), stack.account.as_ref()));
    let lookups = contents.missing.iter().map(|lookup| (What::Lookup(lookup.key.clone()), lookup.account.as_ref()));
    not_allowed(settings, stacks.chain(lookups).filter_map(|(what, account)| Some((what, account?.clone())))).collect()
}

/// What is not in an allowed account. Without `ALLOWED_ACCOUNT_IDS` all are allowed.
fn not_allowed(
    settings: &Settings,
    called: impl Iterator<Item = (What, String)>,
) -> impl Iterator<Item = ForbiddenAccount> {
    let allowed = &settings.session.allowed_accounts;
    called
        .filter(|(_, account)| !allowed.is_empty() && !allowed.iter().any(|allowed| allowed.as_str() == account))
        .map(|(what, account)| ForbiddenAccount { what, account, allowed: allowed.clone() })
}

/// The environments to bootstrap that are not in an allowed account.
pub(crate) fn forbidden_environments(settings: &Settings) -> Vec<ForbiddenAccount> {
    if settings.invocation.command != Command::Bootstrap {
        return Vec::new();
    }
    let environments = settings.stacks.iter().chain(&settings.extra_args).filter_map(|name| {
        let (account, _) = name.strip_prefix("aws://")?.split_once('/')?;
        Some((What::Environment(name.clone()), account.to_owned()))
    });
    not_allowed(settings, environments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<String> {
        let session = [("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/r"), ("AWS_REGION", "eu-west-1")];
        let settings = Settings::read(&session.iter().chain(variables).copied().collect()).1.unwrap();
        forbidden_environments(&settings).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn environments_are_bootstrapped_in_allowed_accounts() {
        let stacks = ("STACKS", "aws://222222222222/eu-west-1 aws://111111111111/eu-west-1");
        let (command, allowed) = (("COMMAND", "bootstrap"), ("ALLOWED_ACCOUNT_IDS", "222222222222"));
        assert_eq!(
            found(&[command, allowed, stacks]),
            [
                "environment `aws://111111111111/eu-west-1` is in account 111111111111, which is not in ALLOWED_ACCOUNT_IDS \
              (222222222222)"
            ]
        );
        assert_eq!(found(&[command, stacks]), [] as [&str; 0]);
        assert_eq!(found(&[command, allowed]), [] as [&str; 0]);
    }
}
