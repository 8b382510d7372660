//! Reads `catalogue.tsv`.
//!
//! A row of a pipe has the columns name, other names, evidence, versions read in full, newest version seen, login, role
//! variable, first version with a role, lowest version seen with a role, deploys (`y`), replacement, open prefixes, key of
//! the variables, groups of which one is needed. Lists are separated by commas, groups by `;` with `|` inside.
//!
//! The row of a variable begins with a tab: name, required (`A` always by README, `a` always, `c` from the settings, `w`
//! conditional, `o` optional, `u` unknown) with `s` for a secret, default, values (`=` closed, `~` open), first version,
//! newer name, deprecation (`p` app password, `d` other), condition, documentation. Empty columns at the end are left out.

use super::{Condition, Deprecation, Login, LoginKind, Pipe, Required, Variable};
use crate::pipes::Version;

pub(super) fn pipes(table: &'static str) -> Vec<Pipe> {
    let mut pipes: Vec<Pipe> = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix('\t') {
            None => pipes.push(pipe(&Row::new(line))),
            Some(row) => {
                if let Some(pipe) = pipes.last_mut() {
                    pipe.variables.push(variable(&Row::new(row)));
                }
            }
        }
    }
    pipes
}

struct Row(Vec<&'static str>);

impl Row {
    fn new(line: &'static str) -> Self {
        Self(line.split('\t').collect())
    }

    fn text(&self, column: usize) -> &'static str {
        self.0.get(column).copied().unwrap_or_default()
    }

    fn optional(&self, column: usize) -> Option<&'static str> {
        Some(self.text(column)).filter(|text| !text.is_empty())
    }

    fn version(&self, column: usize) -> Option<Version> {
        self.text(column).parse().ok()
    }

    fn list(&self, column: usize) -> impl Iterator<Item = &'static str> {
        self.text(column).split(',').filter(|text| !text.is_empty())
    }
}

fn pipe(row: &Row) -> Pipe {
    let kind = match row.text(5) {
        "role_or_keys" => LoginKind::RoleOrKeys,
        "role" => LoginKind::Role,
        "token" => LoginKind::Token,
        "keys" => LoginKind::Keys,
        "api_token" => LoginKind::ApiToken,
        "none" => LoginKind::None,
        _ => LoginKind::Unknown,
    };
    let groups = row.text(13).split(';').filter(|group| !group.is_empty());
    Pipe {
        name: row.text(0),
        also: row.list(1).collect(),
        readme_read: row.text(2) == "readme",
        read_versions: row.list(3).filter_map(|version| version.parse().ok()).collect(),
        newest: row.version(4),
        login: Login { kind, oidc_variable: row.optional(6), oidc_since: row.version(7), oidc_seen_at: row.version(8) },
        deploys: row.text(9) == "y",
        replaced_by: row.optional(10),
        open_prefixes: row.list(11).collect(),
        variables_key: row.optional(12),
        one_of: groups.map(|group| group.split('|').collect()).collect(),
        variables: Vec::new(),
    }
}

fn variable(row: &Row) -> Variable {
    let mark = row.text(1);
    let required = match mark.trim_end_matches('s') {
        "A" => Required::Always,
        "a" => Required::Likely,
        "c" => Required::FromSettings,
        "w" => Required::When(condition(row.text(7))),
        "o" => Required::Optional,
        _ => Required::Unknown,
    };
    let values = row.text(3);
    Variable {
        name: row.text(0),
        required,
        secret: mark.ends_with('s'),
        default: row.optional(2),
        values: values.get(1..).unwrap_or_default().split(',').filter(|value| !value.is_empty()).collect(),
        values_closed: values.starts_with('='),
        since: row.version(4),
        renamed_to: row.optional(5),
        deprecated: match row.text(6) {
            "p" => Some(Deprecation::AppPassword),
            "d" => Some(Deprecation::Discouraged),
            _ => None,
        },
        documentation: row.text(8),
    }
}

fn condition(text: &'static str) -> Condition {
    match (text.split_once("=="), text.split_once("!=")) {
        (Some((name, "")), _) => Condition::Absent(name),
        (Some((name, value)), _) => Condition::Is(name, value),
        (_, Some((name, value))) => Condition::IsNot(name, value),
        _ => Condition::Other,
    }
}
