//! What the AWS account has, against what the token says and the pipeline does.

use keyless_aws::{Attempted, Endpoints, Inventory, InventoryError, Keys, Sts, StsError, WebIdentity};
use keyless_core::{
    analysis::access::{RoleFile, Roles},
    aws::{Region, RoleArn},
    diagnostic::{Diagnostic, Severity},
    iam::role,
    lint,
    oidc::{self, AUDIENCE, ISSUER, StepToken, VARIABLE},
    rules::trust as policy_check,
    text::Source,
};

use super::Context;
use crate::{endpoints::endpoint, run::now, step::Step};

const TOKEN: &str = "token";
const SESSION: &str = "session";
const CREDENTIALS: &str = "AWS credentials";
const PROVIDER: &str = "identity provider";
const ROLE: &str = "role";
const TRUST: &str = "trust policy";
const STEPS: &str = "steps against the trust policy";
const BOOTSTRAP: &str = "bootstrap";

/// The session of the step is asked for as short as may be, in seconds.
const DURATION: u32 = 900;
/// The bootstrap's version that the CDK's default synthesizer asks for
/// (<https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html>).
const BOOTSTRAP_VERSION: u32 = 6;
/// The qualifier of a bootstrap that was given none.
const QUALIFIER: &str = "hnb659fds";

/// The rules that say of a step that the role refuses it.
const REFUSALS: [&str; 3] = ["rejected-token", "oidc-without-deployment", "unlisted-ip-address"];

/// Looks at the session, the provider, the role and the bootstrap.
pub(super) async fn check(context: &mut Context<'_>) {
    let token = check_token(context);
    let Some(region) = context.region.clone() else {
        let fix = "set AWS_REGION".to_owned();
        context.report.could_not_look(CREDENTIALS, "no call can be made without a region".to_owned(), fix);
        return;
    };
    let keys = match &token {
        Some(token) => session(context, token, &region).await,
        None => None,
    };
    let keys = keys.or_else(|| Keys::from_variables(|name| context.variable(name)));
    let Some(keys) = keys else {
        if token.is_none() {
            let fix = "run in a step with `oidc: true`, or put credentials into the environment: \
                       eval \"$(aws configure export-credentials --format env)\"";
            let text = "neither a step's token nor AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is there".to_owned();
            context.report.could_not_look(CREDENTIALS, text, fix.to_owned());
        }
        return;
    };
    let own = |service: &str| endpoint(context.environment, service);
    let endpoints = Endpoints { iam: own("IAM"), ssm: own("SSM"), sts: own("STS") };
    let inventory = Inventory::new(keys, &region, endpoints).over(&context.network);
    let account = match inventory.account().await {
        Ok(account) => account,
        Err(error) => {
            let fix = "renew the credentials".to_owned();
            return context.report.fail(CREDENTIALS, error.to_string(), fix);
        }
    };
    context.report.pass(CREDENTIALS, format!("account {account}"));
    if let Some(role) = context.role.clone().filter(|role| role.account().as_str() != account) {
        let text = format!("{role} is of another account than these credentials, {account}");
        let fix = "use credentials of the role's account".to_owned();
        return context.report.could_not_look(ROLE, text, fix);
    }
    check_provider(context, &inventory, &region, &account, token.as_ref()).await;
    check_role(context, &inventory).await;
    check_bootstrap(context, &inventory, &region, &account).await;
}

/// The step's token, where there is one and it can be used.
fn check_token(context: &mut Context<'_>) -> Option<StepToken> {
    context.variable(VARIABLE)?;
    let token = match Step::new(context.environment).token() {
        Ok(token) => token,
        Err(mistake) => {
            context.report.fail(TOKEN, mistake.to_string(), "give the step `oidc: true`".to_owned());
            return None;
        }
    };
    let mismatches = oidc::check(token.claims(), &Step::new(context.environment).expectations(now()));
    for mismatch in &mismatches {
        let fix = "run in the step that the token was made for, with plain `oidc: true`".to_owned();
        context.report.fail(TOKEN, mismatch.to_string(), fix);
    }
    if let Some(workspace) = token.claims().workspace() {
        context.settings.workspace_uuid.get_or_insert_with(|| workspace.uuid.to_owned());
    }
    if mismatches.is_empty() {
        context.report.pass(TOKEN, token.claims().sub.clone());
    }
    Some(token)
}

/// A session by the token.
async fn session(context: &mut Context<'_>, token: &StepToken, region: &Region) -> Option<Keys> {
    let role = context.role.clone()?;
    let name = Step::new(context.environment).session_name();
    let sts = Sts::new(region, endpoint(context.environment, "STS"), &context.network);
    let request = WebIdentity {
        role: &role,
        session_name: &name,
        token,
        duration: DURATION,
        policy: None,
        policy_arns: &[],
        deadline: None,
    };
    match sts.assume_role_with_web_identity(&request, |_, _| {}).await {
        Ok(session) => {
            context.report.pass(SESSION, format!("AWS lets the step in as {}", session.assumed_role_arn));
            Some(Keys::from(&session))
        }
        Err(error) => {
            if let StsError::Refused { refusal, .. } = &error {
                let attempted = Attempted { role: &role, claims: token.claims(), region, duration: DURATION };
                let explained = refusal.explain(&attempted);
                context.report.fail(SESSION, explained.cause, explained.remedy);
            } else {
                let fix = "look at the network that the step runs in".to_owned();
                context.report.could_not_look(SESSION, error.to_string(), fix);
            }
            None
        }
    }
}

/// What may not be read is no failure; what is not there is one, and `fix` says what to do.
fn unseen(context: &mut Context<'_>, check: &'static str, action: &str, error: &InventoryError) {
    let fix = format!("allow {action}, or run at a desk with credentials that have it");
    context.report.could_not_look(check, error.to_string(), fix);
}

