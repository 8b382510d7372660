use crate::{
    lint::{File, Findings, rule::rule},
    yaml::{Kind, Problem},
};

rule! {
    /// An alias inside the part that its own anchor names.
    ///
    /// Following it never ends, so the file cannot be read.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step: &build
    ///         script:
    ///           - make
    ///           - *build
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step: &build
    ///         script:
    ///           - make
    ///     - step: *build
    /// ```
    static RULE: "recursive-alias", Error, check
}

fn check(file: &File<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        let Problem::RecursiveAlias { alias } = problem else { continue };
        let Kind::Alias(node) = &file.tree.node(*alias).kind else { continue };
        let anchor = file.tree.anchors().iter().rev().find(|anchor| anchor.uses.contains(alias));
        findings.report(file.span(*alias), format!("`*{0}` stands inside `&{0}` itself", node.name), |finding| {
            let finding = finding.help("anchor a smaller part, or write this one out");
            match anchor {
                Some(anchor) => finding.related(anchor.span, "the anchor around it"),
                None => finding,
            }
        });
    }
}
