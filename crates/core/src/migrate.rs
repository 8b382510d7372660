//! From stored AWS keys to roles: every use of a stored key in a pipeline, and the edits that replace it.
//!
//! A plan is made of one file, without a look at Bitbucket's settings or AWS. A use is *safe* if its edits keep the meaning
//! once the role and its variable exist, *unsafe* if someone should look at the result, and *manual* if the pipeline file
//! alone cannot be changed.
//!
//! ```text
//! Analysis ─► pipes, images, script ─► drafts, a step each ─► shared text ─► Plan ─► edits
//! ```

mod connection;
mod credentials;
mod edit;
mod images;
mod key_files;
mod names;
pub mod permissions;
mod pipes;
mod plan;
mod report;
mod role_use;
mod script;
pub mod security_report;
mod share;

use std::collections::{BTreeSet, HashSet};

use crate::{
    analysis::{Analysis, ParsedFile, passed_keys},
    diagnostic::Edit,
    facts::{Login, StepFacts},
    pipeline::{Step, StepId},
    requirements::{self, VariableRequirement},
    settings::{Known, Settings},
    text::{Source, Span},
};
use credentials::{calls_aws, source, unseen};
use edit::Document;
use key_files::KeyFile;
use names::{KEY_ID, SECRET};

pub use connection::{AbsentKeys, Connection, NeededVariable, Place, Purpose, Shadowed, StoredKey, connect};
pub use plan::{Class, Form, KeyUse, MigrationEdit, Note, Options, Plan, Refusal, UsingStep, With};
pub use role_use::{RoleReference, RoleUse, evaluate_use, role_uses};

/// Why a key in the file needs more than an edit.
const KEY_IN_FILE: &str = "the key itself is in the file: deactivate it at once, because the history keeps it";

/// A use in one step, before shared text is taken into account.
#[derive(Clone, Debug)]
struct Draft {
    steps: Vec<StepId>,
    form: Form,
    class: Class,
    reason: String,
    span: Span,
    keys: Vec<String>,
    edits: Vec<Edit>,
    /// The text that is read and edited: who shares it shares the edits.
    touches: Vec<Span>,
    /// Whether the step needs a token.
    oidc: bool,
}

impl Draft {
    fn new(form: Form) -> Self {
        Self {
            steps: Vec::new(),
            form,
            class: Class::Manual,
            reason: String::new(),
            span: Span::default(),
            keys: Vec::new(),
            edits: Vec::new(),
            touches: Vec::new(),
            oidc: false,
        }
    }

    fn manual(self, reason: impl Into<String>) -> Self {
        Self { class: Class::Manual, reason: reason.into(), edits: Vec::new(), oidc: false, ..self }
    }
}

/// What the readers of a file share.
struct Context<'a, 'f> {
    file: &'a Analysis<'f>,
    document: Document<'f>,
    options: &'a Options,
    /// The variable of a role that replaces a key without prefix and suffix.
    general: String,
    /// Whether the settings have, or may have, the variables that SDKs read: then they have to be unset.
    plain_keys: bool,
    /// The variables that hold keys.
    key_variables: HashSet<String>,
    /// The shell files that hold keys.
    key_files: Vec<KeyFile>,
}

/// Makes the plan for a file.
///
/// # Errors
/// [`Refusal`] for a file that is not valid YAML.
pub fn plan(file: &Analysis<'_>, options: &Options) -> Result<Plan, Refusal> {
    let drafts = drafts(file, options)?;
    let uses: Vec<KeyUse> = drafts.iter().map(|draft| key_use(file, draft)).collect();
    let mut plan =
        Plan { notes: notes(file, &drafts), uses, create: Vec::new(), delete: Vec::new(), roles: Vec::new() };
    needs(file, &mut plan);
    Ok(plan)
}

/// The uses of stored keys alone.
///
/// # Errors
/// [`Refusal`] for a file that is not valid YAML.
pub fn uses(file: &Analysis<'_>, options: &Options) -> Result<Vec<KeyUse>, Refusal> {
    Ok(drafts(file, options)?.iter().map(|draft| key_use(file, draft)).collect())
}

