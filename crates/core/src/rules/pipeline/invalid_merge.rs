use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    rules::{Findings, rule},
    text::Span,
    yaml::Problem,
};

rule! {
    /// `<<` was given something that is no map.
    ///
    /// `<<` copies the keys of a map that an anchor names. It takes an alias, `*name`, or a list of them; the bare name is
    /// plain text.
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
        let finding = findings.report(place, format!("`<<` needs a map, and this is {given}"));
        match anchor {
            Some(anchor) => {
                finding.related(anchor.span, "the anchor of that name").help(format!("write `<<: *{name}`")).fix(
                    format!("write `*{name}`"),
                    Safety::Safe,
                    vec![Edit { span: Span::at(file.span(*value).start), replacement: "*".to_owned() }],
                )
            }
            None if file.tree.is_null(*value) && file.tree.resolve(*value) != *value => {
                finding.help("the anchor names nothing: what belongs to it stands beside it, not below it")
            }
            None => finding.help("give it an alias of an anchored map: `<<: *name`, or `<<: [*one, *two]`"),
        };
    }
}
