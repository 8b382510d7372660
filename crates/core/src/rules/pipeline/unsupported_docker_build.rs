use crate::{
    analysis::{Analysis, steps::Started},
    diagnostic::Severity,
    rules::{Findings, rule},
    script::{Invocation, Word},
    text::Span,
};

rule! {
    /// A build with `docker buildx` or `--platform` before runtime 3.
    ///
    /// Bitbucket's Docker daemon does not allow them up to runtime 2, which is the default, and the command fails.
    /// `BuildKit`'s secrets and caches work there, with `DOCKER_BUILDKIT=1`.
    ///
    /// ```yaml wrong
    /// image: atlassian/default-image:4
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker]
    ///         script:
    ///           - docker buildx build --platform linux/amd64,linux/arm64 --tag app .
    /// ```
    ///
    /// ```yaml right
    /// image: docker:27.4-cli
    /// pipelines:
    ///   default:
    ///     - step:
    ///         runtime:
    ///           cloud:
    ///             version: "3"
    ///         services: [docker]
    ///         script:
    ///           - docker buildx build --platform linux/amd64,linux/arm64 --tag app .
    /// ```
    ///
    /// A hint where `--platform` names the platform that the step runs on, because such builds are seen to work. Steps on a
    /// self-hosted runner are not reported.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/run-docker-commands-in-bitbucket-pipelines/>.
    static RULE: "unsupported-docker-build", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let mut reported: Vec<usize> = Vec::new();
    file.each_program(&mut |Started { step, facts, section, invocation }| {
        let elsewhere = facts.bindings.iter().any(|binding| binding.name == "DOCKER_HOST");
        let new = file.model.runtime_version(step).is_some_and(|version| version.value == "3");
        if new || elsewhere || file.model.on_self_hosted_runner(step) || reported.last() == Some(&step.id.0) {
            return;
        }
        let Some((span, what)) = unsupported(&invocation) else { return };
        let arm = step.runtime.or(file.model.options.runtime).and_then(|runtime| runtime.arch);
        let own = if arm.is_some_and(|arch| arch.value == "arm") { "linux/arm64" } else { "linux/amd64" };
        let platform = invocation.option("--platform").and_then(|platform| platform.to_literal());
        let is_own = what != BUILDX && platform.is_some_and(|platform| platform == own);
        let severity = if is_own { Severity::Hint } else { Severity::Warning };
        reported.push(step.id.0);
        findings
            .report_as(
                severity,
                file.first_line(section.place(span)),
                format!("{what} is not supported before runtime 3"),
            )
            .help("set `runtime: {cloud: {version: \"3\"}}` and use an image with the Docker CLI, or build without it");
    });
}

const BUILDX: &str = "`docker buildx`";

/// What of a Docker command needs runtime 3.
fn unsupported(invocation: &Invocation<'_>) -> Option<(Span, &'static str)> {
    if invocation.program != "docker" {
        return None;
    }
    let mut words = invocation.arguments.iter();
    let command = words.find(|word| !word.prefix().starts_with('-'))?;
    match command.prefix() {
        "buildx" => {
            let subcommand = words.next().map_or("", Word::prefix);
            // These ask what there is.
            (!matches!(subcommand, "version" | "ls" | "inspect")).then_some((invocation.span, BUILDX))
        }
        "build" | "image" => {
            let option = invocation
                .arguments
                .iter()
                .find(|word| word.prefix() == "--platform" || word.prefix().starts_with("--platform="))?;
            let builds = command.prefix() == "build" || words.next().map(Word::prefix) == Some("build");
            builds.then_some((option.span, "`docker build --platform`"))
        }
        _ => None,
    }
}
