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
mod report;
mod role_use;
mod script;
pub mod security_report;
mod share;

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use crate::{
    analysis::{Analysis, ParsedFile, passed_keys},
    diagnostic::Edit,
    facts::{Login, StepFacts},
    pipeline::{Step, StepId},
    requirements::{self, VariableRequirement},
    settings::{Known, Settings},
    text::{Position, Source, Span},
};
use credentials::{calls_aws, source, unseen};
use edit::Document;
use key_files::KeyFile;
use names::{KEY_ID, SECRET};

pub use connection::{AbsentKeys, Connection, NeededVariable, Place, Purpose, Shadowed, StoredKey, connect};
pub use role_use::{RoleReference, RoleUse, evaluate_use, role_uses};

/// Why a key in the file needs more than an edit.
const KEY_IN_FILE: &str = "the key itself is in the file: deactivate it at once, because the history keeps it";

/// How scripts get a session of the role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum With {
    /// The SDKs exchange the token in a file outside the clone.
    #[default]
    TokenFile,
    /// `keyless exec` runs the commands that call AWS.
    Exec,
    /// keyless's own pipe runs `cdk deploy`; other commands use the token file.
    Pipe,
}

impl With {
    /// All ways, the default first.
    pub const ALL: [Self; 3] = [Self::TokenFile, Self::Exec, Self::Pipe];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TokenFile => "token-file",
            Self::Exec => "exec",
            Self::Pipe => "pipe",
        }
    }
}

/// What a plan is made for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How scripts get a session.
    pub with: With,
    /// The image of keyless's own pipe, for [`With::Pipe`].
    pub pipe: Option<String>,
}

/// Whether the edits of a use can be made unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "MigrationClass"))]
pub enum Class {
    /// The meaning stays, once the role and its variable exist.
    Safe,
    /// Probably right; someone should look at it.
    Unsafe,
    /// Not possible in the pipeline file alone.
    Manual,
}

impl Class {
    /// All classes, the easiest first.
    pub const ALL: [Self; 3] = [Self::Safe, Self::Unsafe, Self::Manual];

    /// The name for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Manual => "manual",
        }
    }
}

/// How a key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "KeyForm"))]
pub enum Form {
    /// Variables of a pipe.
    Pipe,
    /// A pipe that takes the keys from Bitbucket's settings.
    PipeDefaults,
    /// A pipe that is not known to take a role.
    OtherPipe,
    /// The environment, where AWS tools find the keys of Bitbucket's settings.
    Environment,
    /// `export AWS_ACCESS_KEY_ID=…`
    Export,
    /// `aws configure set` for the default profile.
    Configure,
    /// `aws configure set` for another profile.
    Profile,
    /// `serverless config credentials`
    Serverless,
    /// `~/.aws/credentials`
    CredentialsFile,
    /// A shell file that one step writes and another one reads.
    ShellFile,
    /// A private image.
    Image,
    /// The storage of a self-hosted runner.
    Storage,
    /// `docker run -e` or `docker build --build-arg`
    Docker,
    /// Arguments and variables of Terraform.
    Terraform,
    /// Passed to something else.
    Passed,
}

impl Form {
    /// What uses the key, for reports.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Pipe => "variables of a pipe",
            Self::PipeDefaults => "a pipe that takes the keys from Bitbucket's settings",
            Self::OtherPipe => "a pipe that is not known to take a role",
            Self::Environment => "commands that take the keys from Bitbucket's settings",
            Self::Export => "exported variables",
            Self::Configure => "`aws configure set`",
            Self::Profile => "`aws configure set` for a profile",
            Self::Serverless => "`serverless config credentials`",
            Self::CredentialsFile => "the AWS credentials file",
            Self::ShellFile => "a shell file for other steps",
            Self::Image => "a private image",
            Self::Storage => "the storage of a self-hosted runner",
            Self::Docker => "a container",
            Self::Terraform => "arguments or variables of Terraform",
            Self::Passed => "a key that is passed on",
        }
    }
}

/// A step that uses a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "MigratedStep"))]
pub struct UsingStep {
    /// Its name, or `line N` for a step without one.
    pub name: String,
    /// The line where it starts, from 1.
    pub line: usize,
    /// The deployment environments that it runs in.
    pub environments: Vec<String>,
}

/// A use of a stored key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct KeyUse {
    /// The steps that share it.
    pub steps: Vec<UsingStep>,
    /// What uses it.
    pub form: Form,
    /// The line, from 1.
    pub line: usize,
    /// Where it starts, in bytes.
    pub offset: usize,
    /// How long it is, in bytes.
    pub length: usize,
    /// The variables that hold the key and its secret; empty if the key itself is in the file.
    pub keys: Vec<String>,
    /// Whether its edits can be made unseen.
    pub class: Class,
    /// Why it has this class.
    pub reason: String,
    /// Where, for editors.
    #[serde(skip)]
    pub span: Span,
    /// What replaces it, in the order of the text; empty for a manual use.
    #[serde(skip)]
    pub edits: Vec<Edit>,
    /// The same for reports.
    #[serde(rename = "edits")]
    changes: Vec<MigrationEdit>,
}

/// An edit in a report. Offsets and lengths count bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MigrationEdit {
    /// Where it starts.
    pub offset: usize,
    /// How much it replaces.
    pub length: usize,
    /// The new text.
    pub replacement: String,
}

/// Something to look at that is not edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "MigrationNote"))]
pub struct Note {
    /// The line, from 1.
    pub line: usize,
    /// What to look at.
    pub message: String,
}

/// What has to be done to use roles instead of stored keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "MigrationPlan"))]
pub struct Plan {
    /// The uses of stored keys, in file order.
    pub uses: Vec<KeyUse>,
    /// What is not edited.
    pub notes: Vec<Note>,
    /// Variables that the edited file needs in Bitbucket, and the file did not.
    pub create: Vec<VariableRequirement>,
    /// Variables that nothing in the edited file needs.
    pub delete: Vec<VariableRequirement>,
    /// The deployment environments whose steps need a role; `None` stands for steps without one.
    pub roles: Vec<Option<String>>,
}

/// Why a file is not migrated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not valid YAML.
    #[error("line {}, column {}: the file has a YAML error; `keyless lint` explains it", .0.line, .0.column)]
    Yaml(Position),
}

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

impl MigrationEdit {
    /// The form of an edit in reports.
    pub fn of(edit: &Edit) -> Self {
        Self { offset: edit.span.start, length: edit.span.len(), replacement: edit.replacement.clone() }
    }
}

/// Comments that name the keys, commands that the file does not show, and imported pipelines.
fn notes(file: &Analysis<'_>, drafts: &[Draft]) -> Vec<Note> {
    let line = |at: usize| file.source.position(at).line;
    let mut notes = Vec::new();
    if drafts.is_empty() {
        return notes;
    }
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
