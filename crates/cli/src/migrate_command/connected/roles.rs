//! The stage `roles`: the identity provider and a role for each deployment environment, with the permissions of the user whose
//! key the environment used.

use std::{collections::BTreeMap, rc::Rc};

use keyless_aws::{ExistingRole, NewRole};
use keyless_core::{
    migrate::{
        Class,
        permissions::{self, InlinePolicy, RolePermissions, UserPermissions},
    },
    setup::{self, Name, POLICY_NAME, Profile, Setup},
};
use serde_json::Value;

use super::{
    access_keys::{self, KeySource, call, word},
    context::{Account, Context},
    key_id::key_of,
    role_options::{Granted, RoleOptions},
    stage::{Look, Obstacle},
};
use crate::failure::Failure;

/// The permissions that reading a role needs.
pub(super) const READ_ROLE: &str =
    "iam:GetRole, iam:ListAttachedRolePolicies, iam:ListRolePolicies and iam:GetRolePolicy";

/// A role as it should be.
struct Wanted {
    role: setup::Role,
    trust: String,
    permissions: RolePermissions,
}

/// What is compared, and with what.
struct Comparison<'o> {
    account: Rc<Account>,
    options: RoleOptions,
    prefix: &'o str,
    path: &'o str,
}

/// Compares the account with what the steps need.
pub(super) fn look(context: &mut Context<'_, '_>) -> Result<Look, Failure> {
    let mut look = Look::default();
    let (target, options) = (context.target, context.role_options.clone());
    let setup = Setup {
        profile: match options.permissions {
            Granted::Same => Profile::Minimal,
            Granted::Profile(profile) => profile,
        },
        permissions_boundary: options.permissions_boundary.clone(),
        session_seconds: options.session_hours * 3600,
        // Its ARN is known, whether it exists or not.
        provider_exists: true,
        ..context.setup()?
    };
    if setup.subjects.is_empty() {
        if context.pipeline.plan.count(Class::Unsafe) > 0 && !target.r#unsafe {
            look.note("no step needs a new role without the edits of unsafe uses, which --unsafe includes".to_owned());
        }
        return Ok(look);
    }
    let plan = setup::plan(&setup).map_err(Failure::Setup)?;
    let comparison =
        Comparison { account: context.account()?, options, prefix: &target.role_prefix, path: &target.role_path };
    let wanted = comparison.wanted(context, &plan, &mut look)?;
    comparison.look_at_provider(context, &plan, &mut look)?;
    comparison.look_at_created_policies(context, &wanted, &mut look)?;
    for role in &wanted {
        comparison.look_at_role(context, role, &mut look)?;
    }
    Ok(look)
}

