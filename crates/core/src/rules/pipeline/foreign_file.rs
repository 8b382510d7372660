use crate::{
    analysis::{Analysis, foreign},
    rules::{Findings, rule},
};

rule! {
    /// A file of another CI system.
    ///
    /// Bitbucket runs the pipelines under `pipelines` in `bitbucket-pipelines.yml`. It does not understand the files of
    /// GitLab CI, GitHub Actions, CircleCI or Azure Pipelines.
    ///
    /// ```yaml wrong
    /// stages: [test]
    /// unit-tests:
    ///   stage: test
    ///   script:
    ///     - make test
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         name: Unit tests
    ///         script:
    ///           - make test
    /// ```
    ///
    /// Only files without `pipelines` are reported. Nothing else is reported in them.
    static RULE: "foreign-file", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let Some(foreign) = foreign::read(file.tree) else { return };
    findings
        .report(file.span(foreign.key), format!("this is {} file, not a Bitbucket pipeline", foreign.system))
        .help(format!("rewrite `{}` as steps under `pipelines`", file.text(foreign.key)));
}
