use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::Kind,
};

rule! {
    /// A step that downloads artifacts by name but does not clone the repository.
    ///
    /// Artifacts are placed in the clone directory. Users report that a step with `clone: {enabled: false}` receives
    /// none.
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
    ///
    /// This is a hint, because Atlassian does not document it. Source:
    /// <https://community.atlassian.com/forums/Bitbucket-questions/qaq-p/3104806>.
    static RULE: "artifact-without-clone", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in file.model.steps.iter().filter(|step| step.clone_disabled) {
        let Some(artifacts) = file.tree.field(step.node, "artifacts") else { continue };
        let Some(download) = file.tree.field(artifacts.value, "download") else { continue };
        if let Kind::Sequence(_) = file.tree.kind(download.value) {
            findings
                .report(
                    file.span(download.key),
                    "artifacts may not be downloaded in a step that does not clone the repository",
                )
                .help("enable the clone; with `depth: 1` it stays fast");
        }
    }
}
