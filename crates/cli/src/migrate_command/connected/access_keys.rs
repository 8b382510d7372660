//! The access keys that a migration replaces. Their ids are not secret; Bitbucket never returns a secured one all the same.

use keyless_aws::{AccessKey, Environment, InventoryError, KeyOwner};
use keyless_core::{migrate::permissions::UserPermissions, setup::commands::quoted};

use super::{
    context::{Account, Context},
    key_id::{AccessKeyId, KEY_ID, is_long_lived},
};
use crate::failure::Failure;

/// Where the ids of access keys were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeySource {
    /// `--access-key`
    CommandLine,
    /// Variables in Bitbucket that are not secured.
    Variables,
    /// The credentials of the calls.
    Credentials,
}

/// The access keys of the steps: those that are given, else the values of unsecured variables, else that of the credentials, if
/// it is a user's.
pub(super) fn in_use(context: &Context<'_, '_>) -> (KeySource, Vec<AccessKeyId>) {
    nearest(&context.target.access_key, of_variables(context), &context.environment)
}

fn nearest(
    given: &[AccessKeyId],
    variables: Vec<AccessKeyId>,
    environment: &Environment,
) -> (KeySource, Vec<AccessKeyId>) {
    if !given.is_empty() {
        return (KeySource::CommandLine, given.to_vec());
    }
    if !variables.is_empty() {
        return (KeySource::Variables, variables);
    }
    let own = environment.get(KEY_ID).filter(|id| is_long_lived(id));
    let own = own.map(|id| AccessKeyId { environment: None, id: id.to_owned() });
    (KeySource::Credentials, own.into_iter().collect())
}

/// The ids in variables that are not secured.
pub(super) fn of_variables(context: &Context<'_, '_>) -> Vec<AccessKeyId> {
    let variables = context.found.all_variables().into_iter();
    let ids = variables.filter_map(|(place, variable)| {
        let id = variable.value.as_deref().filter(|value| is_long_lived(value))?;
        Some(AccessKeyId { environment: place.environment().map(str::to_owned), id: id.to_owned() })
    });
    ids.collect()
}

/// The owner of an access key in the account; `None` if the key does not exist any more.
pub(super) fn owner(context: &mut Context<'_, '_>, account: &Account, id: &str) -> Result<Option<KeyOwner>, Failure> {
    let error = match context.wait(account.iam.owner_of_key(id)) {
        Ok(owner) => return Ok(Some(owner)),
        Err(error) => error,
    };
    // For a key that is gone AWS is said to answer AccessDenied, which is not documented: it counts if a migration deleted it.
    if (error.is_missing() || is_denied(&error)) && context.state.changes.contains_key(&deletion(id)) {
        return Ok(None);
    }
    let of = call(context, "sts:GetAccessKeyInfo", account.iam.account_of_key(id))?;
    if of != account.id {
        return Err(Failure::KeyOfOtherAccount { key: id.to_owned(), account: of, credentials: account.id.clone() });
    }
    if error.is_missing() { Ok(None) } else { Err(refused("iam:GetAccessKeyLastUsed", &error)) }
}

/// The access keys of a user.
pub(super) fn of_user(context: &mut Context<'_, '_>, account: &Account, user: &str) -> Result<Vec<AccessKey>, Failure> {
    call(context, "iam:ListAccessKeys", account.iam.access_keys(user))
}

/// What a user is allowed to do.
pub(super) fn permissions_of_user(
    context: &mut Context<'_, '_>,
    account: &Account,
    user: &str,
) -> Result<UserPermissions, Failure> {
    let action = "iam:GetUser, iam:Get*Policy*, iam:List*Policies and iam:ListGroupsForUser";
    call(context, action, account.iam.user_permissions(user))
}

/// The id of the change that deletes an access key.
pub(super) fn deletion(id: &str) -> String {
    format!("key {id} deleted")
}

fn is_denied(error: &InventoryError) -> bool {
    matches!(error, InventoryError::Refused(said) if said.code.starts_with("AccessDenied"))
}

/// Waits for a call of IAM or STS, which needs the permission `action`.
pub(super) fn call<T>(
    context: &mut Context<'_, '_>,
    action: &str,
    call: impl Future<Output = Result<T, InventoryError>>,
) -> Result<T, Failure> {
    context.wait(call).map_err(|error| refused(action, &error))
}

fn refused(action: &str, error: &InventoryError) -> Failure {
    let help = match error {
        error if is_denied(error) => format!("grant {action} to these credentials, or use others"),
        InventoryError::Refused(said) if said.code.starts_with("Throttling") => "run this again in a minute".to_owned(),
        InventoryError::Refused(said) if said.code == "LimitExceeded" => {
            "request a larger quota of IAM, and run this again".to_owned()
        }
        InventoryError::Refused(_) | InventoryError::Unreadable => "fix the cause, and run this again".to_owned(),
        InventoryError::Http(_) => "check the network, and run this again".to_owned(),
        InventoryError::Unsignable => "renew the credentials".to_owned(),
    };
    Failure::AwsCall { action: action.to_owned(), reason: error.to_string(), help }
}

/// A word of a shell command.
pub(super) fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-/:%".contains(&byte);
    let is_plain = !text.is_empty() && text.bytes().all(plain);
    if is_plain { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate_command::connected::key_id::access_key;

    #[test]
    fn the_nearest_source_of_keys_wins() {
        let keys = [access_key("AKIAIOSFODNN7EXAMPLE").unwrap()];
        let own = access_key("AKIAIOSFODNN7EXAMPL3").unwrap();
        let environment: Environment = [(KEY_ID, own.id.as_str())].into_iter().collect();
        assert_eq!(nearest(&keys, keys.to_vec(), &environment).0, KeySource::CommandLine);
        assert_eq!(nearest(&[], keys.to_vec(), &environment), (KeySource::Variables, keys.to_vec()));
        assert_eq!(nearest(&[], Vec::new(), &environment), (KeySource::Credentials, vec![own]));
        let session: Environment = [(KEY_ID, "ASIAIOSFODNN7EXAMPLE")].into_iter().collect();
        assert_eq!(nearest(&[], Vec::new(), &session).1, []);
    }

    #[test]
    fn words_of_commands_are_quoted() {
        assert_eq!(word("arn:aws:iam::123456789012:policy/a"), "arn:aws:iam::123456789012:policy/a");
        assert_eq!(word("it's"), "'it'\\''s'");
        assert_eq!(word(""), "''");
    }
}
