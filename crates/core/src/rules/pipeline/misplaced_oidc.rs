use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    language::{ObjectId, ViolationKind},
    pipeline::{Oidc, means_oidc},
    rules::{Findings, rule},
};

rule! {
    /// `oidc` in a place where it has no effect.
    ///
    /// `oidc: true` belongs to each step that needs a token, including steps in stages and parallel groups. It has no
    /// effect at the top level, on a stage, on a parallel group, next to `step:` or under `deployment`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - stage:
    ///         name: Deploy
    ///         oidc: true
    ///         steps:
    ///           - step:
    ///               script: [make deploy]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - stage:
    ///         name: Deploy
    ///         steps:
    ///           - step:
    ///               oidc: true
    ///               script: [make deploy]
    /// ```
    ///
    /// Under `options`, only a mapping with `audiences` is documented. Whether `options.oidc: true` reaches every step
    /// is unconfirmed, so it is reported as a warning.
    static RULE: "misplaced-oidc", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        match violation.kind {
            ViolationKind::UnknownKey { object, map, key, .. } if means_oidc(file.text(key)) => {
                if matches!(object.id, ObjectId::Step | ObjectId::FinalStep) {
                    continue;
                }
                let next_to_step = file.tree.field(map, "step").is_some();
                let help = if next_to_step {
                    "indent it one level deeper, so that it is under `step:`"
                } else {
                    "move it to each step that needs a token"
                };
                let message = if object.id == ObjectId::Root {
                    "`oidc` has no effect at the top level".to_owned()
                } else {
                    format!("`oidc` has no effect on {}", object.name)
                };
                findings.report(file.span(key), message).help(help);
            }
            // `deployment: {name: production, oidc: true}` is not a string, so its keys are not checked elsewhere.
            ViolationKind::WrongType { value, key: Some(key), .. } if file.text(key) == "deployment" => {
                for field in file.tree.fields(value) {
                    if means_oidc(file.text(field.key)) {
                        findings
                            .report(file.span(field.key), "`oidc` has no effect under `deployment`")
                            .help("move it to the step, next to `deployment`");
                    }
                }
            }
            _ => {}
        }
    }
    if let Some(Oidc::Enabled(true, node)) = file.model.options.oidc {
        let message = "`options.oidc: true` is not documented and may have no effect";
        findings
            .report_as(Severity::Warning, file.span(node), message)
            .help("add `oidc: true` to each step that needs a token");
    }
}
