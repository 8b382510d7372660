//! Scripts that get a stored key: those that name it, and those that find it in their environment.

mod class;
mod commands;
mod deploy_pipe;
mod edits;
mod passed;

use super::{
    Class, Context, Draft, Form, With,
    credentials::{calls_aws, source, too_old},
    key_files::KeyFile,
    names::KEY_ID,
};
use crate::{
    facts::{Assumption, Credentials, StepFacts, ToolUse, Value},
    pipeline::{Language, ScriptItem, Step, Text},
    text::Span,
    yaml::NodeId,
};
use commands::Removal;

/// Where the token is written: outside the clone, so that no artifact, cache or image contains it.
pub(super) const TOKEN_FILE: &str = "/tmp/web-identity-token";

const TOKEN_FILE_VARIABLE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";

pub(super) const UNSET: &str = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN";

/// One of the two scripts of a step.
struct Section<'a, 'f> {
    context: &'a Context<'a, 'f>,
    step: &'a Step<'f>,
    facts: &'a StepFacts,
    /// 0 for `script`, 1 for `after-script`.
    number: usize,
    list: NodeId,
    items: &'a [ScriptItem<'f>],
}

pub(super) fn drafts<'f>(context: &Context<'_, 'f>, step: &Step<'f>, facts: &StepFacts, drafts: &mut Vec<Draft>) {
    for (number, (name, items)) in
        [("script", &step.script), ("after-script", &step.after_script)].into_iter().enumerate()
    {
        let Some(field) = context.file.tree.field(step.node, name) else { continue };
        let list = context.file.tree.resolve(field.value);
        let section = Section { context, step, facts, number, list, items };
        drafts.extend(section.draft());
    }
}

impl Section<'_, '_> {
    fn tools(&self) -> impl Iterator<Item = &ToolUse> {
        self.facts.tools.iter().filter(|tool| tool.section == self.number)
    }

    /// The tools that take a key from the settings, or in `after-script` from a file that `script` wrote.
    fn implicit(&self) -> Vec<&ToolUse> {
        let file = self.context.file;
        self.tools()
            .filter(|tool| calls_aws(file, self.step, self.facts, tool))
            .filter(|tool| match source(file, self.facts, tool) {
                Credentials::Outside => true,
                Credentials::Keys => self.number == 1 && tool.variable(KEY_ID).is_none(),
                Credentials::Session => self.key_file(tool).is_some(),
                _ => false,
            })
            .collect()
    }

    /// The shell file with a key of another step that is read before a tool runs.
    fn key_file(&self, tool: &ToolUse) -> Option<&KeyFile> {
        let read = self.facts.opaque.iter().filter(|it| it.value < tool.order);
        let mut words = read.flat_map(|it| self.context.file.source.slice(it.span).split_whitespace());
        words.find_map(|word| {
            let path = word.trim_matches(['"', '\'', ';']).trim_start_matches("./");
            self.context.key_files.iter().find(|file| file.path == path)
        })
    }

    fn place(&self, span: Span) -> Span {
        self.facts.sections[self.number].place(span)
    }

