use crate::{
    analysis::Analysis,
    pipeline::Start,
    rules::{Findings, rule},
};

rule! {
    /// A shared pipeline that is an import itself.
    ///
    /// With `export: true`, other repositories can import the pipelines of the file. A pipeline that is shared this way
    /// cannot be imported from a third repository.
    ///
    /// ```yaml wrong
    /// export: true
    /// definitions:
    ///   pipelines:
    ///     build:
    ///       import: platform-pipelines:main:build
    /// ```
    ///
    /// ```yaml right
    /// export: true
    /// definitions:
    ///   pipelines:
    ///     build:
    ///       - step:
    ///           script: [make]
    /// ```
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/share-pipelines-configurations/>.
    static RULE: "export-of-import", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let Some(export) = file.model.export else { return };
    for pipeline in file.model.pipelines.iter().filter(|pipeline| pipeline.start == Start::Shared) {
        if let Some(import) = pipeline.import {
            findings
                .report(
                    import.span(file.tree),
                    format!("shared pipeline `{}` cannot be an import", pipeline.name.value),
                )
                .related(file.span(export), "the file is exported here")
                .help("define the pipeline in this file, or import it directly from its repository");
        }
    }
}
