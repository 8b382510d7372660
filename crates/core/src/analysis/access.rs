//! Checks the steps of a file against the trust policies of the roles that they assume.
//!
//! Unknown properties of a step (mostly UUIDs) stay unknown in the evaluator, so a rejection is certain and an
//! undetermined result is not reported.

use std::collections::{BTreeMap, BTreeSet};

use super::Analysis;
use crate::{
    aws::RoleArn,
    facts::{ROLE_VARIABLES as ROLES, StepFacts},
    iam::{
        caller::{Address, Caller, Environment},
        evaluate::{Evaluation, Verdict, evaluate},
        key::Key,
        policy::Policy,
        role::{self, RoleSelector, TrustedRole},
    },
    oidc::{Issuer, Uuid, audience_workspace},
    pipeline::{Deployment, Oidc, Step},
    text::Spanned,
};

/// The roles that the steps of a repository assume.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    /// The roles of steps without a more specific entry.
    pub general: Option<RoleFile>,
    /// The roles of the steps of a deployment environment, by its name.
    pub environments: BTreeMap<String, RoleFile>,
}

/// A file with roles. If a step names its role, only that role is evaluated. Otherwise the step is rejected only if
/// all of them reject it.
#[derive(Clone, Debug)]
pub struct RoleFile {
    /// Its name in messages.
    pub name: String,
    /// Its roles.
    pub roles: Vec<TrustedRole>,
}

/// The access that the trust policies give a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// They accept its token, whatever the unknown values are.
    pub admitted: bool,
    /// They would accept it if it had a deployment environment.
    pub lacks_deployment: bool,
    /// They would accept it from Atlassian's published IP ranges.
    pub lacks_listed_address: bool,
    /// Why they never accept it.
    pub refusal: Option<String>,
}

/// The roles of a file that a step may assume.
struct Candidates<'r> {
    file: &'r str,
    roles: Vec<&'r TrustedRole>,
}

impl Roles {
    /// The roles of an environment; of these only the assumed ones, if the step names any.
    fn of(&self, environment: Option<&str>, assumed: &[RoleSelector]) -> Option<Candidates<'_>> {
        let file = environment.and_then(|name| self.environments.get(name)).or(self.general.as_ref())?;
        let roles: Vec<_> = if assumed.is_empty() {
            file.roles.iter().collect()
        } else {
            assumed.iter().flat_map(|selector| role::select(&file.roles, selector)).collect()
        };
        (!roles.is_empty()).then_some(Candidates { file: &file.name, roles })
    }
}

/// The roles whose ARNs a step names.
fn assumed(facts: &StepFacts) -> Vec<RoleSelector> {
    let by_hand = facts.assumptions.iter().filter_map(|assumption| Some(&assumption.role.as_ref()?.value));
    let pipes = facts.pipes.iter().flat_map(|pipe| ROLES.iter().filter_map(|name| Some(&pipe.variable(name)?.value)));
    let tools = facts.tools.iter().filter_map(|tool| Some(&tool.variable("AWS_ROLE_ARN")?.value));
    let values = by_hand.chain(pipes).chain(tools).filter_map(|value| value.literal());
    values.filter_map(|value| RoleArn::parse(value).ok().map(RoleSelector::Arn)).collect()
}

/// The access of every step, in the order of the model.
pub(super) fn read(file: &Analysis<'_>, roles: &Roles) -> Vec<Access> {
    file.model.steps.iter().map(|step| of_step(file, step, roles)).collect()
}

fn of_step<'f>(file: &Analysis<'f>, step: &Step<'f>, roles: &Roles) -> Access {
    let deployments = file.model.deployments(step);
    let assumed = file.facts.of(step.id).map(assumed).unwrap_or_default();
    let mut access = Access { admitted: !deployments.is_empty(), ..Access::default() };
    for deployment in deployments {
        let environment = deployment.map(|deployment| deployment.environment.value);
        let Some(roles) = roles.of(environment, &assumed) else {
            access.admitted = false;
            continue;
        };
        let caller = caller(file, step, deployment);
        access.admitted &= verdict(&roles, &caller, &named_by_policy) == Verdict::Allow;
        if verdict(&roles, &caller, &as_known) == Verdict::Deny {
            blame(&roles, &caller, &mut access);
        }
    }
    access
}

/// The caller that IAM sees when a step runs with a deployment, according to the file and the settings.
pub fn caller<'f>(file: &Analysis<'f>, step: &Step<'f>, deployment: Option<Deployment<'f>>) -> Caller<'f> {
    let settings = file.settings;
    let options = &file.model.options;
    let uuid = |name: &str| settings.environments.get(name).and_then(|environment| environment.uuid);
    let audiences = |oidc: &Option<Oidc<'_>>| matches!(oidc, Some(Oidc::Audiences(..) | Oidc::Unreadable(_)));
    Caller {
        workspace: settings.workspace.as_deref(),
        workspace_uuid: settings.workspace_uuid,
        repository_uuid: settings.repository_uuid,
        environment: match deployment {
            None => Environment::None,
            Some(deployment) if deployment.recorded => Environment::Deployment(uuid(deployment.environment.value)),
            Some(_) => Environment::Unknown,
        },
        custom_audiences: audiences(&step.oidc) || audiences(&options.oidc),
        address: match file.model.atlassian_ip_ranges(step) {
            None | Some(Spanned { value: false, .. }) if !file.model.on_self_hosted_runner(step) => Address::Unlisted,
            _ => Address::Unknown,
        },
    }
}

