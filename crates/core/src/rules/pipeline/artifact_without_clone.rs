use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::Kind,
};

rule! {
    /// A step asks for artifacts by name and does not clone the repository.
    ///
    /// Artifacts are put into the clone directory; people report that a step with `clone: {enabled: false}` receives none.
    /// Source: <https://community.atlassian.com/forums/Bitbucket-questions/qaq-p/3104806>.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///         artifacts:
    ///           upload:
    ///             - name: site
    ///               paths: [dist/**]
    ///     - step:
    ///         clone:
    ///           enabled: false
    ///         artifacts:
    ///           download: [site]
    ///         script: [ls dist]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///         artifacts:
    ///           upload:
    ///             - name: site
    ///               paths: [dist/**]
    ///     - step:
    ///         artifacts:
    ///           download: [site]
    ///         script: [ls dist]
    /// ```
    static RULE: "artifact-without-clone", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in file.model.steps.iter().filter(|step| step.clone_disabled) {
        let Some(artifacts) = file.tree.field(step.node, "artifacts") else { continue };
        let Some(download) = file.tree.field(artifacts.value, "download") else { continue };
        if let Kind::Sequence(_) = file.tree.kind(download.value) {
            findings
                .report(file.span(download.key), "artifacts may not arrive in a step without a clone")
                .help("let the step clone, with `depth: 1` to be quick");
        }
    }
}
