use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipeline::BUILT_IN_SERVICE,
    rules::{Findings, rule},
    yaml::Kind,
};

rule! {
    /// A service without an image, or an image for the docker service without `type: docker`.
    ///
    /// Only `docker` is there by itself. To run another Docker daemon, give the service an image and `type: docker`; without the type
    /// an image under the name `docker` makes it an ordinary container.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/run-docker-commands-in-bitbucket-pipelines/>.
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
                let message = "an image for `docker` without `type: docker` makes it an ordinary container";
                findings
                    .report_as(Severity::Warning, file.place(image.node, None), message)
                    .help("add `type: docker`, or remove the image");
            }
        } else if service.image.is_none() && !service.is_docker && !file.tree.merges_unknown(service.node) {
            findings
                .report(service.name.span(file.tree), format!("the service `{name}` has no image"))
                .help("add `image:`; only `docker` needs none");
        }
    }
}
