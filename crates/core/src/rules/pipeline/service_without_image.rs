use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipeline::BUILT_IN_SERVICE,
    rules::{Findings, rule},
    yaml::Kind,
};

rule! {
    /// A service without an image, or an image for `docker` without `type: docker`.
    ///
    /// Bitbucket cannot start a service without an image; only `docker` has one by default. To run a custom Docker
    /// daemon, give the service an image and `type: docker`. Without the type, an image for the service `docker` makes
    /// it an ordinary container.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   services:
    ///     postgres:
    ///       memory: 512
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [postgres]
    ///         script: [make test]
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   services:
    ///     postgres:
    ///       image: postgres:16
    ///       memory: 512
    ///     docker:
    ///       memory: 2048
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [postgres, docker]
    ///         script: [make test]
    /// ```
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/run-docker-commands-in-bitbucket-pipelines/>.
    static RULE: "service-without-image", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for service in &file.model.definitions.services {
        if !matches!(file.tree.kind(service.node), Kind::Mapping(_)) || file.tree.node(service.node).incomplete {
            continue;
        }
        let name = service.name.value;
        if name == BUILT_IN_SERVICE {
            if let Some(image) = service.image.filter(|_| !service.is_docker) {
                let message = "`docker` is an ordinary container here: it has an image, but no `type: docker`";
                findings
                    .report_as(Severity::Warning, file.place(image.node, None), message)
                    .help("add `type: docker`, or remove the image");
            }
        } else if service.image.is_none() && !service.is_docker && !file.tree.merges_unknown(service.node) {
            findings.report(service.name.span(file.tree), format!("service `{name}` has no image")).help("add `image`");
        }
    }
}
