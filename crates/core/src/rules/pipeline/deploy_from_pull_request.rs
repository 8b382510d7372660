use crate::{
    analysis::{Analysis, steps::Token},
    pipeline::Start,
    rules::{Findings, rule},
};

rule! {
    /// A step of a pull-request pipeline deploys, or assumes a role.
    ///
    /// The pipeline runs the code of the source branch, before anyone has reviewed it, with whatever the role allows. Forks do
    /// not start pipelines, but everyone who may push a branch and open a pull request does.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   pull-requests:
    ///     '**':
    ///       - step:
    ///           oidc: true
    ///           script:
    ///             - pipe: atlassian/aws-s3-deploy:2.0.1
    ///               variables:
    ///                 AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///                 S3_BUCKET: bucket
    ///                 LOCAL_PATH: dist
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   pull-requests:
    ///     '**':
    ///       - step:
    ///           script:
    ///             - npm test
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - pipe: atlassian/aws-s3-deploy:2.0.1
    ///               variables:
    ///                 AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///                 S3_BUCKET: bucket
    ///                 LOCAL_PATH: dist
    /// ```
    static RULE: "deploy-from-pull-request", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if !file.model.starts(step).contains(&Start::PullRequests) {
            continue;
        }
        if let Some((span, name)) = facts.deployment() {
            findings
                .report(span, format!("{name} deploys from a pull request, before it is reviewed"))
                .help("deploy from a branch, or give previews a role of their own that reaches nothing else");
        } else if file.token(step) == Token::On && facts.assumes_role() {
            let span = step.oidc.as_ref().map_or_else(|| step.place(file.tree), |oidc| file.place(oidc.node(), None));
            findings
                .report(span, "a pull request's code assumes a role before it is reviewed")
                .help("use a role of its own that may do no more than this step needs");
        }
    }
}
