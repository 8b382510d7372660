use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety, Severity},
    language::{self, Object, ObjectId, ViolationKind},
    pipes::{Reference, catalogue},
    rules::{Findings, rule},
    spelling,
    yaml::{Kind, NodeId},
};

rule! {
    /// A key that Bitbucket does not know at this level.
    ///
    /// Bitbucket silently ignores most unknown keys, so the setting has no effect. Where its schema allows no other
    /// keys, it rejects the file.
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
    ///
    /// A key at the top level or in `definitions` that contains anchors is not reported.
    static RULE: "unknown-key", Warning, check, explained_by ["ambiguous-item", "misspelled-oidc", "misplaced-oidc", "unindented-step", "nested-step", "nested-group", "misplaced-final", "misplaced-variables"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let mut last: Option<Map> = None;
    for violation in file.violations {
        let ViolationKind::UnknownKey { object, map, key, .. } = violation.kind else { continue };
        // The unknown keys of one mapping follow each other, so what depends only on the mapping is computed once.
        let holder = match last.take().filter(|last| last.id == map && last.object.id == object.id) {
            Some(same) => same,
            None => Map::new(file, object, map),
        };
        let holder = last.insert(holder);
        let name = file.text(key);
        let severity = if object.additional_properties { Severity::Warning } else { Severity::Error };
        if !matches!(file.tree.node(key).kind, Kind::Scalar(_)) {
            findings
                .report_as(
                    severity,
                    file.place(key, None),
                    format!("keys of {} must be strings, found {}", object.name, file.tree.kind(key).noun()),
                )
                .help(allowed(object));
            continue;
        }
        if object.id == ObjectId::Pipe && is_own_key(file, holder.id, name) {
            continue;
        }
        let near = spelling::nearest(name, holder.free.iter().copied());
        let taken = spelling::nearest(name, object.names());
        let message = format!("unknown {} key `{name}`", noun(object));
        let finding = findings.report_as(severity, file.span(key), message);
        match (near, taken, foreign(object, name).map(str::to_owned).or_else(|| belongs(file, object, key, name))) {
            (_, _, Some(meant)) => finding.help(meant).one_cause(),
            (Some(near), ..) => finding.help(format!("did you mean `{near}`?")).fix(
                format!("change it to `{near}`"),
                Safety::Unsafe,
                vec![Edit { span: file.span(key), replacement: near.to_owned() }],
            ),
            (None, Some(taken), None) => finding.help(format!("remove this key: `{taken}` is already set")).one_cause(),
            (None, None, None) => finding.help(allowed(object)).one_cause(),
        };
    }
}

/// A mapping with unknown keys.
struct Map {
    id: NodeId,
    object: &'static Object,
    /// The keys of the object that the mapping does not have.
    free: Vec<&'static str>,
}

impl Map {
    fn new(file: &Analysis<'_>, object: &'static Object, id: NodeId) -> Self {
        Self { id, object, free: object.names().filter(|known| file.tree.field(id, known).is_none()).collect() }
    }
}

/// Keys of other CI systems, or from Atlassian's own pages, and what to use in Bitbucket instead.
const FOREIGN: [(&str, &str); 16] = [
    ("concurrency", "use `concurrency-group` with a name"),
    ("commands", "use `script`"),
    ("run", "use `script`"),
    ("before_script", "put the commands at the start of `script`"),
    ("before-script", "put the commands at the start of `script`"),
    ("env", "use `export` in `script`, or set a repository variable"),
    ("environment-variables", "use `export` in `script`, or set a repository variable"),
    ("when", "use `trigger: manual` or `condition`"),
    ("if", "use `condition`"),
    ("only", "use `condition` or a pipeline in `branches`"),
    ("needs", "list the steps in the order in which they run; use `parallel` to run steps at the same time"),
    ("timeout", "use `max-time`, in minutes"),
    ("timeout-minutes", "use `max-time`, in minutes"),
    ("retry", "use `on-fail` with `strategy: retry`"),
    ("allow_failure", "use `on-fail` with `strategy: ignore`"),
    ("import", "use `import` instead of the whole list: `main: {import: pipeline@source}`"),
];

fn foreign(object: &'static Object, name: &str) -> Option<&'static str> {
    if matches!(object.id, ObjectId::Definitions | ObjectId::Root) && name == "docker" {
        return Some("set the memory of the docker service in `definitions.services.docker.memory`");
    }
    if object.id == ObjectId::Pipe {
        return matches!(name, "env" | "environment" | "with" | "vars" | "inputs")
            .then_some("use `variables` to pass values to a pipe");
    }
    let of_step = object.id == ObjectId::Step || !object.additional_properties;
    FOREIGN.iter().find(|(word, _)| of_step && *word == name).map(|(_, meaning)| *meaning)
}

/// Whether the documentation of a pipe names this key instead of `variables`.
fn is_own_key(file: &Analysis<'_>, pipe: NodeId, name: &str) -> bool {
    let reference = file.tree.field(pipe, "pipe").map(|field| file.text(field.value));
    let published = reference.and_then(|reference| catalogue::find(&Reference::parse(reference)));
    published.is_some_and(|published| published.variables_key == Some(name))
}

/// How many keys a help lists: more are not read.
const LISTED: usize = 8;

fn allowed(object: &Object) -> String {
    let names: Vec<_> = object.names().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [only] => format!("use {only}"),
        names if names.len() <= LISTED => format!("use one of {}", names.join(", ")),
        names => format!("use a known key, such as {}", names[..LISTED].join(", ")),
    }
}

/// The object's name before "key": `step` of "a step".
fn noun(object: &Object) -> &'static str {
    let articles = ["a ", "an ", "the "];
    let noun = articles.iter().find_map(|article| object.name.strip_prefix(article)).unwrap_or(object.name);
    if noun == "file" { "top-level" } else { noun }
}

/// Where a key of this name belongs; next to a `step:` key, it only lacks indentation.
fn belongs(file: &Analysis<'_>, object: &Object, key: NodeId, name: &str) -> Option<String> {
    let map = file.tree.node(key).parent?;
    for (inner, object) in [("step", &language::STEP), ("final", &language::FINAL), ("stage", &language::STAGE)] {
        if object.key(name).is_some() && file.tree.field(map, inner).is_some() {
            return Some(format!("indent it further: it belongs to `{inner}`"));
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
    let owners = levels.iter().filter(|level| level.key(name).is_some());
    let place = |level: &Object| if level.name == language::ROOT.name { "the top level" } else { level.name };
    let owners: Vec<_> = owners.map(|level| place(level)).collect();
    match owners.as_slice() {
        [] => None,
        [only] => Some(format!("move it to {only}")),
        [rest @ .., last] => Some(format!("move it to {} or {last}", rest.join(", "))),
    }
}
