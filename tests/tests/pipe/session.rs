//! How the pipe requests and renews a session, and its explanation of every refusal that AWS documents, in full:
//! `tests/expected/sts-refusals.txt`.

use std::{collections::HashMap, fmt::Write, process::Command, sync::LazyLock, time::Duration};

use keyless_tests::{
    aws::Api,
    checkout,
    cloud::{Cloud, ROLE},
    run::{Finished, Workplace, finish, without_times},
    strict_sts::{Fault, StrictSts},
};
use serde_json::json;
use snapbox::assert_data_eq;

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

/// A deployment whose CDK always succeeds, with a given STS.
fn pipe(workplace: &Workplace, sts: &StrictSts, variables: &[(&str, &str)]) -> Command {
    let mut pipe = workplace.pipe(&CLOUD);
    pipe.env("AWS_ENDPOINT_URL_STS", sts.url()).env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token());
    pipe.env("COMMAND", "exec").env("EXTRA_ARGS", "true").envs(variables.iter().copied());
    pipe
}

fn run(sts: &StrictSts, variables: &[(&str, &str)]) -> Finished {
    finish(&mut pipe(&Workplace::empty(), sts, variables))
}

#[test]
fn session_policies_limit_the_first_session() {
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let arns = "arn:aws:iam::aws:policy/ReadOnlyAccess arn:aws:iam::aws:policy/AWSCodeArtifactReadOnlyAccess";
    let finished = run(&sts, &[("SESSION_POLICY", policy), ("SESSION_POLICY_ARNS", arns), ("SESSION_NAME", "review")]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let mut request = sts.requests().swap_remove(0);
    request.remove("Version");
    let mut request: Vec<_> = request.into_iter().collect();
    request.sort();
    let expected = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("DurationSeconds", "3600"),
        ("Policy", policy),
        ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("PolicyArns.member.2.arn", "arn:aws:iam::aws:policy/AWSCodeArtifactReadOnlyAccess"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "review"),
    ];
    assert_eq!(request, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_chain_of_roles_ends_with_the_last() {
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let chain = "arn:aws:iam::000000000000:role/second#secret=1 arn:aws:iam::000000000000:role/third";
    let finished = run(&sts, &[("ROLE_CHAIN", chain), ("SESSION_DURATION", "30m")]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let said = "✔ session keyless-shop-42 of arn:aws:iam::000000000000:role/third in account 000000000000 until ";
    assert!(finished.stdout.starts_with(said), "{finished:#?}");
    let part = |name: &str| sts.requests().iter().map(|form| form.get(name).cloned().unwrap_or_default()).collect();
    let parts: [Vec<String>; 4] = ["Action", "RoleArn", "ExternalId", "DurationSeconds"].map(part);
    let role = |name: &str| format!("arn:aws:iam::000000000000:role/{name}");
    assert_eq!(parts[0], ["AssumeRoleWithWebIdentity", "AssumeRole", "AssumeRole", "GetCallerIdentity"]);
    assert_eq!(parts[1], [role("deploy"), role("second"), role("third"), String::new()]);
    assert_eq!(parts[2], ["", "secret=1", "", ""]);
    assert_eq!(parts[3], ["1800", "1800", "1800", ""]);
}

/// A role that the evaluating emulator knows, whose trust policy allows actions.
fn create_role(name: &str, actions: &[&str]) {
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": ROLE }, "Action": actions },
    ]});
    let role = [("RoleName", name), ("AssumeRolePolicyDocument", &trust.to_string())];
    Api::new(&CLOUD.judge.url()).query("iam", "CreateRole", &role).expect("the role is new");
}

