//! Pipelines that a file takes from other files of its repository.

use crate::{
    analysis::Analysis,
    pipeline::{Pipeline, Start},
    text::Span,
};

/// A text that leads to another file of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import<'f> {
    /// The text.
    pub span: Span,
    /// The file's path from the top of the repository.
    pub path: &'f str,
    /// The pipeline in it that is meant; `None` for the file itself.
    pub pipeline: Option<&'f str>,
}

/// All of them, in text order.
///
/// A source is `file`, `repository:branch` or `repository:branch:file`; what is in other repositories is left out.
///
/// Source: <https://support.atlassian.com/bitbucket-cloud/docs/share-pipelines-configurations>.
pub fn imports<'f>(file: &'f Analysis<'_>) -> Vec<Import<'f>> {
    let (tree, model) = (file.tree, &file.model);
    let sources = model.definitions.imports.iter().filter_map(|import| Some((import.name.value, import.source?)));
    let local: Vec<_> = sources.filter(|(_, source)| !source.value.contains([':', '$'])).collect();
    let files = local.iter().map(|(_, source)| Import { span: source.span(tree), path: source.value, pipeline: None });
    let named = model.pipelines.iter().filter_map(|pipeline| {
        let import = pipeline.import?;
        let (name, source) = import.value.split_once('@')?;
        let (_, path) = local.iter().find(|(known, _)| *known == source)?;
        Some(Import { span: import.span(tree), path: path.value, pipeline: Some(name) })
    });
    let mut found: Vec<_> = files.chain(named).collect();
    found.sort_by_key(|import| import.span);
    found
}

/// The name of a pipeline in the file that defines it: one that the file shares before others.
pub fn pipeline(file: &Analysis<'_>, name: &str) -> Option<Span> {
    let mut named = file.model.pipelines.iter().filter(|pipeline| pipeline.name.value == name);
    let shared = |pipeline: &&Pipeline<'_>| pipeline.start == Start::Shared;
    let found = named.clone().find(shared).or_else(|| named.next());
    found.map(|pipeline| pipeline.name.span(file.tree))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{analysis::ParsedFile, settings::Settings, text::Source};

    fn with<R>(text: &str, ask: impl FnOnce(&Analysis<'_>) -> R) -> R {
        let (source, settings) = (Source::new("bitbucket-pipelines.yml", text), Settings::default());
        let parsed = ParsedFile::new(&source);
        ask(&Analysis::new(&parsed, &settings))
    }

    #[test]
    fn files_of_the_repository_are_found() {
        let text = "definitions:
  imports:
    own: .bitbucket/ci-pipelines.yml
    other: platform:main:ci-pipelines.yml
pipelines:
  default:
    import: build@own
  custom:
    far: {import: build@other}
    old: {import: platform:main:build}
    lost: {import: build@nowhere}
";
        let found = with(text, |file| {
            let of = |import: &Import<'_>| {
                (text[..import.span.start].lines().count(), import.path.to_owned(), import.pipeline.map(str::to_owned))
            };
            imports(file).iter().map(of).collect::<Vec<_>>()
        });
        let path = ".bitbucket/ci-pipelines.yml".to_owned();
        assert_eq!(found, [(3, path.clone(), None), (7, path, Some("build".to_owned()))]);
    }

    #[test]
    fn a_shared_pipeline_is_found_by_its_name() {
        let text = "export: true\npipelines:\n  custom:\n    build: [{step: {script: [a]}}]\ndefinitions:\n  pipelines:\n    build: [{step: {script: [b]}}]\n";
        let at = with(text, |file| (pipeline(file, "build"), pipeline(file, "none")));
        assert_eq!(at, (Some(Span::new(text.rfind("build").unwrap(), text.rfind("build").unwrap() + 5)), None));
    }
}