/// The edits that replace the keys at some places, with a title; `None` if one of them cannot be replaced.
pub fn fix(uses: &[KeyUse], places: impl Iterator<Item = Span>) -> Option<(&'static str, Vec<Edit>)> {
    let touches = |a: Span, b: Span| a.start <= b.end && b.start <= a.end;
    let mut chosen: Vec<&KeyUse> = Vec::new();
    for place in places {
        let is_it =
            |key_use: &&KeyUse| key_use.edits.iter().any(|edit| !edit.span.is_empty() && touches(edit.span, place));
        let by_place = |key_use: &&KeyUse| key_use.class != Class::Manual && touches(key_use.span, place);
        let found = uses.iter().find(is_it).or_else(|| uses.iter().find(by_place))?;
        if !chosen.contains(&found) {
            chosen.push(found);
        }
    }
    let steps = chosen.iter().map(|key_use| key_use.steps.len()).sum::<usize>();
    let title = if steps == 1 { "migrate this step to a role" } else { "migrate these steps to a role" };
    let edits = edit::joined(chosen.iter().flat_map(|key_use| key_use.edits.iter().cloned()).collect())?;
    (!edits.is_empty()).then_some((title, edits))
}

fn drafts(file: &Analysis<'_>, options: &Options) -> Result<Vec<Draft>, Refusal> {
    if let Some(at) = first_problem(file) {
        return Err(Refusal::Yaml(file.source.position(at.start)));
    }
    let context = Context {
        file,
        document: Document::new(file.source.text(), file.tree),
        options,
        general: names::general_role(file),
        plain_keys: has_plain_keys(file),
        key_variables: key_variables(file),
        key_files: key_files::of_file(file),
    };
    let mut drafts = Vec::new();
    for (step, facts) in file.steps() {
        if step.is_child_pipeline {
            continue;
        }
        let mut own = Vec::new();
        images::drafts(&context, step, &mut own);
        pipes::drafts(&context, step, facts, &mut own);
        script::drafts(&context, step, facts, &mut own);
        drafts.extend(own.into_iter().map(|draft| Draft { steps: vec![step.id], ..draft }));
    }
    let mut drafts = share::merged(&context, drafts);
    drafts.sort_by_key(|draft| draft.span);
    Ok(drafts)
}

/// The text after the edits of the safe uses, and with `all` of the unsafe ones too.
pub fn migrate(text: &str, plan: &Plan, all: bool) -> String {
    edit::apply(text, &edits(plan, all))
}

/// The edits of the safe uses, and with `all` of the unsafe ones too, in the order of the text.
pub fn edits(plan: &Plan, all: bool) -> Vec<Edit> {
    let mut taken: Vec<Edit> = Vec::new();
    for class in [Class::Safe, Class::Unsafe] {
        if class == Class::Unsafe && !all {
            break;
        }
        for key_use in plan.uses.iter().filter(|key_use| key_use.class == class) {
            let mut with = taken.clone();
            with.extend(key_use.edits.iter().cloned());
            // `share::merged` has made those manual that change the same text in two ways.
            if edit::joined(with.clone()).is_some() {
                taken = with;
            }
        }
    }
    edit::joined(taken).unwrap_or_default()
}

fn first_problem(file: &Analysis<'_>) -> Option<Span> {
    use crate::yaml::Problem;
    file.problems.iter().find_map(|problem| match problem {
        Problem::Syntax { span, .. } => Some(*span),
        Problem::UnknownAlias { alias } | Problem::RecursiveAlias { alias } | Problem::AliasExpansion { alias, .. } => {
            Some(file.span(*alias))
        }
        Problem::DuplicateKey { key, .. } | Problem::MergeWithoutMapping { key, .. } => Some(file.span(*key)),
        Problem::SecondDocument { .. } => None,
    })
}

/// Whether the settings have, or may have, the variables that SDKs read.
fn has_plain_keys(file: &Analysis<'_>) -> bool {
    let declared = |name: &str| !matches!(file.settings.known(name, None), Known::Perhaps | Known::Missing);
    declared(KEY_ID)
        || file.steps().any(|(step, facts)| {
            let read = facts.reads.iter().any(|read| read.name == KEY_ID && !read.set_before);
            read || takes_from_settings(file, step, facts) || !passed_keys::read(facts).is_empty()
        })
}

/// Whether tools or pipes of a step take the keys from the settings without naming them.
fn takes_from_settings(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts) -> bool {
    let tools = !file.model.on_self_hosted_runner(step)
        && facts.tools.iter().any(|tool| {
            calls_aws(file, step, facts, tool) && source(file, facts, tool) == crate::facts::Credentials::Outside
        });
    let pipes = facts.pipes.iter().any(|pipe| {
        let takes = pipe.known.is_some_and(|known| known.login == Login::RoleOrKeys) && !pipe.docker;
        takes && pipe.role().is_none() && pipe.variable(KEY_ID).is_none()
    });
    tools || pipes
}