impl Comparison<'_> {
    /// The roles with their permissions. What is lost or has to be checked becomes a note.
    fn wanted(
        &self,
        context: &mut Context<'_, '_>,
        plan: &setup::Plan,
        look: &mut Look,
    ) -> Result<Vec<Wanted>, Failure> {
        let mut users = BTreeMap::new();
        let mut wanted = Vec::new();
        for role in &plan.roles {
            let permissions = match self.options.permissions {
                Granted::Profile(profile) => Some(self.of_profile(role, profile)),
                Granted::Same => self.of_user(context, role, &mut users, look)?,
            };
            let Some(permissions) = permissions else { continue };
            let boundary = self.options.permissions_boundary.clone().or(permissions.boundary);
            let trust = role.trust.json(&|name| self.placeholder(name)).to_string();
            let permissions = RolePermissions { boundary, ..permissions };
            wanted.push(Wanted { role: role.clone(), trust, permissions });
        }
        Ok(wanted)
    }

    /// The permissions of the user whose key the steps use; nothing, and an obstacle, if that is not possible.
    fn of_user(
        &self,
        context: &mut Context<'_, '_>,
        role: &setup::Role,
        users: &mut BTreeMap<String, UserPermissions>,
        look: &mut Look,
    ) -> Result<Option<RolePermissions>, Failure> {
        let environment = role.used_by.1.as_deref();
        let of = environment
            .map_or_else(|| "the steps without an environment".to_owned(), |name| format!("environment {name}"));
        let instead = "or choose --permissions minimal, full or read-only";
        let (source, keys) = access_keys::in_use(context);
        let Some(id) = key_of(&keys, environment) else {
            let name = &role.name;
            // It may have been created by other means; `verify` evaluates its trust policy.
            if call(context, READ_ROLE, self.account.iam.role(name))?.is_some() {
                let what = format!(
                    "role `{name}`; its permissions are not compared, because the access key of {of} is unknown"
                );
                look.present(format!("role {name}"), what, Vec::new());
                return Ok(None);
            }
            let given = environment.map_or_else(String::new, |environment| format!("{environment}="));
            let what = format!("the access key of {of} is unknown");
            look.obstacle(what, format!("name it with `--access-key {given}AKIA…`, {instead}"));
            return Ok(None);
        };
        let Some(owner) = access_keys::owner(context, &self.account, id)? else {
            let what = format!("access key `{id}` of {of} does not exist");
            look.obstacle(what, format!("name the key that the steps use with --access-key, {instead}"));
            return Ok(None);
        };
        if source == KeySource::Credentials {
            look.note(format!("the steps are taken to use the access key of these credentials, `{id}`"));
        }
        let name = owner.user;
        if !users.contains_key(&name) {
            users.insert(name.clone(), access_keys::permissions_of_user(context, &self.account, &name)?);
        }
        let Some(user) = users.get(&name) else { return Ok(None) };
        match permissions::plan(user, self.prefix, self.options.managed_policy_quota) {
            Ok(permissions) => {
                tell(role, &name, &permissions, look);
                Ok(Some(permissions))
            }
            Err(error) => {
                look.obstacle(
                    error.to_string(),
                    "fit the policies, or choose --permissions minimal, full or read-only",
                );
                Ok(None)
            }
        }
    }

    /// The permissions of a profile, as `keyless setup` grants them.
    fn of_profile(&self, role: &setup::Role, profile: Profile) -> RolePermissions {
        let document = role.permissions().json(&|name| self.placeholder(name)).to_string();
        let managed = profile.managed_policies().iter();
        let partition = self.account.region.partition();
        RolePermissions {
            attached: managed.map(|name| format!("arn:{partition}:iam::aws:policy/{name}")).collect(),
            inline: vec![InlinePolicy { name: POLICY_NAME.to_owned(), document }],
            ..RolePermissions::default()
        }
    }

    fn placeholder(&self, name: Name) -> String {
        match name {
            Name::Account => self.account.id.clone(),
            Name::Partition => self.account.region.partition().to_string(),
            // A plan for an account with a provider has its ARN instead.
            Name::Provider => String::new(),
        }
    }

    fn look_at_provider(
        &self,
        context: &mut Context<'_, '_>,
        plan: &setup::Plan,
        look: &mut Look,
    ) -> Result<(), Failure> {
        let arn = self.account.arn(&format!("oidc-provider/{}", plan.issuer));
        match call(context, "iam:GetOpenIDConnectProvider", self.account.iam.audiences(&arn))? {
            Some(audiences) if audiences.contains(&plan.audience) => {
                let rollback = "aws iam delete-open-id-connect-provider --open-id-connect-provider-arn";
                look.present(
                    "provider",
                    format!("identity provider {arn}"),
                    vec![format!("{rollback} {}", word(&arn))],
                );
            }
            Some(_) => {
                let add = "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn";
                look.obstacle(
                    format!("identity provider {arn} does not accept the audience `{}`", plan.audience),
                    format!("add it: {add} {} --client-id {}", word(&arn), word(&plan.audience)),
                );
            }
            None => {
                let (url, audience) = (format!("https://{}", plan.issuer), plan.audience.clone());
                let account = Rc::clone(&self.account);
                let make = Box::new(move |context: &mut Context<'_, '_>| {
                    call(context, "iam:CreateOpenIDConnectProvider", account.iam.create_provider(&url, &audience))
                });
                look.change("provider", format!("create identity provider {arn}"), make);
            }
        }
        Ok(())
    }

    /// Managed policies are shared by the roles of one user.
    fn look_at_created_policies(
        &self,
        context: &mut Context<'_, '_>,
        wanted: &[Wanted],
        look: &mut Look,
    ) -> Result<(), Failure> {
        let mut seen: Vec<&InlinePolicy> = Vec::new();
        for policy in wanted.iter().flat_map(|role| &role.permissions.created) {
            if seen.contains(&policy) {
                continue;
            }
            seen.push(policy);
            let arn = self.policy_arn(policy);
            let id = format!("policy {}", policy.name);
            match call(context, "iam:GetPolicy and iam:GetPolicyVersion", self.account.iam.policy(&arn))? {
                Some(document) if is_same(&document, &policy.document) => {
                    let rollback = vec![format!("aws iam delete-policy --policy-arn {}", word(&arn))];
                    look.present(id, format!("managed policy {arn}"), rollback);
                }
                Some(_) => look.obstacle(
                    format!("managed policy {arn} exists with other statements"),
                    "delete it, or choose other names with --role-prefix",
                ),
                None => {
                    let what =
                        format!("create managed policy {arn}: the policies of the user exceed the limits of a role");
                    let (account, path, policy) = (Rc::clone(&self.account), self.path.to_owned(), policy.clone());
                    let make = Box::new(move |context: &mut Context<'_, '_>| {
                        let created = account.iam.create_policy(&policy.name, &path, &policy.document);
                        call(context, "iam:CreatePolicy", created)
                    });
                    look.change(id, what, make);
                }
            }
        }
        Ok(())
    }

    fn policy_arn(&self, policy: &InlinePolicy) -> String {
        self.account.arn(&format!("policy{}{}", self.path, policy.name))
    }

    fn look_at_role(&self, context: &mut Context<'_, '_>, wanted: &Wanted, look: &mut Look) -> Result<(), Failure> {
        let Wanted { role, trust, permissions } = wanted;
        let name = &role.name;
        let existing = call(context, READ_ROLE, self.account.iam.role(name))?;
        if let Some(obstacle) = existing.as_ref().and_then(|existing| differs(existing, wanted)) {
            look.obstacles.push(obstacle);
            return Ok(());
        }
        let accepts = match &role.used_by {
            (repository, None) => format!("every step of {repository}"),
            (repository, Some(environment)) => format!("deployments of {repository} to {environment}"),
        };
        let id = format!("role {name}");
        if existing.is_some() {
            let rollback = vec![format!("aws iam delete-role --role-name {}", word(name))];
            look.present(id, format!("role `{name}`, which accepts {accepts}"), rollback);
        } else {
            let limited = permissions.boundary.as_ref().map_or_else(String::new, |arn| format!(", limited by {arn}"));
            let (account, role, trust) = (Rc::clone(&self.account), role.clone(), trust.clone());
            let (boundary, tags) = (permissions.boundary.clone(), permissions.tags.clone());
            let make = Box::new(move |context: &mut Context<'_, '_>| {
                let new = NewRole {
                    name: &role.name,
                    path: &role.path,
                    description: &role.description,
                    trust: &trust,
                    session_seconds: role.session_seconds,
                    boundary: boundary.as_deref(),
                    tags: &tags,
                };
                call(context, "iam:CreateRole and iam:TagRole", account.iam.create_role(&new))
            });
            look.change(id, format!("create role `{name}`, which accepts {accepts}{limited}"), make);
        }
        self.look_at_policies(wanted, &existing.unwrap_or_default(), look);
        Ok(())
    }

    fn look_at_policies(&self, wanted: &Wanted, existing: &ExistingRole, look: &mut Look) {
        let (role, permissions) = (&wanted.role.name, &wanted.permissions);
        let created = permissions.created.iter().map(|policy| self.policy_arn(policy));
        for arn in permissions.attached.iter().cloned().chain(created) {
            let id = format!("role {role} policy {arn}");
            if existing.attached.contains(&arn) {
                let detach = "aws iam detach-role-policy --role-name";
                let rollback = vec![format!("{detach} {} --policy-arn {}", word(role), word(&arn))];
                look.present(id, format!("{arn} is attached to role `{role}`"), rollback);
                continue;
            }
            let what = format!("attach {arn} to role `{role}`");
            let (account, role) = (Rc::clone(&self.account), role.clone());
            let make = Box::new(move |context: &mut Context<'_, '_>| {
                call(context, "iam:AttachRolePolicy", account.iam.attach_role_policy(&role, &arn))
            });
            look.change(id, what, make);
        }
        for policy in &permissions.inline {
            let id = format!("role {role} inline policy {}", policy.name);
            let what = format!("inline policy `{}` of role `{role}`", policy.name);
            if let Some((_, document)) = existing.inline.iter().find(|(name, _)| *name == policy.name) {
                if !is_same(document, &policy.document) {
                    look.note(format!("{what} was changed since, and stays as it is"));
                }
                let delete = "aws iam delete-role-policy --role-name";
                let rollback = vec![format!("{delete} {} --policy-name {}", word(role), word(&policy.name))];
                look.present(id, what, rollback);
                continue;
            }
            let (account, role, policy) = (Rc::clone(&self.account), role.clone(), policy.clone());
            let make = Box::new(move |context: &mut Context<'_, '_>| {
                let put = account.iam.put_role_policy(&role, &policy.name, &policy.document);
                call(context, "iam:PutRolePolicy", put)
            });
            look.change(id, format!("create {what}"), make);
        }
    }
}

