use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// A Docker command under runtime 3 in an image without the Docker CLI.
    ///
    /// Up to runtime 2 Bitbucket mounts its Docker CLI into the step's container. Runtime 3 does not, so the image must
    /// have it, or the script must install it; otherwise the step fails with `docker: command not found`.
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         runtime:
    ///           cloud:
    ///             version: "3"
    ///         services: [docker]
    ///         script:
    ///           - docker build --tag app .
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         image: docker:27.4-cli
    ///         runtime:
    ///           cloud:
    ///             version: "3"
    ///         services: [docker]
    ///         script:
    ///           - docker build --tag app .
    /// ```
    ///
    /// Only images that certainly lack the CLI are reported, and only if nothing before the command may have installed it.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/enable-and-use-runtime-v3>.
    static RULE: "missing-docker-cli", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some(version) = file.model.runtime_version(step).filter(|version| version.value == "3") else { continue };
        let missing = file.missing_programs(step, facts);
        if let Some(docker) = missing.iter().find(|missing| missing.program == "docker") {
            let image = docker.image;
            findings
                .report(
                    file.first_line(docker.span),
                    format!("runtime 3 does not provide the Docker CLI, and image `{}` does not have it", image.value),
                )
                .related(version.span(file.tree), "runtime 3 is set here")
                .related(image.span(file.tree), "this image has no `docker`")
                .help("use an image with the Docker CLI, such as `docker:27.4-cli`, or install it before this command");
        }
    }
}
