use crate::{
    analysis::Analysis,
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// A step that is defined among the services or caches.
    ///
    /// An alias finds it there, but Bitbucket reads every entry of `definitions.services` as a service and every entry
    /// of `definitions.caches` as a cache. `definitions.steps` is ignored by Bitbucket, and a common place for steps.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   services:
    ///     deploy: &deploy
    ///       name: Deploy
    ///       script: [make deploy]
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step: *deploy
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   steps:
    ///     deploy: &deploy
    ///       name: Deploy
    ///       script: [make deploy]
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step: *deploy
    /// ```
    static RULE: "parked-step", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::ParkedStep { key, value } = violation.kind else { continue };
        let name = file.text(key);
        let path = file.path(key);
        let section = path.split('.').nth(1).unwrap_or_default();
        let what = if file.tree.field(value, "script").is_some() { "is a step" } else { "contains steps" };
        findings
            .report(file.span(key), format!("`{name}` {what}, but it is defined under `{section}`"))
            .help("move it to `definitions.steps`");
    }
}
