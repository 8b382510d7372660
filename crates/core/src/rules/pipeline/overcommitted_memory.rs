use std::collections::HashSet;

use crate::{
    analysis::Analysis,
    pipeline::{BUILT_IN_SERVICE, Step},
    rules::{Findings, rule},
};

/// Megabytes of one unit of size, of a service that sets none, and of the smallest build.
const UNIT: i64 = 4096;
const SERVICE: i64 = 1024;
const BUILD: i64 = 1024;

rule! {
    /// The services of a step leave its build less than 1024 MB.
    ///
    /// A step has 4096 MB for each unit of its size (`1x` is 4096, `2x` is 8192, `4x` is 16384). Each service takes its `memory`,
    /// 1024 if unset; docker is one of them. What is left belongs to the build, which needs 1024.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/databases-and-service-containers/>.
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
    static RULE: "overcommitted-memory", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in &file.model.steps {
        // A runner of one's own has the memory that its owner gives it.
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
            .report(place, format!("the services need {total} MB of the {available} MB of size `{size}`"))
            .help(format!("{sum} + build {BUILD} = {} MB: take a larger `size` or less `memory`", total + BUILD));
    }
}

/// The services of a step, each once, with docker where `options` adds it.
fn services<'f>(file: &Analysis<'f>, step: &Step<'f>) -> Vec<&'f str> {
    let mut seen = HashSet::new();
    let implied = file.model.options.docker.then_some(BUILT_IN_SERVICE);
    step.services.iter().map(|service| service.value).chain(implied).filter(|name| seen.insert(*name)).collect()
}

fn memory(file: &Analysis<'_>, name: &str) -> i64 {
    let service = file.model.definitions.services.iter().find(|service| service.name.value == name);
    service.and_then(|service| service.memory).map_or(SERVICE, |(memory, _)| memory)
}
