use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// An imported file whose name does not end in `pipelines.yml`.
    ///
    /// Bitbucket imports pipelines only from files with such a name, for example `.bitbucket/shared-pipelines.yml`.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   imports:
    ///     shared: .bitbucket/ci.yml
    /// pipelines:
    ///   default:
    ///     import: build@shared
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   imports:
    ///     shared: .bitbucket/ci-pipelines.yml
    /// pipelines:
    ///   default:
    ///     import: build@shared
    /// ```
    ///
    /// `pipelines.yaml` is accepted as well.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/share-pipelines-configurations>.
    static RULE: "misnamed-import", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for source in file.model.definitions.imports.iter().filter_map(|import| import.source) {
        let parts: Vec<_> = source.value.split(':').collect();
        // `file`, `repository:branch`, `repository:branch:file`
        let path = match parts.as_slice() {
            [path] | [_, _, path] => *path,
            _ => continue,
        };
        if path.is_empty() || path.contains('$') || path.ends_with("pipelines.yml") || path.ends_with("pipelines.yaml")
        {
            continue;
        }
        let stem = path.strip_suffix(".yml").or_else(|| path.strip_suffix(".yaml"));
        let help = match (stem, parts.len()) {
            (Some(stem), _) => format!("rename the file, for example to `{stem}-pipelines.yml`"),
            (None, 1) => {
                format!(
                    "use the path of a file that ends in `pipelines.yml`, or `{path}:branch` for another repository"
                )
            }
            (None, _) => "use the path of a file that ends in `pipelines.yml`".to_owned(),
        };
        findings
            .report(
                source.span(file.tree),
                format!("the name of an imported file must end in `pipelines.yml`, found `{path}`"),
            )
            .help(help);
    }
}
