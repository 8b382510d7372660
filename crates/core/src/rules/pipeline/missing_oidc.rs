use crate::{
    analysis::{Analysis, steps::TokenAccess},
    diagnostic::Safety,
    facts::{Login, TOKEN},
    pipeline::Step,
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// A step that uses its OIDC token, or a role that needs one, without `oidc: true`.
    ///
    /// Without `oidc: true`, `BITBUCKET_STEP_OIDC_TOKEN` is empty. AWS tools then report that they are not authorized
    /// to perform `sts:AssumeRoleWithWebIdentity`, or use any other credentials they find. Atlassian's AWS pipes only
    /// print a warning and fall back to stored keys. Set `oidc: true` on each step that needs a token: stages and
    /// `options` do not pass it on.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         deployment: staging
    ///         script:
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///           - aws s3 sync dist s3://bucket
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         deployment: staging
    ///         script:
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///           - aws s3 sync dist s3://bucket
    /// ```
    ///
    /// keyless's own pipe, `keyless exec` and `keyless credential-process` need the token too.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           deployment: production
    ///           script:
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    /// ```
    ///
    /// Source:
    /// <https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/>.
    static RULE: "missing-oidc", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.token(step) != TokenAccess::Off || step.is_child_pipeline {
            continue;
        }
        let needs = needs(file, step, facts);
        let Some(((span, message), others)) = needs.split_first() else { continue };
        let finding = findings.report(*span, message).of_step(file.step_place(step));
        for (span, _) in others {
            finding.related(*span, "this needs the token too");
        }
        if let Some(oidc) = &step.oidc {
            finding.related(file.span(oidc.node()), "turned off here").help("set `oidc: true` on this step");
            continue;
        }
        finding.help("add `oidc: true` to this step");
        if let Some(edit) = file.first_line_of_step(step, "oidc: true") {
            finding.fix("add `oidc: true` to the step", Safety::Safe, vec![edit]);
        }
    }
}

/// The places in a step that need a token, the most obvious first, each with a message.
fn needs(file: &Analysis<'_>, step: &Step<'_>, facts: &crate::facts::StepFacts) -> Vec<(Span, String)> {
    let mut needs = Vec::new();
    for read in facts.reads.iter().filter(|read| read.name == TOKEN && !read.optional && !read.set_before) {
        needs.push((read.span, format!("`{TOKEN}` is empty, because the step has no `oidc: true`")));
    }
    for pipe in &facts.pipes {
        match (pipe.known.map(|known| known.login), pipe.role()) {
            (Some(Login::Role | Login::Token), _) => {
                let message = format!("`{}` needs the step's OIDC token, but the step has no `oidc: true`", pipe.name);
                needs.push((pipe.span, message));
            }
            (_, Some(role)) => {
                let message = format!("`{}` has no effect, because the step has no `oidc: true`", role.name);
                needs.push((role.key, message));
            }
            _ => {}
        }
    }
    // A script that tests for the token may do without it.
    let tested = facts.reads.iter().any(|read| read.name == TOKEN && read.optional);
    for session in facts.sessions.iter().filter(|session| !(session.conditional && tested)) {
        let command = session.source.command();
        let message = format!("`{command}` needs the step's OIDC token, but the step has no `oidc: true`");
        needs.push((file.first_line(session.span), message));
    }
    for role in file.model.images_of(step).filter_map(|image| image.oidc_role) {
        let message = "the image is pulled with a role, but the step has no `oidc: true`".to_owned();
        needs.push((role.span(file.tree), message));
    }
    if let Some(role) = step.runtime.and_then(|runtime| runtime.storage_oidc_role) {
        let message = "the storage is accessed with a role, but the step has no `oidc: true`".to_owned();
        needs.push((role.span(file.tree), message));
    }
    needs
}
