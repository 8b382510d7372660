//! Checks the AWS account against the step's token and the pipeline.

use std::{io, ops::ControlFlow};

use keyless_aws::{Attempted, ChainedRole, Endpoints, Inventory, Keys, Refusal, Session, Sts, StsError, WebIdentity};
use keyless_bitbucket::Step;
use keyless_core::{
    analysis::access::{RoleFile, Roles},
    aws::{Region, RoleArn},
    diagnostic::{Diagnostic, Severity},
    iam::role,
    lint,
    oidc::{self, AUDIENCE, Issuer, StepToken, VARIABLE},
    rules::trust as policy_check,
    setup::DEFAULT_QUALIFIER,
    text::Source,
};
use keyless_session::now;

use super::{Context, tags};

const TOKEN: &str = "token";
const SESSION: &str = "session";
const CREDENTIALS: &str = "AWS credentials";
const PROVIDER: &str = "identity provider";
const ROLE: &str = "role";
const TRUST: &str = "trust policy";
const STEPS: &str = "steps and trust policy";
const BOOTSTRAP: &str = "bootstrap";
const DEPLOY_ACCOUNT: &str = "deployment account";

/// The duration of the step's session in seconds: the shortest that STS allows.
const DURATION: u32 = 900;
/// The bootstrap version that the CDK's default synthesizer requires
/// (<https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html>).
const BOOTSTRAP_VERSION: u32 = 6;
/// The rules that report a step that the role rejects.
const REJECTIONS: [&str; 3] = ["rejected-token", "oidc-without-deployment", "unlisted-ip-address"];

/// Checks the session, the provider, the role and the bootstrap stack.
pub(super) async fn check(context: &mut Context<'_, '_>) -> io::Result<()> {
    let token = check_token(context)?;
    let Some(region) = context.region.clone() else {
        let fix = "set AWS_REGION".to_owned();
        return context.report.not_checked(CREDENTIALS, "no region is set".to_owned(), fix);
    };
    let session = match &token {
        Some(token) => session(context, token, &region).await?,
        None => None,
    };
    check_deploy_accounts(context, session.as_ref(), &region).await?;
    let tagged = tags::check(context, token.as_ref(), session.is_some()).await?;
    let keys = session.as_ref().map(Keys::from).or_else(|| Keys::from_environment(context.environment));
    let Some(keys) = keys else {
        if token.is_none() {
            let fix = "run this in a step with `oidc: true`, or set credentials in the environment: \
                       eval \"$(aws configure export-credentials --format env)\"";
            let text = "neither the step's token nor AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set".to_owned();
            context.report.not_checked(CREDENTIALS, text, fix.to_owned())?;
        }
        return match &tagged {
            Some(role) => tags::check_policy(context, role, None).await,
            None => Ok(()),
        };
    };
    let own = |service: &str| context.environment.endpoint_url(service);
    let endpoints = Endpoints { iam: own("IAM"), ssm: own("SSM"), sts: own("STS"), cloudformation: None };
    let inventory = Inventory::new(keys, &region, endpoints).over(&context.network);
    let account = match inventory.account().await {
        Ok(account) => account,
        Err(error) => {
            let fix = "renew the credentials".to_owned();
            return context.report.fail(CREDENTIALS, error.to_string(), fix);
        }
    };
    context.report.pass(CREDENTIALS, format!("account {account}"))?;
    if let Some(role) = &tagged {
        tags::check_policy(context, role, Some((&inventory, &account))).await?;
    }
    if let Some(role) = context.role.clone().filter(|role| role.account().as_str() != account) {
        let text = format!("{role} is not in the account of these credentials, {account}");
        let fix = "use credentials of the role's account".to_owned();
        return context.report.not_checked(ROLE, text, fix);
    }
    check_provider(context, &inventory, &region, &account, token.as_ref()).await?;
    check_role(context, &inventory).await?;
    check_bootstrap(context, &inventory, &region, &account).await
}

/// The step's token, if there is a valid one.
fn check_token(context: &mut Context<'_, '_>) -> io::Result<Option<StepToken>> {
    if context.environment.get(VARIABLE).is_none() {
        return Ok(None);
    }
    let token = match Step::new(context.environment).token() {
        Ok(token) => token,
        Err(error) => {
            context.report.fail(
                TOKEN,
                format!("{VARIABLE} is not a token: {error}"),
                "set `oidc: true` on the step".to_owned(),
            )?;
            return Ok(None);
        }
    };
    let mismatches = oidc::check(token.claims(), &Step::new(context.environment).expectations(now()));
    for mismatch in &mismatches {
        let fix = "run this in the step that the token was issued for, with `oidc: true`".to_owned();
        context.report.fail(TOKEN, mismatch.to_string(), fix)?;
    }
    if let Some(workspace) = token.claims().workspace() {
        context.settings.workspace_uuid.get_or_insert(workspace.uuid);
    }
    if mismatches.is_empty() {
        context.report.pass(TOKEN, token.claims().sub.clone())?;
    }
    Ok(Some(token))
}

