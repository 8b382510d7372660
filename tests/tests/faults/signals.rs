//! Signals at every stage of a run: nothing outlives it, and what is left has no secret.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use keyless_tests::{
    run::{Finished, MARK, Running, Workplace, alive, finish},
    strict_sts::Fault,
};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{CLOUD, Expected, all, left_in, step, timed, wrong};

/// A moment of a run: the binary, what makes it stay there, and what shows that it is there.
struct Stage {
    name: &'static str,
    binary: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// For the CDK, where it runs.
    script: &'static str,
    /// What STS does.
    sts: Vec<Fault>,
    /// What the file `stage` in the workplace has then, or the output.
    reached: Reached,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// The file `stage` in the workplace exists.
    File,
    /// STS was asked.
    Asked,
    /// A pause before another attempt was announced.
    Pause,
}

const STAY: &str = "require('node:fs').writeFileSync('../stage', ''); setInterval(() => {}, 1000);";
/// Is not reached.
const ENDS: &str = "process.exit();";

fn stages() -> Vec<Stage> {
    let slow = || vec![Fault::Slow(Duration::from_secs(4)); 9];
    let stage = |name, binary, variables, script, sts, reached| Stage { name, binary, variables, script, sts, reached };
    vec![
        stage(
            "while packages are installed",
            "keyless-pipe",
            &[("COMMAND", "deploy"), ("INSTALL", "sh -c ': >../stage; exec sleep 600'"), ("APP_VARIABLES", MARK)],
            ENDS,
            vec![],
            Reached::File,
        ),
        stage("while STS is asked", "keyless-pipe", &[], "", slow(), Reached::Asked),
        stage(
            "in the pause before another attempt",
            "keyless-pipe",
            &[],
            "",
            vec![Fault::Answer(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"); 9],
            Reached::Pause,
        ),
        stage(
            "while a command runs",
            "keyless-pipe",
            &[("EXTRA_ARGS", "sh -c ': >../stage; exec sleep 600'")],
            "",
            vec![],
            Reached::File,
        ),
        stage("while the CDK deploys", "keyless-pipe", &[("COMMAND", "deploy")], STAY, vec![], Reached::File),
        stage(
            "while the CDK deploys, with outputs",
            "keyless-pipe",
            &[("COMMAND", "deploy"), ("OUTPUTS_FILE", "o.json"), ("CREDENTIALS", "environment")],
            STAY,
            vec![],
            Reached::File,
        ),
        stage("while STS is asked by exec", "keyless", &[], "", slow(), Reached::Asked),
        stage(
            "while a command of exec runs, with profiles",
            "keyless",
            &[("AWS_PROFILE", "prod"), ("WAITS", "1")],
            "",
            vec![],
            Reached::File,
        ),
    ]
}

fn send(run: &Running, signal: Signal) {
    let id = Pid::from_raw(run.id().try_into().expect("process ids are small")).expect("process ids are not zero");
    kill_process(id, signal).expect("it runs");
}

/// Brings a run to a stage, sends it a signal, and waits for its end.
fn interrupted(stage: &Stage, signal: Signal) -> (Workplace, Finished, Duration, Vec<String>) {
    let workplace =
        if stage.script.is_empty() { Workplace::empty() } else { Workplace::with_script_for_cdk(stage.script) };
    let sts = CLOUD.faulty_sts(stage.sts.clone(), Duration::ZERO);
    let mut command = step(&workplace, stage.binary);
    command.env("AWS_ENDPOINT_URL_STS", sts.url()).envs(stage.variables.iter().copied());
    if stage.variables.contains(&("WAITS", "1")) {
        // after `exec --`
        command = workplace.step(&CLOUD, stage.binary);
        command.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).env(MARK, workplace.folder());
        command.args(["exec", "--", "sh", "-c", ": >../stage; exec sleep 600"]).env("AWS_PROFILE", "prod");
    }
    let run = Running::start(&mut command, &workplace);
    let started = Instant::now();
    let reached = || match stage.reached {
        Reached::File => workplace.folder().join("stage").exists(),
        Reached::Asked => sts.asked() > 0,
        Reached::Pause => run.printed().contains("; retrying in"),
    };
    while !reached() && started.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(10));
    }
    let mut wrong = Vec::new();
    if !reached() {
        wrong.push("the stage was not reached".to_owned());
    }
    send(&run, signal);
    let (finished, took) = timed(|| run.finish());
    (workplace, finished, took, wrong)
}

#[test]
fn a_signal_that_can_be_handled_leaves_nothing() {
    let stages = stages();
    let rows: Vec<(&Stage, Signal)> =
        stages.iter().flat_map(|stage| [Signal::TERM, Signal::INT].map(|signal| (stage, signal))).collect();
    all(
        &rows,
        |(stage, signal)| format!("{signal:?} {}", stage.name),
        |(stage, signal)| {
            let (workplace, finished, took, mut found) = interrupted(stage, *signal);
            let code = 128 + signal.as_raw();
            for name in ["stage", "stdout", "stderr"] {
                let _ = fs::remove_file(workplace.folder().join(name));
            }
            let expected = Expected { code, says: "", within: Duration::from_secs(5) };
            found.extend(wrong(&workplace, &finished, took, &expected));
            found
        },
    );
}

/// Nobody can handle SIGKILL: the child runs on until its container ends, and folders of temporary files stay. No secret is in a
/// file (every run is searched for them), the endpoint is gone, and the next run is not hindered.
#[test]
fn sigkill_leaves_no_secret_and_hinders_no_later_run() {
    let stages = stages();
    all(
        &stages,
        |stage| format!("KILL {}", stage.name),
        |stage| {
            let (workplace, finished, took, mut found) = interrupted(stage, Signal::KILL);
            if finished.code.is_some() || took > Duration::from_secs(2) {
                found.push(format!("{:?} after {took:?}", finished.code));
            }
            for id in alive(&workplace) {
                let id = id.parse().ok().and_then(Pid::from_raw);
                let _ = id.map(|id| (kill_process_group(id, Signal::KILL), kill_process(id, Signal::KILL)));
            }
            let left = left_in(&workplace.folder().join("tmp"));
            if !left.iter().all(|name| name.starts_with("keyless-")) {
                found.push(format!("{left:?} are left"));
            }
            let again = finish(&mut step(&workplace, stage.binary));
            if again.code != Some(0) {
                found.push(format!("the next run: {again:#?}"));
            }
            found
        },
    );
}
