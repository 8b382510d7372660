//! `keyless migrate apply`: goes through the stages, each of which can be interrupted and run again.

use std::io;

use clap::Args;

use super::{
    branch,
    context::Context,
    role_options::RoleOptions,
    roles,
    stage::{Look, Obstacle, Stage, StageName},
    target::{ApplyOptions, Target},
    variables, verify,
};
use crate::{failure::Failure, outcome::Outcome, streams::Streams};

/// The stages, in their order.
pub(super) const STAGES: [Stage; 4] = [
    Stage { name: StageName::Roles, title: "identity provider and roles in AWS", waits_for: &[], look: roles::look },
    Stage { name: StageName::Variables, title: "variables in Bitbucket", waits_for: &[], look: variables::look },
    Stage {
        name: StageName::Verify,
        title: "roles that accept the steps",
        waits_for: &[StageName::Roles, StageName::Variables],
        look: verify::look,
    },
    Stage {
        name: StageName::Branch,
        title: "the edited pipeline on a branch",
        waits_for: &[StageName::Roles, StageName::Variables, StageName::Verify],
        look: branch::look,
    },
];

/// Migrate a repository of Bitbucket stage by stage; a dry run unless --yes is given
///
/// Every stage looks at Bitbucket, AWS and the clone first, so that it can be interrupted and run again: what is done already
/// is not done again. It prints the commands that undo it. `.keyless/migration.json` records what was changed, without secrets.
#[derive(Debug, Args)]
#[command(after_help = "\
Stages:
  roles       creates the identity provider and a role for each environment, with the permissions of its key's user
  variables   creates the variables with the ARNs of the roles, at the level of their steps
  verify      checks that each role exists and accepts the tokens of its steps; changes nothing
  branch      commits the edited pipeline to branch keyless/migrate, once verify has passed

What is needed:
  Bitbucket   BITBUCKET_ACCESS_TOKEN, or ATLASSIAN_ACCOUNT_EMAIL with ATLASSIAN_API_TOKEN; docs/migrate.md lists the scopes
  AWS         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) that may read IAM, and change it for roles

Examples:
  eval \"$(aws configure export-credentials --format env)\"
  keyless migrate apply                        what every stage would change
  keyless migrate apply --stage roles --access-key production=AKIAIOSFODNN7EXAMPLE --yes
                                               the roles alone, with the permissions of the owner of this key
  keyless migrate apply --stage variables --yes
  keyless migrate apply --yes --pull-request   everything, up to an open pull request
  keyless migrate apply --role production=arn:aws:iam::123456789012:role/deploy

Exit status: 0 everything is done, 1 something is left to do, 2 something could not be read or changed.")]
pub(crate) struct Apply {
    #[command(flatten)]
    target: Target,
    /// Only this stage
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Make the changes
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    options: ApplyOptions,
    #[command(flatten)]
    role_options: RoleOptions,
}

/// How a stage ended.
enum End {
    Done,
    /// Changes are left, because this is a dry run.
    Open,
    /// Something prevents it.
    Stopped,
}

/// Runs the stages.
pub(crate) fn run(arguments: &Apply, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    with_context(&arguments.target, streams, |context| {
        context.options = arguments.options.clone();
        context.role_options = arguments.role_options.clone();
        run_stages(&STAGES, arguments.stage, arguments.yes, context)
    })
}

/// Reads the pipeline and what Bitbucket has, for a part of a migration.
pub(super) fn with_context(
    target: &Target,
    streams: &mut Streams<'_>,
    run: impl FnOnce(&mut Context<'_, '_>) -> Result<Outcome, Stop>,
) -> io::Result<Outcome> {
    let ended = Context::open(target, streams).map_err(Stop::from).and_then(|mut context| run(&mut context));
    match ended {
        Ok(outcome) => Ok(outcome),
        Err(Stop::Failure(failure)) => {
            streams.fail(&failure);
            Ok(Outcome::CannotRun)
        }
        Err(Stop::Unwritable(error)) => Err(error),
    }
}

/// Why the stages end early.
pub(super) enum Stop {
    Failure(Failure),
    Unwritable(io::Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unwritable(error)
    }
}

