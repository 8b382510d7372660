//! Checks that the last role of `ROLE_CHAIN` accepts the tags of its session.

use std::io;

use keyless_aws::{Inventory, TAG_SESSION};
use keyless_core::{aws::RoleArn, iam::role, oidc::StepToken, pipes::keyless::SESSION_TAGS};
use keyless_session::{Assumer, SessionSettings};

use super::Context;

const TAGS: &str = "session tags";

/// Assumes the roles with the tags, if the step has a session. Otherwise returns the role whose trust policy is left to read.
pub(super) async fn check(
    context: &mut Context<'_, '_>,
    token: Option<&StepToken>,
    has_session: bool,
) -> io::Result<Option<RoleArn>> {
    let names = [SESSION_TAGS.name, SESSION_TAGS.qualified];
    let is_set = |name: &str| context.environment.get_os(name).is_some();
    if !names.into_iter().any(|name| is_set(name) || is_set(&format!("{name}_COUNT"))) {
        return Ok(None);
    }
    let settings = match SessionSettings::read(context.environment) {
        Ok(settings) => settings,
        Err(invalid) => {
            for error in invalid {
                context.report.fail(TAGS, error.to_string(), "fix the variable".to_owned())?;
            }
            return Ok(None);
        }
    };
    let Some(token) = token.filter(|_| has_session) else { return Ok(Some(settings.last_role().clone())) };
    let assumer = Assumer::new(&settings, token, context.environment, &context.network);
    let Err(error) = assumer.assume().await else {
        context.report.pass(TAGS, format!("AWS accepts them for {}", settings.last_role()))?;
        return Ok(None);
    };
    if let Some(explanation) = assumer.explain(&error).await {
        context.report.fail(TAGS, explanation.cause, explanation.remedy)?;
    } else {
        let fix = "check the network that the step runs in".to_owned();
        context.report.not_checked(TAGS, error.to_string(), fix)?;
    }
    Ok(None)
}

/// Checks the trust policy of the role. `inventory` reads `account`, if there are credentials.
pub(super) async fn check_policy(
    context: &mut Context<'_, '_>,
    role: &RoleArn,
    inventory: Option<(&Inventory, &str)>,
) -> io::Result<()> {
    let fix = format!("allow {TAG_SESSION} together with sts:AssumeRole in the trust policy of {role}");
    let Some((inventory, _)) = inventory.filter(|(_, account)| role.account().as_str() == *account) else {
        let text = format!("the trust policy of {role} cannot be read with these credentials");
        return context.report.not_checked(TAGS, text, fix);
    };
    let found = match inventory.role(role).await {
        Ok(found) => found,
        Err(error) if error.is_missing() => {
            return context.report.fail(TAGS, format!("{role} does not exist"), "fix ROLE_CHAIN".to_owned());
        }
        Err(error) => return context.unread(TAGS, "iam:GetRole", &error),
    };
    match role::read_one(&found.to_json(), None) {
        Ok(trusted) if trusted.policy.allows(TAG_SESSION) => {
            context.report.pass(TAGS, format!("the trust policy of {role} has {TAG_SESSION}"))
        }
        Ok(_) => context.report.fail(TAGS, format!("the trust policy of {role} does not allow {TAG_SESSION}"), fix),
        Err(error) => context.report.not_checked(TAGS, error.to_string(), fix),
    }
}
