use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    spelling,
};

rule! {
    /// An imported pipeline names a source that the file does not define, or is not written as an import.
    ///
    /// `import: pipeline@source` takes `source` from `definitions.imports`; the older form is
    /// `import: repository:branch:pipeline`. A source is a file path, `repository:branch` or `repository:branch:file`.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   imports:
    ///     shared: platform-pipelines:main
    /// pipelines:
    ///   default:
    ///     import: build@sharde
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   imports:
    ///     shared: platform-pipelines:main
    /// pipelines:
    ///   default:
    ///     import: build@shared
    /// ```
    static RULE: "undefined-import", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let sources: Vec<_> = file.model.definitions.imports.iter().map(|source| source.name.value).collect();
    for import in file.model.pipelines.iter().filter_map(|pipeline| pipeline.import) {
        let parts: Vec<_> = import.value.split('@').collect();
        let span = import.span(file.tree);
        match parts.as_slice() {
            [pipeline, source] if !pipeline.is_empty() && !source.is_empty() => {
                if !sources.contains(source) && !file.tree.is_broken() {
                    let near = spelling::nearest(source, sources.iter().copied());
                    let finding = findings.report(span, format!("no import source `{source}` is defined"));
                    match near {
                        Some(near) => finding.help(format!("did you mean `{pipeline}@{near}`?")),
                        None => finding.help(format!("define it: `definitions.imports.{source}: REPOSITORY:BRANCH`")),
                    };
                }
            }
            [inline] if inline.split(':').count() == 3 && inline.split(':').all(|part| !part.is_empty()) => {}
            _ => {
                findings
                    .report(span, format!("`{}` is no import", import.value))
                    .help("write `import: pipeline@source`, or `import: repository:branch:pipeline`");
            }
        }
    }
    for source in file.model.definitions.imports.iter().filter_map(|import| import.source) {
        let parts: Vec<_> = source.value.split(':').collect();
        if parts.len() > 3 || parts.iter().any(|part| part.is_empty()) {
            findings
                .report(source.span(file.tree), format!("`{}` is no import source", source.value))
                .help("write a file path, `repository:branch` or `repository:branch:file`");
        }
    }
}
