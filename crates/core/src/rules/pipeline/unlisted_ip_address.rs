use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipeline::Step,
    rules::{Findings, rule},
    text::Spanned,
};

rule! {
    /// A step whose requests do not come from the IP addresses that the role's trust policy requires.
    ///
    /// Bitbucket uses Atlassian's published IP addresses only for steps with `runtime.cloud.atlassian-ip-ranges: true`,
    /// and only for sizes from `4x`: smaller sizes were rejected when the setting was introduced, and nothing newer is
    /// documented. Other steps use any AWS address. If the trust policy (`--trust-policy`) accepts only Atlassian's
    /// addresses, or `keyless.yaml` says so, AWS rejects such a step with the same error as for a wrong subject.
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

/// Sizes that cannot use Atlassian's published IP addresses.
const SMALL: [&str; 2] = ["1x", "2x"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.model.on_self_hosted_runner(step) {
            continue;
        }
        let size = file.model.size(step);
        match file.model.atlassian_ip_ranges(step) {
            Some(Spanned { value: true, span }) if size.is_none_or(|size| SMALL.contains(&size.value)) => {
                let size_text = size.map_or("1x", |size| size.value);
                let message = format!("`atlassian-ip-ranges` requires size `4x` or larger, found `{size_text}`");
                let finding = findings.report(span, message).help("set `size` to `4x` or larger");
                if let Some(size) = size {
                    finding.related(size.span(file.tree), "the size is set here");
                }
            }
            None | Some(Spanned { value: false, .. }) if is_bound(file, step) && facts.assumes_role() => {
                refused(file, step, findings);
            }
            _ => {}
        }
    }
}

fn is_bound(file: &Analysis<'_>, step: &Step<'_>) -> bool {
    file.settings.role.atlassian_ip_ranges || file.access(step).is_some_and(|access| access.lacks_listed_address)
}

fn refused(file: &Analysis<'_>, step: &Step<'_>, findings: &mut Findings<'_>) {
    let span = step.oidc.as_ref().map_or_else(|| step.place(file.tree), |oidc| file.place(oidc.node(), None));
    let message = "this step does not use Atlassian's published IP addresses, but the role accepts no others";
    findings
        .report_as(Severity::Error, span, message)
        .help("set `size: 4x` and `runtime: {cloud: {atlassian-ip-ranges: true}}` on the step");
}
