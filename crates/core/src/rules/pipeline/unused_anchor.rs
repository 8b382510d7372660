use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    spelling,
    yaml::{Kind, Problem},
};

/// How many misspelt aliases are compared with a name, so that a file of thousands does not take the square of its time.
const MOST_ASTRAY: usize = 100;

rule! {
    /// An anchor that no alias uses.
    ///
    /// `&name` does nothing by itself. Either the alias was forgotten, or the anchor can go.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step: &build
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step: &build
    ///         script: [make]
    ///   tags:
    ///     'v*':
    ///       - step: *build
    /// ```
    static RULE: "unused-anchor", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    if file.tree.is_broken() {
        return;
    }
    // The alias that was meant for an anchor may be there, misspelt: that is another rule's finding.
    let astray: Vec<_> = file.problems.iter().filter_map(|problem| meant(file, problem)).take(MOST_ASTRAY).collect();
    for anchor in file.tree.anchors().iter().filter(|anchor| anchor.uses.is_empty()) {
        if astray.iter().any(|name| spelling::nearest(name, [anchor.name.as_str()]).is_some()) {
            continue;
        }
        findings
            .report(anchor.span, format!("no alias uses `&{}`", anchor.name))
            .help(format!("use it as `*{}`, or remove it", anchor.name));
    }
}

/// The name that an alias without an anchor, or a `<<` with plain text, was given.
fn meant<'f>(file: &Analysis<'f>, problem: &Problem) -> Option<&'f str> {
    match problem {
        Problem::UnknownAlias { alias } => match &file.tree.node(*alias).kind {
            Kind::Alias(alias) => Some(&alias.name),
            _ => None,
        },
        Problem::MergeWithoutMapping { value, .. } => file.tree.text(*value),
        _ => None,
    }
}
