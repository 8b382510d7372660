use crate::{
    analysis::{Analysis, steps::TokenAccess},
    facts::{Login, ROLE_VARIABLE},
    rules::{Findings, rule},
};

rule! {
    /// An AWS pipe in a step with `oidc: true` that is not given a role.
    ///
    /// The pipe reads the role from `AWS_OIDC_ROLE_ARN` in its `variables`. Without it, the pipe uses stored keys, or
    /// fails if there are none.
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
    ///
    /// In the pipes whose source is public, a repository or workspace variable of that name does not reach the pipe
    /// unless it is passed in `variables`.
    static RULE: "pipe-without-role", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps().filter(|(step, _)| file.token(step) == TokenAccess::On) {
        for pipe in &facts.pipes {
            let accepts_role = pipe.known.is_some_and(|known| known.login == Login::RoleOrKeys);
            let own = pipe.published.and_then(|published| published.login.oidc_variable).unwrap_or(ROLE_VARIABLE);
            let configured = [ROLE_VARIABLE, own, "AWS_ACCESS_KEY_ID"].iter().any(|name| pipe.variable(name).is_some());
            if accepts_role && !configured {
                let finding = findings
                    .report(pipe.span, format!("`{}` is not given a role to assume", pipe.name))
                    .help(format!("add `{own}` to the pipe's `variables`"))
                    .of_step(file.step_place(step));
                if let Some(oidc) = &step.oidc {
                    finding.related(file.place(oidc.node(), None), "this token is not used");
                }
            }
        }
    }
}
