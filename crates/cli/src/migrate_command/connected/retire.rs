//! `keyless migrate retire`: the end of the access keys, once nothing uses them.
//!
//! A key is deactivated first, which can be undone, and deleted with its variables after its soak time, which cannot.

use std::{collections::BTreeSet, io, rc::Rc};

use clap::Args;
use keyless_aws::{KeyOwner, timestamp};
use keyless_core::migrate::Place;
use keyless_session::now;

use super::{
    access_keys::{self, call, word},
    apply::{run_stages, with_context},
    context::{Account, Context},
    elsewhere,
    key_id::{AccessKeyId, KEY_ID, is_long_lived},
    remote::Remote,
    retire_options::RetireOptions,
    stage::{Look, Stage, StageName},
    target::Target,
};
use crate::{failure::Failure, outcome::Outcome, streams::Streams};

/// The stages, in their order.
const STAGES: [Stage; 2] = [
    Stage { name: StageName::Deactivate, title: "keys that nothing uses", waits_for: &[], look: look_at_use },
    Stage {
        name: StageName::Delete,
        title: "inactive keys and their variables",
        waits_for: &[StageName::Deactivate],
        look: look_at_end,
    },
];

/// Deactivate the access keys that nothing uses any more, and delete them later; a dry run unless --yes is given
///
/// Run it after the merge. A key that was used within the soak time is refused. Deactivating a key can be undone, and the
/// command is printed; deleting it and its variables cannot.
#[derive(Debug, Args)]
#[command(after_help = "\
Stages:
  deactivate  deactivates each key that was not used for the soak time
  delete      deletes the variables and then the keys, once the keys were inactive for the soak time

What is needed:
  Bitbucket   BITBUCKET_ACCESS_TOKEN, or ATLASSIAN_ACCOUNT_EMAIL with ATLASSIAN_API_TOKEN, that may edit variables
  AWS         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), not those that are retired

Examples:
  keyless migrate retire --access-key AKIAIOSFODNN7EXAMPLE
                                               when the key was used last, and what would be done
  keyless migrate retire --access-key AKIAIOSFODNN7EXAMPLE --yes
                                               deactivate it, and run the same a week later to delete it
  keyless migrate retire --access-key staging=AKIAIOSFODNN7EXAMPLE --soak 48h --yes

Exit status: 0 every key is deleted, 1 something is left to do, 2 something could not be read or changed.")]
pub(crate) struct Retire {
    #[command(flatten)]
    target: Target,
    /// Make the changes
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    options: RetireOptions,
}

/// Runs the stages.
pub(crate) fn run(arguments: &Retire, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    with_context(&arguments.target, streams, |context| {
        context.retire = arguments.options.clone();
        run_stages(&STAGES, None, arguments.yes, context)
    })
}

