use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    facts::{Login, ROLE_VARIABLE, StepFacts, Value},
    pipeline::Step,
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// A step that authenticates to AWS with a stored access key.
    ///
    /// A stored key is valid until someone rotates it, works from anywhere, and is available to everyone who can push.
    /// A role that trusts the step's OIDC token gives only this step a session, for one hour by default, and no key has
    /// to be stored.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - pipe: atlassian/aws-s3-deploy:2.0.1
    ///             variables:
    ///               AWS_ACCESS_KEY_ID: $AWS_ACCESS_KEY_ID
    ///               AWS_SECRET_ACCESS_KEY: $AWS_SECRET_ACCESS_KEY
    ///               AWS_DEFAULT_REGION: eu-west-1
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
    ///               AWS_OIDC_ROLE_ARN: $AWS_OIDC_ROLE_ARN
    ///               AWS_DEFAULT_REGION: eu-west-1
    ///               S3_BUCKET: bucket
    ///               LOCAL_PATH: dist
    /// ```
    ///
    /// An error if the key itself is in the file.
    static RULE: "stored-keys", Warning, check, explained_by ["keys-with-role", "incomplete-credentials"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let found = pipes(facts).into_iter().chain(script(facts)).chain(images(file, step));
        for (span, in_file, help) in found {
            if in_file {
                let message = "an AWS access key is stored in the file";
                findings
                    .report_as(Severity::Error, span, message)
                    .help(format!("revoke the key, because it stays in the history; then {help}"));
            } else {
                findings.report(span, "a stored AWS access key is used instead of a role").help(help);
            }
        }
    }
}

const FOR_PIPE: &str = "set `oidc: true` on the step and pass `AWS_OIDC_ROLE_ARN` to the pipe instead of the keys";
const FOR_SCRIPT: &str = "set `oidc: true` on the step, write its token to a file outside the clone, and export \
                          `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN` instead of the keys";
const FOR_IMAGE: &str = "set `oidc: true` on the step and `oidc-role` instead of the keys";

/// Where a key is used, whether the key itself is in the file, and what to do.
type Stored = (Span, bool, &'static str);

fn pipes(facts: &StepFacts) -> Vec<Stored> {
    let with_keys = facts.pipes.iter().filter(|pipe| pipe.variable(ROLE_VARIABLE).is_none());
    let known = with_keys.filter(|pipe| pipe.known.is_some_and(|known| known.login == Login::RoleOrKeys));
    known
        .filter_map(|pipe| {
            stored(&pipe.variable("AWS_ACCESS_KEY_ID")?.value, pipe.variable("AWS_ACCESS_KEY_ID")?.key, FOR_PIPE)
        })
        .collect()
}

fn script(facts: &StepFacts) -> Vec<Stored> {
    let mut found = Vec::new();
    let session = facts.bindings.iter().any(|binding| binding.name == "AWS_SESSION_TOKEN" && !binding.value.is_empty());
    for binding in facts.bindings.iter().filter(|binding| binding.name == "AWS_ACCESS_KEY_ID" && binding.exported) {
        if !session {
            found.extend(stored(&binding.value, binding.span, FOR_SCRIPT));
        }
    }
    let configured = facts.configurations.iter().filter(|configuration| configuration.keys && !session);
    found.extend(configured.map(|configuration| (configuration.span, false, FOR_SCRIPT)));
    found
}

fn images(file: &Analysis<'_>, step: &Step<'_>) -> Vec<Stored> {
    let keys = file.model.images_of(step).filter_map(|image| {
        let aws = file.tree.field(image.node, "aws")?;
        let aws = file.tree.resolve(aws.value);
        let key = file.tree.field(aws, "access-key")?;
        file.tree.field(aws, "secret-key")?;
        Some((file.span(key.key), !file.text(key.value).contains('$'), FOR_IMAGE))
    });
    keys.collect()
}

fn stored(value: &Value, span: Span, help: &'static str) -> Option<Stored> {
    match (value.literal(), value.copy_of()) {
        (Some(text), _) if !text.is_empty() => Some((span, true, help)),
        (_, Some(_)) => Some((span, false, help)),
        _ => None,
    }
}
