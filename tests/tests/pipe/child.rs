//! What the pipe gives its child, and what it does with signals. A script replaces the CDK where the CDK's own
//! behavior is not the subject.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use keyless_tests::{
    cloud::Cloud,
    run::{MARK, Running, SYNTHESIS, Workplace, alive, finish},
};
use rustix::process::{Pid, Signal, kill_process};

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

fn pipe(workplace: &Workplace) -> Command {
    let mut command = workplace.pipe(&CLOUD);
    command.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).env(MARK, workplace.folder());
    command
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
            finished.stdout.contains("\ndeploy ** --require-approval never --app cdk.out --notices --outputs-file /"),
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
             // fetch does not allow another host
             const { hostname, port, pathname } = new URL(url);
             const status = await new Promise((resolve) => require('node:http').get({ host: hostname, port, path: pathname,
                 headers: { ...headers, Host: 'attacker.example:' + port } }, (answer) => resolve(answer.statusCode)));
             console.log('other host:', status);
             console.log('only loopback:', new URL(url).hostname);
         })();",
    );
    let finished = finish(&mut pipe(&workplace));
    let said: Vec<&str> =
        finished.stdout.lines().skip_while(|line| !line.starts_with("▶ cdk deploy")).skip(1).take(7).collect();
    assert_eq!(
        said,
        [
            "many: 200 AccessKeyId Expiration SecretAccessKey Token 200",
            "no bearer: 401 code message",
            "wrong bearer: 401 code message",
            "other path: 404 code message",
            "other method: 405 code message",
            "other host: 421",
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
    // The pipe runs too, and does not let others read its variables, unless they may read those of all processes.
    assert!(alive(&workplace).len() >= 2, "CDK and app run");
    send(&run, Signal::TERM);
    let finished = run.finish();
    assert_eq!(finished.code, Some(143), "{finished:#?}");
    assert_eq!(alive(&workplace), Vec::<String>::new());
}

#[test]
fn values_are_not_in_the_log() {
    let workplace =
        Workplace::with_script_for_cdk("if (!process.argv.join(' ').includes('s3cret-5')) process.exit(3);");
    let finished = finish(
        pipe(&workplace)
            .env("PARAMETERS_COUNT", "1")
            .env("PARAMETERS_0", "Shop:DbPassword=it's-s3cret-1")
            .env("CONTEXT", "token=s3cret-2")
            .env("TAGS", "team=s3cret-3")
            .env("APP", "KEY=s3cret-4 node app.js")
            .env("INSTALL", "true --password s3cret-6")
            .env("EXTRA_ARGS", "--verbose -c token=s3cret-5"),
    );
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(!(finished.stdout.clone() + &finished.stderr).contains("s3cret"), "{finished:#?}");
    for line in [
        "▶ cdk synth '**' --quiet --no-lookups --output cdk.out --app *** --context token=*** --no-notices --verbose -c *** (",
        "▶ cdk deploy '**' --require-approval never --parameters Shop:DbPassword=*** --tags team=*** --app cdk.out --context \
         token=*** --notices --verbose -c *** (",
    ] {
        assert!(finished.stdout.contains(line), "{}", finished.stdout);
    }
    assert!(finished.stdout.contains("▶ INSTALL: true (2 arguments)"), "{}", finished.stdout);
    let exec = finish(pipe(&workplace).env("COMMAND", "exec").env("EXTRA_ARGS", "true s3cret-7"));
    assert!(exec.code == Some(0) && !exec.stdout.contains("s3cret"), "{exec:#?}");
    let mut command = pipe(&workplace);
    for name in
        ["CONTEXT", "EXTRA_ARGS", "CREDENTIALS", "COMMAND", "SESSION_DURATION", "CDK_VERSION", "REPORT", "QUALIFIER"]
    {
        command.env(name, "'s3cret in the wrong place");
    }
    let invalid = finish(&mut command);
    assert_eq!(invalid.code, Some(1), "{invalid:#?}");
    assert!(!(invalid.stdout.clone() + &invalid.stderr).contains("s3cret"), "{invalid:#?}");
}

#[test]
fn install_scripts_have_only_the_variables_that_they_need() {
    let workplace = Workplace::empty();
    let (clone, bin) = (workplace.clone_folder(), workplace.folder().join("bin"));
    fs::create_dir(&bin).expect("the scratch folder is writable");
    let cdk = format!("#!/usr/bin/env node\n{SYNTHESIS}\nconsole.log('app sees', process.env.APP_SECRET);");
    fs::write(bin.join("cdk"), cdk).expect("the scratch folder is writable");
    fs::set_permissions(bin.join("cdk"), Permissions::from_mode(0o755)).expect("the scratch folder is writable");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let write = |name: &str, text: &str| fs::write(clone.join(name), text).expect("the scratch folder is writable");
    write("package.json", r#"{"name":"app","version":"1.0.0","scripts":{"preinstall":"env > ../installed"}}"#);
    write("cdk.json", "{}");
    write(
        "package-lock.json",
        r#"{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"app"}}}"#,
    );
    write(".npmrc", "//registry.example/:_authToken=${REGISTRY_KEY}\n");
    let finished = finish(
        pipe(&workplace)
            .env("PATH", path)
            .env("APP_SECRET", "of-the-app")
            .env("REGISTRY_KEY", "of-the-registry")
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .env("NO_PROXY", "127.0.0.1")
            .env("APP_VARIABLES", "STACK")
            .env("STACK", "prod"),
    );
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let seen = fs::read_to_string(workplace.folder().join("installed")).expect("the script wrote it");
    for present in ["PATH=", "HOME=", "HTTPS_PROXY=", "REGISTRY_KEY=of-the-registry", "STACK=prod"] {
        assert!(seen.lines().any(|line| line.starts_with(present)), "{present}: {seen}");
    }
    for absent in ["APP_SECRET", "BITBUCKET_STEP_OIDC_TOKEN", "AWS_CONTAINER", "AWS_ENDPOINT_URL"] {
        assert!(!seen.contains(absent), "{absent}: {seen}");
    }
    assert!(finished.stdout.contains("app sees of-the-app"), "{finished:#?}");
}

#[test]
fn names_for_the_app_are_no_options_of_the_cdk() {
    let workplace = Workplace::with_script_for_cdk("console.log(process.env.DEBUG, process.env.CDK_DEPLOY_ACCOUNT);");
    let mut command = pipe(&workplace);
    command.env("CDK_DEPLOY_ACCOUNT", "1").env("CDK_DEPLOY_REGION", "eu-west-1").env("CDK_HOTSWAP", "false");
    let finished = finish(command.env("DEBUG", "express:*"));
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(finished.stdout.contains("\nexpress:* 1\n"), "{}", finished.stdout);
    let warnings: Vec<&str> = finished.stdout.lines().filter(|line| line.starts_with('!')).collect();
    assert_eq!(warnings, ["! CDK_HOTSWAP is set, and the CDK reads it as option --hotswap"]);
}
