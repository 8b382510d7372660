//! The stage that checks, before the edited pipeline is offered, that every step will get its session: the role's variable
//! exists, and the role's trust policy accepts the token that the step will have.

use std::collections::BTreeMap;

use keyless_core::{
    analysis::{Analysis, ParsedFile},
    aws::RoleArn,
    iam::{evaluate::Verdict, role},
    migrate::{Place, Purpose, RoleReference, RoleUse, evaluate_use, role_uses},
    oidc::{Issuer, default_audience},
    text::Source,
};

use super::{context::Context, stage::Look};
use crate::failure::Failure;

/// What is known of a role.
enum Trust {
    /// The output of `aws iam get-role`.
    Policy(String),
    /// Verified in another run.
    Elsewhere,
    /// What is wrong, and what to do.
    Unusable(String, String),
}

/// Checks the steps of the edited file.
pub(super) fn look(context: &mut Context<'_, '_>) -> Result<Look, Failure> {
    let mut look = Look::default();
    let pipeline = &context.pipeline;
    let (name, text, settings) = (pipeline.name.clone(), pipeline.edited.clone(), pipeline.settings.clone());
    let source = Source::new(&name, &text);
    let parsed = ParsedFile::new(&source);
    let file = Analysis::new(&parsed, &settings);
    let uses = role_uses(&file);
    if uses.is_empty() {
        look.present("verify", "no step of the file assumes a role", Vec::new());
        return Ok(look);
    }
    missing(context, &mut look);
    let mut roles: BTreeMap<String, Trust> = BTreeMap::new();
    for role_use in &uses {
        let step = shown(role_use);
        let Some(arn) = resolve(context, role_use, &step, &mut look) else { continue };
        if !roles.contains_key(arn.as_str()) {
            let trust = read(context, &arn)?;
            if let Trust::Unusable(what, help) = &trust {
                look.obstacle(what, help);
            }
            roles.insert(arn.to_string(), trust);
        }
        match roles.get(arn.as_str()) {
            Some(Trust::Policy(json)) => judge(&file, role_use, &step, &arn, json, &mut look),
            Some(Trust::Elsewhere) => look.notes.push(format!("{step}: {arn} was verified in another run")),
            Some(Trust::Unusable(..)) | None => {}
        }
    }
    Ok(look)
}

/// `Upload (production)`
fn shown(role_use: &RoleUse) -> String {
    match &role_use.environment {
        Some(environment) => format!("{} ({environment})", role_use.step),
        None => role_use.step.clone(),
    }
}

/// Variables that the edited file needs besides those of its roles.
fn missing(context: &Context<'_, '_>, look: &mut Look) {
    for variable in &context.pipeline.connection.needed {
        if variable.defined_at.is_none() && !matches!(variable.purpose, Purpose::Role { .. }) {
            let help = format!("set it in the settings of {}", context.remote.slugs);
            look.obstacle(format!("`{}` is not set in the {}", variable.name, variable.place), help);
        }
    }
}

/// The role that a step will assume.
fn resolve(context: &Context<'_, '_>, role_use: &RoleUse, step: &str, look: &mut Look) -> Option<RoleArn> {
    let name = match &role_use.role {
        RoleReference::Arn(arn) => return Some(arn.clone()),
        RoleReference::Other(text) => {
            let help = "name the role by a variable of Bitbucket's settings, or by its ARN";
            let what = if text.is_empty() {
                "the role is known only when it runs".to_owned()
            } else {
                format!("`{text}` is not the ARN of a role")
            };
            look.obstacle(format!("{step}: {what}"), help);
            return None;
        }
        RoleReference::Variable(name) => name,
    };
    let variables = context.pipeline.settings.variables.as_ref()?;
    let place = Place::of(variables, name, role_use.environment.as_deref());
    let found = place.as_ref().and_then(|place| Some((place, context.found.variable(place, name)?)));
    let Some((place, variable)) = found else {
        let wanted = role_use.environment.clone().map_or(Place::Repository, Place::Environment);
        let help = "create it: `keyless migrate apply --stage variables`";
        look.obstacle(format!("{step}: `{name}` is not set in the {wanted}"), help);
        return None;
    };
    if let Some(Ok(arn)) = variable.value.as_deref().map(RoleArn::parse) {
        return Some(arn);
    }
    let why = if variable.secured { "is secured and cannot be read" } else { "is not the ARN of a role" };
    let help = "set it to the role's ARN, which is not a secret: `keyless migrate apply --stage variables --replace`";
    look.obstacle(format!("{step}: `{name}` in the {place} {why}"), help);
    None
}

