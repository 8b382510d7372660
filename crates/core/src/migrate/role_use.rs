//! Which role each step assumes, and whether the role's trust policy accepts the step's token.

use super::{
    credentials::is_terraform,
    names::{self, ROLE},
};
use crate::{
    analysis::{Analysis, access, steps::TokenAccess},
    aws::RoleArn,
    facts::{Credentials, StepFacts, Value},
    iam::{
        evaluate::{Evaluation, evaluate},
        policy::Policy,
    },
    pipeline::{Step, StepId},
};

/// A role that a step assumes in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleUse {
    id: StepId,
    /// The step's name, or `line N` for a step without one.
    pub step: String,
    /// The line where it starts, from 1.
    pub line: usize,
    /// Its deployment environment.
    pub environment: Option<String>,
    /// The role.
    pub role: RoleReference,
}

/// How a file names a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleReference {
    /// By a variable of Bitbucket's settings.
    Variable(String),
    /// By its ARN.
    Arn(RoleArn),
    /// In another way: the text that is not an ARN, or empty if it is known only when the step runs.
    Other(String),
}

/// The roles of the steps with a token, in file order, each once for a step and an environment.
pub fn role_uses(file: &Analysis<'_>) -> Vec<RoleUse> {
    let mut uses = Vec::new();
    for (step, facts) in file.steps().filter(|(step, _)| file.token(step) == TokenAccess::On) {
        let (line, name) = names::of_step(file, step);
        let roles = references(file, step, facts);
        for environment in file.environments(step) {
            for role in &roles {
                let environment = environment.map(str::to_owned);
                let found = RoleUse { id: step.id, step: name.clone(), line, environment, role: role.clone() };
                if !uses.contains(&found) {
                    uses.push(found);
                }
            }
        }
    }
    uses
}

fn references(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts) -> Vec<RoleReference> {
    let settings = || RoleReference::Variable(ROLE.to_owned());
    let mut found = Vec::new();
    for pipe in &facts.pipes {
        match pipe.role() {
            Some(role) => found.push(reference(&role.value)),
            None if pipe.is_keyless() => found.push(settings()),
            None => {}
        }
    }
    let assumed = facts.assumptions.iter().filter(|assumption| assumption.web_identity);
    found.extend(assumed.filter_map(|assumption| Some(reference(&assumption.role.as_ref()?.value))));
    found.extend(facts.profiles.iter().filter(|it| it.key == "role_arn").map(|it| reference(&it.value)));
    for session in &facts.sessions {
        let set = facts.binding(ROLE, session.order).filter(|binding| !binding.value.is_empty());
        found.push(set.map_or_else(settings, |binding| reference(&binding.value)));
    }
    for tool in &facts.tools {
        let calls = tool.call.calls.needs_credentials() || is_terraform(tool);
        if calls && facts.credentials(tool) == Credentials::WebIdentity {
            let set = tool.variable(ROLE).filter(|binding| !binding.value.is_empty());
            found.push(set.map_or_else(settings, |binding| reference(&binding.value)));
        }
    }
    found.extend(file.model.images_of(step).filter_map(|image| image.oidc_role).map(|role| {
        let variable = role.value.strip_prefix('$').map(|name| name.trim_matches(['{', '}']).to_owned());
        variable.map_or_else(|| literal(role.value), RoleReference::Variable)
    }));
    found
}

fn reference(value: &Value) -> RoleReference {
    match (value.copy_of(), value.literal()) {
        (Some(name), _) => RoleReference::Variable(name.to_owned()),
        (None, Some(text)) => literal(text),
        (None, None) => RoleReference::Other(String::new()),
    }
}

fn literal(text: &str) -> RoleReference {
    RoleArn::parse(text).map_or_else(|_| RoleReference::Other(text.to_owned()), RoleReference::Arn)
}

/// Evaluates a role's trust policy for the token that a step of [`role_uses`] will have, as far as the file and the settings
/// tell what is in it.
pub fn evaluate_use(file: &Analysis<'_>, role_use: &RoleUse, policy: &Policy) -> Evaluation {
    let step = file.model.step(role_use.id);
    let is_it = |name: Option<&str>| name == role_use.environment.as_deref();
    let deployments = file.model.deployments(step).into_iter();
    let deployment = deployments.flatten().find(|it| is_it(Some(it.environment.value)));
    evaluate(policy, &access::caller(file, step, deployment).request())
}
