use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    rules::{Findings, rule},
};

/// What such a step cannot have, as the documentation lists it.
const UNSUPPORTED: [&str; 10] =
    ["image", "clone", "size", "runtime", "caches", "services", "oidc", "runs-on", "output-variables", "deployment"];

rule! {
    /// A step that runs a child pipeline lacks its name, or has settings that such a step cannot have.
    ///
    /// `type: pipeline` takes `custom` and `input-variables`. It runs no container of its own, so image, size, services, caches
    /// and the like belong to the steps of the child, and `oidc` too.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/child-pipeline-step-options/>.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         name: Release
    ///         type: pipeline
    ///         oidc: true
    ///   custom:
    ///     release:
    ///       - step:
    ///           script: [make release]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         name: Release
    ///         type: pipeline
    ///         custom: release
    ///   custom:
    ///     release:
    ///       - step:
    ///           oidc: true
    ///           script: [make release]
    /// ```
    static RULE: "child-pipeline-setting", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in &file.model.steps {
        let field = |name| file.tree.field(step.node, name);
        if !step.is_child_pipeline {
            for name in ["custom", "input-variables"] {
                if let Some(field) = field(name) {
                    let message = format!("`{name}` without `type: pipeline` has no effect");
                    findings
                        .report_as(Severity::Warning, file.span(field.key), message)
                        .help("add `type: pipeline` to run a custom pipeline, or remove it");
                }
            }
            continue;
        }
        if step.custom.is_none() && !file.tree.node(step.node).incomplete {
            findings
                .report(step.place(file.tree), "a child pipeline without `custom`")
                .help("add `custom:` with the name of a pipeline under `pipelines.custom`");
        }
        for name in UNSUPPORTED {
            if let Some(field) = field(name) {
                let message = format!("a step that runs a child pipeline cannot have `{name}`");
                findings
                    .report_as(Severity::Warning, file.span(field.key), message)
                    .help("set it on the steps of the child pipeline");
            }
        }
    }
}
