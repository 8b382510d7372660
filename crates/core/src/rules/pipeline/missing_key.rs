use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// A mapping without a required key.
    ///
    /// An image mapping requires `name`, a parallel group and a stage require `steps`, a trigger requires `condition`
    /// and `pipelines`, and an artifact upload requires `name` and `paths`. Otherwise Bitbucket rejects the file.
    ///
    /// ```yaml wrong
    /// image:
    ///   username: $DOCKER_USER
    ///   password: $DOCKER_PASSWORD
    /// pipelines:
    ///   default:
    ///     - stage:
    ///         name: Build
    /// ```
    ///
    /// ```yaml right
    /// image:
    ///   name: example/build:1.4
    ///   username: $DOCKER_USER
    ///   password: $DOCKER_PASSWORD
    /// pipelines:
    ///   default:
    ///     - stage:
    ///         name: Build
    ///         steps:
    ///           - step:
    ///               script: [make]
    /// ```
    static RULE: "missing-key", Error, check, explained_by ["command-as-mapping"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::MissingKey { object, map, under, key } = violation.kind else { continue };
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        let place = under.map_or_else(|| file.first_line(file.span(map)), |under| file.span(under));
        findings
            .report_as(severity, place, format!("missing required key `{}` in {}", key.name, object.name))
            .help(format!("add `{}:` ({})", key.name, key.doc));
    }
}
