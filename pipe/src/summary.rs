//! The end of the log: tables of the stacks, their changes and outputs, the cause of a failure, and the verdict.

use std::time::Duration;

use keyless_core::aws::AccountId;
use keyless_session::log;

use crate::{
    access::Comparison,
    cdk::{
        changes::{Changes, EFFECTS},
        run_log::RunLog,
    },
    outputs::Outputs,
    settings::Command,
    table,
};

/// Shows what the CDK did, and the outputs.
pub(crate) fn show(command: Command, run: &RunLog, outputs: &Outputs) {
    if run.used_base_credentials() {
        log::warning(
            "the CDK could not assume one of its bootstrap roles and continued with the session's own permissions; grant \
             sts:AssumeRole on arn:aws:iam::<account>:role/cdk-* to the role",
        );
    }
    if command == Command::Diff {
        changes(run.changes());
    } else {
        stacks(run);
    }
    let mut rows = vec![vec!["output".to_owned(), "value".to_owned()]];
    rows.extend(outputs.iter().map(|(name, value)| vec![name, value.to_owned()]));
    show_table(&rows, false);
}

/// How many places of a stack are listed where access is broadened: a new stack may have hundreds.
const MOST_BROADER: usize = 50;

/// Shows where a deployment is going to broaden access.
pub(crate) fn broader(compared: &[Comparison]) {
    for Comparison { stack, broader } in compared {
        match broader {
            Ok(broader) => {
                for text in broader.iter().take(MOST_BROADER) {
                    log::warning(format_args!("{stack}: broader access: {text}"));
                }
                if let Some(more) = broader.len().checked_sub(MOST_BROADER).filter(|more| *more > 0) {
                    log::warning(format_args!("{stack}: broader access: {more} more"));
                }
            }
            Err(error) => log::warning(format_args!("{stack}: cannot tell whether access is broadened: {error}")),
        }
    }
}

/// Shows what failed first, and the verdict on a run in an account.
pub(crate) fn failed(command: Command, run: &RunLog, code: u8, took: Duration, account: &AccountId) {
    if let Some(failure) = run.first_failure() {
        log::detail(format_args!("first failure: {} {} in {}", failure.kind, failure.name, failure.stack));
        log::detail(format_args!("reason: {}", failure.reason));
    }
    if let Some(problem) = run.problem() {
        log::detail(format_args!("cause: {}", problem.cause()));
        log::help(problem.remedy(account));
    }
    log::failure(format_args!("{} failed with exit code {code} after {}", command.name(), log::duration(took)));
}

fn stacks(run: &RunLog) {
    let mut rows = vec![["stack", "result", "resources", "time"].map(str::to_owned).to_vec()];
    rows.extend(run.stacks().iter().map(|stack| {
        let took = stack.took.map(log::duration).unwrap_or_default();
        vec![stack.name.clone(), stack.result.to_string(), stack.resources(), took]
    }));
    show_table(&rows, false);
}

fn changes(changes: &Changes) {
    let titles = EFFECTS.iter().map(|(_, word)| (*word).to_owned());
    let mut rows = vec![
        std::iter::once("stack".to_owned()).chain(titles).chain(["broader access".to_owned()]).collect::<Vec<String>>(),
    ];
    let number = |count: usize| if count == 0 { "-".to_owned() } else { count.to_string() };
    for stack in changes.stacks() {
        let counts = EFFECTS.iter().map(|(effect, _)| number(stack.count(*effect)));
        let mut row: Vec<String> = std::iter::once(stack.name.clone()).chain(counts).collect();
        row.push(number(stack.broader.len()));
        rows.push(row);
    }
    show_table(&rows, true);
    for stack in changes.stacks() {
        for change in stack.resources.iter().filter(|change| change.effect.is_risky()) {
            log::row(format_args!("{}: {change}", stack.name));
        }
        for broader in &stack.broader {
            log::warning(format_args!("{}: broader access: {broader}", stack.name));
        }
    }
    if let Some((counted, read)) = changes.disagreement() {
        log::warning(format_args!(
            "the CDK reports {counted} stacks with differences, but the table shows {read}; see the CDK's own output above"
        ));
    }
}

/// Shows a table, unless it has only its titles.
fn show_table(rows: &[Vec<String>], right: bool) {
    if rows.len() > 1 {
        log::space();
        table::lines(rows, right).iter().for_each(log::row);
    }
}
