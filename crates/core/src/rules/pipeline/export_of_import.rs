use crate::{
    analysis::Analysis,
    pipeline::Start,
    rules::{Findings, rule},
};

rule! {
    /// A file that shares its pipelines imports one itself.
    ///
    /// With `export: true` other repositories may import the file's pipelines; a shared pipeline cannot be an import again.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/share-pipelines-configurations/>.
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
    static RULE: "export-of-import", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let Some(export) = file.model.export else { return };
    for pipeline in file.model.pipelines.iter().filter(|pipeline| pipeline.start == Start::Shared) {
        if let Some(import) = pipeline.import {
            findings
                .report(import.span(file.tree), "a shared pipeline cannot be an import")
                .related(file.span(export), "the file is shared here")
                .help("write the pipeline out, or import it from its own repository");
        }
    }
}
