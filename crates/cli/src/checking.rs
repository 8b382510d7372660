//! What `keyless lint` and `keyless trust check` have in common: inputs checked, fixed where that is asked for, and
//! reported.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, builder::PossibleValuesParser, builder::TypedValueParser};
use keyless_core::{diagnostic::Severity, fix::Fixing, text::Source};

use crate::{
    baseline::{self, Baseline},
    diff_base::DiffBase,
    failure::Failure,
    fix,
    inputs::Input,
    linted::{self, Check, LintedFile},
    outcome::Outcome,
    progress::Progress,
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
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "fix", "fix_only", "diff", "output", "statistics"])]
    write_baseline: Option<PathBuf>,
    /// Report only what a change introduces: findings that the files do not have in Git at this branch, tag or commit
    ///
    /// The files are compared with the last commit that this revision and HEAD have in common, as in a pull request.
    #[arg(long, value_name = "REV", conflicts_with_all = ["fix", "fix_only", "diff", "write_baseline"])]
    diff_base: Option<String>,
    /// Exit with 0 even if there are findings
    #[arg(long)]
    exit_zero: bool,
    /// Order of a file's findings
    #[arg(long, value_name = "ORDER", default_value = "severity")]
    sort: Order,
    /// Apply safe fixes and report what is left
    #[arg(long, group = "fixing")]
    fix: bool,
    /// Apply safe fixes and report only how many
    #[arg(long, group = "fixing", conflicts_with_all = ["format", "output", "report", "statistics", "write_baseline"])]
    fix_only: bool,
    /// Print what --fix would change, as a unified diff, and change nothing
    #[arg(long, group = "fixing", conflicts_with = "format")]
    diff: bool,
    /// With --fix, --fix-only or --diff: apply fixes that someone should review too
    #[arg(long, requires = "fixing")]
    unsafe_fixes: bool,
    /// Print findings and errors only
    #[arg(long, short)]
    quiet: bool,
    /// Also say which settings and files were read, and which rules are off
    #[arg(long, short, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
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
    let writes = reporting.fix || reporting.fix_only;
    if inputs.iter().any(|(input, _)| input.path().is_none()) {
        let impossible = match () {
            () if writes => Some(Failure::FixOfStandardInput),
            () if reporting.diff_base.is_some() => Some(Failure::DiffOfStandardInput),
            () => None,
        };
        if let Some(failure) = impossible {
            streams.fail(&failure);
            return Ok(Outcome::CannotRun);
        }
    }
    let fixing = Fixing { minimum: reporting.min_severity, with_unsafe: reporting.unsafe_fixes };
    let fixing = (writes || reporting.diff).then_some(fixing);
    let mut diff_base = reporting.diff_base.as_deref().map(DiffBase::new);
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
    let mut report = Report::new(reporting.min_severity, reporting.sort, reporting.quiet);
    // Text alone is written while files are checked: thousands of files are not held in memory.
    let by_file = destinations.is_printed_text() && !reporting.statistics && reporting.report.is_none();
    let mut diffs = false;
    let mut progress = Progress::new(inputs.len(), streams.shows_progress && !reporting.quiet);
    let mut settings = inputs.iter().map(|(_, settings)| settings);
    linted::lint_all(inputs, check, fixing, |result| {
        let settings = settings.next();
        progress.advance(&mut streams.errors);
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
        if let Some(failure) = diff_base.as_mut().and_then(|base| accept_old(base, &mut file, check, settings).err()) {
            // one for all files of a repository
            if !failures.iter().any(|other| other.to_string() == failure.to_string()) {
                failures.push(failure);
            }
            return Ok(());
        }
        if writes {
            failures.extend(write_fixed(&file).err());
        }
        if let Some(collected) = &mut collected {
            collected.add(&file, reporting.min_severity);
        } else if reporting.diff {
            progress.clear(&mut streams.errors);
            diffs |= print_diff(&file, &mut streams.output)?;
        } else {
            report.count(&mut file);
            if reporting.fix_only {
                return Ok(());
            }
            if by_file {
                // what is printed must not follow the line of the progress
                let must_flush = !file.diagnostics.is_empty() && progress.clear(&mut streams.errors);
                report::print_text(&file, streams)?;
                if must_flush {
                    streams.output.flush()?;
                }
            } else {
                report.keep(file);
            }
        }
        Ok(())
    })?;
    progress.clear(&mut streams.errors);
    for outdated in baseline.iter().flat_map(Baseline::outdated).filter(|_| !reporting.quiet) {
        writeln!(streams.errors, "note: no longer found, so remove it from the baseline: {outdated}")?;
    }
    let outcome = if let (Some(path), Some(collected)) = (&reporting.write_baseline, collected) {
        match collected.write(path) {
            Ok(_) if reporting.quiet => {}
            Ok(count) => {
                let findings = if count == 1 { "finding" } else { "findings" };
                writeln!(streams.output, "accepted {count} {findings} in {}", path.display())?;
            }
            Err(failure) => failures.push(failure),
        }
        Outcome::Clean
    } else if reporting.fix_only {
        if !reporting.quiet && report.checked > 0 {
            let findings = if report.fixed == 1 { "finding" } else { "findings" };
            writeln!(streams.output, "{} {findings} fixed", report.fixed)?;
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

/// Takes away the findings that a file had before the change.
fn accept_old<S>(
    base: &mut DiffBase<'_>,
    file: &mut LintedFile,
    check: &Check<'_, S>,
    settings: Option<&S>,
) -> Result<(), Failure> {
    let (Some(path), Some(settings), false) = (&file.path, settings, file.diagnostics.is_empty()) else {
        return Ok(());
    };
    if let Some(text) = base.text(path)? {
        let old = check(&Source::new(&file.name, &text), settings);
        baseline::accept_old(file, &text, &old);
    }
    Ok(())
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
