//! `SYNTH: isolated` and `SYNTH: session`, with the real CDK: what the app's code can reach, which lookups are named, and what is
//! checked before anything is called.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::Command,
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use keyless_tests::{
    cloud::Cloud,
    run::{Finished, Workplace, as_in_a_container, finish},
    strict_sts::StrictSts,
};
use serde_json::json;

/// A bootstrapped account.
static CLOUD: LazyLock<Cloud> = LazyLock::new(|| {
    let cloud = Cloud::start();
    let bootstrapped = pipe_in(&cloud, &Workplace::with_demo_app(), &cloud.sts, &[("COMMAND", "bootstrap")]);
    assert_eq!(bootstrapped.code, Some(0), "{bootstrapped:#?}");
    cloud
});

/// Looks up a parameter and the zones of the region, which the context does not have.
const LOOKUPS: &str = "
const { App, Stack } = require('aws-cdk-lib');
const { StringParameter } = require('aws-cdk-lib/aws-ssm');
const stack = new Stack(new App(), 'Lookups', { env: { account: '000000000000', region: 'eu-west-1' } });
new StringParameter(stack, 'P', {
    parameterName: '/synthesis/copied',
    stringValue: StringParameter.valueFromLookup(stack, '/synthesis/original', 'none') + stack.availabilityZones.length,
});
";

fn with_app(app: &str) -> Workplace {
    let workplace = Workplace::with_demo_app();
    fs::write(workplace.clone_folder().join("app.js"), app).expect("the scratch folder is writable");
    workplace
}

fn pipe(workplace: &Workplace, sts: &StrictSts, variables: &[(&str, &str)]) -> Finished {
    pipe_in(&CLOUD, workplace, sts, variables)
}

fn pipe_in(cloud: &Cloud, workplace: &Workplace, sts: &StrictSts, variables: &[(&str, &str)]) -> Finished {
    let mut pipe: Command = workplace.pipe(cloud);
    pipe.env("AWS_ENDPOINT_URL_STS", sts.url()).env("BITBUCKET_STEP_OIDC_TOKEN", cloud.token());
    finish(pipe.envs(variables.iter().copied()))
}

fn sts() -> StrictSts {
    CLOUD.faulty_sts(Vec::new(), Duration::ZERO)
}

/// Runs the app that looks for the session, and returns what it found.
fn found(workplace: &Workplace, variables: &[(&str, &str)]) -> (Finished, BTreeSet<String>) {
    let mut pipe = workplace.pipe(&CLOUD);
    pipe.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).env("KEYLESS_TESTS_RUN", workplace.folder());
    let finished = finish(&mut as_in_a_container(pipe.envs(variables.iter().copied())));
    let found = fs::read_to_string(workplace.clone_folder().join("found")).unwrap_or_default();
    (finished, found.lines().map(str::to_owned).collect())
}

/// Ends what the app left behind.
fn clean_up(workplace: &Workplace) {
    let app = workplace.clone_folder().join("app.js");
    let _ = Command::new("sh")
        .args(["-c", "exec 2>/dev/null; grep -lFs \"$1\" /proc/[0-9]*/cmdline | cut -d/ -f3 | xargs -r kill -9", "sh"])
        .arg(&app)
        .status();
}

#[test]
fn the_app_never_sees_the_session() {
    for command in ["diff", "deploy", "drift", "destroy", "list", "synth"] {
        let workplace = with_app(include_str!("synthesis/app.js"));
        let variables = [("COMMAND", command), ("STACKS", "Watched"), ("REPORT", "false"), ("AWS_PROFILE", "stored")];
        let (finished, found) = found(&workplace, &variables);
        clean_up(&workplace);
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        assert_eq!(found, BTreeSet::new(), "{command}");
        let manifest = fs::read_to_string(workplace.clone_folder().join("cdk.out/manifest.json")).unwrap_or_default();
        assert!(manifest.contains("\"aws://000000000000/eu-west-1\""), "{command}: account and region are known");
    }
}

#[test]
fn with_the_session_the_app_sees_it() {
    let workplace = with_app(include_str!("synthesis/app.js"));
    let variables = [("COMMAND", "diff"), ("SYNTH", "session"), ("REPORT", "false"), ("BITBUCKET_PR_ID", "7")];
    let (finished, found) = found(&workplace, &variables);
    clean_up(&workplace);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(found.contains("the app sees AWS_CONTAINER_AUTHORIZATION_TOKEN"), "{found:?}");
    assert!(found.contains("the app got the session of ASIA"), "{found:?}");
    // The token can be exchanged for other sessions; it stays in the pipe.
    assert!(!found.iter().any(|line| line.ends_with("BITBUCKET_STEP_OIDC_TOKEN")), "{found:?}");
    let said = "! SYNTH is set to session in a pull request: the code of the pull request and its packages can use the session while \
                the app is synthesized";
    assert!(finished.stdout.lines().any(|line| line == said), "{finished:#?}");
}

