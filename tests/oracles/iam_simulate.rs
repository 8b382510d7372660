//! Our evaluator against two others: iam-simulate on every operator row that has a definite result and on a grid of
//! policies, tokens and addresses; the AWS emulator on the same policies and tokens. Each disagreement must be listed in the
//! judge's `disagreements.tsv` with what AWS documents.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test that cannot go on should stop")]

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use keyless_core::iam::{
    document,
    evaluate::{self, Verdict},
    policy,
    request::{Entry, Request},
    template::Template,
};
use keyless_tests::{
    aws::Api,
    cloud::ACCOUNT,
    emulator::{Authorisation, Emulator},
    token::Issuer,
};
use serde_json::{Map, Value, json};

/// iam-simulate rejects Bitbucket's condition keys because of the slashes in their names, so it gets a Google token.
const ISSUER: &str = "accounts.google.com";
const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/accounts.google.com";
const REPOSITORY: &str = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}";
const OTHER: &str = "{c2d3e4f5-6071-4829-93a4-b5c6d7e8f90a}";
const ENVIRONMENT: &str = "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";
const STEP: &str = "{5e0c1d2b-3a49-4857-9665-748392a1b0c9}";
const AUDIENCE: &str = "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1";

struct Case {
    name: String,
    policy: Value,
    /// The request's keys; all others are missing.
    context: Map<String, Value>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn statement(effect: &str, condition: Value) -> Value {
    let mut statement =
        json!({"Effect": effect, "Principal": {"Federated": PROVIDER}, "Action": policy::ASSUME_WITH_WEB_IDENTITY});
    if condition.as_object().is_some_and(|condition| !condition.is_empty()) {
        statement["Condition"] = condition;
    }
    statement
}

fn document(statements: impl Into<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements.into()})
}

/// The rows of the operator table with a definite result, for single-valued and multivalued keys.
fn operator_cases() -> Vec<Case> {
    let table = fs::read_to_string(root().join("crates/core/tests/trust/operators.tsv")).unwrap();
    let mut cases = Vec::new();
    for row in table.lines().filter(|line| !line.starts_with('#')) {
        let [operator, expected, actual, "yes" | "no", _] = row.split('\t').collect::<Vec<_>>()[..] else { continue };
        let expected: Value = serde_json::from_str(expected).unwrap();
        let actual: Value = serde_json::from_str(actual).unwrap();
        let many = operator.contains(':') || actual.is_array();
        let key = if many { "aws:TagKeys" } else { "aws:SourceVpc" };
        let mut context = Map::from_iter([("aws:UserAgent".to_owned(), json!("agent/*"))]);
        if !actual.is_null() {
            let actual = if many && actual.is_string() { json!([actual]) } else { actual };
            context.insert(key.to_owned(), actual);
        }
        let condition = Value::from_iter([(operator, Value::from_iter([(key, expected)]))]);
        let name = row.split('\t').take(3).collect::<Vec<_>>().join(" ");
        cases.push(Case { name: format!("operator {name}"), policy: document(statement("Allow", condition)), context });
    }
    cases
}

