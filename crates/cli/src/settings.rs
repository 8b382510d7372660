//! `keyless.yaml`: what a team declares about the world outside the pipeline file.

mod check;
mod file;
mod paths;

use std::{
    collections::HashMap,
    fs,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use keyless_core::settings::{Level, Settings, Variables};

pub(crate) use check::{SCHEMA, SCHEMA_URL};
#[cfg(feature = "lsp")]
pub(crate) use file::read;

use self::file::SettingsFile;
use crate::{failure::Failure, folder::Above, inputs::Input, levels::Levels};

/// The name under which settings are found.
pub(crate) const SETTINGS_FILE: &str = "keyless.yaml";

/// Where settings come from.
#[derive(Debug, Default, Args)]
pub(crate) struct Declared {
    /// What Bitbucket's settings define [default: keyless.yaml next to the pipeline or above it in the
    /// repository]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Names of variables that the workspace, the repository or every deployment environment defines
    #[arg(long = "variable", visible_alias = "variables", value_name = "NAME,...", value_delimiter = ',')]
    variables: Vec<String>,
    #[command(flatten)]
    levels: Levels,
}

impl Declared {
    /// What holds for trust policies: no variables.
    pub(crate) fn of_policies(settings: Option<PathBuf>, levels: Levels) -> Self {
        Self { settings, variables: Vec::new(), levels }
    }

    /// Finds the settings of files.
    pub(crate) fn lookup(&self) -> Lookup<'_> {
        let given = self.settings.as_ref().map(|_| fs::canonicalize(".").unwrap_or_default());
        Lookup {
            declared: self,
            given,
            folders: HashMap::new(),
            above: Above::new(SETTINGS_FILE),
            files: HashMap::new(),
            failures: Vec::new(),
            excluded: Vec::new(),
        }
    }

    /// Adds what the command line says.
    fn add_to(&self, settings: &mut Settings) {
        if !self.variables.is_empty() {
            let variables = settings.variables.get_or_insert_with(Variables::default);
            variables.repository.extend(self.variables.iter().cloned());
        }
        self.levels.apply(settings);
    }
}

/// Finds the settings of files: each folder is looked at once, and each `keyless.yaml` is read once.
pub(crate) struct Lookup<'d> {
    declared: &'d Declared,
    /// With `--settings`, the current folder, where patterns of paths then start.
    given: Option<PathBuf>,
    /// By the path that a user knows the folder by.
    folders: HashMap<PathBuf, Folder>,
    above: Above<'static>,
    /// By the path that a user knows the file by; `None` for files without settings. Those that cannot be read are `None`.
    files: HashMap<Option<PathBuf>, Option<SettingsFile>>,
    failures: Vec<Failure>,
    /// The names of files that the settings exclude.
    excluded: Vec<String>,
}

/// A folder with files to lint.
#[derive(Clone)]
struct Folder {
    /// Its path without links; empty if it does not exist.
    absolute: PathBuf,
    /// Where the settings of its files are.
    settings: Option<PathBuf>,
}

