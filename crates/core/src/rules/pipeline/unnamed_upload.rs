use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::Kind,
};

rule! {
    /// A path under `upload` without the name of its artifact.
    ///
    /// An item of `upload` is a mapping with `name` and `paths`. Plain paths are documented under `paths`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///         artifacts:
    ///           upload:
    ///             - dist/**
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///         artifacts:
    ///           upload:
    ///             - name: dist
    ///               paths: [dist/**]
    /// ```
    ///
    /// A step of type `pipeline` lists the names of artifacts there, so it is not reported.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/use-artifacts-in-steps/>.
    static RULE: "unnamed-upload", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in file.model.steps.iter().filter(|step| !step.is_child_pipeline) {
        let Some(artifacts) = file.tree.field(step.node, "artifacts") else { continue };
        let Some(upload) = file.tree.field(artifacts.value, "upload") else { continue };
        let mut plain = file
            .tree
            .items(upload.value)
            .iter()
            .filter(|item| matches!(file.tree.kind(**item), Kind::Scalar(_)) && !file.tree.is_null(**item));
        let Some(first) = plain.next() else { continue };
        let finding = findings.report(file.span(*first), format!("upload `{}` has no name", file.text(*first)));
        finding.help("list plain paths under `paths`, or use a mapping with `name` and `paths`");
        for other in plain {
            finding.related(file.span(*other), "also without a name");
        }
    }
}
