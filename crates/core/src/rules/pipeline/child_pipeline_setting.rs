use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    rules::{Findings, rule},
};

/// Keys that a child pipeline step does not support, as documented.
const UNSUPPORTED: [&str; 10] =
    ["image", "clone", "size", "runtime", "caches", "services", "oidc", "runs-on", "output-variables", "deployment"];

rule! {
    /// A child pipeline step without `custom`, or with a setting that such a step does not support.
    ///
    /// A step with `type: pipeline` takes `custom` and `input-variables`. It does not run a container, so `image`,
    /// `size`, `services`, `caches` and `oidc` belong to the steps of the child pipeline.
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
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/child-pipeline-step-options/>.
    static RULE: "child-pipeline-setting", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in &file.model.steps {
        let field = |name| file.tree.field(step.node, name);
        if !step.is_child_pipeline {
            for name in ["custom", "input-variables"] {
                if let Some(field) = field(name) {
                    let message = format!("`{name}` has no effect without `type: pipeline`");
                    findings
                        .report_as(Severity::Warning, file.span(field.key), message)
                        .help("add `type: pipeline` to run a custom pipeline, or remove it");
                }
            }
            continue;
        }
        if step.custom.is_none() && !file.tree.node(step.node).incomplete {
            findings
                .report(step.place(file.tree), "missing required key `custom` in a child pipeline step")
                .help("set `custom` to the name of a pipeline under `pipelines.custom`");
        }
        for name in UNSUPPORTED {
            if let Some(field) = field(name) {
                let message = format!("`{name}` is not allowed in a child pipeline step");
                findings
                    .report_as(Severity::Warning, file.span(field.key), message)
                    .help("set it on the steps of the child pipeline");
            }
        }
    }
}
