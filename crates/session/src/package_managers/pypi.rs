//! pip, uv, Poetry and Twine.

use std::{fs, path::Path};

use super::{Answer, Question, Registry, Source, Sources};

const PYPI: &str = Registry::PYPI;

/// pip under each of its names.
pub(super) const PIP_QUESTIONS: [Question; 4] = [
    pip("pip", &[&["config", "list"]]),
    pip("pip3", &[&["config", "list"]]),
    pip("python3", &[&["-m", "pip", "config", "list"]]),
    pip("python", &[&["-m", "pip", "config", "list"]]),
];

const fn pip(program: &'static str, commands: &'static [&'static [&'static str]]) -> Question {
    Question { program, commands, project: None, read: read_pip }
}

pub(super) const UV_QUESTION: Question =
    Question { program: "uv", commands: &[&["lock", "--show-settings"]], project: None, read: read_uv };

pub(super) const POETRY_QUESTION: Question = Question {
    program: "poetry",
    commands: &[&["source", "show", "--no-ansi"]],
    project: Some(is_in_poetry_project),
    read: read_poetry,
};

pub(super) fn pip_variables(registry: &Registry<'_>) -> Vec<(&'static str, String)> {
    let mut variables = vec![("PIP_INDEX_URL", registry.simple_index())];
    if registry.keep_pypi {
        variables.push(("PIP_EXTRA_INDEX_URL", PYPI.to_owned()));
    }
    variables
}

/// uv takes a package from the first index that has it, and asks the default index last.
pub(super) fn uv_variables(registry: &Registry<'_>) -> Vec<(&'static str, String)> {
    let mut variables = if registry.keep_pypi {
        vec![("UV_INDEX", registry.simple_index()), ("UV_DEFAULT_INDEX", PYPI.to_owned())]
    } else {
        vec![("UV_DEFAULT_INDEX", registry.simple_index())]
    };
    variables.extend([
        ("UV_PUBLISH_URL", registry.url.to_owned()),
        ("UV_PUBLISH_USERNAME", Registry::USER.to_owned()),
        ("UV_PUBLISH_PASSWORD", registry.password()),
    ]);
    variables
}

/// The credentials of a source, whose name the variables contain. The URL is only for `poetry publish -r codeartifact`.
pub(super) fn poetry_variables(registry: &Registry<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("POETRY_HTTP_BASIC_CODEARTIFACT_USERNAME", Registry::USER.to_owned()),
        ("POETRY_HTTP_BASIC_CODEARTIFACT_PASSWORD", registry.password()),
        ("POETRY_REPOSITORIES_CODEARTIFACT_URL", registry.url.to_owned()),
    ]
}

pub(super) fn twine_variables(registry: &Registry<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("TWINE_REPOSITORY_URL", registry.url.to_owned()),
        ("TWINE_USERNAME", Registry::USER.to_owned()),
        ("TWINE_PASSWORD", registry.password()),
        ("TWINE_NON_INTERACTIVE", "1".to_owned()),
    ]
}

/// Whether the next pyproject.toml above is one that Poetry reads.
fn is_in_poetry_project(folder: &Path) -> bool {
    let mut files = folder.ancestors().filter_map(|folder| fs::read_to_string(folder.join("pyproject.toml")).ok());
    files.next().is_some_and(|text| text.contains("[project]") || text.contains("[tool.poetry"))
}

/// Lines such as `:env:.index-url='https://…'` and `global.extra-index-url='https://…'`. Options in a file of requirements
/// take precedence.
fn read_pip(answer: &Answer<'_>) -> Option<Sources> {
    let settings: Vec<(&str, &str)> = answer.printed.first()?.lines().filter_map(|line| line.split_once('=')).collect();
    // In this order, pip.pypa.io, "Configuration".
    let value = |key: &str| {
        [":env:", "install", "global"].iter().find_map(|section| {
            let name = format!("{section}.{key}");
            settings.iter().find(|(other, _)| *other == name).map(|(_, value)| value.trim_matches(['\'', '"']))
        })
    };
    let first = value("index-url").unwrap_or(PYPI);
    // A list in a file has a line for each item, which Python shows as `\n`.
    let further = value("extra-index-url").unwrap_or_default().replace("\\n", " ");
    let mut further: Vec<Source> = further.split_whitespace().map(Source::of).collect();
    further.extend(indexes_of_requirements(answer));
    Some(Sources { first: Some(Source::of(first)), further, scopes: Vec::new() })
}