async fn check_provider(
    context: &mut Context<'_>,
    inventory: &Inventory,
    region: &Region,
    account: &str,
    token: Option<&StepToken>,
) {
    let of_workspace = || Some(format!("{}{}{}", ISSUER.0, context.settings.workspace.as_ref()?, ISSUER.1));
    let issuer = token.and_then(|token| token.claims().iss.strip_prefix("https://").map(str::to_owned));
    let Some(issuer) = issuer.or_else(of_workspace) else {
        let fix = "name the repository by --repository WORKSPACE/NAME".to_owned();
        return context.report.could_not_look(PROVIDER, "which workspace it is is not known".to_owned(), fix);
    };
    let provider = format!("arn:{}:iam::{account}:oidc-provider/{issuer}", region.partition());
    let uuid = context.settings.workspace_uuid.as_deref().map(|uuid| uuid.trim_matches(['{', '}']));
    let audience = uuid.map(|uuid| format!("{AUDIENCE}{uuid}"));
    match inventory.audiences(&provider).await {
        Ok(audiences) => match audience {
            Some(audience) if !audiences.contains(&audience) => {
                let text = format!("{provider} takes {}, and not {audience}", audiences.join(", "));
                let fix = format!(
                    "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {provider} \
                     --client-id {audience}"
                );
                context.report.fail(PROVIDER, text, fix);
            }
            _ => context.report.pass(PROVIDER, provider),
        },
        Err(error) if error.is_missing() => {
            let audience = audience.unwrap_or_else(|| format!("{AUDIENCE}<workspace's UUID>"));
            let fix = format!(
                "aws iam create-open-id-connect-provider --url https://{issuer} --client-id-list {audience}, or deploy \
                 what `keyless setup` writes"
            );
            context.report.fail(PROVIDER, format!("{provider} does not exist"), fix);
        }
        Err(error) => unseen(context, PROVIDER, "iam:GetOpenIDConnectProvider", &error),
    }
}

async fn check_role(context: &mut Context<'_>, inventory: &Inventory) {
    let Some(role) = context.role.clone() else { return };
    let found = match inventory.role(&role).await {
        Ok(found) => found,
        Err(error) if error.is_missing() => {
            let fix = "deploy what `keyless setup` writes, or correct AWS_ROLE_ARN".to_owned();
            return context.report.fail(ROLE, format!("{role} does not exist"), fix);
        }
        Err(error) => return unseen(context, ROLE, "iam:GetRole", &error),
    };
    context.report.pass(ROLE, format!("{role} exists"));
    let json = found.to_json();
    let findings = policy_check::findings(&Source::new("trust policy", &json));
    let bad: Vec<_> = findings.iter().filter(|finding| finding.severity >= Severity::Warning).collect();
    for finding in &bad {
        context.report.fail(TRUST, said(finding), help(finding));
    }
    if bad.is_empty() {
        context.report.pass(TRUST, "nothing is wrong with it".to_owned());
    }
    check_steps(context, &role, &json);
}

/// Holds the steps of the pipeline against the role.
fn check_steps(context: &mut Context<'_>, role: &RoleArn, json: &str) {
    let Some((name, text)) = &context.pipeline else { return };
    let Ok(roles) = role::read(json, None) else { return };
    let file = RoleFile { name: role.to_string(), roles };
    let roles = match context.deployment() {
        Some(environment) => Roles { environments: [(environment, file)].into(), ..Roles::default() },
        None => Roles { general: Some(file), ..Roles::default() },
    };
    let source = Source::new(name, text);
    let findings = lint::lint_with_roles(&source, &context.settings, &roles);
    let refused: Vec<_> =
        findings.iter().filter(|it| it.severity == Severity::Error && REFUSALS.contains(&it.rule.as_str())).collect();
    for finding in &refused {
        let line = source.position(finding.primary.span.start).line;
        context.report.fail(STEPS, format!("{name}:{line}: {}", said(finding)), help(finding));
    }
    if refused.is_empty() {
        context.report.pass(STEPS, format!("no step of {name} is refused"));
    }
}

fn said(finding: &Diagnostic) -> String {
    format!("{} ({})", finding.message, finding.rule)
}

fn help(finding: &Diagnostic) -> String {
    finding.help.clone().unwrap_or_else(|| format!("see `keyless explain {}`", finding.rule))
}

async fn check_bootstrap(context: &mut Context<'_>, inventory: &Inventory, region: &Region, account: &str) {
    let qualifier = context.arguments.qualifier.clone().or_else(|| context.variable("QUALIFIER"));
    let qualifier = qualifier.unwrap_or_else(|| QUALIFIER.to_owned());
    let parameter = format!("/cdk-bootstrap/{qualifier}/version");
    let fix = || {
        let own = if qualifier == QUALIFIER { String::new() } else { format!(" --qualifier {qualifier}") };
        format!("npx cdk bootstrap{own} aws://{account}/{region}")
    };
    match inventory.parameter(&parameter).await {
        Ok(version) => match version.parse::<u32>() {
            Ok(number) if number >= BOOTSTRAP_VERSION => {
                context.report.pass(BOOTSTRAP, format!("version {number} in {region}"));
            }
            _ => {
                let text = format!("version {version} in {region}, and the CDK asks for {BOOTSTRAP_VERSION} or more");
                context.report.fail(BOOTSTRAP, text, fix());
            }
        },
        Err(error) if error.is_missing() => {
            context.report.fail(BOOTSTRAP, format!("{parameter} does not exist in {region}"), fix());
        }
        Err(error) => unseen(context, BOOTSTRAP, &format!("ssm:GetParameter on {parameter}"), &error),
    }
}
