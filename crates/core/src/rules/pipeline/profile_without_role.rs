use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    settings::Known,
};

rule! {
    /// `web_identity_token_file` in a profile without `role_arn`.
    ///
    /// AWS SDKs exchange the token only if the same profile names the role. Otherwise they ignore the file and look for
    /// other credentials.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - echo "$BITBUCKET_STEP_OIDC_TOKEN" > /tmp/web-identity-token
    ///             - aws configure set web_identity_token_file /tmp/web-identity-token
    ///             - aws s3 sync dist s3://bucket
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
    ///             - echo "$BITBUCKET_STEP_OIDC_TOKEN" > /tmp/web-identity-token
    ///             - aws configure set web_identity_token_file /tmp/web-identity-token
    ///             - aws configure set role_arn "$DEPLOY_ROLE"
    ///             - aws s3 sync dist s3://bucket
    /// ```
    ///
    /// The AWS CLI also accepts the role from `AWS_ROLE_ARN`, so a step that sets this variable is not reported.
    ///
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html>.
    static RULE: "profile-without-role", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let set = facts.bindings.iter().any(|binding| binding.name == "AWS_ROLE_ARN")
            || facts.tools.iter().any(|tool| tool.variable("AWS_ROLE_ARN").is_some());
        let declared = || {
            let mut environments = file.environments(step).into_iter();
            environments.any(|environment| file.settings.known("AWS_ROLE_ARN", environment) == Known::Defined)
        };
        if set || declared() {
            continue;
        }
        for token_file in facts.profiles.iter().filter(|setting| setting.key == "web_identity_token_file") {
            let profile = &token_file.profile;
            if !facts.profiles.iter().any(|other| other.profile == *profile && other.key == "role_arn") {
                findings
                    .report(
                        file.first_line(token_file.span),
                        format!(
                            "`web_identity_token_file` has no effect in profile `{profile}`, which has no `role_arn`"
                        ),
                    )
                    .help("set `role_arn` in the same profile");
            }
        }
    }
}
