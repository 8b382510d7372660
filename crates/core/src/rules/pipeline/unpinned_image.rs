use crate::{
    analysis::Analysis,
    pipeline::is_moving_tag,
    rules::{Findings, rule},
};

rule! {
    /// An image without a tag, or with one that moves.
    ///
    /// `node` and `node:latest` are another image after the next release, so that a build that worked yesterday fails today, and
    /// nobody can tell what ran. Name a version; a digest (`@sha256:…`) pins the very bytes.
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
        let message = match last.split_once(':') {
            None => format!("`{reference}` has no tag"),
            Some((_, tag)) if is_moving_tag(tag) || tag.starts_with("latest-") => {
                format!("`{tag}` is no fixed version of the image")
            }
            Some(_) => continue,
        };
        findings.report(name.span(file.tree), message).help("name the version that you have tried");
    }
}
