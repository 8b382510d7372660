use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipeline::Step,
    rules::{Findings, rule},
};

rule! {
    /// A step whose requests come from an address that the role's trust policy does not admit.
    ///
    /// A step's traffic leaves from Atlassian's published addresses only with `runtime.cloud.atlassian-ip-ranges: true`, and
    /// only on sizes from 4x up: smaller ones were refused when the setting was introduced, and nothing newer is documented.
    /// Elsewhere it comes from any address of AWS. Where the role's trust policy (`--trust-policy`) admits Atlassian's
    /// addresses only, or `keyless.yaml` says so, a step that assumes it without the setting is refused with the same words as
    /// for a wrong subject.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         runtime:
    ///           cloud:
    ///             atlassian-ip-ranges: true
    ///         script: [make deploy]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         size: 4x
    ///         runtime:
    ///           cloud:
    ///             atlassian-ip-ranges: true
    ///         script: [make deploy]
    /// ```
    static RULE: "unlisted-ip-address", Warning, check
}

/// Sizes that cannot use the published addresses.
const SMALL: [&str; 2] = ["1x", "2x"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.model.on_self_hosted_runner(step) {
            continue;
        }
        let size = file.model.size(step);
        match file.model.atlassian_ip_ranges(step) {
            Some((true, node)) if size.is_none_or(|size| SMALL.contains(&size.value)) => {
                let shown = size.map_or("1x, the size without `size`,", |size| size.value);
                let message = format!("a step of size {shown} is not known to get Atlassian's published addresses");
                let finding = findings.report(file.span(node), message);
                if let Some(size) = size {
                    finding.related(size.span(file.tree), "the size");
                }
                finding.help("set `size: 4x` or larger");
            }
            None | Some((false, _)) if is_bound(file, step) && facts.assumes_role() => refused(file, step, findings),
            _ => {}
        }
    }
}

fn is_bound(file: &Analysis<'_>, step: &Step<'_>) -> bool {
    file.settings.role.atlassian_ip_ranges || file.access(step).is_some_and(|access| access.lacks_listed_address)
}

fn refused(file: &Analysis<'_>, step: &Step<'_>, findings: &mut Findings<'_>) {
    let span = step.oidc.as_ref().map_or_else(|| step.place(file.tree), |oidc| file.place(oidc.node(), None));
    let message = "the role admits Atlassian's published addresses only, and this step does not use them";
    findings
        .report_as(Severity::Error, span, message)
        .help("set `size: 4x` and `runtime: {cloud: {atlassian-ip-ranges: true}}` on the step");
}
