//! What must exist in Bitbucket's settings for the steps of a file to work: `keyless requirements`.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use crate::{
    facts::{self, Credentials, Facts, StepFacts, TOKEN},
    pipeline::{self, ItemKind, Step},
    settings::{Known, Settings},
    text::Source,
    yaml::{self, Limits},
};

/// The requirements of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Requirements {
    /// By step, in the order of the file; steps that need nothing are left out.
    pub steps: Vec<StepRequirements>,
    /// By variable: where it is needed.
    pub variables: Vec<VariableRequirement>,
}

/// What one step needs in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
pub struct StepRequirements {
    /// Its name, or its line.
    pub step: String,
    /// The line it begins at, from 1.
    pub line: usize,
    /// Its deployment environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether it uses an OIDC token, so that the workspace's identity provider and a role must exist in AWS.
    pub oidc: bool,
    /// Variables that must exist.
    pub variables: Vec<Needed>,
}

/// One variable of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "NeededVariable"))]
pub struct Needed {
    /// Its name.
    pub name: String,
    /// Who needs it.
    pub used_by: String,
    /// What the settings declare.
    pub status: Status,
}

/// What is known about a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "VariableStatus"))]
pub enum Status {
    /// keyless.yaml says that it is there.
    Declared,
    /// Nothing is declared.
    Unknown,
    /// keyless.yaml does not have it.
    Missing,
}

/// Where one variable must exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct VariableRequirement {
    /// Its name.
    pub name: String,
    /// The level to define it at.
    pub level: Level,
    /// The environments that need it; empty for a step without one.
    pub environments: Vec<String>,
    /// The least that is known about it anywhere.
    pub status: Status,
    /// Those of the environments for which keyless.yaml does not have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<Vec<String>>", optional))]
    pub missing_for: Vec<String>,
}

/// Where a variable is best defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "VariableLevel"))]
pub enum Level {
    /// For each deployment environment that needs it: it differs from one to the other.
    Environment,
    /// For the repository, or the workspace when more repositories share it.
    Repository,
}

/// Whether a variable exists for a step without anyone defining it in Bitbucket's settings: Bitbucket's own, the shell's,
/// those of the custom pipeline, and those that an earlier step or a parent passes on.
pub fn is_provided(file: &pipeline::File<'_>, step: &Step<'_>, name: &str) -> bool {
    let asked = || {
        step.uses.iter().any(|at| {
            let pipeline = &file.pipelines[at.pipeline];
            let passed = pipeline.items[..at.item].iter().any(|item| match &item.kind {
                ItemKind::Step(id) => outputs(file.step(*id), name),
                ItemKind::Parallel(group) => group.steps.iter().any(|id| outputs(file.step(*id), name)),
                ItemKind::Stage(stage) => stage.steps.iter().any(|id| outputs(file.step(*id), name)),
                _ => false,
            });
            passed || pipeline.variables().any(|variable| variable.name.value == name)
        })
    };
    let handed = || file.steps.iter().any(|other| other.input_variables.iter().any(|input| input.value == name));
    facts::availability(name).is_some() || facts::is_from_elsewhere(name) || asked() || handed()
}

fn outputs(step: &Step<'_>, name: &str) -> bool {
    step.output_variables.iter().any(|output| output.value == name)
}

/// Reads a file's requirements.
pub fn requirements(source: &Source<'_>, settings: &Settings) -> Requirements {
    let (tree, _) = yaml::parse(source.text(), Limits::default());
    let file = pipeline::read(&tree);
    let facts = facts::read(source.text(), &tree, &file);
    let steps = steps(source, &tree, &file, &facts, settings);
    let variables = variables(&steps);
    Requirements { steps, variables }
}

