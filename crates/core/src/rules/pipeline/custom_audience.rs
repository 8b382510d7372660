use crate::{
    analysis::Analysis,
    pipeline::Oidc,
    rules::{Findings, rule},
};

rule! {
    /// Custom audiences on a step that assumes an AWS role.
    ///
    /// With `audiences` the token's `aud` becomes a list that holds the workspace's own audience and the custom ones. How AWS
    /// STS judges such a list from Bitbucket is not documented; plain `oidc: true` is what Atlassian and AWS describe.
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
            findings
                .report(span, "whether AWS accepts a token with several audiences is not documented")
                .help("use `oidc: true`, and the workspace's own audience as the client id of the identity provider");
        }
    }
}
