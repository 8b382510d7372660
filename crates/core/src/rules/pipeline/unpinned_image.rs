use crate::{
    analysis::Analysis,
    pipeline::is_moving_tag,
    rules::{Findings, rule},
};

rule! {
    /// A Docker image without a tag, or with a tag that moves.
    ///
    /// `node` and `node:latest` refer to a different image after the next release: a build can fail without any change,
    /// and nobody can tell which image it used. Pin a version, or use a digest (`@sha256:…`) to pin the exact image.
    ///
    /// ```yaml wrong
    /// image: node:latest
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [npm test]
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [npm test]
    /// ```
    static RULE: "unpinned-image", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let steps = file.model.steps.iter().filter_map(|step| step.image);
    let services = file.model.definitions.services.iter().filter_map(|service| service.image);
    for name in file.model.image.into_iter().chain(services).chain(steps).filter_map(|image| image.name) {
        let reference = name.value;
        if reference.contains(['$', '<', '{']) || reference.contains("@sha256:") || reference.is_empty() {
            continue;
        }
        let last = reference.rsplit('/').next().unwrap_or_default();
        let repository = match last.split_once(':') {
            None => reference,
            Some((_, tag)) if is_moving_tag(tag) || tag.starts_with("latest-") => {
                reference.rsplit_once(':').map_or(reference, |(repository, _)| repository)
            }
            Some(_) => continue,
        };
        findings
            .report(name.span(file.tree), format!("image `{reference}` is not pinned to a version"))
            .help(format!("pin a version: `{repository}:<version>`"))
            .one_cause();
    }
}
