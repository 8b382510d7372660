//! The stage that offers the edited pipeline: a commit on a separate branch, in the clone or in Bitbucket.

use keyless_bitbucket::{FileCommit, NewPullRequest};
use keyless_core::{
    migrate::{Class, KeyUse},
    setup::commands::quoted,
};

use super::{
    commit::{Status, WorkTree},
    context::Context,
    remote::Remote,
    stage::Look,
    verify,
};
use crate::{failure::Failure, streams::Streams};

/// The first line of the commit, and the title of the pull request.
const TITLE: &str = "Replace stored AWS keys by roles";

/// Looks for the branch.
pub(super) fn look(context: &mut Context<'_, '_>) -> Result<Look, Failure> {
    let mut look = Look::default();
    let pipeline = &context.pipeline;
    let is_edited = |key_use: &&KeyUse| match key_use.class {
        Class::Safe => true,
        Class::Unsafe => context.target.r#unsafe,
        Class::Manual => false,
    };
    let left = pipeline.plan.uses.len() - pipeline.plan.uses.iter().filter(is_edited).count();
    if pipeline.edited == pipeline.text {
        if left == 0 {
            look.present("branch", format!("`{}` uses no stored keys", pipeline.name), Vec::new());
        } else {
            look.obstacle(
                format!("{}, unsafe or manual, and nothing else to edit", uses_left(left)),
                "read their reasons with `keyless migrate`, and use --unsafe to edit the unsafe ones too",
            );
        }
        return Ok(look);
    }
    if left > 0 {
        look.notes.push(format!("{} as before; `keyless migrate` lists what is not edited", uses_left(left)));
    }
    if context.options.pull_request {
        in_bitbucket(context, &mut look)?;
    } else {
        in_clone(context, &mut look)?;
    }
    if !look.changes.is_empty() && look.obstacles.is_empty() {
        let failed = verify::look(context)?.obstacles.len();
        if failed > 0 {
            let checks =
                if failed == 1 { "1 check of the roles fails" } else { &*format!("{failed} checks of the roles fail") };
            let what = format!("{checks}, so that the edited file would break its steps");
            look.obstacle(what, "run `keyless migrate apply --stage verify` and fix what it says");
        }
    }
    Ok(look)
}

fn uses_left(count: usize) -> String {
    let (uses, are) = if count == 1 { ("use", "is") } else { ("uses", "are") };
    format!("{count} {uses} of stored keys {are} left")
}

/// A commit in the clone, without a change of the work tree.
fn in_clone(context: &Context<'_, '_>, look: &mut Look) -> Result<(), Failure> {
    let branch = context.options.branch().to_owned();
    let pipeline = &context.pipeline;
    let Some(clone) = WorkTree::of(&pipeline.path)? else {
        let help = "use --pull-request to commit in Bitbucket, or `keyless migrate --write` to edit the file";
        look.obstacle(format!("`{}` is not in a Git repository", pipeline.name), help);
        return Ok(());
    };
    match clone.status(&branch, &pipeline.text, &pipeline.edited)? {
        Status::Done => {
            let rollback = vec![format!("git -C {} branch -D {branch}", quoted(&clone.root().to_string_lossy()))];
            look.present("branch", format!("branch `{branch}` has the edited file"), rollback);
            look.notes.push(format!("to publish the branch: git push -u origin {branch}"));
        }
        Status::Ready(parent) => {
            let what = format!("commit the edited `{}` to branch `{branch}`", pipeline.name);
            look.change(
                "branch",
                what,
                Box::new(move |context| {
                    let (text, message) = (&context.pipeline.edited, message(context));
                    clone.commit(context.options.branch(), &parent, text, &message)?;
                    context.state.branch = Some(context.options.branch().to_owned());
                    Ok(())
                }),
            );
        }
        Status::Prevented { what, help } => look.obstacle(what, help),
    }
    Ok(())
}

fn message(context: &Context<'_, '_>) -> String {
    let steps: Vec<String> = context
        .pipeline
        .plan
        .uses
        .iter()
        .filter(|key_use| !key_use.edits.is_empty())
        .flat_map(|key_use| key_use.steps.iter().map(|step| format!("- {}", step.name)))
        .collect();
    format!("{TITLE}\n\nEdited by `keyless migrate`:\n{}\n", steps.join("\n"))
}