fn policies() -> Vec<(&'static str, Value)> {
    let aud = format!("{ISSUER}:aud");
    let sub = format!("{ISSUER}:sub");
    let environment = format!("{REPOSITORY}:{ENVIRONMENT}:*");
    let repository = format!("{REPOSITORY}:*");
    let bound = json!({"StringEquals": {&aud: AUDIENCE}, "StringLike": {&sub: environment}});
    let deny =
        |condition: Value| json!({"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": condition});
    let allow = |condition: Value| document(statement("Allow", condition));
    vec![
        ("nothing asked", allow(json!({}))),
        ("environment", allow(bound.clone())),
        ("repository", allow(json!({"StringEquals": {&aud: AUDIENCE}, "StringLike": {&sub: repository}}))),
        ("audience alone", allow(json!({"StringEquals": {&aud: AUDIENCE}}))),
        ("list of subjects", allow(json!({"StringLike": {&sub: [environment, format!("{OTHER}:*")]}}))),
        ("wildcard in front", allow(json!({"StringLike": {&sub: format!("*:{ENVIRONMENT}:*")}}))),
        ("wildcard under StringEquals", allow(json!({"StringEquals": {&sub: repository}}))),
        ("exact subject", allow(json!({"StringEquals": {&sub: format!("{REPOSITORY}:{ENVIRONMENT}:{STEP}")}}))),
        (
            "letter case ignored",
            allow(json!({"StringEqualsIgnoreCase": {&sub: format!("{REPOSITORY}:{STEP}").to_uppercase()}})),
        ),
        ("key in capitals", allow(json!({"StringLike": {sub.to_uppercase(): repository}}))),
        ("not the other", allow(json!({"StringNotLike": {&sub: format!("{OTHER}:*")}}))),
        ("not any of two", allow(json!({"StringNotLike": {&sub: [format!("{OTHER}:*"), environment]}}))),
        ("if exists", allow(json!({"StringLikeIfExists": {&sub: repository}}))),
        ("for all values", allow(json!({"ForAllValues:StringLike": {&sub: repository}}))),
        ("for any value", allow(json!({"ForAnyValue:StringLike": {&sub: repository}}))),
        ("subject must be there", allow(json!({"Null": {&sub: "false"}}))),
        ("subject must be missing", allow(json!({"Null": {&sub: "true"}}))),
        ("addresses alone", allow(json!({"IpAddress": {"aws:SourceIp": ["34.199.54.113/32", "104.192.136.0/21"]}}))),
        (
            "addresses of both families",
            allow(json!({"IpAddress": {"aws:SourceIp": ["104.192.136.0/21", "2401:1d80:3000::/36"]}})),
        ),
        ("not from there", allow(json!({"NotIpAddress": {"aws:SourceIp": ["104.192.136.0/21"]}}))),
        ("addresses if they exist", allow(json!({"IpAddressIfExists": {"aws:SourceIp": "104.192.136.0/21"}}))),
        (
            "environment and addresses",
            allow(json!({"StringLike": {&sub: environment}, "IpAddress": {"aws:SourceIp": "104.192.136.0/21"}})),
        ),
        (
            "deny of foreign addresses",
            document(vec![
                statement("Allow", bound.clone()),
                deny(json!({"NotIpAddress": {"aws:SourceIp": "104.192.136.0/21"}})),
            ]),
        ),
        (
            "deny of another repository",
            document(vec![statement("Allow", json!({})), deny(json!({"StringLike": {&sub: format!("{OTHER}:*")}}))]),
        ),
        (
            "deny where the subject is missing",
            document(vec![statement("Allow", json!({})), deny(json!({"Null": {&sub: true}}))]),
        ),
        (
            "two statements",
            document(vec![
                statement("Allow", json!({"StringLike": {&sub: environment}})),
                statement("Allow", json!({"StringLike": {&sub: format!("{OTHER}:*")}})),
            ]),
        ),
        ("session name", allow(json!({"StringLike": {"sts:RoleSessionName": "bitbucket-*"}}))),
        (
            "session name from the subject",
            allow(json!({"StringEquals": {"sts:RoleSessionName": format!("${{{sub}}}")}})),
        ),
        ("before a date", allow(json!({"DateLessThan": {"aws:CurrentTime": "2026-12-01T00:00:00Z"}}))),
        (
            "question marks",
            allow(json!({"StringLike": {&sub: format!("{REPOSITORY}:{{????????-????-????-????-????????????}}")}})),
        ),
        ("empty list", allow(json!({"StringLike": {&sub: []}}))),
        (
            "another action",
            document(json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRole"})),
        ),
        (
            "action in another case",
            document(
                json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "STS:assumerolewithwebidentity"}),
            ),
        ),
        (
            "action with a wildcard",
            document(json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWith*"})),
        ),
        (
            "not an action",
            document(json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "NotAction": "sts:AssumeRole"})),
        ),
        (
            "another provider",
            document(
                json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER.replace("accounts.google.com", "example.com")}, "Action": "sts:*"}),
            ),
        ),
        (
            "one of two providers",
            document(
                json!({"Effect": "Allow", "Principal": {"Federated": ["arn:aws:iam::123456789012:oidc-provider/example.com", PROVIDER]}, "Action": "sts:*"}),
            ),
        ),
        ("everyone", document(json!({"Effect": "Allow", "Principal": "*", "Action": "sts:*"}))),
        (
            "an account",
            document(
                json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:*"}),
            ),
        ),
    ]
}

