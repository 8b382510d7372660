use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::{Kind, NodeId},
};

/// Keys that require each other.
const PAIRS: [(&str, &str); 2] = [("username", "password"), ("access-key", "secret-key")];

/// Keys that exclude each other.
const RIVALS: [(&str, &str); 3] = [("oidc-role", "access-key"), ("oidc-role", "secret-key"), ("username", "aws")];

rule! {
    /// Credentials of an image or a bucket that are incomplete, or of two kinds at once.
    ///
    /// `username` requires `password`, `access-key` requires `secret-key`, and `aws` takes either a role or a key pair.
    /// Otherwise Bitbucket rejects the file. With `aws.oidc-role` no stored key is needed.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         image:
    ///           name: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/build:1.4
    ///           aws:
    ///             access-key: $AWS_ACCESS_KEY
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         image:
    ///           name: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/build:1.4
    ///           aws:
    ///             oidc-role: arn:aws:iam::123456789012:role/pull-images
    ///         script: [make]
    /// ```
    static RULE: "incomplete-credentials", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let model = &file.model;
    let of_steps = model.steps.iter().filter_map(|step| step.image);
    let of_services = model.definitions.services.iter().filter_map(|service| service.image);
    for image in model.image.into_iter().chain(of_services).chain(of_steps) {
        if is_whole(file, image.node) {
            check_map(file, image.node, findings);
        }
        check_aws(file, image.node, findings);
    }
    for runtime in model.options.runtime.into_iter().chain(model.steps.iter().filter_map(|step| step.runtime)) {
        let below = |map, name| file.tree.field(map, name).map(|field| field.value);
        if let Some(storage) = below(runtime.node, "self-hosted").and_then(|own| below(own, "storage")) {
            check_aws(file, storage, findings);
        }
    }
}

/// Checks the `aws` of an image or a storage.
fn check_aws(file: &Analysis<'_>, holder: NodeId, findings: &mut Findings<'_>) {
    let Some(aws) = file.tree.field(holder, "aws").filter(|aws| is_whole(file, aws.value)) else { return };
    check_map(file, aws.value, findings);
    let known = ["oidc-role", "access-key", "secret-key"].iter().any(|name| file.tree.field(aws.value, name).is_some());
    if !known {
        findings
            .report(file.span(aws.key), "`aws` requires `oidc-role` or a key pair")
            .help("add `oidc-role:` with the ARN of a role, and `oidc: true` to the step");
    }
}

/// Whether a node is a mapping that no syntax error cut short.
fn is_whole(file: &Analysis<'_>, id: NodeId) -> bool {
    let node = file.tree.node(file.tree.resolve(id));
    matches!(node.kind, Kind::Mapping(_)) && !node.incomplete
}

fn check_map(file: &Analysis<'_>, id: NodeId, findings: &mut Findings<'_>) {
    let field = |name| file.tree.field(id, name);
    for (one, other) in PAIRS {
        let (present, missing) = match (field(one), field(other)) {
            (Some(field), None) => (field, other),
            (None, Some(field)) => (field, one),
            _ => continue,
        };
        let message = format!("`{}` requires `{missing}`", file.text(present.key));
        findings.report(file.span(present.key), message).help(format!("add `{missing}:`"));
    }
    if let Some((one, other)) = RIVALS.iter().find_map(|(one, other)| field(one).zip(field(other))) {
        let (one_name, other_name) = (file.text(one.key), file.text(other.key));
        findings
            .report(file.span(other.key), format!("`{other_name}` cannot be used with `{one_name}`"))
            .related(file.span(one.key), format!("`{one_name}` is used here"))
            .help("remove one of them");
    }
}
