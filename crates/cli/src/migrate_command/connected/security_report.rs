//! `keyless migrate report`: the migration for those who answer for security.

use std::{io, rc::Rc};

use clap::{Args, ValueEnum};
use keyless_aws::{ExistingRole, timestamp};
use keyless_core::{
    iam::document::{self, Node},
    migrate::{
        Purpose, StoredKey,
        permissions::{UserPermissions, of_group},
        security_report::{EnvironmentReport, Row, SecurityReport},
    },
};
use keyless_session::now;

use super::{
    access_keys::{self, call},
    apply::{STAGES, with_context},
    context::{Account, Context, TargetRole},
    key_id::key_of,
    retire,
    role_options::RoleOptions,
    roles::READ_ROLE,
    stage::Look,
    target::Target,
};
use crate::{failure::Failure, outcome::Outcome, streams::Streams};

/// How to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For a wiki page or a ticket
    Markdown,
    /// One file, for a browser or paper
    Html,
}

/// Report a migration to those who answer for security: each environment before and after, and what is left
///
/// Reads Bitbucket, the pipeline and, with credentials, the AWS account. Nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless migrate report --access-key AKIAIOSFODNN7EXAMPLE > migration.md
  keyless migrate report --access-key AKIAIOSFODNN7EXAMPLE --format html > migration.html

Exit status: 0 reported, 2 something could not be read.")]
pub(crate) struct Report {
    #[command(flatten)]
    target: Target,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "markdown")]
    format: ReportFormat,
    #[command(flatten)]
    role_options: RoleOptions,
}

/// Writes the report.
pub(crate) fn run(arguments: &Report, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    with_context(&arguments.target, streams, |context| {
        context.role_options = arguments.role_options.clone();
        let report = make(context)?;
        let text = match arguments.format {
            ReportFormat::Markdown => report.to_markdown(),
            ReportFormat::Html => report.to_html(),
        };
        context.streams.output.write_all(text.as_bytes())?;
        Ok(Outcome::Clean)
    })
}

/// The AWS side of an environment, as far as the credentials show it.
#[derive(Default)]
struct Found {
    key: Option<String>,
    user: Option<UserPermissions>,
    role: Option<ExistingRole>,
}

/// Makes the report. Nothing is changed.
fn make(context: &mut Context<'_, '_>) -> Result<SecurityReport, Failure> {
    let mut report = SecurityReport {
        repository: context.remote.slugs.to_string(),
        made_at: timestamp(now()).unwrap_or_default(),
        ..SecurityReport::default()
    };
    // Without access to the account the report has what Bitbucket and the file tell.
    let account = match context.account() {
        Ok(account) => Some(account),
        Err(failure) => {
            report.notes.push(format!("AWS was not read: {failure}"));
            None
        }
    };
    let roles = if account.is_some() { context.roles()? } else { Vec::new() };
    for environment in context.role_environments() {
        let role = roles.iter().find(|role| role.environment == environment);
        let found = match &account {
            Some(account) => find(context, account, environment.as_deref(), role, &mut report.notes)?,
            None => Found::default(),
        };
        let title = environment
            .as_ref()
            .map_or_else(|| "Steps without a deployment environment".to_owned(), |name| format!("Environment {name}"));
        let rows = rows(context, environment.as_deref(), role, &found);
        report.environments.push(EnvironmentReport { title, rows });
    }
    for stage in &STAGES {
        let look = (stage.look)(context);
        add(&mut report, look, account.is_some())?;
    }
    if account.is_some() {
        let look = retire::look_at_use(context);
        add(&mut report, look, true)?;
        let look = retire::look_at_end(context);
        add(&mut report, look, true)?;
    }
    Ok(report)
}