    fn draft(&self) -> Option<Draft> {
        let file = self.context.file;
        let removals = commands::removals(self);
        let mut implicit = self.implicit();
        // What authenticates otherwise: `aws sts assume-role-with-web-identity`, or a pipe that writes a session.
        let authenticated = self.facts.assumptions.iter().any(|it| it.web_identity)
            || self.facts.pipes.iter().any(|pipe| pipe.known.is_some_and(|known| !known.deploys));
        if authenticated && removals.is_empty() {
            implicit.clear();
        }
        let passed = passed::blocking(self, &removals);
        let explicit = !removals.is_empty();
        if !explicit && implicit.is_empty() && passed.is_empty() {
            return None;
        }
        let mut draft = outline(&removals, &implicit, &passed);
        let key_file = implicit.iter().find_map(|tool| self.key_file(tool));
        if let Some(file) = key_file.filter(|_| removals.is_empty()) {
            (draft.form, draft.keys) = (Form::ShellFile, vec![file.variable.clone()]);
        }
        if let Some(first) = passed.first() {
            return Some(draft.manual(first.reason.clone()));
        }
        if file.model.script_language(self.step) == Language::PowerShell {
            return Some(draft.manual("the script is for PowerShell: Windows has another path for the token file"));
        }
        if self.step.runs_on.iter().any(|label| label.value.starts_with("macos")) {
            return Some(draft.manual("the runner may have another path for the token file"));
        }
        if self.assumptions().any(|it| it.duration.as_ref().is_some_and(|it| is_over_an_hour(&it.value))) {
            return Some(draft.manual(
                "the key assumes another role for more than an hour, which a chained session cannot: assume that role directly",
            ));
        }
        let self_hosted = file.model.on_self_hosted_runner(self.step);
        if self_hosted && !explicit {
            return Some(
                draft.manual("a self-hosted runner may have its own role; use the step's token if it has none"),
            );
        }
        if let Some(removal) = removals.iter().find(|removal| removal.obstacle.is_some()) {
            return Some(draft.manual(removal.obstacle.unwrap_or_default()));
        }
        let tools: Vec<&ToolUse> = self.tools().filter(|tool| calls_aws(file, self.step, self.facts, tool)).collect();
        let script: String =
            self.items.iter().filter_map(command_text).map(|text| text.value).collect::<Vec<_>>().join("\n");
        if self.context.options.with == With::TokenFile
            && let Some(reason) = too_old(file, self.step, &tools, &script)
        {
            return Some(draft.manual(format!("{reason}, or `--with exec`")));
        }
        let with_pipe = self.context.options.with == With::Pipe;
        let by_pipe = with_pipe.then(|| self.deploy_pipe(&removals, &tools)).flatten();
        let is_pipe = by_pipe.is_some();
        let Some(edits) = by_pipe.or_else(|| self.edits(&removals, &implicit, &tools, key_file)) else {
            return Some(draft.manual("the layout of the script cannot be edited without changing other commands"));
        };
        draft.touches.push(file.span(self.list));
        draft.touches.extend(edits.iter().filter(|edit| !edit.span.is_empty()).map(|edit| edit.span));
        draft.edits = edits;
        draft.oidc = !only_for_others(&removals, &tools);
        (draft.class, draft.reason) = if is_pipe {
            let reason = "the pipe installs and synthesizes the app itself: compare its variables with the options of the command";
            (Class::Unsafe, reason.to_owned())
        } else {
            self.class(&removals, &implicit, &tools, key_file, self_hosted)
        };
        Some(draft)
    }

    /// The roles that the section assumes with the credentials that it has.
    fn assumptions(&self) -> impl Iterator<Item = &Assumption> {
        let is_here = |order| (order >= self.facts.after_script) == (self.number == 1);
        self.facts.assumptions.iter().filter(move |it| !it.web_identity && is_here(it.order))
    }

    /// Whether the script sets a variable itself to something else than nothing.
    fn sets(&self, name: &str) -> bool {
        let is_here = |order| (order >= self.facts.after_script) == (self.number == 1);
        self.facts.bindings.iter().any(|it| it.name == name && is_here(it.order) && !it.value.is_empty())
    }
}

/// Where the use is and which keys it has.
fn outline(removals: &[Removal], implicit: &[&ToolUse], passed: &[passed::Passed]) -> Draft {
    let mut keys: Vec<String> = Vec::new();
    for name in removals.iter().filter_map(|removal| removal.variable.clone()) {
        if !keys.contains(&name) {
            keys.push(name);
        }
    }
    if keys.is_empty() && !implicit.is_empty() {
        keys = vec![KEY_ID.to_owned(), super::names::SECRET.to_owned()];
    }
    let first = removals.first();
    let form = match (first, passed.first()) {
        (Some(removal), _) => removal.form,
        (None, Some(passed)) => passed.form,
        _ => Form::Environment,
    };
    let span = first.map(|removal| removal.span).or(passed.first().map(|it| it.span));
    let span = span.or(implicit.first().map(|tool| tool.span)).unwrap_or_default();
    Draft { span, keys, ..Draft::new(form) }
}

/// Whether a section only writes keys to files for other steps, and needs none itself.
fn only_for_others(removals: &[Removal], tools: &[&ToolUse]) -> bool {
    tools.is_empty() && !removals.is_empty() && removals.iter().all(|removal| removal.form == Form::ShellFile)
}

fn is_over_an_hour(value: &Value) -> bool {
    value.literal().and_then(|seconds| seconds.parse::<u32>().ok()).is_some_and(|seconds| seconds > 3600)
}

fn command_text<'i, 'f>(item: &'i ScriptItem<'f>) -> Option<&'i Text<'f>> {
    match item {
        ScriptItem::Command(text) => Some(text),
        ScriptItem::Pipe(_) | ScriptItem::Other(_) => None,
    }
}
