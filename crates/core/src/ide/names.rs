//! Names that a file defines and uses: anchors, services, caches, deployment environments, custom pipelines, variables and
//! artifacts. From a use to the definition, to all other uses, and to another name.

use crate::{
    analysis::Analysis,
    diagnostic::Edit,
    pipeline::{BUILT_IN_SERVICE, Download, ItemKind, PREDEFINED_CACHES, Start, Text},
    text::Span,
};

/// What a name stands for. Two names are the same if this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named<'t> {
    /// An anchor, by its number in the file: a later anchor may have the same name.
    Anchor(usize),
    /// A service.
    Service(&'t str),
    /// A cache.
    Cache(&'t str),
    /// A deployment environment, which Bitbucket's settings define.
    Environment(&'t str),
    /// A custom pipeline.
    Pipeline(&'t str),
    /// A variable of scripts. Bitbucket's settings may define it too.
    Variable(&'t str),
    /// Files that one step uploads and others download.
    Artifact(&'t str),
}

/// A name in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Occurrence<'t> {
    named: Named<'t>,
    /// The name itself, without `&`, `*` or quotes.
    span: Span,
    is_definition: bool,
}

/// Why something cannot be renamed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenameError {
    /// There is no name at the place.
    #[error("there is no name here; anchors, services, caches, artifacts and custom pipelines can be renamed")]
    Nothing,
    /// Bitbucket defines the name.
    #[error("Bitbucket defines `{0}`; only names that the file defines can be renamed")]
    Predefined(String),
    /// Scripts, programs and Bitbucket's settings may read or set the variable where the file does not show it.
    #[error("`{0}` is a variable, which programs and Bitbucket's settings may use too; search for it and replace it")]
    Variable(String),
    /// The name is defined in Bitbucket's settings.
    #[error("`{0}` is a deployment environment of Bitbucket's settings; rename it there first")]
    Environment(String),
    /// The new name is none.
    #[error("`{0}` is not a name; use letters, digits, `-`, `_` and `.`, and start with a letter")]
    Invalid(String),
    /// Bitbucket gives the new name a meaning.
    #[error("Bitbucket defines `{0}` itself; choose another name")]
    Reserved(String),
    /// Something else has the new name.
    #[error("the file defines `{0}` already; choose another name")]
    Taken(String),
}

/// The definition of the name at a byte offset; at the definition itself, its uses.
pub fn definition(file: &Analysis<'_>, offset: usize) -> Vec<Span> {
    let all = occurrences(file);
    let Some(here) = at(&all, offset) else { return Vec::new() };
    let wanted = |other: &&Occurrence<'_>| other.named == here.named && other.is_definition != here.is_definition;
    all.iter().filter(wanted).map(|other| other.span).collect()
}

/// All places of the name at a byte offset, in text order, with its definition if that is wanted.
pub fn references(file: &Analysis<'_>, offset: usize, with_definition: bool) -> Vec<Span> {
    let all = occurrences(file);
    let Some(here) = at(&all, offset) else { return Vec::new() };
    let wanted = |other: &&Occurrence<'_>| other.named == here.named && (with_definition || !other.is_definition);
    all.iter().filter(wanted).map(|other| other.span).collect()
}

/// The name at a byte offset, if it can be renamed.
///
/// # Errors
/// [`RenameError`] if there is none, or if it is not the file's.
pub fn renamable(file: &Analysis<'_>, offset: usize) -> Result<Span, RenameError> {
    let all = occurrences(file);
    let here = *at(&all, offset).ok_or(RenameError::Nothing)?;
    let name = file.source.slice(here.span).to_owned();
    let is_defined = all.iter().any(|other| other.named == here.named && other.is_definition);
    match here.named {
        Named::Environment(_) => Err(RenameError::Environment(name)),
        Named::Variable(_) => Err(RenameError::Variable(name)),
        Named::Service(_) if name == BUILT_IN_SERVICE => Err(RenameError::Predefined(name)),
        Named::Cache(_) if PREDEFINED_CACHES.contains(&name.as_str()) && !is_defined => {
            Err(RenameError::Predefined(name))
        }
        Named::Service(_) | Named::Cache(_) | Named::Pipeline(_) | Named::Artifact(_) if !is_defined => {
            Err(RenameError::Nothing)
        }
        _ => Ok(here.span),
    }
}

/// The edits that give the name at a byte offset another one everywhere.
///
/// # Errors
/// [`RenameError`] if it cannot have that name.
pub fn rename(file: &Analysis<'_>, offset: usize, name: &str) -> Result<Vec<Edit>, RenameError> {
    renamable(file, offset)?;
    let all = occurrences(file);
    let here = at(&all, offset).ok_or(RenameError::Nothing)?;
    // a name after `&` or `*` is never a number
    if !is_name(name, matches!(here.named, Named::Anchor(_))) {
        return Err(RenameError::Invalid(name.to_owned()));
    }
    let same_kind =
        |other: &Occurrence<'_>| std::mem::discriminant(&other.named) == std::mem::discriminant(&here.named);
    let is_taken = |other: &Occurrence<'_>| {
        same_kind(other) && other.named != here.named && other.is_definition && file.source.slice(other.span) == name
    };
    let is_predefined = match here.named {
        Named::Service(_) => name == BUILT_IN_SERVICE,
        Named::Cache(_) => PREDEFINED_CACHES.contains(&name),
        _ => false,
    };
    if is_predefined {
        return Err(RenameError::Reserved(name.to_owned()));
    }
    if all.iter().any(is_taken) {
        return Err(RenameError::Taken(name.to_owned()));
    }
    let same = all.iter().filter(|other| other.named == here.named);
    Ok(same.map(|other| Edit { span: other.span, replacement: name.to_owned() }).collect())
}

/// Whether YAML and Bitbucket read a text as a name wherever it is: `true`, `null` and numbers are other things.
fn is_name(text: &str, may_be_number: bool) -> bool {
    const WORDS: [&str; 7] = ["true", "false", "null", "yes", "no", "on", "off"];
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic() || may_be_number && first.is_ascii_digit())
        && text.bytes().all(is_part)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// The name at a byte offset.
pub(super) fn named_at<'t>(file: &'t Analysis<'_>, offset: usize) -> Option<(Named<'t>, Span)> {
    at(&occurrences(file), offset).map(|found| (found.named, found.span))
}

fn at<'o, 't>(all: &'o [Occurrence<'t>], offset: usize) -> Option<&'o Occurrence<'t>> {
    all.iter().find(|occurrence| occurrence.span.start <= offset && offset <= occurrence.span.end)
}

