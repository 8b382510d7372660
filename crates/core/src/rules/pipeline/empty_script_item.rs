use crate::{
    analysis::Analysis,
    language::{ObjectId, ViolationKind},
    pipeline::{ScriptItem, Step},
    rules::{Findings, rule},
};

rule! {
    /// An item of a script without a command.
    ///
    /// It does nothing. Either the command is missing, or it is not indented below its `- `.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm ci
    ///           -
    ///           - npm test
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm ci
    ///           - npm test
    /// ```
    ///
    /// A warning, because it is not documented whether Bitbucket rejects the file.
    static RULE: "empty-script-item", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let nothing = file.violations.iter().filter_map(|violation| match violation.kind {
        ViolationKind::WrongType { shape, value, key: None }
            if shape.allows_object(ObjectId::Pipe) && file.tree.is_null(value) =>
        {
            // An alias of an anchor without a value, and a tag, are reported by other rules.
            file.tree.node(value).tag.is_none().then_some(value)
        }
        _ => None,
    });
    let blank = file.model.steps.iter().flat_map(Step::script_items).filter_map(|item| match item {
        ScriptItem::Command(command) if command.value.trim().is_empty() => Some(command.node),
        _ => None,
    });
    for item in nothing.chain(blank) {
        findings
            .report(file.place(item, None), "this script item has no command")
            .help("add a command, or remove the item");
    }
}
