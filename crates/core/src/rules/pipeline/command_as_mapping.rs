use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    language::{ObjectId, ViolationKind},
    rules::{Findings, rule},
    yaml::Kind,
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

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::WrongType { shape, value, .. } = violation.kind else { continue };
        if !shape.allows_object(ObjectId::Pipe) || !matches!(file.tree.kind(value), Kind::Mapping(_)) {
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
        // After a syntax error the span may end before the command does; quoting a part of it would repair nothing.
        let whole =
            fields.iter().all(|field| span.contains(file.span(field.key)) && span.contains(file.span(field.value)));
        if whole && !file.tree.node(value).incomplete && !written.contains('\n') && !written.starts_with('{') {
            let quoted = format!("'{}'", written.replace('\'', "''"));
            finding.fix("quote the command", Safety::Safe, vec![Edit { span, replacement: quoted }]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{lint::lint, settings::Settings, text::Source};

    fn is_fixable(script: &str) -> bool {
        let text = format!("pipelines:\n  default:\n    - step:\n        script: {script}\n");
        let findings = lint(&Source::new("bitbucket-pipelines.yml", &text), &Settings::default());
        let own: Vec<_> = findings.iter().filter(|finding| finding.rule.as_str() == "command-as-mapping").collect();
        assert_eq!(own.len(), 1, "{script}: {findings:?}");
        own[0].fix.is_some()
    }

    #[test]
    fn a_command_that_a_syntax_error_cuts_short_is_not_quoted() {
        assert!(is_fixable("['echo a': b]"));
        assert!(!is_fixable("['echo a': {}}"));
    }
}
