//! A plan for people: for a terminal, and as Markdown.

use std::fmt::Write as _;

use super::{Class, KeyUse, Plan};
use crate::requirements::{Level, VariableRequirement};

impl Plan {
    /// How many uses have a class.
    pub fn count(&self, class: Class) -> usize {
        self.uses.iter().filter(|key_use| key_use.class == class).count()
    }

    /// The plan for a terminal.
    pub fn to_text(&self) -> String {
        if self.uses.is_empty() {
            return "No stored AWS keys are used.\n".to_owned();
        }
        let mut out = format!("{}\n", self.summary());
        for key_use in &self.uses {
            let _ = writeln!(out, "\nline {}, {}: {}", key_use.line, key_use.class.name(), key_use.form.description());
            let _ = writeln!(out, "  {}", key_use.places());
            if !key_use.keys.is_empty() {
                let _ = writeln!(out, "  keys: {}", key_use.keys.join(", "));
            }
            let _ = writeln!(out, "  {}", key_use.reason);
        }
        self.write_steps(&mut out, "\n", "  ", false);
        out
    }

    /// The plan as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = String::from("## Stored AWS keys\n\n");
        if self.uses.is_empty() {
            out.push_str("None.\n");
            return out;
        }
        let _ = writeln!(
            out,
            "{}\n\n| Line | Steps | Use | Keys | Class | Why |\n|---|---|---|---|---|---|",
            self.summary()
        );
        for key_use in &self.uses {
            let keys: Vec<_> = key_use.keys.iter().map(|key| format!("`{key}`")).collect();
            let cells = [
                key_use.line.to_string(),
                key_use.places(),
                key_use.form.description().to_owned(),
                if keys.is_empty() { "-".to_owned() } else { keys.join(", ") },
                key_use.class.name().to_owned(),
                key_use.reason.clone(),
            ];
            let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        self.write_steps(&mut out, "\n## ", "- ", true);
        out
    }

    fn summary(&self) -> String {
        let (one, many) = ("use of a stored AWS key", "uses of stored AWS keys");
        let counts = Class::ALL.map(|class| format!("{} {}", self.count(class), class.name()));
        format!("{} {}: {}", self.uses.len(), if self.uses.len() == 1 { one } else { many }, counts.join(", "))
    }

    /// What to do, in order.
    fn write_steps(&self, out: &mut String, heading: &str, item: &str, markdown: bool) {
        let title = |text: &str| if markdown { format!("{heading}{text}\n\n") } else { format!("{heading}{text}:\n") };
        let code = |name: &str| if markdown { format!("`{name}`") } else { name.to_owned() };
        if !self.roles.is_empty() {
            out.push_str(&title("Before the merge, in AWS"));
            let _ =
                writeln!(out, "{item}the workspace's identity provider; `keyless setup` generates it and the roles");
            for role in &self.roles {
                let of = role.as_ref().map_or_else(
                    || "steps without an environment, of any branch".to_owned(),
                    |name| format!("environment {name}"),
                );
                let _ = writeln!(out, "{item}a role for {of}, with the permissions of the key's user");
            }
        }
        if !self.create.is_empty() {
            out.push_str(&title("Before the merge, in Bitbucket's settings"));
            for variable in &self.create {
                let _ = writeln!(out, "{item}{} ({})", code(&variable.name), place(variable));
            }
        }
        if !self.delete.is_empty() {
            out.push_str(&title("Once no deployment uses the keys"));
            let _ = writeln!(out, "{item}deactivate the keys in IAM, and delete them after a while");
            for variable in &self.delete {
                let _ = writeln!(out, "{item}delete {} ({})", code(&variable.name), place(variable));
            }
        }
        if !self.notes.is_empty() {
            out.push_str(&title("To check"));
            for note in &self.notes {
                let _ = writeln!(out, "{item}line {}: {}", note.line, note.message);
            }
        }
    }
}

impl KeyUse {
    fn places(&self) -> String {
        let steps = self.steps.iter().map(|step| {
            let environments = step.environments.join(", ");
            if environments.is_empty() { step.name.clone() } else { format!("{} ({environments})", step.name) }
        });
        steps.collect::<Vec<_>>().join(", ")
    }
}

fn place(variable: &VariableRequirement) -> String {
    let environments = variable.environments.join(", ");
    match (variable.level, variable.environments.len()) {
        (Level::Repository, _) => "repository or workspace".to_owned(),
        (Level::Environment, 1) => format!("deployment environment {environments}"),
        (Level::Environment, _) => format!("deployment environments {environments}"),
    }
}
