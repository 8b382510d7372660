//! What ends the log: tables of the stacks, their changes and outputs, the cause of a failure, and the verdict.

use std::time::Duration;

use crate::{
    cdk::{
        changes::{Changes, EFFECTS},
        story::Story,
    },
    log,
    outputs::Outputs,
    settings::Command,
    table,
};

/// Shows what the CDK did, and the outputs that it left.
pub fn show(command: Command, story: &Story, outputs: &Outputs) {
    if story.used_base_credentials() {
        log::warning(
            "the CDK could not assume one of its bootstrap roles and went on with the session's own permissions; allow \
             the role sts:AssumeRole on arn:aws:iam::<account>:role/cdk-*",
        );
    }
    if command == Command::Diff {
        changes(story.changes());
    } else {
        stacks(story);
    }
    let mut rows = vec![vec!["output".to_owned(), "value".to_owned()]];
    rows.extend(outputs.iter().map(|(name, value)| vec![name, value.to_owned()]));
    show_table(&rows, false);
}

/// Says what failed first, and the verdict.
pub fn failed(command: Command, story: &Story, code: u8, took: Duration) {
    if let Some(failure) = story.first_failure() {
        log::detail(format_args!("failed first: {} {} in {}", failure.kind, failure.name, failure.stack));
        log::detail(format_args!("reason: {}", failure.reason));
    }
    if let Some(problem) = story.problem() {
        log::detail(format_args!("cause: {}", problem.cause));
        log::detail(format_args!("to do: {}", problem.remedy));
    }
    log::failure(format_args!("{} failed with exit code {code} after {}", command.name(), log::duration(took)));
}

fn stacks(story: &Story) {
    let mut rows = vec![["stack", "result", "resources", "time"].map(str::to_owned).to_vec()];
    rows.extend(story.stacks().iter().map(|stack| {
        let took = stack.took.map(log::duration).unwrap_or_default();
        vec![stack.name.clone(), stack.result.to_string(), stack.resources(), took]
    }));
    show_table(&rows, false);
}

fn changes(changes: &Changes) {
    let titles = EFFECTS.iter().map(|(_, word)| (*word).to_owned());
    let mut rows = vec![
        std::iter::once("stack".to_owned()).chain(titles).chain(["wider access".to_owned()]).collect::<Vec<String>>(),
    ];
    let number = |count: usize| if count == 0 { "-".to_owned() } else { count.to_string() };
    for stack in changes.stacks() {
        let counts = EFFECTS.iter().map(|(effect, _)| number(stack.count(*effect)));
        let mut row: Vec<String> = std::iter::once(stack.name.clone()).chain(counts).collect();
        row.push(number(stack.wider.len()));
        rows.push(row);
    }
    show_table(&rows, true);
    for stack in changes.stacks() {
        for change in stack.resources.iter().filter(|change| change.effect.is_risky()) {
            log::row(format_args!("{}: {change}", stack.name));
        }
        for wider in &stack.wider {
            log::warning(format_args!("{}: wider access: {wider}", stack.name));
        }
    }
    if let Some((counted, read)) = changes.disagreement() {
        log::warning(format_args!(
            "the CDK counts {counted} stacks with differences, and the table shows {read}: the CDK's own output above is right"
        ));
    }
}

/// Shows a table that has more than its titles.
fn show_table(rows: &[Vec<String>], right: bool) {
    if rows.len() > 1 {
        log::space();
        table::lines(rows, right).iter().for_each(log::row);
    }
}
