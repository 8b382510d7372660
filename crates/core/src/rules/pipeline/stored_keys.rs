use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    facts::{self, Login, PipeUse, ROLE_VARIABLE, StepFacts, Value},
    pipeline::Step,
    pipes::keyless::{IAM, IAM_WITH_STORED_KEYS, TRUST_POLICY},
    rules::{Findings, rule},
    text::Span,
};
#[cfg(feature = "complete")]
use crate::{
    analysis::passed_keys::{self, Receiver},
    facts::Credentials,
    settings::Known,
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
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    ///                 TRUST_POLICY: iam
    ///                 AWS_ACCESS_KEY_ID: $AWS_ACCESS_KEY_ID
    ///                 AWS_SECRET_ACCESS_KEY: $AWS_SECRET_ACCESS_KEY
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
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    ///                 TRUST_POLICY: infra/trust-policy.json
    /// ```
    ///
    /// Most steps never name a key: AWS tools find it in the variables of Bitbucket's settings. Such a step is reported if
    /// `keyless.yaml` declares the key. `keyless migrate` lists the others too, and edits the file.
    ///
    /// ```yaml settings
    /// variables:
    ///   repository: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY]
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - aws s3 ls
    /// ```
    ///
    /// An error if the key itself is in the file.
    ///
    /// Placeholders such as `test` are not reported, nor are the keys of a step whose AWS endpoint is an emulator, such
    /// as LocalStack, MinIO or DynamoDB Local. One key in several steps is one finding.
    static RULE: "stored-keys", Warning, check, explained_by ["keys-with-role", "incomplete-credentials"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let by_name = pipes(facts).into_iter().chain(script(facts)).chain(images(file, step));
        for Stored { place, key, help } in by_name.chain(passed(facts)).chain(inherited(file, step, facts)) {
            match key {
                Key::InFile { id, secret } => {
                    let message = format!("AWS access key `{id}` is stored in the file");
                    let finding = findings.report_as(Severity::Error, place, message).one_cause();
                    finding.help(format!("revoke the key, because it stays in the history; then {help}"));
                    if let Some(secret) = secret {
                        finding.covers(secret);
                    }
                }
                Key::Variable(name) if help == FOR_POLICY => {
                    let message = format!("the stored AWS access key `{name}` is used to read the trust policy");
                    findings.report(place, message).help(help).one_cause();
                }
                Key::Variable(name) => {
                    let message = format!("the stored AWS access key `{name}` is used instead of a role");
                    findings.report(place, message).help(help).one_cause();
                }
                Key::Unknown => {
                    findings.report(place, "a stored AWS access key is used instead of a role").help(help).one_cause();
                }
            }
        }
    }
}

const FOR_PIPE: &str = "set `oidc: true` on the step and pass `AWS_OIDC_ROLE_ARN` to the pipe instead of the keys";
const FOR_SCRIPT: &str = "set `oidc: true` on the step, write its token to a file outside the clone, and export \
                          `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN` instead of the keys";
const FOR_POLICY: &str = "keep the trust policy in a file of the repository and set `TRUST_POLICY` to it, so that the \
                          pipe needs only the role and `oidc: true`";
#[cfg(feature = "complete")]
const FOR_CONTAINER: &str =
    "pass the three values of a role session to the container, or let it assume the role itself";
#[cfg(feature = "complete")]
const FOR_BUILD: &str = "use BuildKit secrets with the values of a role session, because a build argument stays in the \
                         image's history";
#[cfg(feature = "complete")]
const FOR_TERRAFORM: &str = "remove the key from the backend, the provider and the variables, so that Terraform takes the \
                             role from the environment";
const FOR_IMAGE: &str = "set `oidc: true` on the step and `oidc-role` instead of the keys";

/// The variable that holds the id of a key.
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";

/// The use of a stored key.
struct Stored<'f> {
    place: Span,
    key: Key<'f>,
    /// What to do.
    help: &'static str,
}

/// Where a key comes from.
enum Key<'f> {
    /// The key itself is in the file, and perhaps its secret.
    InFile { id: &'f str, secret: Option<Span> },
    /// A variable from Bitbucket's settings.
    Variable(&'f str),
    /// The command does not say.
    Unknown,
}

fn pipes(facts: &StepFacts) -> Vec<Stored<'_>> {
    let with_keys = facts.pipes.iter().filter(|pipe| pipe.variable(ROLE_VARIABLE).is_none());
    let known = with_keys.filter(|pipe| pipe.known.is_some_and(|known| known.login == Login::RoleOrKeys));
    let known = known.map(|pipe| (pipe, FOR_PIPE));
    let own = facts.pipes.iter().filter(|pipe| reads_policy(pipe)).map(|pipe| (pipe, FOR_POLICY));
    known
        .chain(own)
        .filter_map(|(pipe, help)| {
            let variable = pipe.variable(KEY_ID)?;
            let secret = pipe.variable("AWS_SECRET_ACCESS_KEY").map(|secret| secret.span);
            // The value, where `secret-in-file` sees the key itself.
            let place = if variable.value.literal().is_some() { variable.span } else { variable.key };
            Some(Stored { place, key: key(&variable.value, secret)?, help })
        })
        .collect()
}