/// A session by the token.
async fn session(context: &mut Context<'_, '_>, token: &StepToken, region: &Region) -> io::Result<Option<Session>> {
    let Some(role) = context.role.clone() else { return Ok(None) };
    let name = Step::new(context.environment).session_name();
    let sts = Sts::new(region, context.environment.endpoint_url("STS"), &context.network);
    let request = WebIdentity {
        role: &role,
        session_name: &name,
        token,
        duration: DURATION,
        policy: None,
        policy_arns: &[],
        deadline: None,
    };
    // A person who waits for an answer runs the check again for a role that is new.
    let retry = async |error: &StsError, _| match error {
        StsError::Refused { refusal: Refusal::NotTrusted, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    match sts.assume_role_with_web_identity(&request, retry).await {
        Ok(session) => {
            context.report.pass(SESSION, format!("AWS accepts the step as {}", session.assumed_role_arn))?;
            Ok(Some(session))
        }
        Err(error) => {
            if let StsError::Refused { refusal, .. } = &error {
                let attempted = Attempted { role: &role, claims: token.claims(), region, duration: DURATION };
                let explained = refusal.explain(&attempted);
                context.report.fail(SESSION, explained.cause, explained.remedy)?;
            } else {
                let fix = "check the network that the step runs in".to_owned();
                context.report.not_checked(SESSION, error.to_string(), fix)?;
            }
            Ok(None)
        }
    }
}

/// Checks that the session can assume the role that deploys to other accounts. Its session is not used.
async fn check_deploy_accounts(
    context: &mut Context<'_, '_>,
    session: Option<&Session>,
    region: &Region,
) -> io::Result<()> {
    let qualifier = context.qualifier();
    let name = Step::new(context.environment).session_name();
    for account in context.arguments.deploy_accounts.clone() {
        let arn =
            format!("arn:{}:iam::{account}:role/cdk-{qualifier}-deploy-role-{account}-{region}", region.partition());
        let Ok(role) = RoleArn::parse(&arn) else {
            let fix = "use the 12 digits of the account".to_owned();
            context.report.fail(DEPLOY_ACCOUNT, format!("`{account}` is not an account ID"), fix)?;
            continue;
        };
        let Some(session) = session else {
            let fix = "run this in a step with `oidc: true`, whose role deploys to the account".to_owned();
            context.report.not_checked(DEPLOY_ACCOUNT, format!("{account}: there is no session of the role"), fix)?;
            continue;
        };
        let sts = Sts::new(region, context.environment.endpoint_url("STS"), &context.network);
        let request = ChainedRole {
            role: &role,
            session_name: &name,
            external_id: None,
            tags: &[],
            transitive_tag_keys: &[],
            duration: DURATION,
        };
        match sts.assume_role(session, &request).await {
            Ok(_) => context.report.pass(DEPLOY_ACCOUNT, format!("{account}: the role can assume {role}"))?,
            Err(error @ StsError::Refused { .. }) => {
                let own = context.role.as_ref().map_or("<account of the role>", |role| role.account().as_str());
                let fix = format!(
                    "bootstrap the account with `cdk bootstrap aws://{account}/{region} --trust {own}`, and create the \
                     role with `keyless setup --deploy-accounts {account}`"
                );
                context.report.fail(DEPLOY_ACCOUNT, format!("{account}: cannot assume {role}: {error}"), fix)?;
            }
            Err(error) => {
                let fix = "check the network that the step runs in".to_owned();
                context.report.not_checked(DEPLOY_ACCOUNT, format!("{account}: {error}"), fix)?;
            }
        }
    }
    Ok(())
}

async fn check_provider(
    context: &mut Context<'_, '_>,
    inventory: &Inventory,
    region: &Region,
    account: &str,
    token: Option<&StepToken>,
) -> io::Result<()> {
    let of_workspace = || {
        let issuer = Issuer::of_workspace(context.settings.workspace.as_deref()?).ok()?;
        Some(issuer.provider_name())
    };
    let issuer = token.map(|token| oidc::provider_name(&token.claims().iss).to_owned());
    let Some(issuer) = issuer.or_else(of_workspace) else {
        let fix = "use --repository WORKSPACE/NAME".to_owned();
        return context.report.not_checked(PROVIDER, "no workspace is given".to_owned(), fix);
    };
    let provider = format!("arn:{}:iam::{account}:oidc-provider/{issuer}", region.partition());
    let audience = context.settings.workspace_uuid.map(oidc::default_audience);
    match inventory.audiences(&provider).await {
        Ok(audiences) => match audience {
            Some(audience) if !audiences.contains(&audience) => {
                let text = format!("{provider} accepts the audience {}, but not {audience}", audiences.join(", "));
                let fix = format!(
                    "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {provider} \
                     --client-id {audience}"
                );
                context.report.fail(PROVIDER, text, fix)
            }
            _ => context.report.pass(PROVIDER, provider),
        },
        Err(error) if error.is_missing() => {
            let audience = audience.unwrap_or_else(|| format!("{AUDIENCE}<workspace's UUID>"));
            let fix = format!(
                "aws iam create-open-id-connect-provider --url https://{issuer} --client-id-list {audience}, or deploy \
                 the output of `keyless setup`"
            );
            context.report.fail(PROVIDER, format!("{provider} does not exist"), fix)
        }
        Err(error) => context.unread(PROVIDER, "iam:GetOpenIDConnectProvider", &error),
    }
}

async fn check_role(context: &mut Context<'_, '_>, inventory: &Inventory) -> io::Result<()> {
    let Some(role) = context.role.clone() else { return Ok(()) };
    let found = match inventory.role(&role).await {
        Ok(found) => found,
        Err(error) if error.is_missing() => {
            let fix = "deploy the output of `keyless setup`, or fix AWS_ROLE_ARN".to_owned();
            return context.report.fail(ROLE, format!("{role} does not exist"), fix);
        }
        Err(error) => return context.unread(ROLE, "iam:GetRole", &error),
    };
    context.report.pass(ROLE, format!("{role} exists"))?;
    let json = found.to_json();
    let findings = policy_check::findings(&Source::new("trust policy", &json));
    let bad: Vec<_> = findings.iter().filter(|finding| finding.severity >= Severity::Warning).collect();
    for finding in &bad {
        context.report.fail(TRUST, message(finding), help(finding))?;
    }
    if bad.is_empty() {
        context.report.pass(TRUST, "no problems found".to_owned())?;
    }
    check_steps(context, &role, &json)
}

/// Checks the steps of the pipeline against the role's trust policy.
fn check_steps(context: &mut Context<'_, '_>, role: &RoleArn, json: &str) -> io::Result<()> {
    let Some((name, text)) = &context.pipeline else { return Ok(()) };
    let Ok(roles) = role::read(json, None) else { return Ok(()) };
    let file = RoleFile { name: role.to_string(), roles };
    let roles = match context.deployment() {
        Some(environment) => Roles { environments: [(environment, file)].into(), ..Roles::default() },
        None => Roles { general: Some(file), ..Roles::default() },
    };
    let source = Source::new(name, text);
    let findings = lint::lint_with_roles(&source, &context.settings, &roles);
    let rejected: Vec<_> =
        findings.iter().filter(|it| it.severity == Severity::Error && REJECTIONS.contains(&it.rule.as_str())).collect();
    for finding in &rejected {
        let line = source.position(finding.primary.span.start).line;
        context.report.fail(STEPS, format!("{name}:{line}: {}", message(finding)), help(finding))?;
    }
    if rejected.is_empty() {
        context.report.pass(STEPS, format!("the role rejects no step of {name}"))?;
    }
    Ok(())
}

fn message(finding: &Diagnostic) -> String {
    format!("{} ({})", finding.message, finding.rule)
}

fn help(finding: &Diagnostic) -> String {
    finding.help.clone().unwrap_or_else(|| format!("see `keyless explain {}`", finding.rule))
}

async fn check_bootstrap(
    context: &mut Context<'_, '_>,
    inventory: &Inventory,
    region: &Region,
    account: &str,
) -> io::Result<()> {
    let qualifier = context.qualifier();
    let parameter = format!("/cdk-bootstrap/{qualifier}/version");
    let fix = || {
        let own = if qualifier == DEFAULT_QUALIFIER { String::new() } else { format!(" --qualifier {qualifier}") };
        format!("npx cdk bootstrap{own} aws://{account}/{region}")
    };
    match inventory.parameter(&parameter).await {
        Ok(version) => match version.parse::<u32>() {
            Ok(number) if number >= BOOTSTRAP_VERSION => {
                context.report.pass(BOOTSTRAP, format!("version {number} in {region}"))
            }
            _ => {
                let text = format!("version {version} in {region}, but the CDK needs {BOOTSTRAP_VERSION} or later");
                context.report.fail(BOOTSTRAP, text, fix())
            }
        },
        Err(error) if error.is_missing() => {
            context.report.fail(BOOTSTRAP, format!("{parameter} does not exist in {region}"), fix())
        }
        Err(error) => context.unread(BOOTSTRAP, &format!("ssm:GetParameter on {parameter}"), &error),
    }
}
