use crate::{
    analysis::{Analysis, caches::project},
    rules::{Findings, rule},
};

rule! {
    /// A cached `node_modules` that `npm ci` deletes.
    ///
    /// `npm ci` removes `node_modules` before it installs, so the cache is downloaded and saved for nothing. Cache npm's own
    /// cache, from which it installs without the network.
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         caches: [node]
    ///         script:
    ///           - npm ci
    ///           - npm test
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// definitions:
    ///   caches:
    ///     npm:
    ///       key:
    ///         files: [package-lock.json]
    ///       path: ~/.npm
    /// pipelines:
    ///   default:
    ///     - step:
    ///         caches: [npm]
    ///         script:
    ///           - npm ci
    ///           - npm test
    /// ```
    ///
    /// An `npm ci` that runs only if the folder does not exist is not reported.
    ///
    /// Sources: <https://docs.npmjs.com/cli/commands/npm-ci>,
    /// <https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/>.
    static RULE: "emptied-cache", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        for cached in file.cached_node_modules(step) {
            let mut here =
                facts.installs.iter().filter(|install| project(install) == Some(&*cached.project)).peekable();
            let Some(first) = here.peek().map(|install| install.span) else { continue };
            if here.all(|install| install.clean && !install.conditional) {
                findings
                    .report(
                        cached.span,
                        format!("`npm ci` deletes the `node_modules` that cache `{}` restores", cached.cache),
                    )
                    .related(first, "deletes `node_modules`")
                    .help("cache `~/.npm` instead: define a cache with `path: ~/.npm`");
            }
        }
    }
}