/// Whether keyless's own pipe reads the role's trust policy with a stored key.
fn reads_policy(pipe: &PipeUse) -> bool {
    let from = pipe.setting(&TRUST_POLICY).filter(|_| pipe.is_keyless());
    let session = pipe.variable("AWS_SESSION_TOKEN").is_some_and(|token| !token.value.is_empty());
    from.is_some_and(|from| matches!(from.value.literal(), Some(IAM | IAM_WITH_STORED_KEYS))) && !session
}

fn script(facts: &StepFacts) -> Vec<Stored<'_>> {
    let session = facts.bindings.iter().any(|binding| binding.name == "AWS_SESSION_TOKEN" && !binding.value.is_empty());
    if session || facts.calls_emulator() {
        return Vec::new();
    }
    let secret = |after| {
        let mut bindings = facts.bindings.iter().filter(|binding| binding.name == "AWS_SECRET_ACCESS_KEY");
        bindings.find(|binding| binding.order >= after).map(|binding| binding.span)
    };
    let bindings = facts.bindings.iter().filter(|binding| binding.name == KEY_ID && binding.exported);
    let exported = bindings.filter_map(|binding| {
        let key = key(&binding.value, secret(binding.order))?;
        Some(Stored { place: binding.span, key, help: FOR_SCRIPT })
    });
    let configured = facts.configurations.iter().filter(|configuration| configuration.keys);
    let configured = configured.map(|it| Stored { place: it.span, key: Key::Unknown, help: FOR_SCRIPT });
    exported.chain(configured).collect()
}

/// Keys that are passed to something else than AWS tools.
#[cfg(feature = "complete")]
fn passed(facts: &StepFacts) -> Vec<Stored<'_>> {
    if facts.calls_emulator() {
        return Vec::new();
    }
    let help = |receiver| match receiver {
        Receiver::Container => FOR_CONTAINER,
        Receiver::Build => FOR_BUILD,
        Receiver::Terraform => FOR_TERRAFORM,
        Receiver::File => FOR_SCRIPT,
    };
    let passed = passed_keys::read(facts).into_iter().chain(passed_keys::renamed(facts));
    passed.map(|(place, receiver)| Stored { place, key: Key::Variable(KEY_ID), help: help(receiver) }).collect()
}

#[cfg(not(feature = "complete"))]
fn passed(_: &StepFacts) -> Vec<Stored<'_>> {
    Vec::new()
}

#[cfg(not(feature = "complete"))]
fn inherited<'f>(_: &Analysis<'f>, _: &Step<'f>, _: &StepFacts) -> Option<Stored<'f>> {
    None
}

/// The first tool that finds a declared key in its environment, if nothing else in the step names a key.
#[cfg(feature = "complete")]
fn inherited<'f>(file: &Analysis<'f>, step: &Step<'f>, facts: &StepFacts) -> Option<Stored<'f>> {
    let declared = file.environments(step).into_iter().any(|environment| {
        let defined = |name| file.settings.known(name, environment) == Known::Defined;
        defined(KEY_ID) && defined("AWS_SECRET_ACCESS_KEY") && !defined("AWS_SESSION_TOKEN")
    });
    if !declared || facts.calls_emulator() || facts.assumes_role() {
        return None;
    }
    let tool = facts.tools.iter().find(|tool| {
        let needs = tool.call.calls.needs_credentials() && !tool.calls_emulator();
        needs && facts.credentials(tool) == Credentials::Outside
    })?;
    Some(Stored { place: tool.span, key: Key::Variable(KEY_ID), help: FOR_SCRIPT })
}

fn images<'f>(file: &Analysis<'f>, step: &Step<'f>) -> Vec<Stored<'f>> {
    let keys = file.model.images_of(step).filter_map(|image| {
        let aws = file.tree.field(image.node, "aws")?;
        let aws = file.tree.resolve(aws.value);
        let access_key = file.tree.field(aws, "access-key")?;
        let secret = file.tree.field(aws, "secret-key")?;
        let text = file.text(access_key.value);
        let (place, key) = match text.strip_prefix('$') {
            Some(name) => (file.span(access_key.key), Key::Variable(name.trim_matches(['{', '}']))),
            None if text.contains('$') => (file.span(access_key.key), Key::Unknown),
            None => (file.span(access_key.value), Key::InFile { id: text, secret: Some(file.span(secret.value)) }),
        };
        Some(Stored { place, key, help: FOR_IMAGE })
    });
    keys.collect()
}

/// The key in a value; `None` if it is unknown or a placeholder such as `test`.
fn key(value: &Value, secret: Option<Span>) -> Option<Key<'_>> {
    match (value.literal(), value.copy_of()) {
        (Some(id), _) if facts::is_key_id(id) => Some(Key::InFile { id, secret }),
        (_, Some(name)) => Some(Key::Variable(name)),
        _ => None,
    }
}
