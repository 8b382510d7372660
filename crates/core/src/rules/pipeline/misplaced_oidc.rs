use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    language::{ObjectId, ViolationKind},
    pipeline::{Oidc, means_oidc},
    rules::{Findings, rule},
};

rule! {
    /// `oidc` at a place where it gives no step a token.
    ///
    /// `oidc: true` belongs to each step that needs a token, also in stages and parallel groups. At the top of the file, on
    /// a stage, on a parallel group, beside `step:` or below `deployment` it has no effect. Under `options` only a map with
    /// `audiences` is documented; whether `oidc: true` there reaches every step is unconfirmed, so that is a warning.
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
    static RULE: "misplaced-oidc", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        match violation.kind {
            ViolationKind::UnknownKey { object, map, key, .. } if means_oidc(file.text(key)) => {
                if matches!(object.id, ObjectId::Step | ObjectId::FinalStep) {
                    continue;
                }
                let beside_step = file.tree.field(map, "step").is_some();
                let help = if beside_step {
                    "indent it further: it belongs below `step:`, not beside it"
                } else {
                    "put `oidc: true` on each step that needs a token"
                };
                let message = format!("`oidc` on {} gives no step a token", object.name);
                findings.report(file.span(key), message).help(help);
            }
            // `deployment: {name: production, oidc: true}` is no text, and what is below it is not looked at.
            ViolationKind::WrongType { value, key: Some(key), .. } if file.text(key) == "deployment" => {
                for field in file.tree.fields(value) {
                    if means_oidc(file.text(field.key)) {
                        findings
                            .report(file.span(field.key), "`oidc` below `deployment` gives no step a token")
                            .help("put `oidc: true` on the step, beside `deployment`");
                    }
                }
            }
            _ => {}
        }
    }
    if let Some(Oidc::Enabled(true, node)) = file.model.options.oidc {
        let message = "whether `options.oidc: true` reaches any step is not documented";
        findings
            .report_as(Severity::Warning, file.span(node), message)
            .help("put `oidc: true` on each step that needs a token; `options.oidc` takes a map with `audiences`");
    }
}
