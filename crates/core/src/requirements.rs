//! The variables and AWS resources that the steps of a file need from outside it: `keyless requirements`.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use crate::{
    analysis::Analysis,
    facts::{self, Credentials, StepFacts, TOKEN},
    pipeline::{self, ItemKind, Step},
    pipes::keyless,
    settings::Known,
    text::Source,
};

/// The requirements of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Requirements {
    /// The needs of each step, in file order, without the steps that need nothing.
    pub steps: Vec<StepRequirements>,
    /// The variables to set in Bitbucket, by name.
    pub variables: Vec<VariableRequirement>,
}

/// What one step needs in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
pub struct StepRequirements {
    /// Its name, or `line N` for a step without one.
    pub step: String,
    /// The line where it starts, from 1.
    pub line: usize,
    /// Its deployment environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether it uses an OIDC token, which requires the workspace's identity provider and a role in AWS.
    pub oidc: bool,
    /// The variables that it needs.
    pub variables: Vec<Needed>,
}

/// A variable that a step needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "NeededVariable"))]
pub struct Needed {
    /// Its name.
    pub name: String,
    /// The tool or pipe that needs it, or the line that reads it.
    pub used_by: String,
    /// Whether the settings declare it.
    pub status: Status,
}

/// Whether `keyless.yaml` declares a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "VariableStatus"))]
pub enum Status {
    /// It does.
    Declared,
    /// `keyless.yaml` declares no variables, so this cannot be verified.
    Unknown,
    /// It declares variables, but not this one.
    Missing,
}

/// A variable to set in Bitbucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct VariableRequirement {
    /// Its name.
    pub name: String,
    /// Where to set it.
    pub level: Level,
    /// The deployment environments that need it; empty if only steps without an environment do.
    pub environments: Vec<String>,
    /// The worst status of all steps that need it.
    pub status: Status,
    /// The environments for which `keyless.yaml` does not declare it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<Vec<String>>", optional))]
    pub missing_for: Vec<String>,
}

/// Where to set a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "VariableLevel"))]
pub enum Level {
    /// In each deployment environment that needs it, because its value usually differs between them.
    Environment,
    /// In the repository, or in the workspace if several repositories share it.
    Repository,
}

/// Whether a step has a variable without anyone setting it in Bitbucket: Bitbucket's default variables, the shell's,
/// those of the custom pipeline, and those that an earlier step or a parent pipeline passes on.
pub fn is_provided(file: &pipeline::File<'_>, step: &Step<'_>, name: &str) -> bool {
    let in_pipeline = || {
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
    let passed_by_parent =
        || file.steps.iter().any(|other| other.input_variables.iter().any(|input| input.value == name));
    facts::availability(name).is_some() || facts::is_from_elsewhere(name) || in_pipeline() || passed_by_parent()
}

fn outputs(step: &Step<'_>, name: &str) -> bool {
    step.output_variables.iter().any(|output| output.value == name)
}

/// The requirements of a file, without syntax errors or findings.
pub fn requirements(file: &Analysis<'_>) -> Requirements {
    let steps = steps(file);
    let variables = variables(&steps);
    Requirements { steps, variables }
}

fn steps(analysis: &Analysis<'_>) -> Vec<StepRequirements> {
    let Analysis { source, settings, tree, model: file, facts, .. } = analysis;
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

/// The variables that a step needs from outside the file, each with its first use.
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
        let configured = tool.region || facts.configures_region(tool);
        if !configured && !set("AWS_REGION") && !set("AWS_DEFAULT_REGION") {
            add("AWS_REGION", tool.call.tool.name);
        }
    }
    for pipe in facts.pipes.iter().filter(|pipe| pipe.is_keyless()) {
        for variable in keyless::VARIABLES.iter().filter(|variable| variable.required) {
            if pipe.setting(variable).is_none() {
                add(variable.name, &pipe.name);
            }
        }
    }
    for session in &facts.sessions {
        for variable in keyless::VARIABLES.iter().filter(|variable| variable.required) {
            let names = [Some(variable.name), variable.alias];
            if !names.into_iter().flatten().any(|name| facts.bindings.iter().any(|binding| binding.name == name)) {
                add(variable.name, session.source.command());
            }
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
    let reads = facts.reads.iter().filter(|read| !read.optional && !read.set_before);
    let reads = reads.map(|read| (&read.name, read.span));
    let templates = facts.templates.iter().map(|template| (&template.value, template.span));
    for (name, span) in reads.chain(templates) {
        if !is_provided(file, step, name) {
            let line = source.position(span.start).line;
            add(name, &format!("line {line}"));
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
        // A region is often the same in every environment.
        if !differs_by_environment(&variable.name) {
            variable.level = Level::Repository;
        }
    }
    all
}

/// Whether a variable usually has a different value in each environment.
fn differs_by_environment(name: &str) -> bool {
    !matches!(name, "AWS_REGION" | "AWS_DEFAULT_REGION")
}

impl Requirements {
    /// The report as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = String::from("## Variables to set in Bitbucket\n\n");
        if self.variables.is_empty() {
            out.push_str("None.\n");
        } else {
            out.push_str("| Variable | Set it in | Status |\n|---|---|---|\n");
            for variable in &self.variables {
                let _ = writeln!(out, "| `{}` | {} | {} |", variable.name, variable.place(), variable.status_text());
            }
        }
        if let Some(roles) = self.in_aws() {
            let _ = writeln!(out, "\n## Set up in AWS\n\n{roles}");
        }
        out.push_str("\n## Steps\n\n| Step | Environment | OIDC | Needs |\n|---|---|---|---|\n");
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

    /// The report for a terminal.
    pub fn to_text(&self) -> String {
        if self.steps.is_empty() {
            return "No variables or OIDC tokens are needed.\n".to_owned();
        }
        let mut out = String::new();
        let width = self.variables.iter().map(|variable| variable.name.len()).max().unwrap_or_default();
        if !self.variables.is_empty() {
            out.push_str("Variables to set in Bitbucket:\n");
        }
        for variable in &self.variables {
            let name = &variable.name;
            let _ = writeln!(out, "  {name:width$}  ({}) – {}", variable.place(), variable.status_text());
        }
        if let Some(roles) = self.in_aws() {
            let _ = writeln!(out, "\nSet up in AWS:\n  {roles}");
        }
        for step in &self.steps {
            let environment =
                step.environment.as_ref().map_or_else(String::new, |name| format!(", environment {name}"));
            let token = if step.oidc { ", OIDC token" } else { "" };
            let _ = writeln!(out, "\n{} (line {}{environment}{token})", step.step, step.line);
            for needed in &step.variables {
                let _ = writeln!(out, "  {:width$}  {:12}  {}", needed.name, needed.status.name(), needed.used_by);
            }
        }
        out
    }

    /// The AWS resources that the steps need to use their tokens.
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
            "the workspace's identity provider and a role that trusts it{places}; `keyless setup` generates them"
        ))
    }
}

impl VariableRequirement {
    fn status_text(&self) -> String {
        match self.missing_for.as_slice() {
            [] => self.status.name().to_owned(),
            environments => format!("{} for {}", self.status.name(), environments.join(", ")),
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
    /// The name for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Unknown => "not verified",
            Self::Missing => "missing",
        }
    }
}