/// The variables that hold keys: those that SDKs read, and those that the file copies to them.
fn key_variables(file: &Analysis<'_>) -> HashSet<String> {
    let mut names = HashSet::from([KEY_ID.to_owned(), SECRET.to_owned()]);
    for facts in &file.facts.steps {
        let bindings = facts.bindings.iter().filter(|it| it.name == KEY_ID || it.name == SECRET).map(|it| &it.value);
        let configured =
            facts.profiles.iter().filter(|it| matches!(it.key.as_str(), "aws_access_key_id" | "aws_secret_access_key"));
        let pipes = facts.pipes.iter().flat_map(|pipe| [pipe.variable(KEY_ID), pipe.variable(SECRET)]).flatten();
        let values = bindings.chain(configured.map(|it| &it.value)).chain(pipes.map(|it| &it.value));
        names.extend(values.filter_map(|value| value.copy_of()).map(str::to_owned));
        let written = facts.writes.iter().flat_map(key_files::keys).flatten();
        names.extend(written.filter_map(|(_, value)| value.copy_of().map(str::to_owned)));
    }
    names
}

fn key_use(file: &Analysis<'_>, draft: &Draft) -> KeyUse {
    let steps = draft.steps.iter().map(|id| {
        let step = file.model.step(*id);
        let (line, name) = names::of_step(file, step);
        UsingStep {
            name,
            line,
            environments: file.environments(step).into_iter().flatten().map(str::to_owned).collect(),
        }
    });
    KeyUse {
        steps: steps.collect(),
        form: draft.form,
        line: file.source.position(draft.span.start).line,
        offset: draft.span.start,
        length: draft.span.len(),
        keys: draft.keys.clone(),
        class: draft.class,
        reason: draft.reason.clone(),
        span: draft.span,
        changes: draft.edits.iter().map(MigrationEdit::of).collect(),
        edits: draft.edits.clone(),
    }
}

/// Comments that name the keys, commands that the file does not show, and imported pipelines.
fn notes(file: &Analysis<'_>, drafts: &[Draft]) -> Vec<Note> {
    let line = |at: usize| file.source.position(at).line;
    let mut notes = Vec::new();
    for comment in file.tree.comments() {
        let text = file.source.slice(comment.span);
        let edited = drafts.iter().flat_map(|draft| &draft.edits).any(|edit| edit.span.contains(comment.span));
        if !edited && [KEY_ID, SECRET].iter().any(|name| text.contains(name)) {
            let message = "the comment names the keys; it will be out of date".to_owned();
            notes.push(Note { line: line(comment.span.start), message });
        }
    }
    let migrated: BTreeSet<StepId> =
        drafts.iter().filter(|draft| is_script(draft.form)).flat_map(|draft| draft.steps.clone()).collect();
    let mut seen = HashSet::new();
    for (step, facts) in file.steps().filter(|(step, _)| !migrated.contains(&step.id)) {
        for (number, section) in facts.sections.iter().enumerate() {
            for (index, command) in unseen(facts, number) {
                let place = section.place(section.script.commands[index].span);
                if seen.insert(place) {
                    let name = Analysis::step_name(step);
                    let message = format!("{name} runs `{command}`, which is not in the file and may use the keys too");
                    notes.push(Note { line: line(place.start), message });
                }
            }
        }
    }
    for pipeline in file.model.pipelines.iter().filter_map(|pipeline| pipeline.import) {
        let message = format!("`{}` is imported: migrate it in its own repository", pipeline.value);
        notes.push(Note { line: line(pipeline.span(file.tree).start), message });
    }
    notes.sort_by_key(|note| note.line);
    notes
}

const fn is_script(form: Form) -> bool {
    !matches!(form, Form::Pipe | Form::PipeDefaults | Form::OtherPipe | Form::Image | Form::Storage)
}

/// Compares what the file needs before and after all edits.
fn needs(file: &Analysis<'_>, plan: &mut Plan) {
    let before = requirements::requirements(file);
    let text = migrate(file.source.text(), plan, true);
    let source = Source::new(file.source.name(), &text);
    let parsed = ParsedFile::new(&source);
    let settings: &Settings = file.settings;
    let after = requirements::requirements(&Analysis::new(&parsed, settings));
    let has = |all: &[VariableRequirement], name: &str| all.iter().any(|it| it.name == name);
    plan.create = after.variables.iter().filter(|it| !has(&before.variables, &it.name)).cloned().collect();
    plan.delete = before.variables.iter().filter(|it| !has(&after.variables, &it.name)).cloned().collect();
    // Half of a pair may be used in another step.
    let kept: HashSet<&String> =
        plan.uses.iter().filter(|it| it.class == Class::Manual).flat_map(|it| &it.keys).collect();
    plan.delete.retain(|it| !kept.contains(&it.name));
    for step in after.steps.iter().filter(|step| step.oidc) {
        if !plan.roles.contains(&step.environment) {
            plan.roles.push(step.environment.clone());
        }
    }
}
