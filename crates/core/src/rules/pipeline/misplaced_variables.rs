use crate::{
    analysis::Analysis,
    language::ObjectId,
    pipeline::{ItemKind, Start},
    rules::{Findings, rule},
};

rule! {
    /// `variables` where a pipeline cannot have them, or not as the first item.
    ///
    /// Only custom pipelines ask for variables, and only as the first item of their list: "'variables' can only be the first
    /// element of the list".
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/pipeline-start-conditions/>.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   custom:
    ///     release:
    ///       - step:
    ///           script: [make release]
    ///       - variables:
    ///           - name: VERSION
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   custom:
    ///     release:
    ///       - variables:
    ///           - name: VERSION
    ///       - step:
    ///           script: [make release]
    /// ```
    static RULE: "misplaced-variables", Error, check
}

/// Whether a key is `variables` on an item of a pipeline that cannot have them.
pub(super) fn is_misplaced(object: ObjectId, name: &str) -> bool {
    object == ObjectId::PipelineItem && name == "variables"
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        for (index, item) in pipeline.items.iter().enumerate() {
            let (ItemKind::Variables(_), Some(key)) = (&item.kind, item.key) else { continue };
            if !matches!(pipeline.start, Start::Custom | Start::Shared) {
                let message = format!("a pipeline under `{}` cannot ask for variables", pipeline.start.key());
                findings
                    .report(file.span(key), message)
                    .help("move the pipeline under `custom`, or define the variables in the repository's settings");
            } else if index > 0 {
                findings
                    .report(file.span(key), "`variables` is not the first item of its pipeline")
                    .help("move it to the top of the list, and keep one");
            }
        }
    }
}
