use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    spelling,
    yaml::{Kind, Problem},
};

/// How many undefined aliases are compared with each anchor, so that the time does not grow quadratically.
const MAX_UNDEFINED: usize = 100;

rule! {
    /// An anchor that no alias uses.
    ///
    /// `&name` has no effect without an alias. Either the alias is missing, or the anchor can be removed.
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
    // A misspelled alias of the anchor is reported by `undefined-alias` or `invalid-merge`.
    let undefined: Vec<_> =
        file.problems.iter().filter_map(|problem| undefined_name(file, problem)).take(MAX_UNDEFINED).collect();
    for anchor in file.tree.anchors().iter().filter(|anchor| anchor.uses.is_empty()) {
        if undefined.iter().any(|name| spelling::nearest(name, [anchor.name.as_str()]).is_some()) {
            continue;
        }
        findings
            .report(anchor.span, format!("anchor `&{}` is never used", anchor.name))
            .help(format!("use it as `*{}`, or remove it", anchor.name));
    }
}

/// The name in an alias without an anchor, or in a `<<` with a string.
fn undefined_name<'f>(file: &Analysis<'f>, problem: &Problem) -> Option<&'f str> {
    match problem {
        Problem::UnknownAlias { alias } => match &file.tree.node(*alias).kind {
            Kind::Alias(alias) => Some(&alias.name),
            _ => None,
        },
        Problem::MergeWithoutMapping { value, .. } => file.tree.text(*value),
        _ => None,
    }
}
