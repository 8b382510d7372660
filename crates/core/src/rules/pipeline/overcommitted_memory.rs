use std::collections::HashSet;

use crate::{
    analysis::Analysis,
    pipeline::{BUILT_IN_SERVICE, Step},
    rules::{Findings, rule},
};

/// Megabytes for each unit of `size`.
const UNIT: i64 = 4096;
/// Megabytes of a service without `memory`.
const SERVICE: i64 = 1024;
/// Megabytes that the build container needs at least.
const BUILD: i64 = 1024;

rule! {
    /// Services that leave less than 1024 MB of the step's memory for the build container.
    ///
    /// The step cannot run. A step has 4096 MB for each unit of its size: 4096 for `1x`, 8192 for `2x`, 16384 for `4x`.
    /// Each service, including `docker`, takes its `memory`, or 1024 MB by default, and the build container needs 1024
    /// MB.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   services:
    ///     docker:
    ///       memory: 3072
    ///     postgres:
    ///       image: postgres:16
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker, postgres]
    ///         script: [make test]
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   services:
    ///     docker:
    ///       memory: 3072
    ///     postgres:
    ///       image: postgres:16
    /// pipelines:
    ///   default:
    ///     - step:
    ///         size: 2x
    ///         services: [docker, postgres]
    ///         script: [make test]
    /// ```
    ///
    /// Steps on self-hosted runners are not checked.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/databases-and-service-containers/>.
    static RULE: "overcommitted-memory", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in &file.model.steps {
        // The memory of a self-hosted runner is not in this file.
        if file.model.on_self_hosted_runner(step) {
            continue;
        }
        let size = file.model.size(step).map_or("1x", |size| size.value);
        let Some(units) = size.strip_suffix('x').and_then(|units| units.parse::<i64>().ok()) else { continue };
        let services = services(file, step);
        let parts: Vec<_> = services.iter().map(|name| (*name, memory(file, name))).collect();
        let total: i64 = parts.iter().map(|(_, memory)| memory).sum();
        let available = units.saturating_mul(UNIT);
        if parts.is_empty() || total + BUILD <= available {
            continue;
        }
        let sum = parts.iter().map(|(name, memory)| format!("{name} {memory}")).collect::<Vec<_>>().join(" + ");
        let place =
            file.tree.field(step.node, "services").map_or_else(|| step.place(file.tree), |field| file.span(field.key));
        findings
            .report(place, format!("services use {total} of the {available} MB that size `{size}` provides"))
            .label(format!("{sum} + build {BUILD} = {} MB", total + BUILD))
            .help("increase `size`, or reduce the services' `memory`");
    }
}

/// The services of a step, each once, including the `docker` that `options.docker` adds.
fn services<'f>(file: &Analysis<'f>, step: &Step<'f>) -> Vec<&'f str> {
    let mut seen = HashSet::new();
    let implied = file.model.options.docker.then_some(BUILT_IN_SERVICE);
    step.services.iter().map(|service| service.value).chain(implied).filter(|name| seen.insert(*name)).collect()
}

fn memory(file: &Analysis<'_>, name: &str) -> i64 {
    let service = file.model.definitions.services.iter().find(|service| service.name.value == name);
    service.and_then(|service| service.memory).map_or(SERVICE, |memory| memory.value)
}
