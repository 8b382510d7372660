use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// A map lacks a key that it must have.
    ///
    /// An image map needs its `name`, a parallel group and a stage their `steps`, a trigger its `condition` and
    /// `pipelines`, an artifact upload its `name` and `paths`.
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
    static RULE: "missing-key", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::MissingKey { object, map, under, key } = violation.kind else { continue };
        if super::command_as_mapping::is_command(file, map) {
            continue;
        }
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        let place = under.map_or_else(|| file.first_line(file.span(map)), |under| file.span(under));
        findings
            .report_as(severity, place, format!("{} without `{}`", object.name, key.name))
            .help(format!("`{}` is {}", key.name, key.doc));
    }
}
