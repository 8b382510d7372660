//! `keyless migrate`: from stored keys to roles.

#[cfg(feature = "cloud")]
mod connected;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{
    Args, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
#[cfg(feature = "cloud")]
use keyless_bitbucket::RepositorySlugs;
#[cfg(feature = "cloud")]
use keyless_core::migrate::Connection;
use keyless_core::{
    analysis::{Analysis, ParsedFile},
    migrate::{self, Class, Options, Plan, With},
    text::Source,
};
use serde::Serialize;

#[cfg(feature = "cloud")]
use connected::{Connected, apply, retire, security_report};

use crate::{failure::Failure, fix, inputs, outcome::Outcome, settings::Declared, streams::Streams};

/// Plan the way from stored AWS keys to roles, and edit the pipeline
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  keyless migrate                              every use of a stored key, and what must exist first
  keyless migrate --format markdown            the plan for a ticket
  keyless migrate --diff                       what --write would change
  keyless migrate --diff --unsafe              what --write --unsafe would change
  keyless migrate --write                      make the safe edits
  keyless migrate --write --unsafe             make all edits; review them
  keyless migrate --with exec                  run AWS commands by `keyless exec`, without a token file
  keyless migrate --connect                    the plan with what Bitbucket's settings have
  keyless migrate apply --help                 make the whole migration, stage by stage
  keyless migrate retire --help                end the keys after the merge
  keyless migrate report --help                the migration for the security team

A use is safe if its edits keep the meaning once the role and its variable exist, unsafe if someone should look at the \
result, and manual if the pipeline file alone cannot be changed. Names of variables are kept: a role replaces a key of \
`AWS_ACCESS_KEY_ID_PROD` as `AWS_ROLE_ARN_PROD`. Nothing is changed without --write, and nothing but the pipeline file \
with it. Create roles and variables before you merge the result.

Exit status: 0 no stored keys are used, or all uses were edited; 1 uses are left; 2 a file cannot be read, is not valid \
YAML or cannot be written.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Migrate {
    /// Files, folders, or `-` for standard input [default: bitbucket-pipelines.yml, here or above in the repository]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Print the edits as a unified diff, and change nothing
    #[arg(long, conflicts_with_all = ["write", "format"])]
    diff: bool,
    /// Make the edits of safe uses in the file
    #[arg(long)]
    write: bool,
    /// Include the edits of unsafe uses in --diff or --write
    #[arg(long)]
    r#unsafe: bool,
    /// How scripts get a session: from a token file that the AWS SDKs read, by `keyless exec`, or, for `cdk deploy`, by
    /// keyless's own pipe
    #[arg(long, value_name = "WAY", default_value = "token-file", value_parser = way())]
    with: With,
    /// The image of the deploy pipe in your registry, for --with pipe
    #[arg(long, value_name = "IMAGE")]
    pipe: Option<String>,
    /// Read from Bitbucket which variables exist at which level, with a token in `BITBUCKET_ACCESS_TOKEN`, or an API token in
    /// `ATLASSIAN_ACCOUNT_EMAIL` and `ATLASSIAN_API_TOKEN`
    #[cfg(feature = "cloud")]
    #[arg(long, conflicts_with = "variables")]
    connect: bool,
    /// The repository in Bitbucket, for --connect [default: the step's, or that of the Git remote at bitbucket.org]
    #[cfg(feature = "cloud")]
    #[arg(long, value_name = "WORKSPACE/NAME", conflicts_with = "variables")]
    repository: Option<RepositorySlugs>,
    #[command(flatten)]
    declared: Declared,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The parts of a migration beyond the plan.
#[derive(Debug, Subcommand)]
enum Part {
    #[cfg(feature = "cloud")]
    Apply(apply::Apply),
    #[cfg(feature = "cloud")]
    Retire(retire::Retire),
    #[cfg(feature = "cloud")]
    Report(security_report::Report),
    #[cfg(not(feature = "cloud"))]
    #[command(hide = true, disable_help_flag = true)]
    Apply(crate::without_cloud::WithoutCloud),
    #[cfg(not(feature = "cloud"))]
    #[command(hide = true, disable_help_flag = true)]
    Retire(crate::without_cloud::WithoutCloud),
    #[cfg(not(feature = "cloud"))]
    #[command(hide = true, disable_help_flag = true)]
    Report(crate::without_cloud::WithoutCloud),
}

/// How to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For a program
    Json,
    /// For a ticket or a wiki page
    Markdown,
}

fn way() -> impl TypedValueParser<Value = With> {
    // every name in the table is found, so the default is never met
    PossibleValuesParser::new(With::ALL.map(With::name))
        .map(|name| With::ALL.into_iter().find(|with| with.name() == name).unwrap_or_default())
}

/// One file with its plan.
struct Planned {
    name: String,
    path: Option<PathBuf>,
    text: String,
    plan: Plan,
    #[cfg(feature = "cloud")]
    connection: Option<Connection>,
}

/// One file in the JSON report.
#[derive(Serialize)]
struct FileReport<'a> {
    file: &'a str,
    #[serde(flatten)]
    plan: &'a Plan,
    #[cfg(feature = "cloud")]
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<&'a Connection>,
}

impl Planned {
    fn report(&self, markdown: bool) -> String {
        #[cfg(feature = "cloud")]
        if let Some(connection) = &self.connection {
            let plan = &self.plan;
            return if markdown { plan.to_connected_markdown(connection) } else { plan.to_connected_text(connection) };
        }
        if markdown { self.plan.to_markdown() } else { self.plan.to_text() }
    }

    fn json(&self) -> FileReport<'_> {
        FileReport {
            file: &self.name,
            plan: &self.plan,
            #[cfg(feature = "cloud")]
            settings: self.connection.as_ref(),
        }
    }
}