fn steps(
    source: &Source<'_>,
    tree: &yaml::Tree,
    file: &pipeline::File<'_>,
    facts: &Facts,
    settings: &Settings,
) -> Vec<StepRequirements> {
    let mut found = Vec::new();
    for step in file.steps.iter().filter(|step| !step.uses.is_empty()) {
        let Some(of_step) = facts.of(step.id) else { continue };
        let line = source.position(step.place(tree).start).line;
        for deployment in file.deployments(step) {
            let environment = deployment.map(|deployment| deployment.environment.value);
            let needed = needed(source, file, step, of_step).into_iter().map(|(name, used_by)| {
                let status = match settings.known(&name, environment) {
                    Known::Perhaps => Status::Unknown,
                    Known::Defined => Status::Declared,
                    Known::OtherEnvironments(_) | Known::Missing => Status::Missing,
                };
                Needed { name, used_by, status }
            });
            let variables: Vec<_> = needed.collect();
            let oidc = step.has_token() || of_step.reads.iter().any(|read| read.name == TOKEN);
            if !variables.is_empty() || oidc {
                found.push(StepRequirements {
                    step: step.name.map_or_else(|| format!("line {line}"), |name| name.value.to_owned()),
                    line,
                    environment: environment.map(str::to_owned),
                    oidc,
                    variables,
                });
            }
        }
    }
    found
}

/// The variables that a step needs from outside, each with what needs it first.
fn needed(source: &Source<'_>, file: &pipeline::File<'_>, step: &Step<'_>, facts: &StepFacts) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, used_by: &str| {
        if !found.iter().any(|(known, _)| known == name) {
            found.push((name.to_owned(), used_by.to_owned()));
        }
    };
    for tool in facts.tools.iter().filter(|tool| tool.call.calls.needs_credentials()) {
        let set = |name: &str| tool.variable(name).is_some();
        match facts.credentials(tool) {
            Credentials::WebIdentity => {
                if !set("AWS_ROLE_ARN") {
                    add("AWS_ROLE_ARN", tool.call.tool.name);
                }
            }
            Credentials::Outside if step.has_token() => {
                add("AWS_ROLE_ARN", tool.call.tool.name);
                add("AWS_WEB_IDENTITY_TOKEN_FILE", tool.call.tool.name);
            }
            Credentials::Outside => {
                add("AWS_ACCESS_KEY_ID", tool.call.tool.name);
                add("AWS_SECRET_ACCESS_KEY", tool.call.tool.name);
            }
            Credentials::Session | Credentials::Keys | Credentials::Profile => {}
        }
        if !tool.region && !set("AWS_REGION") && !set("AWS_DEFAULT_REGION") {
            add("AWS_REGION", tool.call.tool.name);
        }
    }
    for pipe in &facts.pipes {
        if let Some(known) = pipe.known.filter(|known| known.login == facts::Login::RoleOrKeys) {
            let set = |name: &str| pipe.variable(name).is_some();
            if !set("AWS_DEFAULT_REGION") {
                add("AWS_DEFAULT_REGION", known.name);
            }
            if !set(facts::ROLE_VARIABLE) && !set("AWS_ACCESS_KEY_ID") {
                add("AWS_ACCESS_KEY_ID", known.name);
                add("AWS_SECRET_ACCESS_KEY", known.name);
            }
        }
    }
    for read in facts.reads.iter().filter(|read| !read.optional && !read.set_before) {
        if !is_provided(file, step, &read.name) {
            let line = source.position(read.span.start).line;
            add(&read.name, &format!("line {line}"));
        }
    }
    found
}

fn variables(steps: &[StepRequirements]) -> Vec<VariableRequirement> {
    let mut by_name: BTreeMap<&str, VariableRequirement> = BTreeMap::new();
    for step in steps {
        for needed in &step.variables {
            let entry = by_name.entry(&needed.name).or_insert_with(|| VariableRequirement {
                name: needed.name.clone(),
                level: Level::Environment,
                environments: Vec::new(),
                status: needed.status,
                missing_for: Vec::new(),
            });
            if let (Status::Missing, Some(environment)) = (needed.status, &step.environment)
                && !entry.missing_for.contains(environment)
            {
                entry.missing_for.push(environment.clone());
            }
            entry.status = entry.status.max(needed.status);
            match &step.environment {
                Some(environment) if !entry.environments.contains(environment) => {
                    entry.environments.push(environment.clone());
                }
                Some(_) => {}
                None => entry.level = Level::Repository,
            }
        }
    }
    let mut all: Vec<_> = by_name.into_values().collect();
    for variable in &mut all {
        // What only decides where something runs is the same everywhere as often as not.
        if !differs_by_environment(&variable.name) {
            variable.level = Level::Repository;
        }
    }
    all
}