/// A commit in Bitbucket, and a pull request.
fn in_bitbucket(context: &mut Context<'_, '_>, look: &mut Look) -> Result<(), Failure> {
    let Context { remote, found, pipeline, options, streams, .. } = context;
    let (slugs, api, branch) = (&remote.slugs, &remote.bitbucket, options.branch().to_owned());
    let Some(destination) = options.destination.clone().or_else(|| found.main_branch.clone()) else {
        look.obstacle(format!("{slugs} has no main branch"), "use --destination BRANCH");
        return Ok(());
    };
    let clone = WorkTree::of(&pipeline.path)?;
    let outside = || pipeline.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let path = clone.map_or_else(outside, |clone| clone.path().to_owned());
    let Some(head) = head_of(remote, streams, &destination)? else {
        look.obstacle(format!("{slugs} has no branch `{destination}`"), "use --destination BRANCH");
        return Ok(());
    };
    let there = file_at(remote, streams, &head, &path)?;
    if there.as_deref() == Some(&*pipeline.edited) {
        look.present("branch", format!("branch `{destination}` in Bitbucket has the edited file"), Vec::new());
        return Ok(());
    }
    if there.as_deref() != Some(&*pipeline.text) {
        let what = format!("`{path}` on branch `{destination}` in Bitbucket is not the same as `{}`", pipeline.name);
        look.obstacle(what, "push or pull first, or use --destination BRANCH");
        return Ok(());
    }
    let own = head_of(remote, streams, &branch)?;
    let own_file = own.as_deref().map(|commit| file_at(remote, streams, commit, &path)).transpose()?.flatten();
    if own.is_some() && own_file.as_deref() == Some(&*pipeline.edited) {
        let rollback = vec![api.deletion_of_branch(slugs, &branch)];
        look.present("branch", format!("branch `{branch}` in Bitbucket has the edited file"), rollback);
    } else if own.is_some() && own_file.as_deref() != Some(&*pipeline.text) {
        let what = format!("branch `{branch}` exists in Bitbucket, with another version of `{path}`");
        look.obstacle(what, "delete it, or use --branch NAME");
        return Ok(());
    } else {
        let parent = own.unwrap_or(head);
        let what = format!("commit the edited `{path}` to branch `{branch}` in Bitbucket");
        look.change(
            "branch",
            what.clone(),
            Box::new(move |context| {
                let message = message(context);
                let Context { remote, pipeline, options, streams, state, .. } = context;
                let branch = options.branch();
                let (parent, path, message) = (&*parent, &*path, &*message);
                let commit = FileCommit { branch, parent, path, content: &pipeline.edited, message };
                let made = remote.wait(streams, remote.bitbucket.commit_file(&remote.slugs, &commit));
                made.map_err(|error| Remote::unchanged(what, &error))?;
                state.branch = Some(branch.to_owned());
                Ok(())
            }),
        );
    }
    pull_request(context, &destination, look)
}

/// The last commit of a branch in Bitbucket, if there is the branch.
fn head_of(remote: &Remote, streams: &mut Streams<'_>, branch: &str) -> Result<Option<String>, Failure> {
    let head = remote.wait(streams, remote.bitbucket.branch_head(&remote.slugs, branch));
    head.map_err(|error| remote.unread(&format!("branch {branch} of"), &error))
}

/// A file at a commit in Bitbucket, if there is the file.
fn file_at(remote: &Remote, streams: &mut Streams<'_>, commit: &str, path: &str) -> Result<Option<String>, Failure> {
    let file = remote.wait(streams, remote.bitbucket.file(&remote.slugs, commit, path));
    file.map_err(|error| remote.unread(&format!("{path} of"), &error))
}

fn pull_request(context: &mut Context<'_, '_>, destination: &str, look: &mut Look) -> Result<(), Failure> {
    let Context { remote, options, streams, .. } = context;
    let (slugs, api, branch) = (&remote.slugs, &remote.bitbucket, options.branch());
    let open = remote.wait(streams, api.open_pull_request(slugs, branch, destination));
    if let Some(open) = open.map_err(|error| remote.unread("the pull requests of", &error))? {
        let rollback = vec![api.decline_of_pull_request(slugs, &open)];
        look.present("pull request", format!("pull request {} is open", open.url), rollback);
        return Ok(());
    }
    let destination = destination.to_owned();
    let what = format!("open a pull request from `{branch}` to `{destination}`");
    look.change(
        "pull request",
        what.clone(),
        Box::new(move |context| {
            let Context { remote, pipeline, options, streams, .. } = context;
            let description = pipeline.plan.to_connected_markdown(&pipeline.connection);
            let (source, title, destination) = (options.branch(), TITLE, &*destination);
            let request = NewPullRequest { source, destination, title, description: &description };
            let opened = remote.wait(streams, remote.bitbucket.create_pull_request(&remote.slugs, &request));
            opened.map(drop).map_err(|error| Remote::unchanged(what, &error))
        }),
    );
    Ok(())
}
