//! Injected faults, one a row: what the machine, the network, AWS, the step and the command can do wrong at any moment. After each,
//! nothing may be left behind, there is one clear message, and the time is bounded.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)] // clippy knows functions with #[test] alone as tests

mod command;
mod machine;
mod peers;
mod signals;

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use keyless_tests::{
    cloud::Cloud,
    run::{Finished, MARK, Workplace, alive},
};

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

/// How many rows run at the same time. Most wait.
const AT_ONCE: usize = 8;

/// The binary with the variables of a step, which runs `true` with a session.
fn step(workplace: &Workplace, binary: &str) -> Command {
    let mut command = workplace.step(&CLOUD, binary);
    command.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).env(MARK, workplace.folder());
    if binary == "keyless" {
        command.args(["exec", "--", "true"]);
    } else {
        command.env("COMMAND", "exec").env("EXTRA_ARGS", "true");
    }
    command
}

/// What is expected of every row.
struct Expected {
    code: i32,
    /// What the line of the failure contains; for a success, what the output contains.
    says: &'static str,
    within: Duration,
}

/// What is wrong with the end of a run.
fn wrong(workplace: &Workplace, finished: &Finished, took: Duration, expected: &Expected) -> Vec<String> {
    let mut wrong = Vec::new();
    let Expected { code, says, within } = expected;
    if finished.code != Some(*code) {
        wrong.push(format!("exit code {:?} instead of {code}", finished.code));
    }
    let failures: Vec<&str> = finished.stderr.lines().filter(|line| line.starts_with('✖')).collect();
    let all = finished.stdout.clone() + &finished.stderr;
    match failures[..] {
        [] if all.contains(says) => {}
        [one] if one.contains(says) && finished.stderr.lines().last() == Some(one) => {}
        _ => wrong.push(format!("no single last line with `{says}`")),
    }
    if all.contains("panicked") || all.contains("crashed") {
        wrong.push("a panic".to_owned());
    }
    if took > *within {
        wrong.push(format!("{took:?} instead of at most {within:?}"));
    }
    wrong.extend(left_in(&workplace.folder().join("tmp")).into_iter().map(|name| format!("tmp/{name} is left")));
    wrong.extend(left_in(&workplace.folder().join("home")).into_iter().map(|name| format!("home/{name} is left")));
    wrong.extend(alive(workplace).into_iter().map(|id| format!("process {id} is left")));
    if !wrong.is_empty() {
        wrong.push(all.chars().take(3000).collect());
    }
    wrong
}

fn left_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Runs every row, several at once, and lists what is wrong by the row's name.
fn all<R: Sync>(rows: &[R], name: impl Fn(&R) -> String + Sync, run: impl Fn(&R) -> Vec<String> + Sync) {
    let (next, found, started) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Instant::now());
    LazyLock::force(&CLOUD);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let wrong = run(row);
                    if !wrong.is_empty() {
                        let text = format!("{}:\n  {}", name(row), wrong.join("\n  "));
                        found.lock().unwrap_or_else(PoisonError::into_inner).push(text);
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{} faults in {:.1} s", rows.len(), started.elapsed().as_secs_f64());
    assert!(found.is_empty(), "{} of {} faults:\n{}", found.len(), rows.len(), found.join("\n"));
}

/// Runs a command and measures its time.
fn timed(run: impl FnOnce() -> Finished) -> (Finished, Duration) {
    let started = Instant::now();
    let finished = run();
    (finished, started.elapsed())
}