/// Reads a role's trust policy, and whether the identity provider of its account accepts the workspace's tokens.
fn read(context: &mut Context<'_, '_>, arn: &RoleArn) -> Result<Trust, Failure> {
    if context.options.verified_account.iter().any(|account| account == arn.account().as_str()) {
        return Ok(Trust::Elsewhere);
    }
    let account = context.account()?;
    if arn.account().as_str() != account.id {
        let what = format!("{arn} is not in the account of the credentials, {}", account.id);
        let help = format!(
            "run this with credentials of account {0} first, and then here with `--verified-account {0}`",
            arn.account().as_str()
        );
        return Ok(Trust::Unusable(what, help));
    }
    let settings = &context.pipeline.settings;
    let issuer = settings.workspace.as_deref().and_then(|workspace| Issuer::of_workspace(workspace).ok());
    let issuer = issuer.map(Issuer::provider_name).unwrap_or_default();
    let audience = settings.workspace_uuid.map(default_audience);
    let provider = arn.provider_arn(&issuer);
    let create = "create it with the output of `keyless setup`";
    match context.wait(account.inventory.audiences(&provider)) {
        Ok(audiences) => {
            if let Some(audience) = audience.filter(|audience| !audiences.contains(audience)) {
                let what = format!("{provider} does not accept the audience {audience}");
                let help = format!(
                    "run `aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {provider} \
                     --client-id {audience}`"
                );
                return Ok(Trust::Unusable(what, help));
            }
        }
        Err(error) if error.is_missing() => {
            return Ok(Trust::Unusable(format!("{provider} does not exist"), create.to_owned()));
        }
        Err(error) => return Ok(unread("iam:GetOpenIDConnectProvider", &provider, &error.to_string())),
    }
    Ok(match context.wait(account.inventory.role(arn)) {
        Ok(found) => Trust::Policy(found.to_json()),
        Err(error) if error.is_missing() => Trust::Unusable(format!("{arn} does not exist"), create.to_owned()),
        Err(error) => unread("iam:GetRole", arn.as_str(), &error.to_string()),
    })
}

fn unread(action: &str, what: &str, error: &str) -> Trust {
    Trust::Unusable(format!("cannot read {what}: {error}"), format!("use credentials that allow {action}"))
}

/// Evaluates a role's trust policy for a step.
fn judge(file: &Analysis<'_>, role_use: &RoleUse, step: &str, arn: &RoleArn, json: &str, look: &mut Look) {
    let policy = match role::read_one(json, None) {
        Ok(trusted) => trusted.policy,
        Err(error) => {
            return look.obstacle(format!("the trust policy of {arn} cannot be used: {error}"), "fix the trust policy");
        }
    };
    let evaluation = evaluate_use(file, role_use, &policy);
    match evaluation.verdict {
        Verdict::Allow => {
            look.present(format!("verify {step} {arn}"), format!("{step}: {arn} accepts its token"), Vec::new());
        }
        Verdict::Deny => look.obstacle(
            format!("{step}: {arn} rejects its token: {}", evaluation.refusal()),
            "fix the role's trust policy; `keyless trust simulate` shows every condition",
        ),
        Verdict::Depends => look.notes.push(format!(
            "{step}: whether {arn} accepts its token depends on something unknown, such as the address of the runner; \
             `keyless trust simulate` shows every condition"
        )),
    }
}
