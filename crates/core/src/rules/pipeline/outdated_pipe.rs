use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipes::Version,
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
    /// A replaced pipe is a hint. A version is reported only if the first one with a role is known.
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
            let too_old = |version: Version| published.login.too_old_for_role(version);
            let Some((version, since)) = pipe.version.and_then(|version| Some((version, too_old(version)?))) else {
                continue;
            };
            let role = published.login.oidc_variable.and_then(|name| pipe.variable(name));
            if let Some(role) = role.filter(|role| !role.value.is_empty()) {
                findings
                    .report(role.key, format!("version {version} of `{}` does not know `{}`", pipe.name, role.name))
                    .related(pipe.span, "the version is set here")
                    .help(format!("use version {since} or newer"));
            }
        }
    }
}