/// Why a role of the name cannot be used.
fn differs(existing: &ExistingRole, wanted: &Wanted) -> Option<Obstacle> {
    let arn = &existing.arn;
    if !is_same(&existing.trust, &wanted.trust) {
        return Some(Obstacle {
            what: format!("role {arn} exists with another trust policy"),
            help: format!(
                "choose other names with --role-prefix, use the role as it is with --role, or give it this trust policy: {}",
                wanted.trust
            ),
        });
    }
    let boundary = &wanted.permissions.boundary;
    let of = |boundary: &Option<String>| boundary.clone().unwrap_or_else(|| "none".to_owned());
    (existing.boundary != *boundary).then(|| Obstacle {
        what: format!("the permissions boundary of role {arn} is {}, not {}", of(&existing.boundary), of(boundary)),
        help: "change the boundary of the role, or name it with --permissions-boundary".to_owned(),
    })
}

/// Tells what changes for the steps.
fn tell(role: &setup::Role, user: &str, permissions: &RolePermissions, look: &mut Look) {
    let name = &role.name;
    look.note(format!("role `{name}` gets the permissions of user `{user}`"));
    for policy in &permissions.administrator {
        look.note(format!(
            "{policy} of user `{user}` allows everything, so steps with the role are administrators; limit them with \
             --permissions-boundary, or choose --permissions minimal"
        ));
    }
    for arn in &permissions.copied {
        look.note(format!("{arn} is copied to fit the limits of a role; the copy will not follow its changes"));
    }
    for difference in &permissions.differences {
        look.note(difference.to_string());
    }
    for reminder in &permissions.reminders {
        look.note(format!("check whether user `{user}` is named in {reminder}, before its key is deleted"));
    }
}

/// Whether two documents are the same JSON, whatever their white space and the order of their keys.
fn is_same(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    read(one).is_some() && read(one) == read(other)
}