/// Plans the migration of what `arguments` name, and makes it.
pub(crate) fn run(arguments: &Migrate, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    match &arguments.part {
        #[cfg(feature = "cloud")]
        Some(Part::Apply(apply)) => apply::run(apply, streams),
        #[cfg(feature = "cloud")]
        Some(Part::Retire(retire)) => retire::run(retire, streams),
        #[cfg(feature = "cloud")]
        Some(Part::Report(report)) => security_report::run(report, streams),
        #[cfg(not(feature = "cloud"))]
        Some(Part::Apply(_) | Part::Retire(_) | Part::Report(_)) => {
            streams.fail(&Failure::WithoutCloud);
            Ok(Outcome::CannotRun)
        }
        None => plan(arguments, streams),
    }
}

fn plan(arguments: &Migrate, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let mut lookup = arguments.declared.lookup();
    let (inputs, mut failures) =
        inputs::find(&arguments.paths, &mut streams.input, "<stdin>", &mut |path| lookup.includes(path));
    let invalid = match arguments {
        Migrate { write: true, .. } if inputs.iter().any(|input| input.path().is_none()) => {
            Some(Failure::WriteOfStandardInput)
        }
        Migrate { r#unsafe: true, write: false, diff: false, .. } => Some(Failure::UnsafeWithoutEdits),
        Migrate { pipe: Some(_), with: With::TokenFile | With::Exec, .. } => Some(Failure::PipeWithoutWay),
        _ => None,
    };
    if let Some(invalid) = invalid {
        streams.fail(&invalid);
        return Ok(Outcome::CannotRun);
    }
    let inputs = lookup.find(inputs, false, &mut failures);
    let options = Options { with: arguments.with, pipe: arguments.pipe.clone() };
    #[cfg(feature = "cloud")]
    let connected = match connected(arguments, streams) {
        Ok(connected) => connected,
        Err(failure) => {
            streams.fail(&failure);
            return Ok(Outcome::CannotRun);
        }
    };
    let mut planned = Vec::new();
    for (input, settings) in &inputs {
        let name = input.name();
        let plan = input.bytes().and_then(|bytes| {
            let source = Source::from_bytes(&name, &bytes)
                .map_err(|error| Failure::NotText { path: name.clone().into(), error })?;
            let parsed = ParsedFile::new(&source);
            #[cfg(feature = "cloud")]
            let settings = &connected
                .as_ref()
                .map_or_else(|| (**settings).clone(), |connected| connected.settings(settings, &parsed));
            let file = Analysis::new(&parsed, settings);
            let plan = migrate::plan(&file, &options)
                .map_err(|refusal| Failure::NotMigrated { path: name.clone().into(), refusal })?;
            Ok(Planned {
                name: name.clone(),
                path: input.path(),
                text: source.text().to_owned(),
                #[cfg(feature = "cloud")]
                connection: connected.is_some().then(|| migrate::connect(&file, &plan, true)),
                plan,
            })
        });
        match plan {
            Ok(plan) => planned.push(plan),
            Err(failure) => failures.push(failure),
        }
    }
    // Nothing is written, and nothing reported, if anything could not be read: a plan would be half of one.
    if arguments.write && !failures.is_empty() {
        planned.clear();
    }
    let write = arguments.write && failures.is_empty();
    let mut left = false;
    for (index, file) in planned.iter().enumerate() {
        let edited = migrate::migrate(&file.text, &file.plan, arguments.r#unsafe);
        if write
            && edited != file.text
            && let Some(path) = &file.path
            && let Err(failure) = fix::write(path, &edited)
        {
            failures.push(failure);
            break;
        }
        let is_edited = |class| class == Class::Safe || class == Class::Unsafe && arguments.r#unsafe;
        let count = file.plan.uses.iter().filter(|key_use| is_edited(key_use.class)).count();
        left |= if write { count < file.plan.uses.len() } else { !file.plan.uses.is_empty() };
        if arguments.diff {
            write!(streams.output, "{}", fix::diff(&file.name, &file.text, &edited))?;
            continue;
        }
        if arguments.format == Format::Json {
            continue;
        }
        if planned.len() > 1 {
            let gap = if index > 0 { "\n" } else { "" };
            let mark = if arguments.format == Format::Markdown { "# " } else { "" };
            writeln!(streams.output, "{gap}{mark}{}\n", file.name)?;
        }
        write!(streams.output, "{}", file.report(arguments.format == Format::Markdown))?;
        if write && !file.plan.uses.is_empty() {
            writeln!(streams.output, "\n{count} of {} uses edited in {}", file.plan.uses.len(), file.name)?;
        }
    }
    if arguments.format == Format::Json && !arguments.diff {
        let report: Vec<_> = planned.iter().map(Planned::json).collect();
        serde_json::to_writer_pretty(&mut streams.output, &report)?;
        writeln!(streams.output)?;
    }
    for failure in &failures {
        streams.fail(failure);
    }
    Ok(match (failures.is_empty(), left) {
        (false, _) => Outcome::CannotRun,
        (true, true) => Outcome::Findings,
        (true, false) => Outcome::Clean,
    })
}

/// What Bitbucket has of the repository, for a plan that is connected.
#[cfg(feature = "cloud")]
fn connected(arguments: &Migrate, streams: &mut Streams<'_>) -> Result<Option<Connected>, Failure> {
    if !arguments.connect && arguments.repository.is_none() {
        return Ok(None);
    }
    let given = arguments.paths.first().and_then(|path| path.parent().map(std::path::Path::to_owned));
    let folder = given.filter(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from("."));
    Connected::open(arguments.repository.as_ref(), &folder, streams).map(Some)
}
