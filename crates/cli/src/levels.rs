//! Which rules report, and how seriously: the command line on top of `keyless.yaml`.

use std::collections::BTreeMap;

use clap::Args;
use keyless_core::{
    rules::{Group, pipeline, trust},
    settings::{Level, Settings},
    spelling,
};

use crate::{failure::Failure, rules_command};

/// The rules that report.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Levels {
    /// Report only these rules and groups
    #[arg(long, value_name = "RULE,...", value_delimiter = ',', value_parser = rule_or_group)]
    select: Vec<String>,
    /// Do not report these rules and groups
    #[arg(long, value_name = "RULE,...", value_delimiter = ',', value_parser = rule_or_group)]
    ignore: Vec<String>,
    /// The severity of a rule's or a group's findings: off, hint, warning or error
    #[arg(long = "rule-level", value_name = "RULE=LEVEL,...", value_delimiter = ',', value_parser = rule_and_level)]
    changed: Vec<(String, Level)>,
}

impl Levels {
    /// Adds what the command line says to the settings; it takes precedence.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        if !self.select.is_empty() {
            settings.selected = Some(self.select.clone());
        }
        let off = self.ignore.iter().map(|name| (name, Level::Off));
        for (name, level) in self.changed.iter().map(|(name, level)| (name, *level)).chain(off) {
            set(settings, name, level);
        }
    }
}

/// Changes the levels of rules and groups, for files that `overrides` names.
pub(crate) fn change(settings: &mut Settings, levels: &BTreeMap<String, Level>) {
    let is_group = |name: &str| Group::ALL.iter().any(|group| group.name() == name);
    let (groups, rules): (Vec<_>, Vec<_>) = levels.iter().partition(|(name, _)| is_group(name));
    for (name, level) in groups.into_iter().chain(rules) {
        set(settings, name, *level);
    }
}

fn set(settings: &mut Settings, name: &str, level: Level) {
    // What the settings say about a rule of the group would take precedence over the group.
    settings.rules.retain(|rule, _| !is_in_group(rule, name));
    settings.rules.insert(name.to_owned(), level);
}

fn is_in_group(rule: &str, group: &str) -> bool {
    if group == Group::Policies.name() {
        return trust::rule(rule).is_some();
    }
    pipeline::rules_of(group).is_some_and(|rules| rules.iter().any(|known| known.id.as_str() == rule))
}

/// The ids of all rules and the names of all groups.
fn known() -> impl Iterator<Item = &'static str> {
    rules_command::all().map(|rule| rule.id.as_str()).chain(Group::ALL.map(Group::name))
}

/// Whether there is a rule or a group of this name.
fn check(name: &str) -> Result<(), Failure> {
    if known().any(|known| known == name) {
        return Ok(());
    }
    Err(Failure::UnknownRuleOrGroup { name: name.to_owned(), nearest: spelling::nearest(name, known()) })
}

fn rule_or_group(name: &str) -> Result<String, String> {
    check(name).map(|()| name.to_owned()).map_err(|failure| failure.to_string())
}

fn rule_and_level(text: &str) -> Result<(String, Level), String> {
    let (name, level) = text.split_once('=').ok_or("expected RULE=LEVEL, such as unpinned-image=error")?;
    let parsed = Level::ALL.into_iter().find(|known| known.name() == level);
    let parsed =
        parsed.ok_or_else(|| format!("unknown level `{level}`; expected `off`, `hint`, `warning` or `error`"))?;
    Ok((rule_or_group(name)?, parsed))
}
