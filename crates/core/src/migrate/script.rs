//! Scripts that get a stored key: those that name it, and those that find it in their environment.

mod commands;
mod deploy_pipe;
mod passed;

use std::collections::BTreeSet;

use super::{
    Class, Context, Draft, Form, With,
    credentials::{calls_aws, is_terraform, source, too_old, unseen},
    edit::Changes,
    key_files::KeyFile,
    names::{KEY_ID, ROLE, role_for},
};
use crate::{
    diagnostic::Edit,
    facts::{Assumption, Credentials, StepFacts, TOKEN, ToolId, ToolUse, Value},
    pipeline::{Language, ScriptItem, Step, Text},
    text::Span,
    yaml::{Kind, NodeId, Style},
};
use commands::{Cut, Removal};

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
        let Some(edits) = by_pipe.or_else(|| self.edits(&removals, &implicit, &tools)) else {
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
            self.class(&removals, &implicit, &tools, self_hosted)
        };
        Some(draft)
    }

    /// The class of the edits, and why.
    fn class(
        &self,
        removals: &[Removal],
        implicit: &[&ToolUse],
        tools: &[&ToolUse],
        self_hosted: bool,
    ) -> (Class, String) {
        let file = self.context.file;
        let is_unsafe = |reason: String| (Class::Unsafe, reason);
        if self.context.options.with == With::Exec {
            return is_unsafe("the image of the step must contain `keyless`".to_owned());
        }
        if removals.iter().any(|removal| removal.is_literal) {
            return is_unsafe(super::KEY_IN_FILE.to_owned());
        }
        if self.number == 1 {
            return is_unsafe("`after-script` has its own shell, where the keys of the settings are back".to_owned());
        }
        if self_hosted {
            return is_unsafe(
                "a self-hosted runner may have its own role, and shares `/tmp` with other steps".to_owned(),
            );
        }
        if removals.iter().any(|removal| removal.form == Form::Serverless) {
            return is_unsafe(
                "needs Serverless 1.67.1 or later; `provider.profile`, `--aws-profile` and ~/.aws/credentials take precedence over the token file"
                    .to_owned(),
            );
        }
        if removals.iter().any(|removal| removal.form == Form::CredentialsFile) {
            return is_unsafe("other tools may read the credentials file or name its profiles".to_owned());
        }
        let reads_file = implicit.iter().any(|tool| self.key_file(tool).is_some());
        if reads_file || removals.iter().any(|removal| removal.form == Form::ShellFile) {
            return is_unsafe(
                "each step gets its own token instead of a key from a file; artifacts of earlier runs keep the key for 14 days"
                    .to_owned(),
            );
        }
        if self.assumptions().next().is_some() {
            return is_unsafe(
                "the key assumes another role: let that role trust `AWS_ROLE_ARN`, or better the identity provider; a session of a chained role ends after an hour"
                    .to_owned(),
            );
        }
        if removals.iter().any(|removal| removal.conditional) {
            return is_unsafe("the keys depend on a condition in the script".to_owned());
        }
        if let Some((_, command)) = unseen(self.facts, self.number).next() {
            return is_unsafe(format!("`{command}` is not in the file and may read the key variables by name"));
        }
        if tools.iter().any(|tool| is_terraform(tool)) {
            return is_unsafe("provider or backend blocks may hold `access_key`, `profile` or `shared_credentials_file`: look at the .tf files".to_owned());
        }
        let named = removals.iter().any(|removal| removal.form == Form::Profile);
        let plain = |tool: &&ToolUse| matches!(tool.call.tool.id, ToolId::AwsCli | ToolId::DockerWithEcr);
        if named && !tools.iter().all(plain) {
            return is_unsafe(
                "only the AWS CLI and boto3 are known to use a profile with a token file; the CDK does not".to_owned(),
            );
        }
        if let Some(tool) = tools.iter().find(|tool| !plain(tool) && tool.call.tool.id != ToolId::Cdk) {
            return is_unsafe(format!(
                "{} may find other credentials first, or be too old for a token file",
                tool.call.tool.name
            ));
        }
        if removals.iter().any(|removal| removal.form == Form::Configure) && !tools.iter().all(plain) {
            return is_unsafe(
                "tools of Node.js prefer keys in ~/.aws/credentials, where a cache or an image may keep them"
                    .to_owned(),
            );
        }
        if let Some(tool) = implicit.first() {
            let declared = file.environments(self.step).into_iter().all(|environment| {
                [KEY_ID, super::names::SECRET]
                    .iter()
                    .all(|name| file.settings.known(name, environment) == crate::settings::Known::Defined)
            });
            let absent = file.environments(self.step).into_iter().any(|environment| {
                matches!(
                    file.settings.known(KEY_ID, environment),
                    crate::settings::Known::Missing | crate::settings::Known::OtherEnvironments(_)
                )
            });
            if absent {
                return is_unsafe(format!(
                    "{} needs keys, but the known settings have none for this step: it may find them elsewhere",
                    tool.call.tool.name
                ));
            }
            if !declared || !tools.iter().all(plain) {
                return is_unsafe(format!(
                    "the keys are inferred from {}: only Bitbucket's settings can prove them",
                    tool.call.tool.name
                ));
            }
        }
        (Class::Safe, "the role takes the place of the key for the same commands".to_owned())
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

    fn edits(&self, removals: &[Removal], implicit: &[&ToolUse], tools: &[&ToolUse]) -> Option<Vec<Edit>> {
        let ids: Vec<&Removal> = removals.iter().filter(|removal| removal.is_id).collect();
        let role = |removal: &Removal| role_for(removal.variable.as_deref().unwrap_or_default(), &self.context.general);
        let first = removals.iter().min_by_key(|removal| removal.command);
        let call = tools.iter().map(|tool| tool.command).min();
        let named_only = !removals.is_empty() && removals.iter().all(|removal| removal.form == Form::Profile);
        // Where the first key was, unless AWS is called before.
        let here = first.filter(|first| call.is_none_or(|call| call > first.command));
        let exec = self.context.options.with == With::Exec;
        if only_for_others(removals, tools) {
            return super::edit::joined(self.place_edits(removals, None, &[], &[])?);
        }
        let mut lines: Vec<String> = Vec::new();
        let unset = self.context.plain_keys && !named_only && !self.unsets();
        let writes_token = self.sets(TOKEN_FILE_VARIABLE);
        if unset && !exec {
            lines.push(UNSET.to_owned());
        }
        // A script with several accounts ids the role where it later_roles the key.
        let mut later_roles: Vec<(&Removal, String)> = Vec::new();
        let mut current = ROLE.to_owned();
        let key_file = implicit.iter().find_map(|tool| self.key_file(tool)).filter(|_| ids.is_empty());
        if let Some(file) = key_file.filter(|_| !self.sets(ROLE)) {
            let name = role_for(&file.variable, &self.context.general);
            if name != current {
                lines.push(format!("export {ROLE}=${name}"));
            }
        }
        for (number, removal) in ids.iter().enumerate() {
            let name = role(removal);
            let in_place = number > 0 || removal.conditional || here.is_none() && !implicit.is_empty();
            if name == current && !removal.conditional || self.sets(ROLE) || removal.form == Form::Profile {
                continue;
            }
            let line = format!("export {ROLE}=${name}");
            if in_place {
                later_roles.push((removal, line));
            } else {
                lines.push(line);
            }
            current = name;
        }
        if named_only {
            lines.push(format!("echo \"${TOKEN}\" > {TOKEN_FILE}"));
        } else if !writes_token && !exec {
            lines.push(format!("export {TOKEN_FILE_VARIABLE}={TOKEN_FILE}"));
            if self.number == 0 {
                lines.push(format!("echo \"${TOKEN}\" > \"${TOKEN_FILE_VARIABLE}\""));
            }
        }
        let mut edits = self.place_edits(removals, here, &lines, &later_roles)?;
        if self.number == 1 && !exec && !writes_token && !self.script_writes_token() {
            let script = self.context.file.tree.field(self.step.node, "script")?;
            let mut changes = Changes::default();
            changes.inserted.insert(0, vec![format!("echo \"${TOKEN}\" > {TOKEN_FILE}")]);
            edits.extend(self.context.document.edit_list(script.value, &changes)?);
        }
        if exec {
            let unseen: Vec<usize> =
                unseen(self.facts, self.number).map(|(index, _)| index).filter(|_| !removals.is_empty()).collect();
            let commands: BTreeSet<usize> = tools.iter().map(|tool| tool.command).chain(unseen).collect();
            for index in commands {
                let command = &self.facts.sections[self.number].script.commands[index];
                let at = self.place(command.words.first()?.span).start;
                edits.push(Edit { span: Span::at(at), replacement: "keyless exec -- ".to_owned() });
            }
        }
        super::edit::joined(edits)
    }

    /// Whether the script drops the keys of the settings already.
    fn unsets(&self) -> bool {
        let is_here = |order| (order >= self.facts.after_script) == (self.number == 1);
        self.facts
            .bindings
            .iter()
            .any(|it| it.name == KEY_ID && it.value.is_empty() && is_here(it.order) && !it.partial)
    }

    /// Whether `script` writes the token file, or will once it is migrated.
    fn script_writes_token(&self) -> bool {
        let script = Section { number: 0, items: &self.step.script, list: self.list, ..*self };
        let will = !script.implicit().is_empty() || !commands::removals(&script).is_empty();
        will || script.sets(TOKEN_FILE_VARIABLE)
            || self
                .facts
                .writes
                .iter()
                .any(|write| write.content.holds_token() && write.order < self.facts.after_script)
    }

    fn place_edits(
        &self,
        removals: &[Removal],
        here: Option<&Removal>,
        lines: &[String],
        later_roles: &[(&Removal, String)],
    ) -> Option<Vec<Edit>> {
        let document = &self.context.document;
        let tree = self.context.file.tree;
        let Kind::Sequence(sites) = &tree.node(self.list).kind else { return None };
        let commands = &self.facts.sections[self.number].script.commands;
        let mut changes = Changes::default();
        let mut edits = Vec::new();
        let mut pending: &[String] = lines;
        if here.is_none() && !lines.is_empty() {
            changes.inserted.insert(0, lines.to_vec());
            pending = &[];
        }
        let items: BTreeSet<usize> = removals.iter().map(|removal| removal.item).collect();
        for item in items {
            let of_item: Vec<&Removal> = removals.iter().filter(|removal| removal.item == item).collect();
            let is_place = here.is_some_and(|here| here.item == item) && !pending.is_empty();
            let wholly = of_item.iter().filter(|removal| removal.cut == Cut::Command).count();
            let all = commands.iter().filter(|command| self.facts.sections[self.number].item(command) == item).count();
            let role_lines = |removal: &Removal| {
                let is_it = |it: &Removal| removal.is_id && it.command == removal.command && it.span == removal.span;
                later_roles.iter().find(|(it, _)| is_it(it)).map(|(_, line)| line.clone())
            };
            let shared = tree.resolve(sites[item]) != sites[item];
            let simple = of_item.iter().all(|removal| !removal.conditional);
            if wholly == all && simple && !shared {
                changes.removed.insert(item);
                let mut inserted: Vec<String> =
                    if is_place { std::mem::take(&mut pending).to_vec() } else { Vec::new() };
                inserted.extend(of_item.iter().filter_map(|removal| role_lines(removal)));
                if !inserted.is_empty() {
                    changes.inserted.insert(item, inserted);
                }
                continue;
            }
            let style = tree.scalar(sites[item])?.style;
            let runs = self.runs(&of_item);
            let mut own: Vec<String> = Vec::new();
            if is_place {
                own = std::mem::take(&mut pending).to_vec();
            }
            let own_roles: Vec<(Span, String)> =
                of_item.iter().filter_map(|removal| Some((removal.span, role_lines(removal)?))).collect();
            let mut inline = None;
            if shared {
                if style == Style::DoubleQuoted {
                    return None;
                }
                inline = Some(std::mem::take(&mut own));
            }
            for (number, run) in runs.iter().enumerate() {
                let roles: Vec<&String> =
                    own_roles.iter().filter(|(span, _)| run.contains(*span)).map(|(_, line)| line).collect();
                let mut statements: Vec<String> = inline.take().unwrap_or_default();
                let lines_of_run = (style == Style::Literal).then(|| document.whole_lines(*run)).flatten();
                // Every run of a step logs in, whichever branch it takes.
                if number == 0 && lines_of_run.is_some() && simple {
                    statements.append(&mut own);
                }
                statements.extend(roles.into_iter().cloned());
                if let Some(whole) = lines_of_run {
                    let indent = document.indent(run.start)?;
                    edits.push(Edit { span: whole, replacement: document.lines(indent, "", &statements) });
                } else if statements.is_empty() {
                    edits.push(Edit { span: self.without_operator(*run)?, replacement: String::new() });
                } else {
                    edits.push(Edit { span: *run, replacement: statements.join(" && ") });
                }
            }
            if !own.is_empty() {
                changes.inserted.insert(item, own);
            }
            for removal in of_item {
                match &removal.cut {
                    Cut::Command => {}
                    Cut::Words(words) => edits.extend(words.iter().map(|span| {
                        let role = role_lines(removal).map(|line| line.trim_start_matches("export ").to_owned());
                        let blanks = |text: &str| text.starts_with(char::is_whitespace);
                        let text = &document.text[span.start..span.end];
                        let replacement = role.map_or_else(String::new, |role| {
                            if blanks(text) { format!(" {role}") } else { format!("{role} ") }
                        });
                        Edit { span: *span, replacement }
                    })),
                    Cut::Rewrite(rewrites) => edits.extend(rewrites.iter().cloned()),
                }
            }
        }
        edits.extend(document.edit_list(self.list, &changes)?);
        (pending.is_empty() && changes.removed.len() < sites.len() + changes.inserted.len()).then_some(edits)
    }

    /// The commands that are removed from an item, those that only an operator separates in one.
    fn runs(&self, removals: &[&Removal]) -> Vec<Span> {
        let document = &self.context.document;
        let mut runs: Vec<Span> = Vec::new();
        for removal in removals.iter().filter(|removal| removal.cut == Cut::Command) {
            match runs.last_mut() {
                Some(last)
                    if last.end <= removal.span.start
                        && !removal.conditional
                        && is_operator(&document.text[last.end..removal.span.start]) =>
                {
                    last.end = removal.span.end;
                }
                _ => runs.push(removal.span),
            }
        }
        runs
    }

    /// A range with the operator that connects it with the next command, or the one before.
    fn without_operator(&self, run: Span) -> Option<Span> {
        let text = self.context.document.text;
        let blank = |c: char| c.is_whitespace() || c == '\\';
        let after = &text[run.end..];
        let rest = after.trim_start_matches([' ', '\t']);
        for operator in ["&&", ";"] {
            if let Some(rest) = rest.strip_prefix(operator).filter(|rest| !rest.starts_with(';')) {
                return Some(Span::new(run.start, text.len() - rest.trim_start_matches(blank).len()));
            }
        }
        let before = text[..run.start].trim_end_matches(blank);
        let ends = rest.is_empty() || rest.starts_with(['\n', '\r', '\'', '"', ',', ']', '#']);
        for operator in ["&&", ";"] {
            if let Some(before) = before.strip_suffix(operator).filter(|_| ends) {
                return Some(Span::new(before.trim_end().len(), run.end));
            }
        }
        None
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

fn is_operator(between: &str) -> bool {
    matches!(between.trim_matches(|c: char| c.is_whitespace() || c == '\\'), "&&" | ";")
}

fn command_text<'i, 'f>(item: &'i ScriptItem<'f>) -> Option<&'i Text<'f>> {
    match item {
        ScriptItem::Command(text) => Some(text),
        ScriptItem::Pipe(_) | ScriptItem::Other(_) => None,
    }
}
