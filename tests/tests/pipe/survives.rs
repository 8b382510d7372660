//! How the pipe handles failures of AWS: it retries calls that can succeed later, and no others.

use std::{
    fs,
    io::Read,
    net::TcpListener,
    process::Stdio,
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use keyless_tests::{
    cloud::Cloud,
    run::{Finished, Running, Workplace, finish},
    secrets, step,
    strict_sts::{Fault, StrictSts},
};
use serde_json::json;

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

static ZEROS: [u8; 1 << 20] = [0; 1 << 20];

const UNAVAILABLE: Fault = Fault::Answer(503, "ServiceUnavailable", "try later");
const NOT_TRUSTED: Fault =
    Fault::Answer(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
const NO_KEYS: Fault = Fault::Answer(
    400,
    "InvalidIdentityToken",
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity \
     documentation for requirements",
);

/// Runs a deployment whose CDK always succeeds, with a given STS, and returns its output.
fn run(sts: &StrictSts, variables: &[(&str, &str)]) -> Finished {
    let workplace = Workplace::empty();
    let mut pipe = workplace.pipe(&CLOUD);
    pipe.env("AWS_ENDPOINT_URL_STS", sts.url()).env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token());
    finish(pipe.env("COMMAND", "exec").env("EXTRA_ARGS", "true").envs(variables.iter().copied()))
}

#[test]
fn what_can_pass_is_tried_again() {
    for (faults, said) in [
        (vec![UNAVAILABLE, UNAVAILABLE], "AWS refused the session: ServiceUnavailable: try later"),
        (vec![Fault::Answer(400, "Throttling", "Rate exceeded")], "AWS refused the session: Throttling: Rate exceeded"),
        (vec![Fault::Reset], "cannot connect to http://"),
        (vec![Fault::Garbage], "not an answer of STS"),
        (vec![NOT_TRUSTED, NOT_TRUSTED], "AWS refused the session: AccessDenied: Not authorized to perform"),
        (vec![NO_KEYS], "AWS refused the session: InvalidIdentityToken: Couldn't retrieve verification key"),
    ] {
        let (asked, sts) = (faults.len() + 1, CLOUD.faulty_sts(faults, Duration::ZERO));
        let finished = run(&sts, &[]);
        assert_eq!((finished.code, sts.asked()), (Some(0), asked), "{finished:#?}");
        let warnings: Vec<_> = finished.stdout.lines().filter(|line| line.contains("; retrying in ")).collect();
        assert_eq!(warnings.len(), asked - 1, "{finished:#?}");
        assert!(warnings.iter().all(|line| line.starts_with("! ") && line.contains(said)), "{warnings:?}");
    }
}

#[test]
fn what_cannot_pass_is_not_tried_again() {
    for fault in [
        Fault::Answer(403, "AccessDenied", "not authorized, with an explicit deny in a service control policy"),
        Fault::Answer(400, "InvalidIdentityToken", "Incorrect token audience"),
        Fault::Answer(403, "RegionDisabledException", "STS is not activated in this region"),
        Fault::Answer(400, "PackedPolicyTooLarge", "Packed policy consumes 112% of allotted space"),
        Fault::Answer(418, "Teapot", "something new"),
    ] {
        let sts = CLOUD.faulty_sts(vec![fault; 5], Duration::ZERO);
        let finished = run(&sts, &[]);
        assert_eq!((finished.code, sts.asked()), (Some(1), 1), "{finished:#?}");
        let last = finished.stderr.lines().last().unwrap_or_default();
        assert!(last.starts_with("✖ AWS refused the session: "), "{last}");
    }
}

#[test]
fn trying_again_ends() {
    for (fault, asked, last) in [
        (Fault::Garbage, 4, "not an answer of STS"),
        (UNAVAILABLE, 4, "✖ AWS refused the session: the AWS Security Token Service failed"),
        (NOT_TRUSTED, 3, "✖ AWS refused the session: the role's trust policy does not allow this token"),
        (NO_KEYS, 3, "✖ AWS refused the session: AWS could not fetch the issuer's keys to verify the token"),
    ] {
        let sts = CLOUD.faulty_sts(vec![fault; 9], Duration::ZERO);
        let finished = run(&sts, &[]);
        assert_eq!((finished.code, sts.asked()), (Some(1), asked), "{finished:#?}");
        assert!(finished.stderr.lines().last().is_some_and(|line| line.contains(last)), "{finished:#?}");
    }
}

#[test]
fn a_refused_role_is_explained_before_it_is_tried_again() {
    let help = "help: compare the role's trust policy with this statement";
    let explained = |stderr: &str| stderr.matches(help).count();
    let workplace = Workplace::empty();
    let sts = CLOUD.faulty_sts(vec![NOT_TRUSTED; 9], Duration::ZERO);
    let mut pipe = workplace.pipe(&CLOUD);
    pipe.env("AWS_ENDPOINT_URL_STS", sts.url()).env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token());
    pipe.env("COMMAND", "exec").env("EXTRA_ARGS", "true");
    let running = Running::start(&mut pipe, &workplace);
    let started = Instant::now();
    while !running.printed().contains("; retrying in 3.00 s, in case the role or its trust policy is new") {
        assert!(started.elapsed() < Duration::from_mins(1), "{}", running.printed());
        thread::sleep(Duration::from_millis(20));
    }
    let stderr = fs::read_to_string(workplace.folder().join("stderr")).expect("the log is there");
    assert_eq!((explained(&stderr), sts.asked()), (1, 1), "{stderr}");
    let finished = running.finish();
    assert_eq!((finished.code, explained(&finished.stderr)), (Some(1), 1), "{finished:#?}");

    let sts = CLOUD.faulty_sts(vec![NOT_TRUSTED; 9], Duration::ZERO);
    let policy = workplace.folder().join("trust.json");
    let trust = |sub: &str| {
        let name = step::ISSUER.trim_start_matches("https://");
        let provider = format!("arn:aws:iam::000000000000:oidc-provider/{name}");
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Federated": provider }, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringLike": { format!("{name}:sub"): sub } },
        }]})
    };
    fs::write(&policy, trust("{another}:*").to_string()).expect("the scratch folder is writable");
    let finished = run(&sts, &[("TRUST_POLICY", &policy.display().to_string())]);
    let rejected = (finished.code, sts.asked(), explained(&finished.stderr));
    assert_eq!(rejected, (Some(1), 1, 1), "a policy that rejects the token does not change by waiting: {finished:#?}");
    fs::write(&policy, trust("*").to_string()).expect("the scratch folder is writable");
    let sts = CLOUD.faulty_sts(vec![NOT_TRUSTED], Duration::ZERO);
    let finished = run(&sts, &[("TRUST_POLICY", &policy.display().to_string())]);
    assert_eq!((finished.code, sts.asked()), (Some(0), 2), "{finished:#?}");
}

