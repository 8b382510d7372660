use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// A pipe without a variable that its documentation calls always required.
    ///
    /// The pipe stops at once and names the variable. Known are the AWS pipes of Atlassian; variables that may come from
    /// Bitbucket's settings, such as the region, are not asked for here.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - pipe: atlassian/aws-s3-deploy:2.0.1
    ///             variables:
    ///               AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///               S3_BUCKET: bucket
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
    static RULE: "missing-pipe-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for pipe in &facts.pipes {
            let required = pipe.known.map_or(&[][..], |known| known.required);
            let missing: Vec<_> = required.iter().filter(|name| pipe.variable(name).is_none()).collect();
            if !missing.is_empty() {
                let names: Vec<_> = missing.iter().map(|name| format!("`{name}`")).collect();
                findings
                    .report(pipe.span, format!("`{}` needs {}", pipe.name, names.join(" and ")))
                    .help("add it to the pipe's `variables`");
            }
        }
    }
}
