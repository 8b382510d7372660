use crate::{
    analysis::Analysis,
    language::ViolationKind,
    pipeline::PREDEFINED_CACHES,
    rules::{Findings, rule},
    spelling,
};

rule! {
    /// A step asks for a cache that neither Bitbucket nor the file defines.
    ///
    /// Bitbucket knows `composer`, `dotnetcore`, `gradle`, `ivy2`, `maven`, `node`, `pip`, `sbt` and `docker`; every other cache
    /// stands under `definitions.caches` with its path.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/>.
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
    static RULE: "undefined-cache", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    // Of definitions that could not be read nobody knows what they define.
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
        if defined.contains(&cache.value) {
            continue;
        }
        let message = format!("no cache `{}` is defined", cache.value);
        let finding = findings.report(cache.span(file.tree), message);
        match spelling::nearest(cache.value, defined.iter().copied()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!(
                "define it, `definitions.caches.{}: PATH`, or use one of Bitbucket's: {}",
                cache.value,
                PREDEFINED_CACHES.join(", ")
            )),
        };
    }
}
