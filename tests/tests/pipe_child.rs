//! What the pipe gives its child, and what it does with signals. A script replaces the CDK where the CDK's own
//! behavior is not the subject.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{
    fs,
    process::Command,
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use keyless_tests::{
    cloud::Cloud,
    run::{Running, Workplace, finish},
};
use rustix::process::{Pid, Signal, kill_process};

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

/// A variable that every process of a run inherits, with a unique value.
const MARK: &str = "KEYLESS_TESTS_RUN";

fn pipe(workplace: &Workplace) -> Command {
    let mut command = workplace.pipe(&CLOUD);
    command.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).env(MARK, workplace.folder());
    command
}

/// Processes of a run that are still alive.
fn alive(workplace: &Workplace) -> Vec<String> {
    let mark = format!("{MARK}={}", workplace.folder().display());
    let marked = |process: &fs::DirEntry| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let processes = fs::read_dir("/proc").expect("this is Linux").flatten();
    processes.filter(marked).map(|process| process.file_name().to_string_lossy().into_owned()).collect()
}

/// Waits until a condition is true.
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn send(run: &Running, signal: Signal) {
    let id = Pid::from_raw(run.id().try_into().expect("process ids are small")).expect("process ids are not zero");
    kill_process(id, signal).expect("the pipe runs");
}

#[test]
fn the_child_sees_the_session_and_nothing_that_wins_over_it() {
    let workplace = Workplace::with_script_for_cdk(
        "const names = Object.keys(process.env).filter((name) => /AWS|BITBUCKET_STEP_OIDC|CDK|^CI$/.test(name));
         console.log(names.sort().join(' '));
         console.log(process.argv.slice(2).join(' '));",
    );
    for (handover, credentials) in [
        ("endpoint", "AWS_CONTAINER_AUTHORIZATION_TOKEN AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_DEFAULT_REGION"),
        ("environment", "AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION"),
    ] {
        let finished = finish(
            pipe(&workplace)
                .env("CREDENTIALS", handover)
                .env("AWS_ACCESS_KEY_ID", "stored")
                .env("AWS_PROFILE", "stored")
                .env("AWS_WEB_IDENTITY_TOKEN_FILE", "/stored"),
        );
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
        let seen = finished.stdout.lines().find(|line| line.starts_with("AWS_")).unwrap_or_default().to_owned();
        let (config, end) = ("AWS_CONFIG_FILE", "CDK_DISABLE_CLI_TELEMETRY CDK_HOME CDK_ROLE_SESSION_NAME CI");
        let mut expected: Vec<&str> = credentials.split(' ').chain([config]).collect();
        expected.extend("AWS_EC2_METADATA_DISABLED AWS_ENDPOINT_URL AWS_ENDPOINT_URL_STS AWS_REGION".split(' '));
        if handover == "environment" {
            expected.extend(["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]);
        }
        expected.push("AWS_SHARED_CREDENTIALS_FILE");
        expected.sort_unstable();
        expected.extend(end.split(' '));
        assert_eq!(seen.split(' ').collect::<Vec<_>>(), expected);
        assert!(
            finished.stdout.contains("\ndeploy --all --require-approval never --no-notices --outputs-file /"),
            "{finished:#?}"
        );
    }
}

#[test]
fn the_endpoint_serves_many_and_only_who_knows_the_bearer() {
    let workplace = Workplace::with_script_for_cdk(
        "const url = process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
         const bearer = process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
         const ask = async (name, url, options) => {
             const answer = await fetch(url, options);
             const body = await answer.json();
             return `${name}: ${answer.status} ${Object.keys(body).join(' ')}`;
         };
         const headers = { Authorization: bearer };
         (async () => {
             const many = await Promise.all(Array.from({ length: 200 }, () => ask('many', url, { headers })));
             console.log([...new Set(many)].join('; '), many.length);
             console.log(await ask('no bearer', url, {}));
             console.log(await ask('wrong bearer', url, { headers: { Authorization: bearer.slice(1) + 'x' } }));
             console.log(await ask('other path', url + '/x', { headers }));
             console.log(await ask('other method', url, { headers, method: 'POST' }));
             console.log('only loopback:', new URL(url).hostname);
         })();",
    );
    let finished = finish(&mut pipe(&workplace));
    let said: Vec<&str> = finished.stdout.lines().skip_while(|line| !line.starts_with('▶')).skip(1).take(6).collect();
    assert_eq!(
        said,
        [
            "many: 200 AccessKeyId Expiration SecretAccessKey Token 200",
            "no bearer: 401 code message",
            "wrong bearer: 401 code message",
            "other path: 404 code message",
            "other method: 405 code message",
            "only loopback: 127.0.0.1",
        ],
        "{finished:#?}"
    );
}

#[test]
fn the_exit_code_is_the_childs() {
    let workplace = Workplace::with_script_for_cdk("process.exit(7);");
    let finished = finish(&mut pipe(&workplace));
    assert_eq!(finished.code, Some(7), "{finished:#?}");
    let last = finished.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("✖ deploy failed with exit code 7 after "), "{last}");
}

#[test]
fn a_signal_is_passed_on_and_the_child_may_finish() {
    for signal in [Signal::TERM, Signal::INT] {
        let workplace = Workplace::with_script_for_cdk(
            "const end = (signal) => setTimeout(() => { console.log('ended by', signal); process.exit(9); }, 300);
             process.on('SIGTERM', () => end('SIGTERM'));
             process.on('SIGINT', () => end('SIGINT'));
             require('node:child_process').spawn('sleep', ['600'], { stdio: 'ignore' });
             setInterval(() => {}, 1000);
             console.log('running');",
        );
        let run = Running::start(&mut pipe(&workplace), &workplace);
        wait_until("the child says that it runs", || run.printed().contains("running\n"));
        send(&run, signal);
        let finished = run.finish();
        assert_eq!(finished.code, Some(9), "{finished:#?}");
        assert!(finished.stdout.contains("ended by SIG"), "{finished:#?}");
        assert_eq!(alive(&workplace), Vec::<String>::new());
    }
}

#[test]
fn the_cdk_is_stopped_in_the_middle_with_all_that_it_started() {
    let workplace = Workplace::with_demo_app();
    let clone = workplace.clone_folder();
    let hangs = "require('node:fs').writeFileSync('started', ''); setInterval(() => {}, 1000);";
    fs::write(clone.join("app.js"), hangs).expect("the scratch folder is writable");
    let run = Running::start(&mut pipe(&workplace), &workplace);
    wait_until("the app runs", || clone.join("started").exists());
    assert!(alive(&workplace).len() >= 3, "pipe, CDK and app run");
    send(&run, Signal::TERM);
    let finished = run.finish();
    assert_eq!(finished.code, Some(143), "{finished:#?}");
    assert_eq!(alive(&workplace), Vec::<String>::new());
}
