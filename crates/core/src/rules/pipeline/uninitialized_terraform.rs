use std::collections::HashSet;

use crate::{
    analysis::{
        Analysis,
        flow::{Reason, Unshared},
        steps::shown,
    },
    facts::files::Resource,
    pipeline::StepId,
    rules::{Findings, rule},
};

rule! {
    /// A Terraform command in a step that does not run `terraform init`.
    ///
    /// `terraform init` installs providers and modules to `.terraform`. Every step starts with a fresh clone, so an `init` of
    /// an earlier step has no effect, and Terraform stops with "Required plugins are not installed" or "Backend initialization
    /// required".
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - terraform init
    ///       - step:
    ///           script:
    ///             - terraform plan
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - terraform init
    ///             - terraform plan
    /// ```
    ///
    /// A step that gets `.terraform` as an artifact or from a cache is not reported. Terragrunt initializes itself.
    ///
    /// Source: <https://developer.hashicorp.com/terraform/cli/commands/init>.
    static RULE: "uninitialized-terraform", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let mut reported: HashSet<(StepId, Resource)> = HashSet::new();
    file.each_unshared(&mut |Unshared { step, needed, made, reason }| {
        let Resource::File(path) = &needed.resource else { return };
        let state = path.in_clone().is_some_and(|path| path.ends_with(".terraform"));
        if !state || !reported.insert((step.id, needed.resource.clone())) {
            return;
        }
        let span = file.first_line(needed.span);
        let command = shown(file.source.slice(span));
        let why = match reason {
            Reason::NotDownloaded(_) => "and this step downloads no artifacts",
            _ => "and `.terraform` of another step does not reach this one",
        };
        findings
            .report(span, format!("`{command}` needs `init`, {why}"))
            .related(file.first_line(made.span), "initialized here, in another step")
            .help("run `init` in this step too");
    });
}
