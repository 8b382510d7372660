//! One `keyless.yaml`: read, checked, and applied to the files that it holds for.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::gitignore::Gitignore;
use keyless_core::{
    diagnostic::Diagnostic,
    settings::{Level, Settings},
    text::{Source, Span},
};

use super::{check, paths};
use crate::{failure::Failure, levels, report};

/// The settings of a file, or the default ones.
#[derive(Debug)]
pub(super) struct SettingsFile {
    /// What holds for every file.
    pub(super) settings: Settings,
    /// Where patterns of paths start, as an absolute path.
    root: PathBuf,
    include: Gitignore,
    exclude: Gitignore,
    overrides: Vec<(Gitignore, BTreeMap<String, Level>)>,
    /// The settings with some of the overrides, by their indexes.
    applied: HashMap<Vec<usize>, Arc<Settings>>,
}

impl SettingsFile {
    /// Reads a file, or takes the default settings. Patterns start at `root`.
    pub(super) fn read(path: Option<&Path>, root: PathBuf) -> Result<Self, Failure> {
        let settings = path.map(parse).transpose()?.unwrap_or_default();
        let overrides = settings.overrides.iter().map(|one| (paths::read(&one.paths), one.rules.clone()));
        Ok(Self {
            root,
            include: paths::read(&settings.paths.include),
            exclude: paths::read(&settings.paths.exclude),
            overrides: overrides.collect(),
            settings,
            applied: HashMap::new(),
        })
    }

    /// Whether a search of a folder finds a file by `paths`.
    pub(super) fn includes(&self, path: &Path) -> bool {
        path.strip_prefix(&self.root).is_ok_and(|path| paths::matches(&self.include, path))
    }

    /// Whether `paths` excludes a file.
    pub(super) fn excludes(&self, path: &Path) -> bool {
        path.strip_prefix(&self.root).is_ok_and(|path| paths::matches(&self.exclude, path))
    }

    /// The settings of a file, `finish`ed after its overrides.
    pub(super) fn apply(&mut self, path: Option<&Path>, finish: impl FnOnce(&mut Settings)) -> Arc<Settings> {
        let path = path.and_then(|path| path.strip_prefix(&self.root).ok());
        let overrides = self.overrides.iter().enumerate();
        let matching = overrides.filter(|(_, (patterns, _))| path.is_some_and(|path| paths::matches(patterns, path)));
        let matching: Vec<usize> = matching.map(|(index, _)| index).collect();
        let Self { settings, overrides, applied, .. } = self;
        let apply = |matching: &Vec<usize>| {
            let mut settings = settings.clone();
            for index in matching {
                levels::change(&mut settings, &overrides[*index].1);
            }
            finish(&mut settings);
            Arc::new(settings)
        };
        applied.entry(matching).or_insert_with_key(apply).clone()
    }
}

/// Reads the text of a `keyless.yaml`.
///
/// # Errors
/// What is wrong with it, each with its place.
pub(crate) fn read(source: &Source<'_>) -> Result<Settings, Vec<Diagnostic>> {
    let errors = check::problems(source);
    if !errors.is_empty() {
        return Err(errors);
    }
    // A file of nothing but comments declares nothing.
    match serde_yaml::from_str::<Option<Settings>>(source.text()) {
        Ok(read) => Ok(read.unwrap_or_default()),
        Err(error) => Err(vec![described(source, &error)]),
    }
}

/// Files that the settings name are relative to their folder.
fn parse(path: &Path) -> Result<Settings, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::Unreadable { path: path.to_owned(), error })?;
    let name = path.display().to_string();
    let source = Source::new(&name, &text);
    let mut settings = read(&source).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(|error| report::as_text(&source, error)).collect();
        Failure::Settings(errors.join("\n"))
    })?;
    let environments = settings.environments.values_mut().map(|environment| &mut environment.trust_policy);
    for policy in environments.chain([&mut settings.role.trust_policy]).flatten() {
        *policy = path.with_file_name(&*policy);
    }
    Ok(settings)
}

/// What the schema does not say, such as how a UUID is written.
fn described(source: &Source<'_>, error: &serde_yaml::Error) -> Diagnostic {
    let message = error.to_string();
    let Some(location) = error.location() else { return check::problem(Span::at(0), message) };
    // "environments.production.uuid: … at line 4 column 11"
    let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
    let message = message.split_once(": ").map_or(message, |(_, message)| message);
    let start = location.index().min(source.text().len());
    let rest = source.text().get(start..).unwrap_or_default();
    let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
    check::problem(Span::new(start, start + length), message)
}
