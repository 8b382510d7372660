use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    spelling,
    yaml::{Kind, Problem},
};

rule! {
    /// `*name` without an `&name` above it.
    ///
    /// YAML reads from top to bottom: an anchor must stand before the aliases that use it. A file with an unknown alias
    /// cannot be read.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   steps:
    ///     - step: &build
    ///         script: [make]
    /// pipelines:
    ///   default:
    ///     - step: *biuld
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   steps:
    ///     - step: &build
    ///         script: [make]
    /// pipelines:
    ///   default:
    ///     - step: *build
    /// ```
    static RULE: "undefined-alias", Error, check, explained_by ["unquoted-pattern"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        let Problem::UnknownAlias { alias } = problem else { continue };
        let Kind::Alias(node) = &file.tree.node(*alias).kind else { continue };
        let span = file.span(*alias);
        let later = file.tree.anchors().iter().find(|anchor| anchor.name == node.name);
        let near = spelling::nearest(&node.name, file.tree.anchors().iter().map(|anchor| anchor.name.as_str()));
        let finding = findings.report(span, format!("no anchor `&{}` above this alias", node.name));
        match (later, near) {
            (Some(anchor), _) => {
                finding.related(anchor.span, "defined here, below").help("move the anchor above its first use")
            }
            (None, Some(near)) => finding.help(format!("did you mean `*{near}`?")),
            (None, None) => {
                finding.help("define it with `&` on the part to repeat; a pattern that begins with `*` needs quotes")
            }
        };
    }
}
