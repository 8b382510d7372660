//! `keyless init`: a first `keyless.yaml`, from what the pipelines of a repository read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use keyless_core::{
    analysis::{Analysis, ParsedFile},
    diagnostic::Severity,
    lint,
    requirements::{self, Level, Requirements},
    settings::Settings,
    text::Source,
};

use crate::{
    failure::Failure,
    inputs::{self, Input},
    outcome::Outcome,
    settings::{SCHEMA_URL, SETTINGS_FILE},
    streams::Streams,
};

/// Write a keyless.yaml for this repository, with what its pipeline reads
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless init                                 write keyless.yaml next to the pipeline of this repository
  keyless init --stdout                        only print it
  keyless init --force                         replace the one that is there
  keyless init services/                       with the pipelines below a folder, in that folder

Exit status: 0 written, 2 there is a keyless.yaml already, or no pipeline.")]
pub(crate) struct Init {
    /// The repository, or a folder with pipelines [default: the repository around the current folder]
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Replace an existing keyless.yaml
    #[arg(long, conflicts_with = "stdout")]
    force: bool,
    /// Print the file instead of writing it
    #[arg(long, visible_alias = "dry-run")]
    stdout: bool,
}

/// Writes the file.
pub(crate) fn run(arguments: &Init, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    match write(arguments, streams) {
        Ok(outcome) => outcome,
        Err(failure) => {
            streams.fail(&failure);
            Ok(Outcome::CannotRun)
        }
    }
}

fn write(arguments: &Init, streams: &mut Streams<'_>) -> Result<io::Result<Outcome>, Failure> {
    let folder = arguments.folder.as_deref();
    if let Some(path) = folder.filter(|path| !path.is_dir()) {
        let kind = if path.exists() { io::ErrorKind::NotADirectory } else { io::ErrorKind::NotFound };
        return Err(Failure::Unreadable { path: path.to_owned(), error: kind.into() });
    }
    let named: Vec<PathBuf> = folder.map(Path::to_owned).into_iter().collect();
    let (inputs, mut failures) = inputs::find(&named, &mut streams.input, "<stdin>", &mut |_| false);
    if let Some(failure) = failures.pop() {
        return Err(failure);
    }
    let target = match (folder, inputs.first().and_then(Input::path)) {
        (Some(folder), _) => folder.join(SETTINGS_FILE),
        (None, pipeline) => pipeline.unwrap_or_default().with_file_name(SETTINGS_FILE),
    };
    if target.exists() && !arguments.force && !arguments.stdout {
        return Err(Failure::SettingsExist(target));
    }
    let mut inspected = Inspected::default();
    for input in &inputs {
        inspected.add(input)?;
    }
    let text = inspected.settings();
    if arguments.stdout {
        return Ok(streams.output.write_all(text.as_bytes()).map(|()| Outcome::Clean));
    }
    fs::write(&target, text).map_err(|error| Failure::UnwritableSettings { path: target.clone(), error })?;
    Ok(writeln!(streams.output, "{}", inspected.said(&target)).map(|()| Outcome::Clean))
}

/// What the pipelines of a repository need and do.
#[derive(Default)]
struct Inspected {
    /// Deployment environments, with the variables that usually differ between them.
    environments: BTreeMap<String, BTreeSet<String>>,
    /// Variables of the repository or the workspace.
    repository: BTreeSet<String>,
    /// How many findings each rule has, with its group.
    findings: BTreeMap<&'static str, usize>,
}

impl Inspected {
    fn add(&mut self, input: &Input) -> Result<(), Failure> {
        let (name, settings) = (input.name(), Settings::default());
        let bytes = input.bytes()?;
        let source = Source::from_bytes(&name, &bytes)
            .map_err(|error| Failure::NotText { path: PathBuf::from(&name), error })?;
        let parsed = ParsedFile::new(&source);
        let analysis = Analysis::new(&parsed, &settings);
        for step in &analysis.model.steps {
            for deployment in analysis.model.deployments(step).into_iter().flatten() {
                let environment = deployment.environment.value;
                if !keyless_core::yaml::has_template(environment) {
                    self.environments.entry(environment.to_owned()).or_default();
                }
            }
        }
        let Requirements { variables, .. } = requirements::requirements(&analysis);
        for variable in variables {
            let known = variable.environments.iter().filter(|name| self.environments.contains_key(*name));
            let known: Vec<String> = known.cloned().collect();
            if variable.level == Level::Repository || known.is_empty() {
                self.repository.insert(variable.name);
            } else {
                for environment in known {
                    self.environments.entry(environment).or_default().insert(variable.name.clone());
                }
            }
        }
        let findings = lint::findings(&analysis).into_iter().filter(|finding| finding.severity > Severity::Hint);
        for finding in findings {
            *self.findings.entry(finding.rule.as_str()).or_default() += 1;
        }
        Ok(())
    }