fn occurrences<'t>(file: &'t Analysis<'_>) -> Vec<Occurrence<'t>> {
    let (tree, model) = (file.tree, &file.model);
    let mut found = Vec::new();
    for (index, anchor) in tree.anchors().iter().enumerate() {
        // without `&` and `*`
        let name = |span: Span| Span::new(span.start + 1, span.end);
        let named = Named::Anchor(index);
        found.push(Occurrence { named, span: name(anchor.span), is_definition: true });
        let uses = anchor.uses.iter().map(|alias| name(tree.span(*alias)));
        found.extend(uses.map(|span| Occurrence { named, span, is_definition: false }));
    }
    let mut note = |named: Named<'t>, text: &Text<'_>, is_definition| {
        let span = text.span(tree);
        // a name in quotes is the part between them; one with escapes is left alone
        let inside = [span, Span::new(span.start + 1, span.end.saturating_sub(1).max(span.start + 1))];
        if let Some(span) = inside.into_iter().find(|span| file.source.slice(*span) == text.value) {
            found.push(Occurrence { named, span, is_definition });
        }
    };
    for service in &model.definitions.services {
        note(Named::Service(service.name.value), &service.name, true);
    }
    for cache in &model.definitions.caches {
        note(Named::Cache(cache.name.value), &cache.name, true);
    }
    for step in &model.steps {
        for name in step.output_variables.iter().chain(&step.input_variables) {
            note(Named::Variable(name.value), name, step.output_variables.iter().any(|own| own.node == name.node));
        }
        for upload in step.artifacts.uploads.iter().filter_map(|upload| upload.name.as_ref()) {
            note(Named::Artifact(upload.value), upload, true);
        }
        if let Download::Named(names) = &step.artifacts.download {
            for name in names {
                note(Named::Artifact(name.value), name, false);
            }
        }
        for service in &step.services {
            note(Named::Service(service.value), service, false);
        }
        for cache in &step.caches {
            note(Named::Cache(cache.value), cache, false);
        }
        if let Some(deployment) = &step.deployment {
            note(Named::Environment(deployment.environment.value), &deployment.environment, false);
        }
        if let Some(custom) = &step.custom {
            note(Named::Pipeline(custom.value), custom, false);
        }
    }
    for pipeline in &model.pipelines {
        let asked = pipeline.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Variables(variables) => Some(variables),
            _ => None,
        });
        for variable in asked.flatten() {
            note(Named::Variable(variable.name.value), &variable.name, true);
        }
        if pipeline.start == Start::Custom {
            note(Named::Pipeline(pipeline.name.value), &pipeline.name, true);
        }
        for item in &pipeline.items {
            if let ItemKind::Stage(stage) = &item.kind
                && let Some(deployment) = &stage.deployment
            {
                note(Named::Environment(deployment.environment.value), &deployment.environment, false);
            }
        }
    }
    for (_, facts) in file.steps() {
        let mut note = |name: &'t str, whole: Span, is_definition| {
            // `$NAME`, `${NAME:-default}`, `NAME=value`: the name itself
            let written = file.source.slice(whole);
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let is_whole = |start: &usize| {
                !written[..*start].ends_with(is_part) && !written[start + name.len()..].starts_with(is_part)
            };
            if let Some(start) = written.match_indices(name).map(|(start, _)| start).find(is_whole) {
                let start = whole.start + start;
                let span = Span::new(start, start + name.len());
                found.push(Occurrence { named: Named::Variable(name), span, is_definition });
            }
        };
        for binding in &facts.bindings {
            note(&binding.name, binding.span, true);
        }
        for read in &facts.reads {
            note(&read.name, read.span, false);
        }
    }
    found.sort_by_key(|occurrence| occurrence.span);
    // what several pipelines share is one place
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::ParsedFile,
        settings::Settings,
        text::{Position, Source},
    };

    const FILE: &str = "\
definitions:
  services:
    db: {image: postgres:17}
  caches:
    gems: vendor
