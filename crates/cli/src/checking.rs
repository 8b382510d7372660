//! What `keyless lint` and `keyless trust check` have in common: inputs checked, fixed where that is asked for, and
//! reported.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, builder::PossibleValuesParser, builder::TypedValueParser};
use keyless_core::diagnostic::Severity;

use crate::{
    baseline::{self, Baseline},
    failure::Failure,
    fix,
    inputs::Input,
    linted::{self, Check, LintedFile},
    outcome::Outcome,
    report::{self, Destination, DestinationParser, Destinations, Order, Report, Service, service},
    streams::Streams,
};

/// What becomes of findings.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Reporting {
    /// How to report, and to which file; several formats need a file each
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = DestinationParser)]
    format: Vec<Destination>,
    /// Show and count findings from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "warning", value_parser = severity())]
    min_severity: Severity,
    /// Write the report to a file, if --format names none
    #[arg(long, value_name = "FILE", conflicts_with = "diff")]
    output: Option<PathBuf>,
    /// Send the report to Bitbucket, which shows it on the commit and in its pull requests. Works in a step, without credentials
    ///
    /// Reports and annotations go through the proxy that every step has; `bitbucket=http://HOST:PORT` names another one.
    #[arg(long, value_name = "SERVICE", value_parser = service, conflicts_with_all = ["diff", "write_baseline"])]
    report: Option<Service>,
    /// Print how many findings each rule has, instead of the findings
    #[arg(long, conflicts_with_all = ["diff", "format"])]
    statistics: bool,
    /// Leave out the findings that this file lists
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Accept the findings that there are now: list them in a file for --baseline
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "fix", "diff", "output", "statistics"])]
    write_baseline: Option<PathBuf>,
    /// Exit with 0 even if there are findings
    #[arg(long)]
    exit_zero: bool,
    /// Order of a file's findings
    #[arg(long, value_name = "ORDER", default_value = "severity")]
    sort: Order,
    /// Apply safe fixes and report what is left
    #[arg(long)]
    fix: bool,
    /// Print what --fix would change, as a unified diff, and change nothing
    #[arg(long, conflicts_with_all = ["fix", "format"])]
    diff: bool,
    /// What reports call standard input
    #[arg(long, value_name = "NAME", default_value = "<stdin>")]
    pub(crate) stdin_filename: String,
}

fn severity() -> impl TypedValueParser<Value = Severity> {
    // every name in the table parses, so the default is never met
    PossibleValuesParser::new(Severity::ALL.map(Severity::name)).map(|name| name.parse().unwrap_or(Severity::Warning))
}

/// Checks every input by its settings and reports it. `failures` are those of inputs that were not found; neither they
/// nor an input that cannot be read keeps the rest from being checked.
pub(crate) fn run<S: Sync>(
    inputs: &[(Input, S)],
    mut failures: Vec<Failure>,
    check: &Check<'_, S>,
    reporting: &Reporting,
    streams: &mut Streams<'_>,
) -> io::Result<Outcome> {
    if reporting.fix && inputs.iter().any(|(input, _)| input.path().is_none()) {
        streams.fail(&Failure::FixOfStandardInput);
        return Ok(Outcome::CannotRun);
    }
    let fix_from = (reporting.fix || reporting.diff).then_some(reporting.min_severity);
    let mut baseline = match reporting.baseline.as_deref().map(Baseline::read).transpose() {
        Ok(baseline) => baseline,
        Err(failure) => {
            streams.fail(&failure);
            return Ok(Outcome::CannotRun);
        }
    };
    let destinations = match Destinations::new(&reporting.format, reporting.output.as_deref()) {
        Ok(destinations) => destinations,
        Err(failure) => {
            streams.fail(&failure);
            return Ok(Outcome::CannotRun);
        }
    };
    let mut collected = reporting.write_baseline.is_some().then(baseline::Collected::default);
    let mut report = Report::new(reporting.min_severity, reporting.sort);
    // Text alone is written while files are checked: thousands of files are not held in memory.
    let by_file = destinations.is_printed_text() && !reporting.statistics && reporting.report.is_none();
    let mut diffs = false;
    linted::lint_all(inputs, check, fix_from, |result| {
        let mut file = match result {
            Ok(file) => file,
            Err(failure) => {
                failures.push(failure);
                return Ok(());
            }
        };
        if let Some(baseline) = &mut baseline {
            baseline.accept(&mut file);
        }
        if reporting.fix {
            failures.extend(write_fixed(&file).err());
        }
        if let Some(collected) = &mut collected {
            collected.add(&file, reporting.min_severity);
        } else if reporting.diff {
            diffs |= print_diff(&file, &mut streams.output)?;
        } else {
            report.count(&mut file);
            if by_file {
                report::print_text(&file, streams)?;
            } else {
                report.keep(file);
            }
        }
        Ok(())
    })?;
    for outdated in baseline.iter().flat_map(Baseline::outdated) {
        writeln!(streams.errors, "note: no longer found, so remove it from the baseline: {outdated}")?;
    }
    let outcome = if let (Some(path), Some(collected)) = (&reporting.write_baseline, collected) {
        match collected.write(path) {
            Ok(count) => {
                let findings = if count == 1 { "finding" } else { "findings" };
                writeln!(streams.output, "accepted {count} {findings} in {}", path.display())?;
            }
            Err(failure) => failures.push(failure),
        }
        Outcome::Clean
    } else if reporting.diff {
        if diffs { Outcome::Findings } else { Outcome::Clean }
    } else {
        finish(&report, &destinations, reporting, streams)?
    };
    for failure in &failures {
        streams.fail(failure);
    }
    let outcome = if reporting.exit_zero && outcome == Outcome::Findings { Outcome::Clean } else { outcome };
    Ok(if failures.is_empty() { outcome } else { Outcome::CannotRun })
}

fn write_fixed(file: &LintedFile) -> Result<(), Failure> {
    match (&file.path, &file.fixed) {
        (Some(path), Some(_)) => fix::write(path, &file.text),
        _ => Ok(()),
    }
}

/// Prints what was fixed in a file; whether there was something.
fn print_diff(file: &LintedFile, output: &mut dyn Write) -> io::Result<bool> {
    let Some(fixed) = &file.fixed else { return Ok(false) };
    write!(output, "{}", fix::diff(&file.name, &fixed.original, &file.text))?;
    Ok(true)
}

/// Writes what of the report is not written yet.
fn finish(
    report: &Report,
    destinations: &Destinations<'_>,
    reporting: &Reporting,
    streams: &mut Streams<'_>,
) -> io::Result<Outcome> {
    let failures = if reporting.statistics {
        report::write_statistics(report, reporting.output.as_deref(), streams)?
    } else {
        destinations.write(report, streams)?
    };
    for failure in &failures {
        streams.fail(failure);
    }
    if let Some(service) = &reporting.report {
        service.send(report, streams)?;
    }
    Ok(match report.shown.total() {
        _ if !failures.is_empty() => Outcome::CannotRun,
        0 => Outcome::Clean,
        _ => Outcome::Findings,
    })
}