#[test]
fn trying_again_ends_with_the_token() {
    let sts = CLOUD.faulty_sts(vec![UNAVAILABLE; 9], Duration::ZERO);
    let mut claims = step::claims();
    claims["exp"] = json!(step::now() + 2);
    let token = CLOUD.issuer.sign(&claims);
    let started = Instant::now();
    let finished = run(&sts, &[("BITBUCKET_STEP_OIDC_TOKEN", &token)]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn an_answer_that_takes_too_long_is_given_up() {
    let sts = CLOUD.faulty_sts(vec![Fault::Slow(Duration::from_secs(40))], Duration::ZERO);
    let started = Instant::now();
    let finished = run(&sts, &[]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(finished.stdout.contains("within 15 s; retrying in "), "{finished:#?}");
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
}

#[test]
fn nobody_there() {
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("there is a port").port();
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let finished = run(&sts, &[("AWS_ENDPOINT_URL_STS", &format!("http://127.0.0.1:{port}"))]);
    assert_eq!(finished.code, Some(1));
    let last = finished.stderr.lines().last().unwrap_or_default();
    assert_eq!(last, format!("✖ cannot connect to http://127.0.0.1:{port}: Connection refused (os error 111)"));
}

#[test]
fn awss_clock_decides_about_expiry() {
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::from_hours(2));
    let finished = run(&sts, &[]);
    assert_eq!((finished.code, sts.asked()), (Some(1), 1), "{finished:#?}");
    assert!(finished.stderr.starts_with("  answer from AWS: ExpiredTokenException: Token expired: "), "{finished:#?}");
    assert!(finished.stderr.ends_with("✖ AWS refused the session: the token has expired\n"), "{finished:#?}");
}

#[test]
fn a_session_is_stepped_down_to_what_the_role_allows() {
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let finished = run(&sts, &[("SESSION_DURATION", "3h")]);
    assert_eq!((finished.code, sts.asked()), (Some(0), 3), "{finished:#?}");
    let said = "! the session lasts 1 h instead of 3 h, the most that the role allows; raise the role's maximum session \
                duration for a longer one";
    assert!(finished.stdout.lines().any(|line| line == said), "{finished:#?}");
}

#[test]
fn memory_stays_small_whatever_the_child_prints() {
    let workplace = Workplace::empty();
    let mut pipe = workplace.pipe(&CLOUD);
    pipe.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).env("COMMAND", "exec");
    pipe.env("EXTRA_ARGS", "head -c 4G /dev/zero").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = pipe.spawn().expect("the pipe starts");
    let mut printed = child.stdout.take().expect("the output is piped");
    // the child prints zeros; everything else is the pipe's own output
    let own = thread::spawn(move || {
        let (mut chunk, mut own) = (vec![0; 1 << 20], Vec::new());
        while let Ok(length @ 1..) = printed.read(&mut chunk) {
            if chunk[..length] != ZEROS[..length] {
                own.extend(chunk[..length].iter().filter(|byte| **byte != 0));
            }
        }
        own
    });
    let mut peak = 0;
    let code = loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        if let Some(status) = child.try_wait().expect("the pipe can be waited for") {
            break status.code();
        }
        thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(code, Some(0));
    let own = own.join().expect("reading does not panic");
    assert!(String::from_utf8_lossy(&own).contains("✔ exec done in "), "{}", String::from_utf8_lossy(&own));
    assert_eq!(secrets::in_text("standard output", &own, &secrets::known()), []);
    println!("peak memory of the pipe: {peak} KiB");
    assert!((1..60 * 1024).contains(&peak), "{peak} KiB");
}

#[test]
fn a_throttled_role_of_a_chain_is_not_a_matter_of_permissions() {
    for (fault, cause, help) in [
        (
            Fault::Answer(400, "Throttling", "Rate exceeded"),
            "AWS is throttling requests from this account",
            "run the step again later",
        ),
        (
            Fault::Answer(403, "AccessDenied", "not authorized, with an explicit deny in a service control policy"),
            "a service control policy of the organization denies it",
            "have the administrators of the organization allow the call",
        ),
        (
            Fault::Answer(400, "ExpiredToken", "The security token included in the request is expired"),
            "the session that makes the call has expired",
            "run the step again",
        ),
    ] {
        let sts = CLOUD.faulty_sts([vec![Fault::None], vec![fault; 9]].concat(), Duration::ZERO);
        let finished = run(&sts, &[("ROLE_CHAIN", "arn:aws:iam::000000000000:role/target")]);
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        assert!(finished.stderr.lines().last().is_some_and(|line| line.contains(cause)), "{finished:#?}");
        assert!(finished.stderr.contains(&format!("help: {help}")), "{finished:#?}");
        assert!(!finished.stderr.contains("grant sts:AssumeRole"), "{finished:#?}");
    }
}

#[test]
fn a_session_may_be_unknown_for_a_moment() {
    let unknown =
        Fault::Identity(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    let sts = CLOUD.faulty_sts(vec![Fault::None, unknown.clone()], Duration::ZERO);
    let finished = run(&sts, &[]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(finished.stdout.contains("InvalidClientTokenId: The security token"), "{finished:#?}");
    assert!(finished.stdout.contains("; retrying in 1.00 s"), "{finished:#?}");
    let sts = CLOUD.faulty_sts([vec![Fault::None], vec![unknown; 9]].concat(), Duration::ZERO);
    let finished = run(&sts, &[]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(finished.stderr.contains("The security token included in the request is invalid."), "{finished:#?}");
}
