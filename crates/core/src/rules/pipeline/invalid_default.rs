use crate::{
    analysis::Analysis,
    pipeline::Pipeline,
    rules::{Findings, rule},
};

rule! {
    /// A variable with `allowed-values` whose `default` is missing or is not one of them.
    ///
    /// Bitbucket requires a valid default: "A default value is required if allowed values list is specified."
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   custom:
    ///     release:
    ///       - variables:
    ///           - name: STAGE
    ///             default: production
    ///             allowed-values: [test, staging]
    ///       - step:
    ///           script: [make release]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   custom:
    ///     release:
    ///       - variables:
    ///           - name: STAGE
    ///             default: test
    ///             allowed-values: [test, staging]
    ///       - step:
    ///           script: [make release]
    /// ```
    ///
    /// Source:
    /// <https://www.atlassian.com/blog/bitbucket/introducing-default-values-and-allowed-values-for-variables-in-custom-pipelines>.
    static RULE: "invalid-default", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for variable in file.model.pipelines.iter().flat_map(Pipeline::variables) {
        let Some((key, allowed)) = &variable.allowed else { continue };
        let listed = allowed.iter().map(|value| format!("`{}`", value.value)).collect::<Vec<_>>().join(", ");
        match variable.default {
            None => {
                let message = format!("`{}` has allowed values but no default", variable.name.value);
                findings.report(file.span(*key), message).help(format!("add `default:` with one of {listed}"));
            }
            Some(default) if !allowed.is_empty() && !allowed.iter().any(|value| value.value == default.value) => {
                let message = format!("default `{}` is not one of the allowed values", default.value);
                findings
                    .report(default.span(file.tree), message)
                    .related(file.span(*key), "allowed values")
                    .help(format!("use one of {listed}"));
            }
            Some(_) => {}
        }
    }
}
