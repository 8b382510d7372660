use crate::{
    analysis::{Analysis, steps::shown},
    pipeline::BUILT_IN_SERVICE,
    rules::{Findings, rule},
    script::{Command, Word},
};

rule! {
    /// A Docker command in a step without a Docker daemon.
    ///
    /// The daemon is a service. Add `docker` to the `services` of the step, or set `docker: true` under `options` to
    /// add it to every step.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - docker build --tag app .
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker]
    ///         script:
    ///           - docker build --tag app .
    /// ```
    ///
    /// Steps on a self-hosted runner and steps that set `DOCKER_HOST` are not reported, because they may have their own
    /// daemon.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/run-docker-commands-in-bitbucket-pipelines/>.
    static RULE: "missing-docker-service", Warning, check
}

/// Docker commands that need the daemon.
const ASKS_DAEMON: [&str; 10] = ["build", "run", "push", "pull", "compose", "tag", "load", "save", "exec", "ps"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let daemons = file.model.definitions.services.iter().filter(|service| service.is_docker);
    let daemons: Vec<_> = daemons.map(|service| service.name.value).chain([BUILT_IN_SERVICE]).collect();
    for (step, facts) in file.steps() {
        let served = step.services.iter().any(|service| daemons.contains(&service.value));
        let elsewhere = facts.bindings.iter().any(|binding| binding.name == "DOCKER_HOST");
        if file.model.on_self_hosted_runner(step) || served || elsewhere || file.model.options.docker {
            continue;
        }
        for section in &facts.sections {
            let first = section.script.commands.iter().filter_map(Command::invocation).find(|invocation| {
                let asked = invocation.arguments.iter().map(Word::prefix).find(|word| !word.starts_with('-'));
                invocation.program == "docker" && asked.is_some_and(|command| ASKS_DAEMON.contains(&command))
            });
            if let Some(invocation) = first {
                let span = section.place(invocation.span);
                let command = shown(file.source.slice(span));
                findings
                    .report(
                        file.first_line(span),
                        format!("`{command}` needs a Docker daemon, but the step has no `docker` service"),
                    )
                    .help("add `services: [docker]` to the step")
                    .of_step(file.step_place(step));
            }
        }
    }
}
