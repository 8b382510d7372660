use crate::{
    analysis::{Analysis, steps::TokenAccess},
    facts::{Assumption, Credentials, ProfileSetting, StepFacts, Value},
    pipeline::Step,
    pipes::keyless::{self, CHAINED_DURATION, ROLE_CHAIN, SESSION_DURATION},
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// A session of more than an hour for a role that is assumed from another role's session.
    ///
    /// AWS limits such a session to one hour, whatever the role allows, and rejects the call: `The requested
    /// DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - export AWS_ROLE_ARN=$HUB_ROLE AWS_REGION=eu-west-1 AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///             - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///             - aws sts assume-role --role-arn "$TARGET_ROLE" --role-session-name ci --duration-seconds 7200 > /tmp/target
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - export AWS_ROLE_ARN=$HUB_ROLE AWS_REGION=eu-west-1 AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///             - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///             - aws sts assume-role --role-arn "$TARGET_ROLE" --role-session-name ci > /tmp/target
    /// ```
    ///
    /// An IAM user's key may ask for up to 12 hours, so that a step with stored keys is not reported.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>.
    static RULE: "overlong-chained-session", Warning, check
}

const MESSAGE: &str = "a role that is assumed from another role's session gets at most one hour";

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        for assumption in facts.assumptions.iter().filter(|assumption| !assumption.web_identity) {
            let Some(duration) = &assumption.duration else { continue };
            if is_overlong(&duration.value) && is_chained(file, step, facts, assumption) {
                findings.report(duration.span, MESSAGE).help("remove `--duration-seconds`, or set it to at most 3600");
            }
        }
        for pipe in facts.pipes.iter().filter(|pipe| pipe.is_keyless()) {
            let (Some(chain), Some(duration)) = (pipe.setting(&ROLE_CHAIN), pipe.setting(&SESSION_DURATION)) else {
                continue;
            };
            if is_overlong(&duration.value) {
                report_setting(duration.span, chain.key, findings);
            }
        }
        let exported = |name: &str| {
            let mut bindings = facts.bindings.iter().rev();
            bindings.find(|binding| binding.name == name && binding.exported && !facts.sessions.is_empty())
        };
        if let (Some(chain), Some(duration)) = (exported(ROLE_CHAIN.name), exported(SESSION_DURATION.name))
            && !chain.value.is_empty()
            && is_overlong(&duration.value)
        {
            report_setting(duration.span, chain.span, findings);
        }
        for duration in facts.profiles.iter().filter(|setting| setting.key == "duration_seconds") {
            if is_overlong(&duration.value) && has_session_as_source(&facts.profiles, &duration.profile) {
                findings.report(duration.span, MESSAGE).help("remove `duration_seconds`, or set it to at most 3600");
            }
        }
    }
}

fn report_setting(duration: Span, chain: Span, findings: &mut Findings<'_>) {
    findings
        .report(duration, MESSAGE)
        .related(chain, "`ROLE_CHAIN` is set here")
        .help("set `SESSION_DURATION` to at most `1h`");
}

fn is_overlong(value: &Value) -> bool {
    value.literal().and_then(keyless::duration).is_some_and(|duration| duration > CHAINED_DURATION)
}

/// Whether the credentials of `aws sts assume-role` are those of a role session.
fn is_chained(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts, assumption: &Assumption) -> bool {
    let Some(tool) = facts.tools.iter().find(|tool| tool.order == assumption.order) else { return false };
    let assumed_before = || facts.assumptions.iter().any(|other| other.order < assumption.order);
    match facts.credentials(tool) {
        Credentials::WebIdentity => true,
        Credentials::Session => {
            let session_token = tool.variable("AWS_SESSION_TOKEN").is_some_and(|token| !token.value.is_empty());
            tool.in_session || session_token || assumed_before()
        }
        // Bitbucket's settings may provide the role, and a runner its own.
        Credentials::Outside => {
            let keys =
                file.facts.steps.iter().flat_map(|facts| &facts.reads).any(|read| read.name == "AWS_ACCESS_KEY_ID");
            file.token(step) == TokenAccess::On && !keys && !file.model.on_self_hosted_runner(step)
        }
        Credentials::Keys | Credentials::Profile => false,
    }
}

/// Whether the source profile of a profile gets its session for a role.
fn has_session_as_source(profiles: &[ProfileSetting], profile: &str) -> bool {
    let setting =
        |profile: &str, key: &str| profiles.iter().find(|setting| setting.profile == profile && setting.key == key);
    let source = setting(profile, "source_profile").and_then(|source| source.value.literal());
    source
        .is_some_and(|source| ["web_identity_token_file", "role_arn"].iter().any(|key| setting(source, key).is_some()))
}