#[test]
fn the_last_role_of_a_chain_gets_the_tags() {
    create_role("tagged", &["sts:AssumeRole", "sts:TagSession"]);
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let chain = "arn:aws:iam::000000000000:role/second arn:aws:iam::000000000000:role/tagged";
    let tags = [("SESSION_TAGS", "team=shop 'cost center=a=b c'"), ("TRANSITIVE_TAG_KEYS", "TEAM")];
    let finished = run(&sts, &[&[("ROLE_CHAIN", chain)], &tags[..]].concat());
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let of_tags = |form: HashMap<String, String>| {
        let mut tags: Vec<_> = form.into_iter().filter(|(name, _)| name.contains("Tag")).collect();
        tags.sort();
        tags
    };
    let requests: Vec<_> = sts.requests().into_iter().map(of_tags).collect();
    let expected = [
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "shop"),
        ("Tags.member.2.Key", "cost center"),
        ("Tags.member.2.Value", "a=b c"),
        ("TransitiveTagKeys.member.1", "team"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(requests, [vec![], vec![], expected, vec![]]);

    let untagged = run(&CLOUD.faulty_sts(Vec::new(), Duration::ZERO), &tags);
    assert_eq!(untagged.code, Some(1));
    assert!(untagged.stderr.contains("AssumeRoleWithWebIdentity, which assumes the first role, takes no tags"));
    assert!(untagged.stderr.ends_with("✖ 1 invalid setting; nothing was run\n"), "{untagged:#?}");
}

#[test]
fn a_role_that_does_not_allow_tags_is_named() {
    create_role("untagged", &["sts:AssumeRole"]);
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let chain = [("ROLE_CHAIN", "arn:aws:iam::000000000000:role/untagged")];
    assert_eq!(run(&sts, &chain).code, Some(0));
    let finished = run(&sts, &[&chain[..], &[("SESSION_TAGS", "team=shop")]].concat());
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(
        finished.stderr.contains(
            "  help: allow sts:TagSession together with sts:AssumeRole, in the trust policy of \
             arn:aws:iam::000000000000:role/untagged for arn:aws:iam::000000000000:role/deploy"
        ),
        "{finished:#?}"
    );
    assert!(!finished.stderr.contains("team"), "values and keys stay out of the log: {finished:#?}");
}

#[test]
fn a_session_is_renewed_while_the_command_runs() {
    // A session is renewed ten minutes before it ends: here, two seconds after the start.
    let short = Fault::Short(Duration::from_secs(602));
    let sts = CLOUD.faulty_sts(vec![short.clone(), short], Duration::ZERO);
    let script = "const ask = async () => (await (await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, {
            headers: { Authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN } })).json());
        (async () => {
            const first = await ask();
            for (let tries = 0; tries < 300; tries++) {
                const now = await ask();
                if (now.Token !== first.Token && Date.parse(now.Expiration) >= Date.parse(first.Expiration))
                    return console.log('renewed');
                await new Promise((done) => setTimeout(done, 50));
            }
            console.log('never renewed');
        })();";
    let workplace = Workplace::with_script_for_cdk(script);
    let finished = finish(&mut pipe(&workplace, &sts, &[("COMMAND", "deploy"), ("EXTRA_ARGS", "")]));
    assert_eq!((finished.code, sts.asked()), (Some(0), 2), "{finished:#?}");
    assert!(finished.stdout.lines().any(|line| line == "renewed"), "{finished:#?}");
    assert_eq!(sts.issued().len(), 4, "two sessions were handed out");
}

#[test]
fn every_refusal_is_explained() {
    let refusals = [
        ("InvalidIdentityToken", "Incorrect token audience", 400),
        ("InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://issuer", 400),
        (
            "InvalidIdentityToken",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
            400,
        ),
        ("InvalidIdentityToken", "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint", 400),
        ("InvalidIdentityToken", "The web identity token that was passed could not be validated by AWS.", 400),
        ("ExpiredTokenException", "Token expired: current date/time 1 must be before the expiration date/time 0", 400),
        ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403),
        ("IDPRejectedClaim", "", 403),
        ("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", 400),
        ("ValidationError", "1 validation error detected: Value at 'roleSessionName' failed", 400),
        ("MalformedPolicyDocument", "Syntax errors in policy.", 400),
        ("PackedPolicyTooLarge", "Packed policy consumes 112% of allotted space", 400),
        ("RegionDisabledException", "STS is not activated in this region", 403),
        ("Throttling", "Rate exceeded", 400),
        ("ServiceUnavailable", "try later", 503),
        ("IDPCommunicationError", "", 400),
        ("Teapot", "something new", 418),
    ];
    let mut said = String::new();
    let mut tell = |code: &'static str, message: &'static str, faults: Vec<Fault>, variables: &[(&str, &str)]| {
        let finished = run(&CLOUD.faulty_sts(faults, Duration::ZERO), variables);
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        let _ = writeln!(said, "=== {code}: {message}");
        for line in finished.stdout.lines().chain(finished.stderr.lines()) {
            let line = without_times(line);
            let end =
                line.split_once("token valid until: ").map(|(before, _)| format!("{before}token valid until: <time>"));
            let _ = writeln!(said, "{}", end.unwrap_or(line));
        }
    };
    for (code, message, status) in refusals {
        tell(code, message, vec![Fault::Answer(status, code, message); 9], &[]);
    }
    let (code, message) = ("AccessDenied", "User is not authorized to perform: sts:AssumeRole");
    let chain = [("ROLE_CHAIN", "arn:aws:iam::000000000000:role/second#id")];
    tell(code, message, vec![Fault::None, Fault::Answer(403, code, message)], &chain);
    let tagged = [chain[0], ("SESSION_TAGS", "team=shop")];
    for message in [
        "User is not authorized to perform: sts:TagSession on resource: r",
        "User is not authorized to perform: sts:TagSession on resource: r with an explicit deny in an identity-based policy",
    ] {
        tell(code, message, vec![Fault::None, Fault::Answer(403, code, message)], &tagged);
    }
    assert_data_eq!(said, checkout::expected("sts-refusals.txt"));
}
