use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    language::ViolationKind,
    rules::{Findings, rule},
    yaml::{Kind, NodeId},
};

rule! {
    /// A command that YAML reads as a mapping, because it contains a colon followed by a space.
    ///
    /// To YAML, `- echo "a: b"` is the key `echo "a` with the value `b"`, and Bitbucket rejects the file. Quote the
    /// whole command, or write it as a block scalar with `|`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - echo "result: done"
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - 'echo "result: done"'
    /// ```
    static RULE: "command-as-mapping", Error, check
}

/// Whether a node is a mapping in a script that is neither a pipe nor an agent task.
fn is_command(file: &Analysis<'_>, node: NodeId) -> bool {
    let Kind::Mapping(_) = file.tree.node(node).kind else { return false };
    let Some(list) = file.tree.node(node).parent else { return false };
    let Some(map) = file.tree.node(list).parent else { return false };
    let Kind::Mapping(entries) = &file.tree.node(map).kind else { return false };
    let in_script = entries
        .iter()
        .any(|entry| entry.value == list && matches!(file.text(entry.key), "script" | "after-script" | "setup-script"));
    in_script && ["pipe", "agent"].iter().all(|key| file.tree.field(node, key).is_none())
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::WrongType { value, .. } = violation.kind else { continue };
        if !is_command(file, value) {
            continue;
        }
        let span = file.span(value);
        let fields = file.tree.fields(value);
        if let [field] = fields.as_slice()
            && file.text(field.key) == "variables"
        {
            findings
                .report(file.span(field.key), "`variables` is a separate list item, so the pipe does not receive them")
                .covers(span)
                .help("remove the dash and put `variables:` below `pipe:`, with the same indentation");
            continue;
        }
        let written = file.source.slice(span);
        let finding = findings
            .report(file.first_line(span), "command is read as a mapping, because it contains `: `")
            .covers(span)
            .help("quote the whole command, or write it as a block scalar with `|`");
        if !written.contains('\n') && !written.starts_with('{') {
            let quoted = format!("'{}'", written.replace('\'', "''"));
            finding.fix("quote the command", Safety::Safe, vec![Edit { span, replacement: quoted }]);
        }
    }
}
