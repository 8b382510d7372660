use crate::{
    analysis::{Analysis, steps::Token},
    facts::{Login, ROLE_VARIABLE},
    rules::{Findings, rule},
};

rule! {
    /// An AWS pipe in a step with `oidc: true` that is not told which role to assume.
    ///
    /// The pipe takes the role from `AWS_OIDC_ROLE_ARN` among its own variables; in the pipes that could be looked at, one of
    /// Bitbucket's settings does not reach it by itself. Without it the pipe logs in with stored keys, or fails for want of them.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - pipe: atlassian/aws-s3-deploy:2.0.1
    ///               variables:
    ///                 AWS_DEFAULT_REGION: eu-west-1
    ///                 S3_BUCKET: bucket
    ///                 LOCAL_PATH: dist
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
    ///             - pipe: atlassian/aws-s3-deploy:2.0.1
    ///               variables:
    ///                 AWS_OIDC_ROLE_ARN: $AWS_OIDC_ROLE_ARN
    ///                 AWS_DEFAULT_REGION: eu-west-1
    ///                 S3_BUCKET: bucket
    ///                 LOCAL_PATH: dist
    /// ```
    static RULE: "pipe-without-role", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps().filter(|(step, _)| file.token(step) == Token::On) {
        for pipe in &facts.pipes {
            let takes_role = pipe.known.is_some_and(|known| known.login == Login::RoleOrKeys);
            let told = [ROLE_VARIABLE, "AWS_ACCESS_KEY_ID"].iter().any(|name| pipe.variable(name).is_some());
            if takes_role && !told {
                let finding = findings.report(pipe.span, format!("`{}` is given no role", pipe.name));
                if let Some(oidc) = &step.oidc {
                    finding.related(file.place(oidc.node(), None), "so the token goes unused");
                }
                finding.help(format!("add `{ROLE_VARIABLE}` to its variables"));
            }
        }
    }
}
