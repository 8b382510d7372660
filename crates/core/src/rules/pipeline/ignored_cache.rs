use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// The predefined `docker` cache with runtime version 3.
    ///
    /// Runtime version 3 does not read the predefined `docker` cache, so it saves no time. To reuse image layers, push
    /// them to a registry and pull them with `--cache-from`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         runtime:
    ///           cloud:
    ///             version: "3"
    ///         services: [docker]
    ///         caches: [docker]
    ///         script: [docker build .]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         runtime:
    ///           cloud:
    ///             version: "3"
    ///         services: [docker]
    ///         script: [docker build .]
    /// ```
    ///
    /// A `docker` cache that the file defines under `definitions.caches` is not reported, because it replaces the
    /// predefined one.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/enable-and-use-runtime-v3/>.
    static RULE: "ignored-cache", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let defined = file.model.definitions.caches.iter().any(|cache| cache.name.value == "docker");
    for step in &file.model.steps {
        let runtime = step.runtime.or(file.model.options.runtime);
        let third = runtime.and_then(|runtime| runtime.version).is_some_and(|version| version.value == "3");
        let cache = step.caches.iter().find(|cache| cache.value == "docker");
        if let Some(cache) = cache.filter(|_| third && !defined) {
            findings
                .report(cache.span(file.tree), "cache `docker` has no effect with runtime version 3")
                .help("remove it, and reuse image layers from a registry with `--cache-from`")
                .one_cause();
        }
    }
}