/// The variables that AWS tools read a key from, which are deleted with it.
const KEY_VARIABLES: [&str; 3] = [KEY_ID, "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// A key that exists.
struct Key {
    id: String,
    owner: KeyOwner,
    is_active: bool,
}

/// The keys that are given.
struct Keys {
    given: Vec<AccessKeyId>,
    existing: Vec<Key>,
    /// Those that do not exist, and that no recorded change deleted.
    unknown: Vec<String>,
}

/// Compares the keys with what the first half of their end needs: that nothing used them for the soak time.
pub(super) fn look_at_use(context: &mut Context<'_, '_>) -> Result<Look, Failure> {
    let mut look = Look::default();
    let options = context.retire.clone();
    let count = context.pipeline.plan.uses.len();
    if count > 0 {
        let place = if count == 1 { "place" } else { "places" };
        look.obstacle(
            format!("{} uses stored keys in {count} {place}", context.pipeline.name),
            "merge the migrated file first: `keyless migrate apply`",
        );
        return Ok(look);
    }
    let account = context.account()?;
    let keys = keys(context, &account, &mut look)?.existing;
    let active: Vec<&str> = keys.iter().filter(|key| key.is_active).map(|key| key.id.as_str()).collect();
    if !active.is_empty() {
        let names: Vec<&str> = [KEY_ID].into_iter().chain(options.variable.iter().map(String::as_str)).collect();
        elsewhere::look(context, &names, &active, &mut look);
    }
    for Key { id, owner, is_active } in keys {
        let user = owner.user.clone();
        if !is_active {
            let command = "aws iam update-access-key --status Active --user-name";
            let rollback = vec![format!("{command} {} --access-key-id {}", word(&user), word(&id))];
            look.present(
                format!("key {id} inactive"),
                format!("access key `{id}` of user `{user}` is inactive"),
                rollback,
            );
            continue;
        }
        if id == account.signing_key {
            look.obstacle(
                format!("these credentials are access key `{id}` itself, which could neither be activated again nor deleted with it"),
                "use other credentials of the account",
            );
            continue;
        }
        let last = last_use(&owner);
        let unused_since = owner.last_use.as_ref().map_or(0, |last| last.at);
        if now().saturating_sub(unused_since) < options.soak.seconds {
            look.obstacle(
                format!("access key `{id}` of user `{user}` was used within {}: {last}", options.soak.shown()),
                "find what still uses it, such as with CloudTrail's event history for the access key, and run this again later",
            );
            continue;
        }
        let (what, account) = (format!("deactivate access key `{id}` of user `{user}`, {last}"), Rc::clone(&account));
        let change = format!("key {id} inactive");
        let make = Box::new(move |context: &mut Context<'_, '_>| {
            // Before the call: if the call is interrupted, the key is active, and its time is set again.
            context.state.deactivated.insert(id.clone(), now());
            context.state.write()?;
            call(context, "iam:UpdateAccessKey", account.iam.set_key_active(&user, &id, false))
        });
        look.change(change, what, make);
    }
    Ok(look)
}

pub(super) fn last_use(owner: &KeyOwner) -> String {
    owner.last_use.as_ref().map_or_else(
        || "never used".to_owned(),
        |last| {
            let at = timestamp(last.at).unwrap_or_default();
            format!("last used at {at} for {} in {}", last.service, last.region)
        },
    )
}

/// The keys of the account that exist, and those that do not.
fn keys(context: &mut Context<'_, '_>, account: &Account, look: &mut Look) -> Result<Keys, Failure> {
    let given = &context.target.access_key;
    let given = if given.is_empty() { access_keys::of_variables(context) } else { given.clone() };
    let ids: BTreeSet<String> = given.iter().map(|key| key.id.clone()).collect();
    if ids.is_empty() {
        look.obstacle(
            "the access keys to retire are unknown: Bitbucket does not return secured variables",
            "name each with --access-key; `aws iam list-access-keys --user-name NAME` lists those of a user",
        );
    }
    let (mut existing, mut unknown) = (Vec::new(), Vec::new());
    for id in ids {
        if let Some(owner) = access_keys::owner(context, account, &id)? {
            let all = access_keys::of_user(context, account, &owner.user)?;
            if let Some(key) = all.into_iter().find(|key| key.id == id) {
                existing.push(Key { id, owner, is_active: key.is_active });
                continue;
            }
        }
        look.present(access_keys::deletion(&id), format!("access key `{id}` does not exist"), Vec::new());
        if !context.state.changes.contains_key(&access_keys::deletion(&id)) {
            unknown.push(id);
        }
    }
    Ok(Keys { given, existing, unknown })
}

/// Compares the keys and their variables with what the second half needs: that every key was inactive for the soak time.
pub(super) fn look_at_end(context: &mut Context<'_, '_>) -> Result<Look, Failure> {
    let mut look = Look::default();
    let options = context.retire.clone();
    let account = context.account()?;
    let keys = keys(context, &account, &mut look)?;
    let mut is_ready = look.obstacles.is_empty();
    for Key { id, is_active, .. } in &keys.existing {
        if *is_active {
            is_ready = false;
            look.obstacle(format!("access key `{id}` is active"), "deactivate it first");
            continue;
        }
        let Some(since) = context.state.deactivated.get(id).copied() else {
            is_ready = false;
            let what =
                format!("start the soak time of access key `{id}`, because it is unknown since when it is inactive");
            let (change, id) = (format!("key {id} soaking"), id.clone());
            let make = Box::new(move |context: &mut Context<'_, '_>| {
                context.state.deactivated.insert(id, now());
                context.state.write()
            });
            look.change(change, what, make);
            continue;
        };
        let end = since.saturating_add(options.soak.seconds);
        if now() < end {
            is_ready = false;
            let (since, end) = (timestamp(since).unwrap_or_default(), timestamp(end).unwrap_or_default());
            look.obstacle(
                format!("access key `{id}` is inactive since {since}, and its soak time ends at {end}"),
                "run this again then; activate the key if something fails without it",
            );
        }
    }
    if is_ready {
        look_at_variables(context, &options, &keys, &mut look);
        if let (Some(id), false) = (keys.unknown.first(), look.changes.is_empty()) {
            look.changes.clear();
            look.obstacle(
                format!("access key `{id}` does not exist, so nothing shows that the variables hold it"),
                "check its id, or delete the variables in Bitbucket's settings",
            );
            return Ok(look);
        }
        for Key { id, owner, .. } in keys.existing {
            let user = owner.user;
            look.note(format!("user `{user}` stays: delete it if nothing else needs it"));
            let account = Rc::clone(&account);
            let what = format!("delete access key `{id}` of user `{user}`; this cannot be undone");
            let change = access_keys::deletion(&id);
            let make = Box::new(move |context: &mut Context<'_, '_>| {
                call(context, "iam:DeleteAccessKey", account.iam.delete_key(&user, &id))
            });
            look.change(change, what, make);
        }
    }
    Ok(look)
}

/// The variables of the keys at all levels, those of the nearest first.
fn look_at_variables(context: &Context<'_, '_>, options: &RetireOptions, keys: &Keys, look: &mut Look) {
    let names = KEY_VARIABLES.into_iter().chain(options.variable.iter().map(String::as_str));
    let names: BTreeSet<&str> = names.collect();
    for (place, variable) in context.found.all_variables() {
        if !names.contains(variable.key.as_str()) {
            continue;
        }
        let name = variable.key.clone();
        if place == Place::Workspace && !options.workspace_variables {
            look.note(format!(
                "`{name}` of the workspace stays, because other repositories may use it; --workspace-variables deletes it"
            ));
            continue;
        }
        if !keys.cover(&place) {
            look.note(format!("`{name}` in the {place} stays, because no key is given for it"));
            continue;
        }
        let is_other = |value: &str| is_long_lived(value) && !keys.given.iter().any(|key| key.id == value);
        if variable.value.as_deref().is_some_and(is_other) {
            look.note(format!("`{name}` in the {place} holds another access key, and stays"));
            continue;
        }
        let what = format!("delete variable `{name}` in the {place}; this cannot be undone");
        let uuid = variable.uuid.clone();
        let change = format!("variable {place} {name} deleted");
        let make = Box::new(move |context: &mut Context<'_, '_>| {
            let Context { remote, found, streams, .. } = context;
            let Some(level) = found.level(&place) else { return Ok(()) };
            let deleted = remote.wait(streams, remote.bitbucket.delete_variable(&remote.slugs, level, &uuid));
            deleted.map_err(|error| Remote::unchanged(format!("delete variable `{name}` in the {place}"), &error))
        });
        look.change(change, what, make);
    }
}

impl Keys {
    /// Whether a key is given for the variables of a level: one for all, or that of the environment.
    fn cover(&self, place: &Place) -> bool {
        self.given.iter().any(|key| key.environment.is_none() || key.environment.as_deref() == place.environment())
    }
}
