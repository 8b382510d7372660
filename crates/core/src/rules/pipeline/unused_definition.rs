use std::collections::HashSet;

use crate::{
    analysis::Analysis,
    pipeline::{BUILT_IN_SERVICE, ScriptItem, Step},
    rules::{Findings, rule},
    spelling,
    yaml::has_template,
};

/// How many uses are compared with each definition, so that the time does not grow quadratically.
const MAX_USES: usize = 100;

rule! {
    /// A service, cache, import source or agent that is defined but never used.
    ///
    /// The definition has no effect, and readers look for its use in vain.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   services:
    ///     redis:
    ///       image: redis:7
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make test]
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   services:
    ///     redis:
    ///       image: redis:7
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [redis]
    ///         script: [make test]
    /// ```
    static RULE: "unused-definition", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    if file.tree.is_broken() {
        return;
    }
    let model = &file.model;
    let services: HashSet<_> =
        model.steps.iter().flat_map(|step| &step.services).map(|service| service.value).collect();
    let caches: HashSet<_> = model.steps.iter().flat_map(|step| &step.caches).map(|cache| cache.value).collect();
    let imports = model.pipelines.iter().filter_map(|pipeline| pipeline.import);
    let sources: HashSet<_> = imports.filter_map(|import| Some(import.value.split_once('@')?.1)).collect();
    let agents: HashSet<_> = model
        .steps
        .iter()
        .flat_map(Step::script_items)
        .filter_map(|item| match item {
            ScriptItem::Other(node) => file.tree.text(file.tree.field(*node, "agent")?.value),
            ScriptItem::Command(_) | ScriptItem::Pipe(_) => None,
        })
        .collect();
    // A misspelled use is reported by the `undefined-…` rules.
    let used = |uses: &HashSet<&str>, name: &str| {
        uses.contains(name)
            || uses.iter().any(|used| has_template(used))
            || uses.iter().take(MAX_USES).any(|used| spelling::nearest(used, [name]).is_some())
    };
    // The settings of `docker` apply wherever Docker runs, also through `options.docker` and pipes.
    let own_services = model.definitions.services.iter().filter(|service| service.name.value != BUILT_IN_SERVICE);
    let own_services = own_services.map(|service| ("service", service.name, used(&services, service.name.value)));
    let own_caches =
        model.definitions.caches.iter().map(|cache| ("cache", cache.name, used(&caches, cache.name.value)));
    let own_sources = model
        .definitions
        .imports
        .iter()
        .map(|source| ("import source", source.name, used(&sources, source.name.value)));
    let own_agents =
        model.definitions.agents.iter().map(|agent| ("agent", agent.name, used(&agents, agent.name.value)));
    for (what, name, used) in own_services.chain(own_caches).chain(own_sources).chain(own_agents) {
        if !used {
            findings
                .report(name.span(file.tree), format!("{what} `{}` is defined but never used", name.value))
                .help("use it, or remove it");
        }
    }
}