fn contexts() -> Vec<(String, Map<String, Value>)> {
    let subjects = [
        ("step", Some(format!("{REPOSITORY}:{STEP}"))),
        ("deployment step", Some(format!("{REPOSITORY}:{ENVIRONMENT}:{STEP}"))),
        ("other repository", Some(format!("{OTHER}:{ENVIRONMENT}:{STEP}"))),
        ("no subject", None),
    ];
    let mut contexts = Vec::new();
    for (who, subject) in subjects {
        for (address, session) in [
            (Some("104.192.140.7"), "bitbucket-1"),
            (Some("198.51.100.1"), "ci"),
            (Some("2401:1d80:3000::7"), "x"),
            (None, "y"),
        ] {
            let mut context = Map::from_iter([
                (format!("{ISSUER}:aud"), json!(AUDIENCE)),
                ("sts:RoleSessionName".to_owned(), json!(session)),
                ("aws:CurrentTime".to_owned(), json!("2026-11-23T15:00:00Z")),
            ]);
            context.extend(subject.iter().map(|subject| (format!("{ISSUER}:sub"), json!(subject))));
            context.extend(address.iter().map(|address| ("aws:SourceIp".to_owned(), json!(address))));
            contexts.push((format!("{who} from {}", address.unwrap_or("nowhere")), context));
        }
    }
    contexts
}

fn cases() -> Vec<Case> {
    let mut cases = operator_cases();
    for (policy_name, policy) in policies() {
        for (context_name, context) in contexts() {
            cases.push(Case { name: format!("{policy_name}: {context_name}"), policy: policy.clone(), context });
        }
    }
    cases
}

fn ours(case: &Case) -> &'static str {
    let text = case.policy.to_string();
    let (policy, _) = policy::read(&document::parse(&text).unwrap(), Template::default());
    let mut request = Request::new(Some(ISSUER));
    request.account = Some("123456789012".to_owned());
    let keys =
        policy.statements.iter().flat_map(|statement| &statement.conditions).map(|condition| condition.key.as_str());
    for key in keys.chain(["aws:UserAgent", "aws:Referer", &format!("{ISSUER}:sub")]) {
        request.set(key, Entry::Absent);
    }
    for (key, value) in &case.context {
        let entry = match value {
            Value::Array(items) => Entry::List(items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()),
            value => Entry::Value(value.as_str().unwrap().to_owned()),
        };
        request.set(key, entry);
    }
    let verdict = evaluate::evaluate(&policy, &request).verdict;
    assert_ne!(verdict, Verdict::Depends, "{}: everything is known", case.name);
    verdict.name()
}

fn theirs(cases: &[Case]) -> Vec<String> {
    let root = root();
    let installed = Command::new("tests/oracles/install.sh").arg("iam-simulate").current_dir(&root).status().unwrap();
    assert!(installed.success(), "iam-simulate cannot be installed");
    let mut judge = Command::new("node")
        .arg("tests/oracles/iam-simulate/judge.mjs")
        .arg(root.join(".tools/oracles/iam-simulate"))
        .current_dir(&root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = judge.stdin.take().unwrap();
    let lines: String = cases
        .iter()
        .map(|case| json!({"policy": case.policy, "context": case.context, "principal": PROVIDER}).to_string() + "\n")
        .collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = judge.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Compares verdicts: the name of the case, ours and theirs.
fn compare(judge: &str, verdicts: &[(String, &str, String)]) {
    let listed = fs::read_to_string(root().join(format!("tests/oracles/{judge}/disagreements.tsv"))).unwrap();
    let listed: BTreeMap<&str, &str> = listed
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let [case, verdicts, why] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            assert!(why.len() > 20, "{case}: no reason given");
            (case, verdicts)
        })
        .collect();
    let mut unexplained = Vec::new();
    let mut seen = Vec::new();
    for (case, ours, theirs) in verdicts.iter().filter(|(_, ours, theirs)| ours != theirs) {
        let difference = format!("{ours}, not {theirs}");
        if listed.get(case.as_str()) == Some(&difference.as_str()) {
            seen.push(case.as_str());
        } else {
            unexplained.push(format!("{case}\t{difference}"));
        }
    }
    assert!(unexplained.is_empty(), "{} disagreements:\n{}", unexplained.len(), unexplained.join("\n"));
    let gone: Vec<_> = listed.keys().filter(|name| !seen.contains(name)).collect();
    assert!(gone.is_empty(), "no longer disagreements: {gone:?}");
    println!(
        "{judge}: {} of {} cases agree, the others for a listed reason",
        verdicts.len() - seen.len(),
        verdicts.len()
    );
}

