use crate::{
    analysis::{Analysis, steps::shown},
    pipeline::BUILT_IN_SERVICE,
    rules::{Findings, rule},
    script::{Command, Word},
};

rule! {
    /// A docker command in a step that has no docker daemon.
    ///
    /// The daemon is a service: the step names it under `services`, or `options` adds it to every step. A runner of one's own
    /// may bring its daemon along, and so may `DOCKER_HOST`.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/run-docker-commands-in-bitbucket-pipelines/>.
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
    static RULE: "missing-docker-service", Warning, check
}

/// Commands of the docker client that ask the daemon.
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
        for listing in &facts.listings {
            let first = listing.script.commands.iter().filter_map(Command::invocation).find(|invocation| {
                let asked = invocation.arguments.iter().map(Word::prefix).find(|word| !word.starts_with('-'));
                invocation.program == "docker" && asked.is_some_and(|command| ASKS_DAEMON.contains(&command))
            });
            if let Some(invocation) = first {
                let span = listing.place(invocation.span);
                let command = shown(file.source.slice(span));
                findings
                    .report(file.first_line(span), format!("`{command}` finds no docker daemon"))
                    .help("add `services: [docker]` to the step");
            }
        }
    }
}