    /// The file.
    fn settings(&self) -> String {
        let mut text = format!(
            "\
# yaml-language-server: $schema={SCHEMA_URL}
#
# Settings of keyless for this repository. `keyless schema settings` describes every key.

"
        );
        self.write_variables(&mut text);
        self.write_environments(&mut text);
        text.push_str(
            "\
# Levels of rules and groups (`keyless rules` lists them): off, hint, warning or error.
",
        );
        match self.findings.iter().max_by_key(|(rule, count)| (**count, std::cmp::Reverse(**rule))) {
            Some((rule, count)) => {
                let findings = if *count == 1 { "finding" } else { "findings" };
                let _ = writeln!(text, "# rules:\n#   {rule}: off # {count} {findings} now");
            }
            None => text.push_str("# rules:\n#   unpinned-image: off\n"),
        }
        text.push_str(
            "
# Whether `# keyless: allow[rule-id] reason` needs the reason.
# require-reason: true

# Files that a search of a folder finds in addition, and those that are not linted, written as in a .gitignore.
# paths:
#   include: [ci/shared.yml]
#   exclude: [examples/]

# Other levels for some files.
# overrides:
#   - paths: [services/legacy/]
#     rules: {scripts: hint}
",
        );
        text
    }

    fn write_variables(&self, text: &mut String) {
        text.push_str(
            "\
# Names of the variables that Bitbucket defines; values are never needed. A variable that a step reads and that is not
# listed here is then reported.
",
        );
        let of_environments: Vec<_> = self.environments.iter().filter(|(_, names)| !names.is_empty()).collect();
        if self.repository.is_empty() && of_environments.is_empty() {
            text.push_str("# variables:\n#   workspace: [AWS_REGION]\n\n");
            return;
        }
        text.push_str("# These are those that the steps read: remove what is not set in Bitbucket.\nvariables:\n");
        if !self.repository.is_empty() {
            text.push_str(
                "  # Repository settings > Repository variables; those of the workspace belong under `workspace`\n",
            );
            let _ = writeln!(text, "  repository: {}", list(&self.repository));
        }
        if !of_environments.is_empty() {
            text.push_str("  # Repository settings > Deployments\n  environments:\n");
            for (environment, names) in of_environments {
                let _ = writeln!(text, "    {}: {}", key(environment), list(names));
            }
        }
        text.push('\n');
    }

    fn write_environments(&self, text: &mut String) {
        text.push_str(
            "\
# Deployment environments: their UUIDs, and the trust policies of the roles that their steps assume. With them, keyless reports
# the steps that a role rejects.
# environments:
",
        );
        let example = BTreeMap::from([("production".to_owned(), BTreeSet::new())]);
        let named = if self.environments.is_empty() { &example } else { &self.environments };
        for environment in named.keys() {
            let _ = writeln!(
                text,
                "#   {}: {{uuid: \"{{00000000-0000-0000-0000-000000000000}}\", trust-policy: aws/trust-policy.json}}",
                key(environment)
            );
        }
        text.push('\n');
    }

    /// What was written.
    fn said(&self, target: &Path) -> String {
        let variables: BTreeSet<&String> = self.environments.values().flatten().chain(&self.repository).collect();
        let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let next = if variables.is_empty() { "" } else { "; remove the variables that are not set in Bitbucket" };
        format!(
            "wrote {} with {} and {}{next}",
            target.display(),
            counted(variables.len(), "variable"),
            counted(self.environments.len(), "environment"),
        )
    }
}

fn list(names: &BTreeSet<String>) -> String {
    format!("[{}]", names.iter().map(|name| key(name)).collect::<Vec<_>>().join(", "))
}

/// A name as YAML: in quotes unless it is plainly a word.
fn key(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.'))
        && !matches!(name.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    if is_word { name.to_owned() } else { serde_json::to_string(name).unwrap_or_default() }
}