#[test]
fn an_independent_evaluator_agrees() {
    let cases = cases();
    let theirs = theirs(&cases);
    assert_eq!(cases.len(), theirs.len());
    let verdicts: Vec<_> =
        cases.iter().zip(theirs).map(|(case, theirs)| (case.name.clone(), ours(case), theirs)).collect();
    assert!(verdicts.len() >= 800, "only {} cases", verdicts.len());
    compare("iam-simulate", &verdicts);
}

/// The issuer of the emulator's tokens.
const BITBUCKET: &str = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";

/// A test cannot choose the source address or the time of a call, so policies that check them are left out.
#[test]
fn the_emulator_agrees() {
    let emulator = Emulator::start(Authorisation::Judged);
    let api = Api::new(&emulator.url());
    let url = format!("https://{BITBUCKET}");
    api.query("iam", "CreateOpenIDConnectProvider", &[("Url", &url), ("ClientIDList.member.1", AUDIENCE)]).unwrap();
    let issuer = Issuer::new();
    let mut verdicts = Vec::new();
    for (index, (policy_name, policy)) in policies().into_iter().enumerate() {
        let text = policy.to_string().replace(ISSUER, BITBUCKET).replace("123456789012", ACCOUNT);
        let text = text.replace(&ISSUER.to_uppercase(), &BITBUCKET.to_uppercase());
        let name = format!("role{index}");
        let role = [("RoleName", name.as_str()), ("AssumeRolePolicyDocument", &text)];
        if text.contains("aws:SourceIp")
            || text.contains("aws:CurrentTime")
            || api.query("iam", "CreateRole", &role).is_err()
        {
            continue;
        }
        let (policy, _) = policy::read(&document::parse(&text).unwrap(), Template::default());
        for (subject_name, subject) in [
            ("step", Some(format!("{REPOSITORY}:{STEP}"))),
            ("deployment step", Some(format!("{REPOSITORY}:{ENVIRONMENT}:{STEP}"))),
            ("other repository", Some(format!("{OTHER}:{ENVIRONMENT}:{STEP}"))),
            ("no subject", None),
        ] {
            let mut claims = json!({"iss": url, "aud": AUDIENCE});
            claims.as_object_mut().unwrap().extend(subject.clone().map(|subject| ("sub".to_owned(), json!(subject))));
            let (token, arn) = (issuer.sign(&claims), format!("arn:aws:iam::{ACCOUNT}:role/{name}"));
            let call = [("RoleArn", arn.as_str()), ("RoleSessionName", "bitbucket-1"), ("WebIdentityToken", &token)];
            let theirs = if api.query("sts", "AssumeRoleWithWebIdentity", &call).is_ok() { "allow" } else { "deny" };
            let mut request = Request::new(Some(BITBUCKET));
            request.account = Some(ACCOUNT.to_owned());
            let subject = subject.map_or(Entry::Absent, Entry::Value);
            request.claims(&[("aud", Entry::Value(AUDIENCE.to_owned())), ("sub", subject)]);
            request.set("sts:RoleSessionName", Entry::Value("bitbucket-1".to_owned()));
            let ours = evaluate::evaluate(&policy, &request).verdict.name();
            verdicts.push((format!("{policy_name}: {subject_name}"), ours, theirs.to_owned()));
        }
    }
    assert!(verdicts.len() >= 100, "only {} cases", verdicts.len());
    compare("emulator", &verdicts);
}
