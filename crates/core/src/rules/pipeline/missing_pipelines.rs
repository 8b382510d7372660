use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    spelling,
    text::Span,
    yaml::Kind,
};

rule! {
    /// A file that defines no pipelines.
    ///
    /// Bitbucket runs what is defined under `pipelines`, so without it nothing runs.
    ///
    /// ```yaml wrong
    /// image: node:22
    /// ```
    ///
    /// ```yaml right
    /// image: node:22
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [npm ci, npm test]
    /// ```
    ///
    /// A file that shares its pipelines with other repositories (`export: true` with `definitions.pipelines`), or whose
    /// pipelines all start through `triggers`, does not need `pipelines`.
    static RULE: "missing-pipelines", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    if file.tree.is_broken() {
        return;
    }
    let Some(root) = file.tree.root().filter(|root| !file.tree.is_null(*root)) else {
        findings.report(Span::at(0), "file is empty").help("add `pipelines:`");
        return;
    };
    if !matches!(file.tree.kind(root), Kind::Mapping(_)) || file.tree.merges_unknown(root) {
        return;
    }
    let place = file.tree.fields(root).first().map_or(Span::at(0), |field| file.span(field.key));
    match file.tree.field(root, "pipelines") {
        None if file.model.pipelines.is_empty() => {
            let names = file.tree.fields(root);
            let near = spelling::nearest("pipelines", names.iter().map(|field| file.text(field.key)));
            let near = near.filter(|name| *name != "definitions");
            findings.report(place, "missing required key `pipelines`").help(match near {
                Some(near) => format!("rename `{near}` to `pipelines`"),
                None => "add `pipelines:` with `default:`, `branches:` or `custom:` under it".to_owned(),
            });
        }
        Some(field)
            if file.model.pipelines.is_empty()
                && matches!(file.tree.kind(field.value), Kind::Mapping(_))
                && !file.tree.node(field.value).incomplete =>
        {
            findings
                .report(file.span(field.key), "`pipelines` does not define a pipeline")
                .help("add `default:`, `branches:`, `tags:`, `pull-requests:` or `custom:` under it");
        }
        _ => {}
    }
}
