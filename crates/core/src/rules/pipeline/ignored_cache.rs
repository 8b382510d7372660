use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// A cache that this step cannot use.
    ///
    /// The predefined `docker` cache is not read by runtime version 3. A cache defined under a predefined name replaces
    /// Bitbucket's; with `key.files` it is an ordinary cache, and only its own path is kept.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/enable-and-use-runtime-v3/>.
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
                .report(cache.span(file.tree), "runtime version 3 does not read the `docker` cache")
                .help("remove it; push the image's layers to a registry and pull them with `--cache-from`");
        }
    }
}
