//! `cdk deploy` by keyless's own pipe.

use std::collections::BTreeSet;

use super::{Section, commands::Removal};
use crate::{
    diagnostic::Edit,
    facts::{ToolId, ToolUse},
    migrate::{
        credentials::unseen,
        edit::Changes,
        names::{ROLE, role_for},
    },
    pipes::keyless::IMAGE,
    script::{Command, Part, Word},
    yaml::{Kind, NodeId},
};

/// Options of `cdk deploy` that take a value.
/// Source: <https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html>.
const VALUED: [&str; 18] = [
    "-E",
    "--build-exclude",
    "-O",
    "--outputs-file",
    "-c",
    "--context",
    "-m",
    "--method",
    "-o",
    "--output",
    "-r",
    "--role-arn",
    "-t",
    "--tags",
    "--change-set-name",
    "--concurrency",
    "--parameters",
    "--toolkit-stack-name",
];

impl Section<'_, '_> {
    /// The edits that replace each `cdk deploy` by the pipe; `None` if something else in the script needs a session, or
    /// an option cannot be passed on.
    pub(super) fn deploy_pipe(&self, removals: &[Removal], tools: &[&ToolUse]) -> Option<Vec<Edit>> {
        let is_deployment = |tool: &&ToolUse| tool.call.tool.id == ToolId::Cdk && tool.call.command() == "deploy";
        if self.number != 0 || tools.is_empty() || !tools.iter().all(is_deployment) {
            return None;
        }
        if !removals.is_empty() && unseen(self.facts, self.number).next().is_some() {
            return None;
        }
        let document = &self.context.document;
        let Kind::Sequence(items) = &self.context.file.tree.node(self.list).kind else { return None };
        let indent =
            document.indent(self.context.file.span(self.list).start).filter(|_| !document.is_flow(self.list))?;
        let mut changes = Changes::default();
        for tool in tools {
            let (item, variables) = self.variables(tool, removals, items)?;
            let image = self.context.options.pipe.as_deref().unwrap_or(IMAGE);
            let mut lines =
                vec![format!("pipe: docker://{}", image.trim_start_matches("docker://")), "  variables:".to_owned()];
            lines.extend(variables.into_iter().map(|(name, value)| format!("    {name}: {value}")));
            let next = format!("{}{indent}", document.newline);
            changes.removed.insert(item);
            changes.inserted.insert(item, vec![lines.join(&next)]);
        }
        let mut edits = self.place_edits(removals, removals.first(), &[], &[])?;
        edits.extend(document.edit_list(self.list, &changes)?);
        super::super::edit::joined(edits)
    }

    /// The item of a deployment and the variables of its pipe.
    fn variables(
        &self,
        tool: &ToolUse,
        removals: &[Removal],
        items: &[NodeId],
    ) -> Option<(usize, Vec<(&'static str, String)>)> {
        let section = &self.facts.sections[self.number];
        let commands = &section.script.commands;
        let command = &commands[tool.command];
        let item = section.item(command);
        let alone = commands.iter().filter(|other| section.item(other) == item).count() == 1;
        let moves = commands[..tool.command]
            .iter()
            .any(|other| other.name().is_some_and(|name| name == "cd" || name == "pushd"));
        let aliased = self.context.file.tree.resolve(items[item]) != items[item];
        if !alone || moves || aliased || command.context.conditional || !command.redirections.is_empty() || tool.profile
        {
            return None;
        }
        let role = removals.iter().rfind(|removal| removal.is_id && removal.command < tool.command);
        let role = role.and_then(|removal| removal.variable.as_deref());
        let role = role.map_or_else(|| self.context.general.clone(), |key| role_for(key, &self.context.general));
        let mut variables = vec![(ROLE, format!("${role}")), ("AWS_REGION", region(tool)?)];
        variables.extend(self.options(command, tool)?);
        Some((item, variables))
    }

    /// The pipe's variables for the arguments of `cdk deploy`.
    fn options(&self, command: &Command, tool: &ToolUse) -> Option<Vec<(&'static str, String)>> {
        let arguments = command.invocation()?.arguments.get(tool.call.skipped..)?;
        let mut stacks: Vec<String> = Vec::new();
        let (mut extra, mut found) = (Vec::new(), Vec::new());
        let mut words = arguments.iter().skip_while(|word| word.prefix() != "deploy").skip(1);
        while let Some(word) = words.next() {
            let text = self.passed(word)?;
            let (name, value) =
                text.split_once('=').map_or((text.as_str(), None), |(name, value)| (name, Some(value.to_owned())));
            match name {
                "--all" => {}
                "--require-approval" | "-a" | "--app" => {
                    let value = value.or_else(|| words.next().and_then(|word| self.passed(word)))?;
                    let variable = if name == "--require-approval" { "REQUIRE_APPROVAL" } else { "APP" };
                    if value != "never" {
                        found.push((variable, quoted(value.trim_matches(['\'', '"']))));
                    }
                }
                _ if !text.starts_with('-') => stacks.push(text.trim_matches(['\'', '"']).to_owned()),
                _ => {
                    let next = if value.is_none() && VALUED.contains(&name) {
                        Some(self.passed(words.next()?)?)
                    } else {
                        None
                    };
                    extra.push(text.clone());
                    extra.extend(next);
                }
            }
        }
        if !stacks.is_empty() {
            found.insert(0, ("STACKS", quoted(&stacks.join(" "))));
        }
        if !extra.is_empty() {
            found.push(("EXTRA_ARGS", quoted(&extra.join(" "))));
        }
        Some(found)
    }

    /// A word as written, if a pipe can expand it: with variables of the settings only.
    fn passed(&self, word: &Word) -> Option<String> {
        let names: BTreeSet<&str> = word.expansions().into_iter().map(|it| it.name.as_str()).collect();
        let set = self.facts.bindings.iter().any(|binding| names.contains(binding.name.as_str()));
        let plain = word.parts.iter().all(|part| matches!(part, Part::Text { .. } | Part::Variable(_)));
        (plain && !set).then(|| self.facts.sections[self.number].script.slice(word.span).to_owned())
    }
}

/// The region that the script sets, or the variable for it. A pipe sees only what Bitbucket's settings define.
fn region(tool: &ToolUse) -> Option<String> {
    let Some(set) = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| tool.variable(name)) else {
        return Some("$AWS_REGION".to_owned());
    };
    let copy = set.value.copy_of().map(|name| format!("${name}"));
    copy.or_else(|| set.value.literal().map(str::to_owned))
}

/// A value in YAML.
fn quoted(value: &str) -> String {
    let plain =
        value.chars().all(|c| c.is_ascii_alphanumeric() || "_-./$ ".contains(c)) && !value.starts_with(['-', ' ']);
    if plain && !value.is_empty() { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) }
}
