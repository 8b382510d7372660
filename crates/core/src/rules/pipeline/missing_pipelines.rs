use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    spelling,
    text::Span,
    yaml::Kind,
};

rule! {
    /// The file starts nothing.
    ///
    /// `pipelines` says what runs. Only a file that shares its pipelines with other repositories (`export: true` with
    /// `definitions.pipelines`), or whose pipelines all start by `triggers`, can do with less.
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
    static RULE: "missing-pipelines", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    if file.tree.is_broken() {
        return;
    }
    let Some(root) = file.tree.root().filter(|root| !file.tree.is_null(*root)) else {
        findings.report(Span::at(0), "the file is empty: it starts nothing").help("begin with `pipelines:`");
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
            let finding = findings.report(place, "no `pipelines`: the file starts nothing");
            match near {
                Some(near) => finding.help(format!("`{near}` is not read; the key is `pipelines`")),
                None => finding.help("add `pipelines:` with `default:`, `branches:` or `custom:` below it"),
            };
        }
        Some(field)
            if file.model.pipelines.is_empty()
                && matches!(file.tree.kind(field.value), Kind::Mapping(_))
                && !file.tree.node(field.value).incomplete =>
        {
            findings
                .report(file.span(field.key), "`pipelines` names nothing that starts a pipeline")
                .help("add `default:`, `branches:`, `tags:`, `pull-requests:` or `custom:` below it");
        }
        _ => {}
    }
}
