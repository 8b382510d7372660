use crate::{
    analysis::Analysis,
    pipeline::Oidc,
    rules::{Findings, rule},
};

rule! {
    /// Custom OIDC audiences on a step that assumes an AWS role.
    ///
    /// With `audiences`, the token's `aud` claim becomes a list of the workspace's default audience and the custom
    /// ones. How AWS STS handles such a list from Bitbucket is not documented. Atlassian and AWS describe plain `oidc:
    /// true`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc:
    ///           audiences: [sts.amazonaws.com]
    ///         script:
    ///           - pipe: atlassian/aws-s3-deploy:2.0.1
    ///             variables:
    ///               AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///               S3_BUCKET: bucket
    ///               LOCAL_PATH: dist
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - pipe: atlassian/aws-s3-deploy:2.0.1
    ///             variables:
    ///               AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///               S3_BUCKET: bucket
    ///               LOCAL_PATH: dist
    /// ```
    static RULE: "custom-audience", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some(Oidc::Audiences(audiences, node)) = &step.oidc else { continue };
        if facts.assumes_role() {
            let span = audiences.first().map_or_else(|| file.place(*node, None), |audience| audience.span(file.tree));
            findings.report(span, "AWS STS may reject a token with several audiences").help(
                "use `oidc: true`, with the workspace's default audience as the client ID of the identity provider",
            );
        }
    }
}
