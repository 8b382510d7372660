use crate::{
    lint::{File, Findings, rule::rule},
    yaml::{Kind, NodeId},
};

/// Pairs that belong together.
const PAIRS: [(&str, &str); 2] = [("username", "password"), ("access-key", "secret-key")];

/// What cannot stand beside each other.
const RIVALS: [(&str, &str); 3] = [("oidc-role", "access-key"), ("oidc-role", "secret-key"), ("username", "aws")];

rule! {
    /// Credentials of an image or a bucket of which one half is missing, or of two kinds at once.
    ///
    /// `username` needs `password`, `access-key` needs `secret-key`, and `aws` takes either a role or a key pair. Bitbucket refuses
    /// the file. With `aws.oidc-role` no key is needed at all.
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
    static RULE: "half-credentials", Error, check
}

fn check(file: &File<'_>, findings: &mut Findings<'_>) {
    for id in file.tree.ids() {
        let Kind::Mapping(_) = file.tree.node(id).kind else { continue };
        if holds_credentials(file, id) && !file.tree.node(id).incomplete {
            check_map(file, id, findings);
        }
    }
}

/// The maps under `image`, `image.aws` and `storage.aws`, where such keys have their meaning.
fn holds_credentials(file: &File<'_>, id: NodeId) -> bool {
    let under = file.tree.key_of(id).map(|key| file.text(key));
    matches!(under, Some("image" | "aws"))
}

fn check_map(file: &File<'_>, id: NodeId, findings: &mut Findings<'_>) {
    let field = |name| file.tree.field(id, name);
    for (one, other) in PAIRS {
        let (present, missing) = match (field(one), field(other)) {
            (Some(field), None) => (field, other),
            (None, Some(field)) => (field, one),
            _ => continue,
        };
        let message = format!("`{}` without `{missing}`", file.text(present.key));
        findings.report(file.span(present.key), message, |finding| finding.help(format!("add `{missing}:`")));
    }
    if let (Some(one), Some(other)) = RIVALS
        .iter()
        .find(|(one, other)| field(one).is_some() && field(other).is_some())
        .map_or((None, None), |(one, other)| (field(one), field(other)))
    {
        let message = format!("`{}` and `{}` cannot stand together", file.text(one.key), file.text(other.key));
        findings.report(file.span(other.key), message, |finding| {
            finding.related(file.span(one.key), "the other one").help("keep one of them; a role needs no key")
        });
    }
    if file.tree.key_of(id).is_some_and(|key| file.text(key) == "aws")
        && field("oidc-role").is_none()
        && field("access-key").is_none()
        && field("secret-key").is_none()
        && let Some(key) = file.tree.key_of(id)
    {
        findings.report(file.span(key), "`aws` without `oidc-role` or a key pair", |finding| {
            finding.help("add `oidc-role:` with the role's ARN, and `oidc: true` to the step")
        });
    }
}
