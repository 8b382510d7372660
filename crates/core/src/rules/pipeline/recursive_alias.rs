use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
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

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        let Problem::RecursiveAlias { alias } = problem else { continue };
        let Kind::Alias(node) = &file.tree.node(*alias).kind else { continue };
        let anchor = file.tree.anchors().iter().rev().find(|anchor| anchor.uses.contains(alias));
        let finding = findings.report(file.span(*alias), format!("`*{0}` stands inside `&{0}` itself", node.name));
        finding.help("anchor a smaller part, or write this one out");
        if let Some(anchor) = anchor {
            finding.related(anchor.span, "the anchor around it");
        }
    }
}