impl Lookup<'_> {
    /// Whether a search of a folder finds a file because the settings name it.
    pub(crate) fn includes(&mut self, path: &Path) -> bool {
        let (absolute, file) = self.file_for(Some(path));
        file.zip(absolute).is_some_and(|(file, path)| file.includes(&path))
    }

    /// The inputs with the settings that hold for each, without those that the settings exclude; one that was named counts
    /// as excluded with `force`. Those whose settings cannot be read are left out, and `failures` says why, once a file.
    pub(crate) fn find(
        &mut self,
        inputs: Vec<Input>,
        force: bool,
        failures: &mut Vec<Failure>,
    ) -> Vec<(Input, Arc<Settings>)> {
        let declared = self.declared;
        let mut excluded = Vec::new();
        let mut settings_of = |input: &Input| {
            let (path, file) = self.file_for(input.path().as_deref());
            let file = file?;
            let can_be_excluded = force || input.was_found();
            if can_be_excluded && path.as_ref().is_some_and(|path| file.excludes(path)) {
                excluded.push(input.name());
                return None;
            }
            Some(file.apply(path.as_deref(), |settings| declared.add_to(settings)))
        };
        let found =
            inputs.into_iter().filter_map(|input| settings_of(&input).map(|settings| (input, settings))).collect();
        failures.append(&mut self.failures);
        self.excluded = excluded;
        found
    }

    /// What was read, in lines: settings with the rules that are off, the files that they hold for, and those that they
    /// exclude.
    pub(crate) fn describe(&mut self, inputs: &[(Input, Arc<Settings>)]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut last: Option<&Arc<Settings>> = None;
        for (input, settings) in inputs {
            if last.is_none_or(|last| !Arc::ptr_eq(last, settings)) {
                let file = self.folder_of(input.path().as_deref()).settings;
                let file = file.map_or_else(|| "no keyless.yaml".to_owned(), |file| file.display().to_string());
                let off = settings.rules.iter().filter(|(_, level)| **level == Level::Off).map(|(name, _)| &**name);
                let (off, only) = (off.collect::<Vec<_>>(), settings.selected.as_deref().unwrap_or_default());
                let mut line = format!("settings: {file}");
                for (what, names) in [("rules off", off.join(", ")), ("only", only.join(", "))] {
                    if !names.is_empty() {
                        line.extend(["; ", what, ": ", &names]);
                    }
                }
                lines.push(line);
                last = Some(settings);
            }
            lines.push(format!("checked: {}", input.name()));
        }
        lines.extend(self.excluded.iter().map(|name| format!("excluded: {name}")));
        lines
    }

    fn folder_of(&mut self, path: Option<&Path>) -> Folder {
        let folder = path.and_then(Path::parent).filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        let given = self.declared.settings.as_ref();
        let above = &mut self.above;
        self.folders.entry(folder).or_insert_with_key(|folder| look(folder, given, above)).clone()
    }

    /// The absolute path of a file, and its settings, unless they cannot be read. Standard input, which has no path, lies
    /// in the current folder.
    fn file_for(&mut self, path: Option<&Path>) -> (Option<PathBuf>, Option<&mut SettingsFile>) {
        let folder = self.folder_of(path);
        let absolute = path.and_then(Path::file_name).map(|name| folder.absolute.join(name));
        let root = match (&self.given, &folder.settings) {
            (Some(here), _) => here.clone(),
            (None, Some(file)) => file.parent().map(canonical).unwrap_or_default(),
            (None, None) => PathBuf::new(),
        };
        let failures = &mut self.failures;
        let read = |file: &Option<PathBuf>| match SettingsFile::read(file.as_deref(), root) {
            Ok(settings) => Some(settings),
            Err(failure) => {
                failures.push(failure);
                None
            }
        };
        let file = self.files.entry(folder.settings).or_insert_with_key(read).as_mut();
        (absolute, file)
    }
}

/// What is to be known of a folder: its settings are in it or above it in its repository, unless they are given.
fn look(folder: &Path, given: Option<&PathBuf>, above: &mut Above<'_>) -> Folder {
    let absolute = fs::canonicalize(folder).unwrap_or_default();
    let mut found = || Some(folder.join(above.find(&absolute)?));
    let settings = given.cloned().or_else(|| {
        let found = found().filter(|_| absolute.has_root())?;
        Some(found.components().fold(PathBuf::new(), shorten))
    });
    Folder { absolute, settings }
}

fn canonical(folder: &Path) -> PathBuf {
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    fs::canonicalize(folder).unwrap_or_default()
}

/// `services/api/../keyless.yaml` is called `services/keyless.yaml`.
fn shorten(mut path: PathBuf, part: Component<'_>) -> PathBuf {
    match part {
        Component::CurDir => {}
        Component::ParentDir if path.file_name().is_some() => {
            path.pop();
        }
        _ => path.push(part),
    }
    path
}