#[test]
fn missing_lookups_are_named_and_nothing_is_called() {
    let original = json!({ "Name": "/synthesis/original", "Type": "String", "Value": "v" });
    CLOUD.api().json("ssm", "AmazonSSM.PutParameter", &original).expect("the parameter is new");
    for (command, variables) in [("diff", &[("BITBUCKET_PR_ID", "7")][..]), ("deploy", &[]), ("synth", &[])] {
        let (workplace, sts) = (with_app(LOOKUPS), sts());
        let finished = pipe(&workplace, &sts, &[&[("COMMAND", command)], variables].concat());
        assert_eq!((finished.code, sts.asked()), (Some(1), 0), "{finished:#?}");
        let said = "  availability zones (availability-zones): `availability-zones:account=000000000000:region=eu-west-1`\n  \
                    an SSM parameter (ssm): `ssm:account=000000000000:parameterName=/synthesis/original:region=eu-west-1`\n  \
                    help: run `cdk synth` locally with credentials that can read the account, and commit cdk.context.json; or set \
                    `SYNTH: session`, which lets the app's code use the session\n\
                    ✖ nothing was done: cdk.context.json does not have every value that the app looks up\n";
        assert!(finished.stderr.ends_with(said), "{finished:#?}");

        // A ready assembly is not synthesized again, so that the session cannot help.
        if command == "deploy" {
            let ready = [("APP", "cdk.out"), ("SYNTH", "session")];
            let finished = pipe(&workplace, &sts, &ready);
            assert_eq!((finished.code, sts.asked()), (Some(1), 0), "{finished:#?}");
            assert!(finished.stderr.contains("cdk.context.json does not have every value"), "{finished:#?}");
        }
    }
    let workplace = with_app(LOOKUPS);
    let finished = pipe(&workplace, &sts(), &[("SYNTH", "session")]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(CLOUD.api().parameter("/synthesis/copied").is_ok_and(|value| value.starts_with('v')));
    // Now the context is complete.
    assert!(workplace.clone_folder().join("cdk.context.json").is_file());
    let finished = pipe(&workplace, &sts(), &[("COMMAND", "diff"), ("REPORT", "false")]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
}

#[test]
fn stacks_that_do_not_exist_fail_every_command() {
    for command in ["deploy", "diff", "destroy", "drift", "rollback", "list"] {
        let (workplace, sts) = (Workplace::with_demo_app(), sts());
        let finished = pipe(&workplace, &sts, &[("COMMAND", command), ("STACKS", "KeylessGreeting KeylesAudience")]);
        assert_eq!((finished.code, sts.asked()), (Some(1), 0), "{finished:#?}");
        let said = "  stacks of the app: KeylessAudience, KeylessGreeting\n\
                    ✖ nothing was done: no stack of the app matches `KeylesAudience` in STACKS\n";
        assert!(finished.stderr.ends_with(said), "{finished:#?}");
    }
    // A pattern that only the CDK understands, for which it exits with 0.
    let finished = pipe(&Workplace::with_demo_app(), &sts(), &[("COMMAND", "destroy"), ("STACKS", "@(No|body)")]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(finished.stderr.ends_with("✖ no stack of the app matches STACKS\n"), "{finished:#?}");
}

#[test]
fn listing_and_synthesizing_need_no_session() {
    for command in ["list", "synth"] {
        let (workplace, sts) = (Workplace::with_demo_app(), sts());
        let finished = pipe(&workplace, &sts, &[("COMMAND", command)]);
        assert_eq!((finished.code, sts.asked()), (Some(0), 0), "{finished:#?}");
        assert!(workplace.clone_folder().join("cdk.out/manifest.json").is_file());
        assert!(finished.stdout.contains(&format!("\n✔ {command} done in ")), "{finished:#?}");
    }
}

#[test]
fn nothing_of_the_app_runs_with_the_session() {
    let workplace = Workplace::with_demo_app();
    let clone = workplace.clone_folder();
    let configure = |json: &str| fs::write(clone.join("cdk.json"), json).expect("the scratch folder is writable");
    configure(r#"{ "app": "node app.js", "build": "env | sed s/=.*// | grep -e AWS_C -e ^CI$ >>built" }"#);
    let finished = pipe(&workplace, &sts(), &[("STACKS", "KeylessAudience")]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let built = fs::read_to_string(clone.join("built")).unwrap_or_default();
    assert_eq!(built.lines().collect::<BTreeSet<_>>(), BTreeSet::from(["AWS_CONFIG_FILE", "CI"]));
    assert_eq!(built.lines().count(), 2, "it ran once");

    configure(r#"{ "app": "node app.js", "plugin": ["./plugin.js"] }"#);
    let finished = pipe(&workplace, &sts(), &[]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(finished.stderr.contains("cdk.json sets `plugin`, and plugins run with the session"), "{finished:#?}");

    configure(r#"{ "app": "node change.js" }"#);
    let change = "require('node:fs').writeFileSync('cdk.json', '{\"plugin\":\"./plugin.js\"}'); require('./app.js');";
    fs::write(clone.join("change.js"), change).expect("the scratch folder is writable");
    let asked = sts();
    let finished = pipe(&workplace, &asked, &[]);
    assert_eq!((finished.code, asked.asked()), (Some(1), 0), "{finished:#?}");
    assert!(finished.stderr.contains("cdk.json was changed during the synthesis"), "{finished:#?}");
}

/// Node does not check compiled code against its source, and the app can write to the folder that it is kept in.
#[test]
fn code_that_the_app_could_have_compiled_does_not_run_with_the_session() {
    let script = "console.log('cache', process.env.NODE_COMPILE_CACHE, process.env.NODE_DISABLE_COMPILE_CACHE);";
    let workplace = Workplace::with_script_for_cdk(script);
    for (variables, expected) in [
        (&[("NODE_COMPILE_CACHE", "cache")][..], "cache cache 1"),
        (&[("NODE_COMPILE_CACHE", "cache"), ("SYNTH", "session")], "cache cache undefined"),
    ] {
        let finished = pipe(&workplace, &sts(), variables);
        assert!(finished.stdout.lines().any(|line| line == expected), "{variables:?}: {finished:#?}");
    }
}

/// A notice about every version of the CLI, as the CDK caches it, in place of the network.
fn remember_notice(home: &Path, expires_in: i64) {
    let cache = home.join(".cdk/cache");
    fs::create_dir_all(&cache).expect("the scratch folder is writable");
    let now = i64::try_from(keyless_tests::step::now()).expect("it is small") * 1000;
    let notice = json!({ "expiration": now + expires_in, "notices": [{
        "title": "a hole in every version",
        "issueNumber": 12345,
        "overview": "the security token is expired in all of them",
        "components": [{ "name": "cli", "version": "*" }],
        "schemaVersion": "1",
    }] });
    fs::write(cache.join("notices.json"), notice.to_string()).expect("the scratch folder is writable");
}

#[test]
fn notices_are_shown_once_and_no_network_is_needed() {
    let workplace = Workplace::with_demo_app();
    let home = workplace.folder().join("home");
    remember_notice(&home, 3_600_000);
    let finished = pipe(&workplace, &sts(), &[("COMMAND", "diff"), ("REPORT", "false")]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert_eq!(finished.stderr.matches("a hole in every version").count(), 1, "{finished:#?}");
    // In a failed run, a notice is not its cause.
    let finished = pipe(&workplace, &sts(), &[("METHOD", "execute-change-set"), ("STACKS", "KeylessAudience")]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(finished.stderr.contains("a hole in every version"), "{finished:#?}");
    assert!(!finished.stderr.contains("the session ended"), "{finished:#?}");

    // The CDK would wait for a proxy that does not answer without a limit.
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let proxy = format!("http://{}", nowhere.local_addr().expect("it has an address"));
    let held = thread::spawn(move || nowhere.incoming().map_while(Result::ok).take(2).collect::<Vec<_>>());
    remember_notice(&home, -1);
    let _ = fs::remove_file(home.join(".cdk/cache/connection.json"));
    let variables =
        [("COMMAND", "diff"), ("REPORT", "false"), ("HTTPS_PROXY", proxy.as_str()), ("NO_PROXY", "127.0.0.1")];
    let started = Instant::now();
    let finished = pipe(&workplace, &sts(), &variables);
    drop(held);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(!finished.stdout.contains("--notices"), "{finished:#?}");
    assert!(started.elapsed() < Duration::from_mins(3), "{:?}", started.elapsed());

    let config = workplace.clone_folder().join("cdk.json");
    fs::write(config, r#"{ "app": "node app.js", "notices": false }"#).expect("the scratch folder is writable");
    remember_notice(&home, 3_600_000);
    let finished = pipe(&workplace, &sts(), &[("COMMAND", "diff"), ("REPORT", "false")]);
    assert!(!finished.stderr.contains("a hole in every version"), "{finished:#?}");
}

#[test]
fn an_assembly_in_the_cdks_own_settings_is_ready() {
    let workplace = Workplace::with_demo_app();
    let clone = workplace.clone_folder();
    assert_eq!(pipe(&workplace, &sts(), &[("COMMAND", "synth")]).code, Some(0));
    fs::write(clone.join("cdk.json"), r#"{ "app": "cdk.out" }"#).expect("the scratch folder is writable");
    let finished = pipe(&workplace, &sts(), &[("STACKS", "KeylessAudience")]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(!finished.stdout.contains("cdk synth"), "{finished:#?}");
    assert!(clone.join("cdk.out/manifest.json").is_file());
}
