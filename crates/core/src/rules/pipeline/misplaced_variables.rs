use crate::{
    analysis::Analysis,
    pipeline::{ItemKind, Start},
    rules::{Findings, rule},
};

rule! {
    /// `variables` outside a custom pipeline, or not as its first item.
    ///
    /// Only custom pipelines can ask for variables, and only in their first item. Bitbucket rejects the file:
    /// "'variables' can only be the first element of the list".
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
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/pipeline-start-conditions/>.
    static RULE: "misplaced-variables", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        for (index, item) in pipeline.items.iter().enumerate() {
            let (ItemKind::Variables(_), Some(key)) = (&item.kind, item.key) else { continue };
            if !matches!(pipeline.start, Start::Custom | Start::Shared) {
                let message = format!("`variables` is not allowed in a pipeline under `{}`", pipeline.start.key());
                findings
                    .report(file.span(key), message)
                    .help("move the pipeline under `custom`, or define repository variables instead");
            } else if index > 0 {
                findings
                    .report(file.span(key), "`variables` must be the first item of its pipeline")
                    .help("move it to the top of the list");
            }
        }
    }
}
