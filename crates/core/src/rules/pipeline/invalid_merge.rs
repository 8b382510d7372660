use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    rules::{Findings, rule},
    text::Span,
    yaml::Problem,
};

rule! {
    /// A merge key (`<<`) with a value that is not a mapping.
    ///
    /// A merge key copies the keys of an anchored mapping. It takes an alias, `*name`, or a list of aliases. A name
    /// without `*` is a string.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   steps:
    ///     - step: &build
    ///         script: [make]
    /// pipelines:
    ///   default:
    ///     - step:
    ///         <<: build
    ///         name: Build
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   steps:
    ///     - step: &build
    ///         script: [make]
    /// pipelines:
    ///   default:
    ///     - step:
    ///         <<: *build
    ///         name: Build
    /// ```
    static RULE: "invalid-merge", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        let Problem::MergeWithoutMapping { key, value } = problem else { continue };
        let given = file.tree.kind(*value).noun();
        let name = file.text(*value);
        let anchor = file.tree.anchors().iter().find(|anchor| anchor.name == name);
        let place = file.place(*value, Some(*key));
        let finding = findings.report(place, format!("`<<` must be a mapping, found {given}"));
        if let Some(anchor) = anchor {
            let edit = Edit { span: Span::at(file.span(*value).start), replacement: "*".to_owned() };
            finding.related(anchor.span, format!("`{name}` is anchored here")).help(format!("use `<<: *{name}`")).fix(
                format!("use `*{name}`"),
                Safety::Safe,
                vec![edit],
            );
            continue;
        }
        let anchor_is_empty = file.tree.is_null(*value) && file.tree.resolve(*value) != *value;
        finding.help(if anchor_is_empty {
            "indent the content of the anchor one level deeper, so that it belongs to the anchor"
        } else {
            "use an alias of an anchored mapping, as in `<<: *name` or `<<: [*one, *two]`"
        });
    }
}