/// Fills in unknown properties of a caller from a policy.
type FillIn = dyn for<'p> Fn(&'p Policy, &Caller<'p>) -> Caller<'p>;

fn as_known<'p>(_: &'p Policy, caller: &Caller<'p>) -> Caller<'p> {
    *caller
}

/// Assumes that a policy naming one repository, environment or workspace means this one.
fn named_by_policy<'p>(policy: &'p Policy, caller: &Caller<'p>) -> Caller<'p> {
    let subjects = || claim_values(policy, "sub");
    let part = |at: usize| {
        let uuids = subjects().filter_map(move |value| Uuid::from_braced(value.split(':').nth(at)?));
        only(uuids)
    };
    let audiences = claim_values(policy, "aud").filter_map(audience_workspace);
    Caller {
        workspace_uuid: caller.workspace_uuid.or_else(|| only(audiences)),
        repository_uuid: caller.repository_uuid.or_else(|| part(0)),
        environment: match caller.environment {
            Environment::Deployment(None) => Environment::Deployment(part(1)),
            environment => environment,
        },
        ..*caller
    }
}

/// The value, if all values are equal.
fn only(values: impl Iterator<Item = Uuid>) -> Option<Uuid> {
    let distinct: BTreeSet<_> = values.collect();
    distinct.first().copied().filter(|_| distinct.len() == 1)
}

/// The values that a policy's statements compare a claim with.
fn claim_values<'p>(policy: &'p Policy, claim: &'static str) -> impl Iterator<Item = &'p str> {
    let conditions = policy.statements.iter().flat_map(|statement| &statement.conditions);
    let conditions = conditions
        .filter(move |it| matches!(it.parsed_key(), Key::Claim { claim: own, .. } if own.eq_ignore_ascii_case(claim)));
    conditions.flat_map(|condition| condition.values.iter().filter_map(|value| value.as_str()))
}

/// The most favorable verdict of the roles.
fn verdict(candidates: &Candidates<'_>, caller: &Caller<'_>, fill_in: &FillIn) -> Verdict {
    let answers = candidates.roles.iter().flat_map(|role| answers(&role.policy, &fill_in(&role.policy, caller)));
    answers.map(|answer| answer.verdict).max_by_key(|verdict| favour(*verdict)).unwrap_or(Verdict::Depends)
}

const fn favour(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Deny => 0,
        Verdict::Depends => 1,
        Verdict::Allow => 2,
    }
}

/// The evaluations of a policy for a caller: if its workspace is unknown, one for each workspace that the policy names.
fn answers(policy: &Policy, caller: &Caller<'_>) -> Vec<Evaluation> {
    let ask = |workspace| evaluate(policy, &Caller { workspace, ..*caller }.request());
    let workspaces = workspaces(policy);
    // A policy with `NotPrincipal` may mean any workspace.
    let negated = policy.statements.iter().any(|it| it.principals.as_ref().is_some_and(|block| block.negated));
    if caller.workspace.is_some() || workspaces.is_empty() || negated {
        return vec![ask(caller.workspace)];
    }
    workspaces.into_iter().map(|workspace| ask(Some(workspace))).collect()
}

/// The workspaces whose tokens a policy names, in its principals or its condition keys.
pub fn workspaces(policy: &Policy) -> BTreeSet<&str> {
    let keys = policy.statements.iter().flat_map(|statement| &statement.conditions).filter_map(|condition| {
        match condition.parsed_key() {
            Key::Claim { issuer, .. } if !condition.key_open => workspace_of(issuer),
            _ => None,
        }
    });
    let principals = policy.statements.iter().filter_map(|statement| statement.principals.as_ref());
    let names = principals.flat_map(|block| &block.items).filter_map(|principal| principal.name.as_str());
    let providers = names.filter_map(|name| workspace_of(name.split_once(":oidc-provider/")?.1));
    keys.chain(providers).collect()
}

fn workspace_of(provider: &str) -> Option<&str> {
    Issuer::from_provider_name(provider).ok().map(Issuer::workspace)
}

/// Finds out why a caller is rejected: what the step lacks, and otherwise the reason of the policy.
fn blame(roles: &Candidates<'_>, caller: &Caller<'_>, access: &mut Access) {
    let deployment = caller.environment == Environment::None;
    let address = caller.address == Address::Unlisted;
    for (with_deployment, with_address) in [(true, false), (false, true), (true, true)] {
        if (with_deployment && !deployment) || (with_address && !address) {
            continue;
        }
        let environment = if with_deployment { Environment::Deployment(None) } else { caller.environment };
        let address = if with_address { Address::Unknown } else { caller.address };
        if verdict(roles, &Caller { environment, address, ..*caller }, &as_known) != Verdict::Deny {
            access.lacks_deployment |= with_deployment;
            access.lacks_listed_address |= with_address;
            return;
        }
    }
    let first = roles.roles.first().and_then(|role| answers(&role.policy, caller).into_iter().next());
    access.refusal = first.map(|evaluation| format!("{}: {}", roles.file, evaluation.refusal()));
}
