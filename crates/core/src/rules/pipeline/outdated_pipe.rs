use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    rules::{Findings, rule},
};

rule! {
    /// A pipe that another pipe has replaced, or a version that does not know the role that it is given.
    ///
    /// A version from before OIDC ignores the role, and uses stored keys or fails. A replaced pipe still runs, but gets no
    /// corrections.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - pipe: atlassian/aws-cloudfront-invalidate:0.4.1
    ///               variables:
    ///                 AWS_OIDC_ROLE_ARN: $AWS_OIDC_ROLE_ARN
    ///                 AWS_DEFAULT_REGION: eu-west-1
    ///                 DISTRIBUTION_ID: E2EXAMPLE
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
    ///             - pipe: atlassian/aws-cloudfront-invalidate:0.6.0
    ///               variables:
    ///                 AWS_OIDC_ROLE_ARN: $AWS_OIDC_ROLE_ARN
    ///                 AWS_DEFAULT_REGION: eu-west-1
    ///                 DISTRIBUTION_ID: E2EXAMPLE
    /// ```
    ///
    /// A replaced pipe is a hint, and so is a version if the first one with a role is unknown but it is much older than those
    /// that are seen with one.
    static RULE: "outdated-pipe", Warning, check, explained_by ["unknown-pipe-variable"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for pipe in &facts.pipes {
            let Some(published) = pipe.published else { continue };
            if let Some(newer) = published.replaced_by {
                findings
                    .report_as(Severity::Hint, pipe.span, format!("`{}` is replaced by `{newer}`", pipe.name))
                    .help(format!("use `{newer}`"));
            }
            let role = published.login.oidc_variable.and_then(|name| pipe.variable(name));
            let (Some(version), Some(role)) = (pipe.version, role.filter(|role| !role.value.is_empty())) else {
                continue;
            };
            let Some(since) = published.login.too_old_for_role(version) else {
                if published.may_be_too_old_for_role(version) {
                    let message = format!("version {version} of `{}` may be too old for `{}`", pipe.name, role.name);
                    findings
                        .report_as(Severity::Hint, role.key, message)
                        .related(pipe.span, "the version is set here")
                        .help("use a newer version");
                }
                continue;
            };
            findings
                .report(role.key, format!("version {version} of `{}` does not know `{}`", pipe.name, role.name))
                .related(pipe.span, "the version is set here")
                .help(format!("use version {since} or newer"));
        }
    }
}