/// The indexes that the project's files of requirements name.
fn indexes_of_requirements(answer: &Answer<'_>) -> Vec<Source> {
    let entries = fs::read_dir(answer.folder).into_iter().flatten().flatten();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
    let mut names: Vec<String> = entries.filter_map(name).collect();
    names.retain(|name| {
        name.starts_with("requirements") && Path::new(name).extension().is_some_and(|kind| kind == "txt")
    });
    names.sort_unstable();
    let mut found = Vec::new();
    for name in names {
        let text = fs::read_to_string(answer.folder.join(&name)).unwrap_or_default();
        for line in text.lines() {
            let (option, value) = line.trim().split_once(['=', ' ']).unwrap_or_default();
            if matches!(option, "-i" | "--index-url" | "--extra-index-url") {
                let url = value.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'']);
                found.push(Source { url: url.to_owned(), file: Some(name.clone()) });
            }
        }
    }
    found
}

/// uv's settings, as it prints them for debugging:
/// `index_locations: IndexLocations { indexes: [Index { … given: Some("https://…") … explicit: false, default: true …`.
fn read_uv(answer: &Answer<'_>) -> Option<Sources> {
    let printed = answer.printed.first()?;
    let (_, locations) = printed.split_once("index_locations: IndexLocations {")?;
    let (indexes, _) = locations.split_once("flat_index:")?;
    let (mut searched, mut default) = (Vec::new(), None);
    for index in indexes.split(" Index {").skip(1) {
        let url = index.split_once("given: Some(")?.1.split('"').nth(1)?;
        let is = |flag: &str| index.contains(&format!(" {flag}: true,"));
        match (is("explicit"), is("default")) {
            // Asked only for packages that name it.
            (true, _) => {}
            (false, true) => default = default.or(Some(url)),
            (false, false) => searched.push(url),
        }
    }
    searched.push(default.unwrap_or(PYPI));
    let own = searched.iter().position(|url| answer.registry.is_at(url));
    let first = searched[own.unwrap_or_default()];
    // Unless told otherwise, uv asks no further once an index has the package.
    if !indexes_are_all_asked(printed) {
        searched.truncate(own.unwrap_or_default());
    }
    let further = searched.into_iter().filter(|url| *url != first).map(Source::of);
    Some(Sources { first: Some(Source::of(first)), further: further.collect(), scopes: Vec::new() })
}

/// Whether uv looks for the best version in all indexes, which is an option.
fn indexes_are_all_asked(settings: &str) -> bool {
    settings.contains("index_strategy: Unsafe")
}

/// Rows such as `name : codeartifact`, `url : https://…` and `priority : primary` for each source, and a sentence when
/// PyPI is asked although no source names it.
fn read_poetry(answer: &Answer<'_>) -> Option<Sources> {
    let printed = answer.printed.first()?;
    let rows = printed.lines().filter_map(|line| line.split_once(" : "));
    let rows = rows.map(|(key, value)| (key.trim(), value.trim()));
    let mut sources: Vec<(&str, &str, &str)> = Vec::new();
    for (key, value) in rows {
        match (key, sources.last_mut()) {
            ("name", _) => sources.push((value, PYPI, "primary")),
            ("url", Some(source)) => source.1 = value,
            ("priority", Some(source)) => source.2 = value,
            _ => {}
        }
    }
    // Poetry derives the variables' names from the source's name in the same way.
    let is_own =
        |(name, url, _): &&(&str, &str, &str)| name.eq_ignore_ascii_case("codeartifact") && answer.registry.is_at(url);
    let Some(own) = sources.iter().find(is_own) else { return Some(Sources::default()) };
    let mut further = Vec::new();
    // A source with this priority is asked for the packages that name it, and no other is asked for them.
    if own.2 != "explicit" {
        let is_asked = |source: &&(&str, &str, &str)| source.2 == "primary" && *source != own;
        further.extend(sources.iter().filter(is_asked).map(|source| Source::of(source.1)));
        if printed.contains("PyPI is implicitly enabled") {
            further.push(Source::of(PYPI));
        }
    }
    Some(Sources { first: Some(Source::of(own.1)), further, scopes: Vec::new() })
}
