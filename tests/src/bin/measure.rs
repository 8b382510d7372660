//! Measures the pipe: its own time before the CDK starts, and a whole deployment against the usual shell recipe (the token
//! in a file, three exports, `npx cdk deploy`), alternating on the same app.
//!
//! ```text
//! usage: measure [<keyless-pipe binary>] [<deployments of each kind>]
//! ```
#![allow(clippy::expect_used, clippy::print_stdout)]

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use keyless_tests::{
    checkout,
    cloud::{Cloud, REGION, ROLE},
    run::Workplace,
};

/// How many times the pipe's own time is measured.
const STARTS: usize = 30;

fn main() {
    let mut arguments = env::args_os().skip(1);
    let binary = arguments.next().map_or_else(|| checkout::binary("keyless-pipe"), PathBuf::from);
    let binary = fs::canonicalize(binary).expect("the binary is there");
    let rounds = arguments.next().and_then(|count| count.to_str()?.parse().ok()).unwrap_or(3);
    let cloud = Cloud::start();
    let token = cloud.token();

    fs::create_dir_all(checkout::root().join(".scratch")).expect("the checkout is writable");
    let bare = Workplace::empty();
    let own = (0..STARTS).map(|_| {
        let mut pipe = as_binary(&bare, &cloud, &binary);
        timed(pipe.env("BITBUCKET_STEP_OIDC_TOKEN", &token).env("COMMAND", "exec").env("EXTRA_ARGS", "true"))
    });
    println!("own share, with an exec of `true`: {}", spread(own.collect()));

    let workplace = Workplace::with_demo_app();
    let mut bootstrap = as_binary(&workplace, &cloud, &binary);
    timed(bootstrap.env("BITBUCKET_STEP_OIDC_TOKEN", &token).env("COMMAND", "bootstrap"));
    let (mut with_pipe, mut by_hand) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let greeting = |kind: &str| format!("greeting={kind}-{round}");
        let mut pipe = as_binary(&workplace, &cloud, &binary);
        pipe.env("BITBUCKET_STEP_OIDC_TOKEN", &token).env("STACKS", "KeylessGreeting").env("CONTEXT", greeting("pipe"));
        with_pipe.push(timed(&mut pipe));
        by_hand.push(timed(hand_recipe(&workplace, &cloud).env("TOKEN", &token).env("GREETING", greeting("hand"))));
    }
    println!("deployment by the pipe: {}", spread(with_pipe));
    println!("manual deployment: {}", spread(by_hand));
}

fn as_binary(workplace: &Workplace, cloud: &Cloud, binary: &PathBuf) -> Command {
    let ready = workplace.pipe(cloud);
    let mut command = Command::new(binary);
    command.env_clear().current_dir(workplace.clone_folder());
    command.envs(ready.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// The usual shell recipe. Its STS call is made by the CDK's own SDK.
fn hand_recipe(workplace: &Workplace, cloud: &Cloud) -> Command {
    let script = "export AWS_WEB_IDENTITY_TOKEN_FILE=$(pwd)/web-identity-token
        printf %s $TOKEN > $AWS_WEB_IDENTITY_TOKEN_FILE
        exec npx cdk deploy KeylessGreeting --require-approval never --no-notices -c $GREETING";
    let mut command = as_binary(workplace, cloud, &"sh".into());
    command.args(["-c", script]).env("AWS_ROLE_ARN", ROLE).env("AWS_DEFAULT_REGION", REGION);
    command.env("CI", "true").env("CDK_DISABLE_CLI_TELEMETRY", "true").env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

fn timed(command: &mut Command) -> Duration {
    let log = checkout::root().join(".scratch/measure.log");
    let file = fs::File::create(&log).expect("the checkout is writable");
    command.stdin(Stdio::null()).stdout(file.try_clone().expect("a file can be shared")).stderr(file);
    let started = Instant::now();
    let status = command.status().expect("the binary starts");
    let took = started.elapsed();
    assert!(status.success(), "{}", fs::read_to_string(log).unwrap_or_default());
    took
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let ms = |index: usize| times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    let last = times.len().saturating_sub(1);
    format!("median {:.1} ms, {:.1} to {:.1} ms in {} runs", ms(last / 2), ms(0), ms(last), times.len())
}
