use crate::{
    analysis::Analysis,
    language::ViolationKind,
    pipeline::PREDEFINED_CACHES,
    rules::{Findings, rule},
    spelling,
    yaml::has_template,
};

rule! {
    /// A step that uses a cache which neither Bitbucket nor the file defines.
    ///
    /// Bitbucket defines `composer`, `dotnetcore`, `gradle`, `ivy2`, `maven`, `node`, `pip`, `sbt` and `docker`. Every
    /// other cache must be defined in `definitions.caches` with its path.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         caches: [npm]
    ///         script: [npm ci]
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   caches:
    ///     npm: ~/.npm
    /// pipelines:
    ///   default:
    ///     - step:
    ///         caches: [npm, docker]
    ///         script: [npm ci]
    /// ```
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/>.
    static RULE: "undefined-cache", Error, check, explained_by ["unexpanded-variable"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    // If the definitions could not be read, any cache may be defined.
    let unreadable = file.violations.iter().any(|violation| {
        matches!(violation.kind, ViolationKind::WrongType { key: Some(key), .. } if file.text(key) == "caches"
            && file.path(key) == "definitions.caches")
    });
    if file.tree.is_broken() || unreadable {
        return;
    }
    let own = file.model.definitions.caches.iter().map(|cache| cache.name.value);
    let defined: Vec<_> = own.chain(PREDEFINED_CACHES).collect();
    for cache in file.model.steps.iter().flat_map(|step| &step.caches) {
        if defined.contains(&cache.value) || has_template(cache.value) {
            continue;
        }
        let help = match spelling::nearest(cache.value, defined.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "define `definitions.caches.{}` with its path, or use a predefined cache: {}",
                cache.value,
                PREDEFINED_CACHES.map(|name| format!("`{name}`")).join(", ")
            ),
        };
        findings
            .report(cache.span(file.tree), format!("cache `{}` is not defined", cache.value))
            .help(help)
            .one_cause();
    }
}
