//! Measures the language server: the time from a change to the findings, and that of questions about a file, for a file of 500
//! lines and for one of 1.4 MB.
//!
//! ```text
//! usage: measure_editor [<keyless binary>] [<changes>]
//! ```
#![allow(clippy::expect_used, clippy::print_stdout)]

use std::{
    env, fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use keyless_tests::{checkout, editor::Editor};
use serde_json::json;

const URI: &str = "file:///clone/bitbucket-pipelines.yml";

/// How long somebody looks at the findings before the next change.
const PAUSE: Duration = Duration::from_millis(30);

/// Lines of a step, and the column where each change adds a letter to its name.
const STEP_LINES: usize = 8;
const COLUMN: usize = 14;

fn main() {
    let mut arguments = env::args_os().skip(1);
    let binary = arguments.next().map_or_else(|| checkout::binary("keyless"), PathBuf::from);
    let binary = fs::canonicalize(binary).expect("the binary is there");
    let changes = arguments.next().and_then(|count| count.to_str()?.parse().ok()).unwrap_or(1000);
    for (steps, changes) in [(62, changes), (7000, changes / 50)] {
        let text = pipeline(steps);
        let mut editor = Editor::with_server(&binary);
        let opened = Instant::now();
        editor.open(URI, 0, &text);
        editor.findings(URI, 0);
        println!(
            "{} lines, {} KB: opened in {:.1} ms",
            text.lines().count(),
            text.len() / 1000,
            milliseconds(opened.elapsed())
        );
        let mut times = Vec::new();
        for version in 1..=changes.max(1) {
            thread::sleep(PAUSE);
            let step = usize::try_from(version).expect("a version is positive") % steps;
            let place = json!({ "line": 3 + STEP_LINES * step + 1, "character": COLUMN });
            let started = Instant::now();
            editor.change(URI, version, &[json!({ "range": { "start": place, "end": place }, "text": "x" })]);
            editor.findings(URI, version);
            times.push(started.elapsed());
            editor.forget();
        }
        println!("  from a change to the findings: {}", spread(times));
        for method in ["hover", "completion", "definition", "documentSymbol", "codeLens"] {
            let asked = json!({ "textDocument": { "uri": URI }, "position": { "line": 5, "character": 12 } });
            let times = (0..20).map(|_| {
                let started = Instant::now();
                editor.ask(&format!("textDocument/{method}"), &asked);
                started.elapsed()
            });
            println!("  {method}: {}", spread(times.collect()));
        }
        println!("  memory: {} MB", editor.memory() / 1_000_000);
    }
}

fn pipeline(steps: usize) -> String {
    let step = |number: usize| {
        format!(
            "    - step:\n        name: Step {number}\n        caches: [node]\n        script:\n          - npm ci\n          \
             - npm run build -- --target {number}\n          - aws s3 sync dist s3://bucket-{number}/shop --delete\n        \
             artifacts: [dist/**]\n"
        )
    };
    let steps: String = (0..steps).map(step).collect();
    format!("image: node:22.12\npipelines:\n  default:\n{steps}")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| times.get((times.len() - 1) * share / 100).copied().map_or(0.0, milliseconds);
    format!("median {:.1} ms, 99th percentile {:.1} ms, longest {:.1} ms of {}", at(50), at(99), at(100), times.len())
}
