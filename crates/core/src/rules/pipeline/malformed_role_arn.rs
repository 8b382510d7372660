use crate::{
    analysis::Analysis,
    aws::RoleArn,
    diagnostic::Severity,
    facts::{PipeUse, StepFacts},
    pipeline::Step,
    rules::{Findings, rule},
    text::Spanned,
};

rule! {
    /// A value that is not the ARN of an IAM role where one is required.
    ///
    /// `AWS_ROLE_ARN`, `AWS_OIDC_ROLE_ARN`, `oidc-role` and `--role-arn` take a complete ARN: `arn:aws:iam::`, twelve
    /// digits, `:role/`, and the role's path and name. The usual cause is a placeholder from a copied example.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - pipe: atlassian/aws-s3-deploy:2.0.1
    ///             variables:
    ///               AWS_OIDC_ROLE_ARN: arn:aws:iam::12345678901:role/deploy
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
    ///
    /// A value that does not start with `arn:` is reported as a warning, because the program that generates the file
    /// may complete it.
    static RULE: "malformed-role-arn", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        for Spanned { value: text, span } in roles(file, step, facts) {
            if let Err(error) = RoleArn::parse(&text) {
                // The program that generates the file may complete a bare name; a broken ARN never works.
                let severity = if text.starts_with("arn:") { Severity::Error } else { Severity::Warning };
                findings
                    .report_as(severity, span, format!("invalid role ARN: {error}"))
                    .help("use an ARN such as `arn:aws:iam::123456789012:role/deploy`")
                    .one_cause();
            }
        }
    }
}

/// The roles that a step names literally, with their spans.
fn roles(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts) -> Vec<Spanned<String>> {
    let mut roles = Vec::new();
    for binding in facts.bindings.iter().filter(|binding| binding.name == "AWS_ROLE_ARN") {
        roles.extend(binding.value.literal().map(|text| Spanned::new(text.to_owned(), binding.span)));
    }
    for role in facts.pipes.iter().filter_map(PipeUse::role) {
        roles.extend(role.value.literal().map(|text| Spanned::new(text.to_owned(), role.span)));
    }
    for role in facts.assumptions.iter().filter_map(|assumption| assumption.role.as_ref()) {
        roles.extend(role.value.literal().map(|text| Spanned::new(text.to_owned(), role.span)));
    }
    let storage = step.runtime.and_then(|runtime| runtime.storage_oidc_role);
    for role in file.model.images_of(step).filter_map(|image| image.oidc_role).chain(storage) {
        if !role.value.contains('$') {
            roles.push(Spanned::new(role.value.to_owned(), role.span(file.tree)));
        }
    }
    roles.retain(|role| !role.value.is_empty());
    roles
}
