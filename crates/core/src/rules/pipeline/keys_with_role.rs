use crate::{
    analysis::{Analysis, steps::shown},
    diagnostic::Severity,
    facts::{Binding, StepFacts},
    pipeline::Step,
    pipes::keyless::{IAM, IAM_WITH_STORED_KEYS, TRUST_POLICY},
    rules::{Findings, rule},
    settings::Known,
};

rule! {
    /// A stored access key that is set together with a role.
    ///
    /// AWS SDKs use `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` before they look for a token file, so the role is
    /// never assumed. Nothing fails: the deployment keeps using the long-lived key. Atlassian's AWS pipes do the
    /// opposite and ignore the keys, which can still leak.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_ACCESS_KEY_ID=$DEPLOY_KEY AWS_SECRET_ACCESS_KEY=$DEPLOY_SECRET
    ///           - export AWS_ROLE_ARN=arn:aws:iam::123456789012:role/deploy
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///           - aws s3 sync dist s3://bucket
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_ROLE_ARN=arn:aws:iam::123456789012:role/deploy
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///           - aws s3 sync dist s3://bucket
    /// ```
    static RULE: "keys-with-role", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        environment(file, step, facts, findings);
        for pipe in &facts.pipes {
            let (Some(role), Some(key)) = (pipe.role(), pipe.variable("AWS_ACCESS_KEY_ID")) else {
                continue;
            };
            // keyless's own pipe reads the trust policy with the key.
            let reads_policy = pipe.is_keyless()
                && pipe.setting(&TRUST_POLICY).is_some_and(|policy| {
                    policy.value.literal().is_none_or(|from| [IAM, IAM_WITH_STORED_KEYS].contains(&from))
                });
            if !key.value.is_empty() && !reads_policy {
                let message = format!("`{}` uses the role and ignores this key", pipe.name);
                findings
                    .report_as(Severity::Hint, key.key, message)
                    .related(role.key, "the role is set here")
                    .help("remove `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, here and in Bitbucket's settings");
            }
        }
    }
}

fn environment(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts, findings: &mut Findings<'_>) {
    let is_set = |binding: &&Binding| !binding.value.is_empty();
    for tool in &facts.tools {
        let get = |name: &str| tool.variable(name).filter(is_set);
        let Some(token_file) = get("AWS_WEB_IDENTITY_TOKEN_FILE") else { continue };
        let command = shown(file.source.slice(tool.span));
        if let Some(key) = get("AWS_ACCESS_KEY_ID") {
            let stored = key.value.literal().is_some() || key.value.copy_of().is_some();
            if !stored || get("AWS_SESSION_TOKEN").is_some() {
                continue;
            }
            findings
                .report(key.span, format!("`{command}` uses this key instead of the role"))
                .related(token_file.span, "the token file is ignored")
                .help("remove the key, here and in Bitbucket's settings");
            return;
        }
        let declared = file.environments(step).into_iter().any(|environment| {
            file.settings.known("AWS_ACCESS_KEY_ID", environment) == Known::Defined
                && file.settings.known("AWS_SECRET_ACCESS_KEY", environment) == Known::Defined
        });
        if declared && tool.variable("AWS_ACCESS_KEY_ID").is_none() {
            let message = format!(
                "`{command}` uses the stored key `AWS_ACCESS_KEY_ID`, declared in keyless.yaml, instead of the role"
            );
            findings
                .report(token_file.span, message)
                .help("remove the key from Bitbucket's settings, or add `unset AWS_ACCESS_KEY_ID` before this line");
            return;
        }
    }
}