/// Runs stages in their order, or one of them, until one cannot go on. Without `yes` it only tells what they would change.
pub(super) fn run_stages(
    stages: &[Stage],
    only: Option<StageName>,
    yes: bool,
    context: &mut Context<'_, '_>,
) -> Result<Outcome, Stop> {
    let mut open: Vec<StageName> = Vec::new();
    let chosen = stages.iter().filter(|stage| only.is_none_or(|only| only == stage.name));
    for (number, stage) in chosen.enumerate() {
        if number > 0 {
            writeln!(context.streams.output)?;
        }
        let waits: Vec<&str> =
            stage.waits_for.iter().filter(|name| open.contains(name)).map(|name| name.name()).collect();
        if !waits.is_empty() {
            writeln!(context.streams.output, "{}: waits for {}", stage.name.name(), waits.join(" and "))?;
            open.push(stage.name);
            continue;
        }
        match run_stage(stage, yes, context)? {
            End::Done => {}
            End::Open => open.push(stage.name),
            End::Stopped => return Ok(Outcome::Findings),
        }
    }
    if open.is_empty() {
        return Ok(Outcome::Clean);
    }
    writeln!(context.streams.output, "\nNothing was changed. Use --yes to make the changes.")?;
    Ok(Outcome::Findings)
}

fn run_stage(stage: &Stage, yes: bool, context: &mut Context<'_, '_>) -> Result<End, Stop> {
    let mut look = (stage.look)(context)?;
    let status = match (look.present.len(), look.changes.len(), look.obstacles.len()) {
        (_, _, 1..) => "cannot go on".to_owned(),
        (_, 0, _) => "done".to_owned(),
        (0, _, _) => "open".to_owned(),
        (done, open, _) => format!("{done} of {} done", done + open),
    };
    writeln!(context.streams.output, "{} ({}): {status}", stage.name.name(), stage.title)?;
    print(&look, context)?;
    if !look.obstacles.is_empty() {
        return Ok(End::Stopped);
    }
    if !yes && !look.changes.is_empty() {
        for change in &look.changes {
            writeln!(context.streams.output, "  + {}", change.what)?;
        }
        return Ok(End::Open);
    }
    if !look.changes.is_empty() {
        record(context);
        for change in look.changes.drain(..) {
            context.state.begin(&change.id, change.rollback)?;
            writeln!(context.streams.output, "  + {}", change.what)?;
            // the change may wait for the network, and a killed run has said what it was doing
            context.streams.output.flush()?;
            (change.make)(context)?;
        }
        context.state.write()?;
        // What counts is what the systems say.
        context.refresh()?;
        let said = look.notes;
        look = (stage.look)(context)?;
        for note in look.notes.iter().filter(|note| !said.contains(note)) {
            writeln!(context.streams.output, "  ! {note}")?;
        }
        if !look.changes.is_empty() || !look.obstacles.is_empty() {
            for change in &look.changes {
                let what = format!("after the change, this is still to do: {}", change.what);
                print_obstacle(&Obstacle { what, help: "run this again".to_owned() }, context)?;
            }
            for obstacle in &look.obstacles {
                print_obstacle(obstacle, context)?;
            }
            return Ok(End::Stopped);
        }
    }
    let undo: Vec<&String> = look
        .present
        .iter()
        .filter_map(|present| Some((present, context.state.changes.get(&present.id)?)))
        .flat_map(|(present, recorded)| if recorded.is_empty() { &present.rollback } else { recorded })
        .collect();
    if !undo.is_empty() {
        writeln!(context.streams.output, "  To undo this stage:")?;
        for command in undo {
            writeln!(context.streams.output, "    {command}")?;
        }
    }
    Ok(End::Done)
}

/// Records what the migration is about, for the next change.
fn record(context: &mut Context<'_, '_>) {
    let Context { state, found, remote, .. } = context;
    state.repository = remote.slugs.to_string();
    state.repository_uuid.clone_from(&found.uuid);
    state.workspace_uuid.clone_from(&found.workspace_uuid);
    let environments = found.environments.iter();
    state.environments = environments.map(|it| (it.deployment().to_owned(), it.uuid.clone())).collect();
}

fn print(look: &Look, context: &mut Context<'_, '_>) -> io::Result<()> {
    for present in &look.present {
        writeln!(context.streams.output, "  ✔ {}", present.what)?;
    }
    for note in &look.notes {
        writeln!(context.streams.output, "  ! {note}")?;
    }
    for obstacle in &look.obstacles {
        print_obstacle(obstacle, context)?;
    }
    Ok(())
}

fn print_obstacle(obstacle: &Obstacle, context: &mut Context<'_, '_>) -> io::Result<()> {
    writeln!(context.streams.output, "  ✖ {}\n    help: {}", obstacle.what, obstacle.help)
}
