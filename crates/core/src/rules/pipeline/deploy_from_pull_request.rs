use crate::{
    analysis::{Analysis, steps::TokenAccess},
    diagnostic::Severity,
    pipeline::{Start, Use},
    rules::{Findings, rule},
    text::Spanned,
};

rule! {
    /// A pull request pipeline that deploys or assumes a role.
    ///
    /// The pipeline runs the code of the source branch before anyone has reviewed it, with all permissions of the role.
    /// Pull requests from forks do not start pipelines, but anyone who can push a branch and open a pull request can
    /// start one.
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
    ///
    /// A step that assumes a role only for `COMMAND: diff` of keyless's own pipe is a hint: give it a role that can only read.
    static RULE: "deploy-from-pull-request", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if !file.model.starts(step).into_iter().any(Start::is_unmerged) {
            continue;
        }
        let unmerged = |at: &Use| file.model.pipelines[at.pipeline].start.is_unmerged();
        let (finding, others) = if let Some(Spanned { value: name, span }) = facts.deployment() {
            let (place, others) = file.wrong_uses(step, span, unmerged);
            let message = format!("{name} deploys code of a pull request before it is reviewed");
            let help = "deploy from a branch, or use a separate role that can only deploy previews";
            (findings.report(place, message).help(help), others)
        } else if file.token(step) == TokenAccess::On && facts.assumes_role() {
            let span = step.oidc.as_ref().map_or_else(|| step.place(file.tree), |oidc| file.place(oidc.node(), None));
            let (place, others) = file.wrong_uses(step, span, unmerged);
            let message = "code of a pull request assumes a role before it is reviewed";
            let help = "use a separate role with only the permissions that this step needs";
            // `COMMAND: diff` of keyless's own pipe shows the changes of a pull request.
            let severity = if facts.only_reads() { Severity::Hint } else { Severity::Warning };
            (findings.report_as(severity, place, message).help(help), others)
        } else {
            continue;
        };
        finding.of_step(file.step_place(step));
        for (place, label) in others {
            finding.related(place, label);
        }
    }
}
