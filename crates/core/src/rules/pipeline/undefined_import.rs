use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    spelling,
    yaml::has_template,
};

rule! {
    /// An `import` from a source that the file does not define, or in an invalid form.
    ///
    /// The imported pipeline cannot run. `import: pipeline@source` refers to a `source` in `definitions.imports`; the
    /// older form is `import: repository:branch:pipeline`. A source is a file path, `repository:branch` or
    /// `repository:branch:file`.
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
        if has_template(import.value) {
            continue;
        }
        let parts: Vec<_> = import.value.split('@').collect();
        let span = import.span(file.tree);
        match parts.as_slice() {
            [pipeline, source] if !pipeline.is_empty() && !source.is_empty() => {
                if !sources.contains(source) && !file.tree.is_broken() {
                    let help = match spelling::nearest(source, sources.iter().copied()) {
                        _ if sources.contains(pipeline) => {
                            format!("name the pipeline first: `{source}@{pipeline}`")
                        }
                        Some(near) => format!("did you mean `{pipeline}@{near}`?"),
                        None => format!("define `definitions.imports.{source}`, for example as `repository:branch`"),
                    };
                    findings.report(span, format!("import source `{source}` is not defined")).help(help).one_cause();
                }
            }
            [inline] if inline.split(':').count() == 3 && inline.split(':').all(|part| !part.is_empty()) => {}
            _ => {
                findings
                    .report(span, format!("`{}` is not a valid import", import.value))
                    .help("use `import: pipeline@source` or `import: repository:branch:pipeline`");
            }
        }
    }
    let sources = file.model.definitions.imports.iter().filter_map(|import| import.source);
    for source in sources.filter(|source| !has_template(source.value)) {
        let parts: Vec<_> = source.value.split(':').collect();
        if parts.len() > 3 || parts.iter().any(|part| part.is_empty()) {
            findings
                .report(source.span(file.tree), format!("`{}` is not a valid import source", source.value))
                .help("use a file path, `repository:branch` or `repository:branch:file`");
        }
    }
}
