use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    spelling,
    yaml::{Kind, Problem},
};

rule! {
    /// An alias `*name` without an anchor `&name` before it.
    ///
    /// YAML is read from top to bottom, so an anchor must come before the aliases that use it. Bitbucket cannot read a
    /// file with an undefined alias.
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
        if let Some(anchor) = later {
            findings
                .report(span, format!("alias `*{}` is used before its anchor", node.name))
                .related(anchor.span, "the anchor is defined here")
                .help("move the anchor above its first use");
            continue;
        }
        let help = match near {
            Some(near) => format!("did you mean `*{near}`?"),
            None => {
                format!("add `&{}` to the part to repeat, or put a pattern that starts with `*` in quotes", node.name)
            }
        };
        findings.report(span, format!("anchor `&{}` is not defined", node.name)).help(help);
    }
}
