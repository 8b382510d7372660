use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety, Severity},
    language::{self, Object, ObjectId, ViolationKind},
    rules::{Findings, rule},
    spelling,
    yaml::{Kind, NodeId},
};

rule! {
    /// A key that Bitbucket does not know at this place.
    ///
    /// Bitbucket ignores most unknown keys without a word: the setting has no effect, and nobody is told. Where its schema
    /// refuses other keys, the file is refused. A key at the top of the file, or under `definitions`, that holds anchors is
    /// no mistake.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         scirpt:
    ///           - make
    ///         script:
    ///           - make test
    ///         max_time: 5
    ///       caches:
    ///         - node
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - make
    ///         max-time: 5
    ///         caches:
    ///           - node
    /// ```
    static RULE: "unknown-key", Warning, check, explained_by ["ambiguous-item", "misspelled-oidc", "misplaced-oidc", "unindented-step", "nested-step", "nested-group", "misplaced-final", "misplaced-variables"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let mut last: Option<Map> = None;
    for violation in file.violations {
        let ViolationKind::UnknownKey { object, map, key, .. } = violation.kind else { continue };
        // The unknown keys of one map follow each other: what concerns the whole map is asked once.
        let holder = match last.take().filter(|last| last.id == map && last.object.id == object.id) {
            Some(same) => same,
            None => Map::new(file, object, map),
        };
        let holder = last.insert(holder);
        let name = file.text(key);
        let severity = if !object.additional_properties { Severity::Error } else { Severity::Warning };
        if !matches!(file.tree.node(key).kind, Kind::Scalar(_)) {
            findings
                .report_as(
                    severity,
                    file.place(key, None),
                    format!("{} is no key of {}", file.tree.kind(key).noun(), object.name),
                )
                .help(allowed(object));
            continue;
        }
        let near = spelling::nearest(name, holder.free.iter().copied());
        let taken = spelling::nearest(name, object.names());
        let finding = findings.report_as(severity, file.span(key), format!("`{name}` is no key of {}", object.name));
        match (near, taken, foreign(object, name).map(str::to_owned).or_else(|| belongs(file, object, key, name))) {
            (_, _, Some(meant)) => finding.help(meant),
            (Some(near), ..) => finding.help(format!("did you mean `{near}`?")).fix(
                format!("write `{near}`"),
                Safety::Unsafe,
                vec![Edit { span: file.span(key), replacement: near.to_owned() }],
            ),
            (None, Some(taken), None) => finding.help(format!("`{taken}` is already there; remove one of them")),
            (None, None, None) => finding.help(allowed(object)),
        };
    }
}

/// A map with unknown keys.
struct Map {
    id: NodeId,
    object: &'static Object,
    /// The keys of the object that the map does not have.
    free: Vec<&'static str>,
}

impl Map {
    fn new(file: &Analysis<'_>, object: &'static Object, id: NodeId) -> Self {
        Self { id, object, free: object.names().filter(|known| file.tree.field(id, known).is_none()).collect() }
    }
}

/// Words that other systems, or Atlassian's own pages, use for something that Bitbucket's file calls otherwise.
const FOREIGN: [(&str, &str); 16] = [
    ("concurrency", "Bitbucket's key is `concurrency-group`, with a name"),
    ("commands", "Bitbucket's key is `script`"),
    ("run", "Bitbucket's key is `script`"),
    ("before_script", "put the commands at the start of `script`"),
    ("before-script", "put the commands at the start of `script`"),
    ("env", "there is no key for environment variables: use `export` in `script`, or the repository's settings"),
    (
        "environment-variables",
        "there is no key for environment variables: use `export` in `script`, or the repository's settings",
    ),
    ("when", "Bitbucket's key is `trigger: manual`, or `condition`"),
    ("if", "Bitbucket's key is `condition`"),
    ("only", "Bitbucket's key is `condition`, or a pipeline under `branches`"),
    ("needs", "steps run in the order of the list; `parallel` runs them at the same time"),
    ("timeout", "Bitbucket's key is `max-time`, in minutes"),
    ("timeout-minutes", "Bitbucket's key is `max-time`, in minutes"),
    ("retry", "Bitbucket's key is `on-fail`, with `strategy: retry`"),
    ("allow_failure", "Bitbucket's key is `on-fail`, with `strategy: ignore`"),
    ("import", "`import` takes the place of the whole list: `main: {import: pipeline@source}`"),
];

fn foreign(object: &'static Object, name: &str) -> Option<&'static str> {
    if object.id == ObjectId::Pipe {
        return matches!(name, "env" | "environment" | "with" | "vars" | "inputs")
            .then_some("what a pipe is told stands under `variables`");
    }
    let of_step = object.id == ObjectId::Step || !object.additional_properties;
    FOREIGN.iter().find(|(word, _)| of_step && *word == name).map(|(_, meaning)| *meaning)
}

fn allowed(object: &Object) -> String {
    let names: Vec<_> = object.names().map(|name| format!("`{name}`")).collect();
    format!("allowed: {}", names.join(", "))
}

/// Where a key of this name would belong; beside a `step:` key that is a matter of indentation.
fn belongs(file: &Analysis<'_>, object: &Object, key: NodeId, name: &str) -> Option<String> {
    let map = file.tree.node(key).parent?;
    for (inner, object) in [("step", &language::STEP), ("final", &language::FINAL), ("stage", &language::STAGE)] {
        if object.key(name).is_some() && file.tree.field(map, inner).is_some() {
            return Some(format!("indent it further: it belongs below `{inner}:`, not beside it"));
        }
    }
    let levels = [
        &language::ROOT,
        &language::OPTIONS,
        &language::DEFINITIONS,
        &language::PIPELINES,
        &language::STAGE,
        &language::STEP,
    ];
    if !levels.iter().any(|level| level.id == object.id) && object.additional_properties {
        return None;
    }
    let owners: Vec<_> = levels.iter().filter(|level| level.key(name).is_some()).map(|level| level.name).collect();
    match owners.as_slice() {
        [] => None,
        [only] => Some(format!("`{name}` belongs to {only}")),
        [rest @ .., last] => Some(format!("`{name}` belongs to {} or {last}", rest.join(", "))),
    }
}