/// Whether a variable usually has a value of its own in each environment.
fn differs_by_environment(name: &str) -> bool {
    !matches!(name, "AWS_REGION" | "AWS_DEFAULT_REGION")
}

impl Requirements {
    /// The table as Markdown; plain enough to be read as text.
    pub fn to_markdown(&self) -> String {
        let mut out = String::from("## To define in Bitbucket\n\n");
        if self.variables.is_empty() {
            out.push_str("nothing\n");
        } else {
            out.push_str("| variable | define it for | status |\n|---|---|---|\n");
            for variable in &self.variables {
                let _ = writeln!(out, "| `{}` | {} | {} |", variable.name, variable.place(), variable.standing());
            }
        }
        if let Some(roles) = self.in_aws() {
            let _ = writeln!(out, "\n## To set up in AWS\n\n{roles}");
        }
        out.push_str("\n## By step\n\n| step | environment | OIDC | needs |\n|---|---|---|---|\n");
        for step in &self.steps {
            let needs: Vec<_> =
                step.variables.iter().map(|needed| format!("`{}` ({})", needed.name, needed.used_by)).collect();
            let environment = step.environment.as_deref().unwrap_or("-");
            let oidc = if step.oidc { "yes" } else { "-" };
            let needs = if needs.is_empty() { "-".to_owned() } else { needs.join(", ") };
            let _ = writeln!(out, "| {} | {environment} | {oidc} | {needs} |", step.step.replace('|', "\\|"));
        }
        out
    }

    /// The table for a terminal.
    pub fn to_text(&self) -> String {
        if self.steps.is_empty() {
            return "nothing is needed from Bitbucket's settings\n".to_owned();
        }
        let mut out = String::new();
        let width = self.variables.iter().map(|variable| variable.name.len()).max().unwrap_or_default();
        if !self.variables.is_empty() {
            out.push_str("to define in Bitbucket:\n");
        }
        for variable in &self.variables {
            let (name, standing) = (&variable.name, variable.standing());
            let _ = writeln!(out, "  {name:width$}  {}: {standing}", variable.place());
        }
        if let Some(roles) = self.in_aws() {
            let _ = writeln!(out, "to set up in AWS:\n  {roles}");
        }
        for step in &self.steps {
            let environment =
                step.environment.as_ref().map_or_else(String::new, |name| format!(", environment {name}"));
            let token = if step.oidc { ", OIDC token" } else { "" };
            let _ = writeln!(out, "\n{} (line {}{environment}{token})", step.step, step.line);
            for needed in &step.variables {
                let _ = writeln!(out, "  {:width$}  {:8}  for {}", needed.name, needed.status.word(), needed.used_by);
            }
        }
        out
    }

    /// What AWS must know before the steps can use their tokens.
    fn in_aws(&self) -> Option<String> {
        let mut environments: Vec<&str> = Vec::new();
        let mut steps = self.steps.iter().filter(|step| step.oidc).peekable();
        steps.peek()?;
        for environment in steps.filter_map(|step| step.environment.as_deref()) {
            if !environments.contains(&environment) {
                environments.push(environment);
            }
        }
        let places = match environments.as_slice() {
            [] => String::new(),
            [one] => format!(" for {one}"),
            all => format!(" for each of {}", all.join(", ")),
        };
        Some(format!(
            "the workspace's identity provider, and a role that trusts it{places}: `keyless setup` writes them"
        ))
    }
}

impl VariableRequirement {
    fn standing(&self) -> String {
        match self.missing_for.as_slice() {
            [] => self.status.word().to_owned(),
            environments => format!("{} for {}", self.status.word(), environments.join(", ")),
        }
    }

    fn place(&self) -> String {
        match self.level {
            Level::Repository => "repository or workspace".to_owned(),
            Level::Environment if self.environments.len() == 1 => {
                format!("deployment environment {}", self.environments[0])
            }
            Level::Environment => format!("deployment environments {}", self.environments.join(", ")),
        }
    }
}

impl Status {
    /// The word for reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Unknown => "to check",
            Self::Missing => "MISSING",
        }
    }
}
