use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipeline::ItemKind,
    rules::{Findings, rule},
    yaml::Kind,
};

rule! {
    /// A condition that is empty, or that has both `includePaths` and `excludePaths`.
    ///
    /// An empty condition limits nothing. With both lists, Bitbucket rejects the file.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         condition:
    ///           changesets:
    ///             includePaths: [src/**]
    ///             excludePaths: [docs/**]
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         condition:
    ///           changesets:
    ///             includePaths: [src/**]
    ///         script: [make]
    /// ```
    ///
    /// `condition` takes `changesets`, with either `includePaths` or `excludePaths`, or `state`.
    static RULE: "empty-condition", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let steps = file.model.steps.iter().filter_map(|step| step.condition);
    let stages = file.model.pipelines.iter().flat_map(|pipeline| &pipeline.items).filter_map(|item| match &item.kind {
        ItemKind::Stage(stage) => stage.condition,
        _ => None,
    });
    for condition in steps.chain(stages) {
        let Kind::Mapping(entries) = file.tree.kind(condition) else { continue };
        if file.tree.node(condition).incomplete {
            continue;
        }
        if entries.is_empty() {
            findings
                .report(file.span(condition), "condition is empty")
                .help("add `changesets:` or `state:`, or remove it");
        }
        let Some(changesets) = file.tree.field(condition, "changesets") else { continue };
        let Kind::Mapping(entries) = file.tree.kind(changesets.value) else { continue };
        let include = file.tree.field(changesets.value, "includePaths");
        let exclude = file.tree.field(changesets.value, "excludePaths");
        if let (Some(include), Some(exclude)) = (include, exclude) {
            let message = "`excludePaths` cannot be used with `includePaths`";
            findings
                .report_as(Severity::Error, file.span(exclude.key), message)
                .related(file.span(include.key), "`includePaths` is used here")
                .help("remove one of them");
        } else if entries.is_empty() {
            findings
                .report(file.span(changesets.key), "`changesets` is empty")
                .help("add `includePaths:` or `excludePaths:`");
        }
    }
}
