use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// A pipe without a variable that it requires.
    ///
    /// The pipe fails immediately and names the missing variable.
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
    ///
    /// Only Atlassian's AWS pipes are checked. Variables that may come from Bitbucket's settings, such as the region,
    /// are not reported here.
    static RULE: "missing-pipe-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for pipe in &facts.pipes {
            let required = pipe.known.map_or(&[][..], |known| known.required);
            let missing: Vec<_> = required.iter().filter(|name| pipe.variable(name).is_none()).collect();
            if !missing.is_empty() {
                let names: Vec<_> = missing.iter().map(|name| format!("`{name}`")).collect();
                let (noun, pronoun) = if names.len() == 1 { ("variable", "it") } else { ("variables", "them") };
                let message = format!("missing required {noun} {} of `{}`", names.join(" and "), pipe.name);
                findings.report(pipe.span, message).help(format!("add {pronoun} to the pipe's `variables`"));
            }
        }
    }
}
