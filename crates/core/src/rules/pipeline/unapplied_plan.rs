use std::collections::HashSet;

use crate::{
    analysis::Analysis,
    facts::files::TerraformRun,
    rules::{Findings, rule},
};

rule! {
    /// A `terraform apply` that plans again instead of applying the plan that an earlier step has shown.
    ///
    /// Whoever starts the second step approves the first step's plan, but the second step makes a new one and applies that,
    /// with whatever has changed since. Save the plan, pass it as an artifact, and apply the file.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - terraform init
    ///             - terraform plan
    ///       - step:
    ///           trigger: manual
    ///           deployment: production
    ///           script:
    ///             - terraform init
    ///             - terraform apply -auto-approve
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - terraform init
    ///             - terraform plan -out=change.tfplan
    ///           artifacts:
    ///             - change.tfplan
    ///       - step:
    ///           trigger: manual
    ///           deployment: production
    ///           script:
    ///             - terraform init
    ///             - terraform apply change.tfplan
    /// ```
    ///
    /// A saved plan contains secrets in plain text: keep an eye on who can download the artifact.
    ///
    /// Source: <https://developer.hashicorp.com/terraform/tutorials/automation/automate-terraform>.
    static RULE: "unapplied-plan", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let mut reported = HashSet::new();
    for pipeline in &file.model.pipelines {
        let mut plans: Vec<&TerraformRun> = Vec::new();
        let mut known = HashSet::new();
        for turn in pipeline.turns() {
            let runs = || turn.iter().filter_map(|id| file.facts.of(*id)).flat_map(|facts| &facts.terraform);
            for apply in runs().filter(|run| run.applies && !run.saved && run.configuration.is_some()) {
                let Some(plan) = plans.iter().find(|plan| plan.configuration == apply.configuration) else { continue };
                if reported.insert(apply.span) {
                    findings
                        .report(
                            file.first_line(apply.span),
                            "this step plans again instead of applying the plan of an earlier step",
                        )
                        .related(file.first_line(plan.span), "planned here")
                        .help("save the plan with `-out`, pass it as an artifact, and apply the file");
                }
            }
            // One for each configuration is enough.
            for plan in runs().filter(|run| !run.applies) {
                if let Some(configuration) = &plan.configuration
                    && known.insert(configuration)
                {
                    plans.push(plan);
                }
            }
        }
    }
}