pipelines:
  default:
    - step: &test
        services: [db, docker]
        caches: [gems, node]
        script: [make]
    - step: *test
    - step:
        <<: *test
        services: ['db']
        deployment: production
  custom:
    ship:
      - step: {type: pipeline, custom: ship, deployment: production}
";

    fn with<R>(text: &str, ask: impl FnOnce(&Analysis<'_>) -> R) -> R {
        let (source, settings) = (Source::new("bitbucket-pipelines.yml", text), Settings::default());
        let parsed = ParsedFile::new(&source);
        ask(&Analysis::new(&parsed, &settings))
    }

    /// The lines of spans, and the offset of the `number`th place of a word.
    fn lines(file: &Analysis<'_>, spans: &[Span]) -> Vec<usize> {
        let line = |span: &Span| file.source.position(span.start);
        spans.iter().map(line).map(|Position { line, .. }| line).collect()
    }

    fn place(word: &str, number: usize) -> usize {
        FILE.match_indices(word).nth(number).map(|(at, _)| at + 1).unwrap()
    }

    #[test]
    fn uses_lead_to_definitions_and_back() {
        with(FILE, |file| {
            for (offset, expected) in [
                (place("*test", 0), vec![8]),
                (place("&test", 0), vec![12, 14]),
                (place("db,", 0), vec![3]),
                (place("'db'", 0), vec![3]),
                (place("gems,", 0), vec![5]),
                (place("custom: ship", 0) + 9, vec![18]),
                (place("docker", 0), vec![]),
                (place("make", 0), vec![]),
            ] {
                assert_eq!(lines(file, &definition(file, offset)), expected, "{}", &FILE[offset..]);
            }
            assert_eq!(lines(file, &references(file, place("db:", 0), true)), [3, 9, 15]);
            assert_eq!(lines(file, &references(file, place("db:", 0), false)), [9, 15]);
            assert_eq!(lines(file, &references(file, place("production", 0), true)), [16, 19]);
        });
    }

    #[test]
    fn a_new_name_is_written_everywhere_and_the_findings_stay() {
        for (offset, name, count) in
            [(place("*test", 1), "check", 3), (place("db:", 0), "database", 3), (place("gems:", 0), "bundle", 2)]
        {
            let edits = with(FILE, |file| rename(file, offset, name)).unwrap();
            assert_eq!(edits.len(), count, "{edits:?}");
            let mut text = FILE.to_owned();
            for edit in edits.iter().rev() {
                text.replace_range(edit.span.start..edit.span.end, &edit.replacement);
            }
            let rules = |text: &str| {
                let found = crate::lint::lint(&Source::new("bitbucket-pipelines.yml", text), &Settings::default());
                found.iter().map(|finding| finding.rule).collect::<Vec<_>>()
            };
            assert_eq!(rules(&text), rules(FILE), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_renamed_says_why() {
        with(FILE, |file| {
            for (offset, name, expected) in [
                (place("make", 0), "x", RenameError::Nothing),
                (place("docker", 0), "x", RenameError::Predefined("docker".to_owned())),
                (place("node]", 0), "x", RenameError::Predefined("node".to_owned())),
                (place("production", 0), "x", RenameError::Environment("production".to_owned())),
                (place("*test", 0), "a b", RenameError::Invalid("a b".to_owned())),
                (place("*test", 0), "", RenameError::Invalid(String::new())),
                (place("db:", 0), "docker", RenameError::Reserved("docker".to_owned())),
                (place("gems:", 0), "node", RenameError::Reserved("node".to_owned())),
                (place("db:", 0), "-", RenameError::Invalid("-".to_owned())),
                (place("db:", 0), "True", RenameError::Invalid("True".to_owned())),
                (place("db:", 0), "1e3", RenameError::Invalid("1e3".to_owned())),
                (place("db:", 0), "bäume", RenameError::Invalid("bäume".to_owned())),
            ] {
                assert_eq!(rename(file, offset, name), Err(expected));
            }
        });
        let two = "a: &x 1\nb: &y 2\nc: *x\n";
        assert_eq!(with(two, |file| rename(file, 4, "y")), Err(RenameError::Taken("y".to_owned())));
    }

    const SHARED: &str = "\
pipelines:
  custom:
    ship:
      - variables:
          - name: TARGET
      - step:
          artifacts:
            upload:
              - {name: site, paths: [dist/**]}
          output-variables: [VERSION]
          script:
            - VERSION=1
            - echo \"$VERSIONS ${VERSION:-none}\" > dist/v
      - step:
          artifacts: {download: [site]}
          script: ['echo $VERSION $TARGET']
";

    fn of_shared(word: &str, number: usize) -> Vec<usize> {
        let at = SHARED.match_indices(word).nth(number).map(|(at, _)| at + 1).unwrap();
        with(SHARED, |file| lines(file, &references(file, at, true)))
    }

    #[test]
    fn variables_and_artifacts_are_followed_between_steps() {
        assert_eq!(of_shared("VERSION]", 0), [10, 12, 13, 16]);
        assert_eq!(of_shared("$VERSIONS", 0), [13]);
        assert_eq!(of_shared("TARGET", 1), [5, 16]);
        assert_eq!(of_shared("site", 1), [9, 15]);
        let at = SHARED.find("VERSION").unwrap();
        let refused = with(SHARED, |file| rename(file, at, "OTHER"));
        assert_eq!(refused, Err(RenameError::Variable("VERSION".to_owned())));
        let at = SHARED.find("site").unwrap();
        assert_eq!(with(SHARED, |file| rename(file, at, "page").map(|edits| edits.len())), Ok(2));
    }

    #[test]
    fn anchors_may_begin_with_a_digit() {
        let text = "a: &x 1\nb: *x\n";
        assert_eq!(with(text, |file| rename(file, 4, "2fa").map(|edits| edits.len())), Ok(2));
    }
}