/// Adds what is left of a stage.
fn add(report: &mut SecurityReport, look: Result<Look, Failure>, has_account: bool) -> Result<(), Failure> {
    let look = match look {
        Ok(look) => look,
        // This is told once.
        Err(Failure::Aws { .. }) if !has_account => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let changes = look.changes.into_iter().map(|change| change.what);
    let obstacles = look.obstacles.into_iter().map(|obstacle| format!("{}; {}", obstacle.what, obstacle.help));
    for item in changes.chain(obstacles) {
        if !report.left.contains(&item) {
            report.left.push(item);
        }
    }
    for note in look.notes {
        if !report.notes.contains(&note) {
            report.notes.push(note);
        }
    }
    Ok(())
}

fn find(
    context: &mut Context<'_, '_>,
    account: &Rc<Account>,
    environment: Option<&str>,
    role: Option<&TargetRole>,
    notes: &mut Vec<String>,
) -> Result<Found, Failure> {
    let mut found = Found::default();
    let (_, keys) = access_keys::in_use(context);
    if let Some(id) = key_of(&keys, environment)
        && let Some(owner) = access_keys::owner(context, account, id)?
    {
        let used = retire::last_use(&owner);
        let keys = access_keys::of_user(context, account, &owner.user)?;
        let state = match keys.iter().find(|key| key.id == id) {
            Some(key) if key.is_active => "active",
            Some(_) => "inactive",
            None => "deleted",
        };
        found.key = Some(format!("access key `{id}` of user `{}`: {state}, {used}", owner.user));
        found.user = Some(access_keys::permissions_of_user(context, account, &owner.user)?);
    }
    if let Some(role) = role.filter(|role| role.arn.account().as_str() == account.id) {
        found.role = call(context, READ_ROLE, account.iam.role(role.arn.name()))?;
    } else if let Some(role) = role {
        notes.push(format!("{} is in another account, and was not read", role.arn));
    }
    Ok(found)
}

fn rows(context: &Context<'_, '_>, environment: Option<&str>, role: Option<&TargetRole>, found: &Found) -> Vec<Row> {
    let keys: Vec<&StoredKey> =
        context.pipeline.connection.keys.iter().filter(|key| key.place.reaches(environment)).collect();
    let arn = role.map(|role| role.arn.to_string());
    let exists = found.role.is_some();
    let row = |question, before, after| Row { question, before, after };
    let mut credential: Vec<String> =
        keys.iter().map(|key| format!("variable `{}` ({})", key.name, key.place)).collect();
    credential.extend(found.key.clone());
    if credential.is_empty() {
        credential.push("no stored key".to_owned());
    }
    let state = if exists { "exists" } else { "does not exist yet, or was not read" };
    let role_line = arn.map_or_else(|| "no role is planned".to_owned(), |arn| format!("role `{arn}`: {state}"));
    let variables = context.pipeline.connection.needed.iter().filter(
        |variable| matches!(&variable.purpose, Purpose::Role { environment: own } if own.as_deref() == environment),
    );
    let variables = variables.map(|variable| {
        let state = variable.defined_at.as_ref().map_or("not set yet".to_owned(), |at| format!("set in the {at}"));
        format!("named by variable `{}`: {state}", variable.name)
    });
    let steps = keys.iter().flat_map(|key| key.used_by.iter().map(|step| format!("step {step}")));
    let mut users: Vec<String> = Vec::new();
    for step in steps {
        if !users.contains(&step) {
            users.push(step);
        }
    }
    users.extend(
        [
            "every other step that gets the variables, and whoever can change one of their scripts",
            "whoever has a copy of the key",
        ]
        .map(str::to_owned),
    );
    let trust = found.role.as_ref().map(|role| conditions(&role.trust)).unwrap_or_default();
    let (addresses, others): (Vec<_>, Vec<_>) =
        trust.into_iter().partition(|condition| condition.to_ascii_lowercase().contains("aws:sourceip"));
    let anywhere = || vec!["any address".to_owned()];
    let accepted = if exists { others } else { vec!["nobody: the role was not read".to_owned()] };
    vec![
        row("Credential", credential, [role_line].into_iter().chain(variables).collect()),
        row("Who can use it", users, accepted),
        row("From where", anywhere(), if addresses.is_empty() { anywhere() } else { addresses }),
        row(
            "How long",
            vec!["until it is deactivated".to_owned()],
            vec!["one session for a token, which Bitbucket issues to a running step".to_owned()],
        ),
        row(
            "Permissions",
            found.user.as_ref().map_or_else(|| vec!["not read".to_owned()], of_user),
            found.role.as_ref().map_or_else(|| vec!["none yet".to_owned()], of_role),
        ),
    ]
}

fn of_user(user: &UserPermissions) -> Vec<String> {
    let mut lines = Vec::new();
    for (group, attached, inline) in user.policies() {
        let of = of_group(group);
        lines.extend(attached.iter().map(|policy| format!("`{}`{of}", policy.arn)));
        lines.extend(inline.iter().map(|policy| format!("inline policy `{}`{of}", policy.name)));
    }
    lines.extend(user.boundary.iter().map(|policy| format!("limited by `{}`", policy.arn)));
    or_none(lines)
}

fn of_role(role: &ExistingRole) -> Vec<String> {
    let mut lines: Vec<String> = role.attached.iter().map(|arn| format!("`{arn}`")).collect();
    lines.extend(role.inline.iter().map(|(name, _)| format!("inline policy `{name}`")));
    lines.extend(role.boundary.iter().map(|arn| format!("limited by `{arn}`")));
    or_none(lines)
}

fn or_none(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { vec!["none".to_owned()] } else { lines }
}

/// The principals and conditions of a trust policy, one a line.
fn conditions(trust: &str) -> Vec<String> {
    let Ok(document) = document::parse(trust) else { return vec!["its trust policy cannot be read".to_owned()] };
    let mut lines = Vec::new();
    for statement in document.get("Statement").map_or(&[][..], Node::items) {
        let effect = statement.get("Effect").and_then(Node::as_str).unwrap_or_default();
        let principals = statement.get("Principal").map(document::compact).unwrap_or_default();
        lines.push(format!("{effect} `{principals}`"));
        for operator in statement.get("Condition").map_or(&[][..], Node::members) {
            for key in operator.value.members() {
                lines.push(format!("`{}` {} `{}`", key.key, operator.key, document::compact(&key.value)));
            }
        }
    }
    lines
}
