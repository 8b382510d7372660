//! A plan for people: for a terminal, and as Markdown.

use std::fmt::Write as _;

use super::{Class, Connection, KeyUse, Plan, Purpose};
use crate::requirements::{Level, VariableRequirement};

impl Plan {
    /// How many uses have a class.
    pub fn count(&self, class: Class) -> usize {
        self.uses.iter().filter(|key_use| key_use.class == class).count()
    }

    /// The plan for a terminal.
    pub fn to_text(&self) -> String {
        self.text(None)
    }

    /// The plan for a terminal, with what Bitbucket's settings have.
    pub fn to_connected_text(&self, connection: &Connection) -> String {
        self.text(Some(connection))
    }

    /// The plan as Markdown.
    pub fn to_markdown(&self) -> String {
        self.markdown(None)
    }

    /// The plan as Markdown, with what Bitbucket's settings have.
    pub fn to_connected_markdown(&self, connection: &Connection) -> String {
        self.markdown(Some(connection))
    }

    fn text(&self, connection: Option<&Connection>) -> String {
        if self.uses.is_empty() {
            let style = Style { heading: "\n", item: "  ", markdown: false };
            let mut out = "No stored AWS keys are used.\n".to_owned();
            if let Some(connection) = connection.filter(|connection| !connection.keys.is_empty()) {
                write_connection(&mut out, connection, &style);
            }
            self.write_notes(&mut out, &style);
            return out;
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
        self.write_steps(&mut out, &Style { heading: "\n", item: "  ", markdown: false }, connection);
        out
    }

    fn markdown(&self, connection: Option<&Connection>) -> String {
        let style = Style { heading: "\n## ", item: "- ", markdown: true };
        let mut out = String::from("## Stored AWS keys\n\n");
        if self.uses.is_empty() {
            out.push_str("None.\n");
            if let Some(connection) = connection.filter(|connection| !connection.keys.is_empty()) {
                write_connection(&mut out, connection, &style);
            }
            self.write_notes(&mut out, &style);
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
        self.write_steps(&mut out, &style, connection);
        out
    }

    fn summary(&self) -> String {
        let (one, many) = ("use of a stored AWS key", "uses of stored AWS keys");
        let counts = Class::ALL.map(|class| format!("{} {}", self.count(class), class.name()));
        format!("{} {}: {}", self.uses.len(), if self.uses.len() == 1 { one } else { many }, counts.join(", "))
    }

    /// What to do, in order.
    fn write_steps(&self, out: &mut String, style: &Style, connection: Option<&Connection>) {
        let item = style.item;
        if let Some(connection) = connection {
            write_connection(out, connection, style);
        }
        if !self.roles.is_empty() {
            out.push_str(&style.title("Before the merge, in AWS"));
            let _ =
                writeln!(out, "{item}the workspace's identity provider; `keyless setup` generates it and the roles");
            for role in &self.roles {
                let _ = writeln!(
                    out,
                    "{item}a role for {}, with the permissions of the key's user",
                    role_of(role.as_deref())
                );
            }
        }
        let (create, delete) = if let Some(connection) = connection {
            (needed(connection, style), unneeded(self, connection, style))
        } else {
            let line = |variable: &VariableRequirement| format!("{} ({})", style.code(&variable.name), place(variable));
            (self.create.iter().map(line).collect(), self.delete.iter().map(line).collect())
        };
        style.list(out, "Before the merge, in Bitbucket's settings", "", &create);
        let delete: Vec<_> = delete.iter().map(|line| format!("delete {line}")).collect();
        let first = "deactivate the keys in IAM, and delete them after a while";
        style.list(out, "Once no deployment uses the keys", first, &delete);
        self.write_notes(out, style);
    }

    fn write_notes(&self, out: &mut String, style: &Style) {
        let notes: Vec<_> = self.notes.iter().map(|note| format!("line {}: {}", note.line, note.message)).collect();
        style.list(out, "To check", "", &notes);
    }
}

/// How lists look.
struct Style {
    heading: &'static str,
    item: &'static str,
    markdown: bool,
}

impl Style {
    fn title(&self, text: &str) -> String {
        if self.markdown { format!("{}{text}\n\n", self.heading) } else { format!("{}{text}:\n", self.heading) }
    }

    fn code(&self, name: &str) -> String {
        if self.markdown { format!("`{name}`") } else { name.to_owned() }
    }

    /// A list with its title, if it is not empty; `first` comes before the lines, unless it is empty.
    fn list(&self, out: &mut String, title: &str, first: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        out.push_str(&self.title(title));
        let first = Some(first).filter(|first| !first.is_empty());
        for line in first.into_iter().chain(lines.iter().map(String::as_str)) {
            let _ = writeln!(out, "{}{line}", self.item);
        }
    }
}

fn role_of(environment: Option<&str>) -> String {
    environment
        .map_or_else(|| "steps without an environment, of any branch".to_owned(), |name| format!("environment {name}"))
}

/// What Bitbucket's settings have of the keys.
fn write_connection(out: &mut String, connection: &Connection, style: &Style) {
    let keys = connection.keys.iter().map(|key| {
        let shadowed = key.shadowed_for.iter().map(|it| format!("{}, which takes that of the {}", it.step, it.by));
        let shadowed: Vec<_> = shadowed.collect();
        let reach = match (key.used_by.as_slice(), shadowed.as_slice()) {
            ([], []) => "used by no step of this file".to_owned(),
            (used, []) => format!("used by {}", used.join(", ")),
            ([], shadowed) => format!("shadowed for {}", shadowed.join("; ")),
            (used, shadowed) => format!("used by {}; shadowed for {}", used.join(", "), shadowed.join("; ")),
        };
        format!("{} ({}): {reach}", style.code(&key.name), key.place)
    });
    style.list(out, "Keys in Bitbucket's settings", "", &keys.collect::<Vec<_>>());
    let absent = connection.absent.iter().map(|absent| {
        let names: Vec<_> = absent.names.iter().map(|name| style.code(name)).collect();
        format!("line {}: {} needs {}", absent.line, absent.step, names.join(", "))
    });
    style.list(out, "Keys that Bitbucket's settings do not have", "", &absent.collect::<Vec<_>>());
}

/// The variables to create.
fn needed(connection: &Connection, style: &Style) -> Vec<String> {
    let line = |variable: &super::NeededVariable| {
        let purpose = match &variable.purpose {
            Purpose::Role { environment } => format!(": the role for {}", role_of(environment.as_deref())),
            Purpose::Region => ": the region of the deployment".to_owned(),
            Purpose::Other => String::new(),
        };
        let defined = variable.defined_at.as_ref().map(|place| format!("; set in the {place} already"));
        format!("{} ({}){purpose}{}", style.code(&variable.name), variable.place, defined.unwrap_or_default())
    };
    connection.needed.iter().map(line).collect()
}

/// The variables that nothing in the edited file needs.
fn unneeded(plan: &Plan, connection: &Connection, style: &Style) -> Vec<String> {
    let keys = connection.keys.iter().filter(|key| plan.delete.iter().any(|it| it.name == key.name));
    keys.map(|key| {
        let shared = matches!(key.place, super::Place::Workspace);
        let note = if shared { "; other repositories may use it" } else { "" };
        format!("{} ({}){note}", style.code(&key.name), key.place)
    })
    .collect()
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
