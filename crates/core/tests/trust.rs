//! Trust policies, evaluated and checked: `trust/operators.tsv` and the folders next to it.
//!
//! `SNAPSHOTS=overwrite` updates the expected output.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::{fmt::Write as _, fs, path::PathBuf};

use keyless_core::{
    diagnostic::{Diagnostic, Edit, Label, Severity},
    iam::{
        caller::{Caller, Environment},
        document, evaluate,
        policy::{self, Policy},
        request::{Entry, Request},
        role,
        template::{Document, Template},
    },
    oidc::Uuid,
    rules::trust as check,
    text::Source,
};
use serde_json::Value;
use snapbox::{Data, assert_data_eq};

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/trust")
}

fn entry(value: &Value) -> Entry {
    match value {
        Value::Null => Entry::Absent,
        Value::Array(items) => Entry::List(items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()),
        Value::String(text) => Entry::Value(text.clone()),
        other => Entry::Value(other.to_string()),
    }
}

fn read(text: &str) -> Policy {
    policy::read(&document::parse(text).unwrap(), Template::default()).0
}

#[test]
fn operators_say_what_the_documentation_says() {
    let table = fs::read_to_string(data().join("operators.tsv")).unwrap();
    let mut wrong = Vec::new();
    let mut rows = 0;
    for row in table.lines().filter(|line| !line.starts_with('#')) {
        let [operator, expected, actual, result, _source] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let policy = read(&format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": "*", "Action": "sts:*",
                "Condition": {{"{operator}": {{"aws:SourceVpc": {expected}}}}}}}}}"#
        ));
        let mut request = Request::new(None);
        request.set("aws:UserAgent", Entry::Value("agent/*".into()));
        request.set("aws:Referer", Entry::Absent);
        let value = if actual == "?" { Entry::Unknown } else { entry(&serde_json::from_str(actual).unwrap()) };
        request.set("aws:SourceVpc", value);
        let holds = evaluate::evaluate(&policy, &request).statements[0].conditions[0].holds.to_string();
        if holds != result {
            wrong.push(format!("{row}: {holds}"));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows > 150, "only {rows} rows");
}

/// A case file: the policy or a document that holds it, a line `--- request` with the request as JSON, and a line
/// `--- verdict` with the whole tree.
#[test]
fn verdicts_are_explained_in_full() {
    let mut cases: Vec<_> = fs::read_dir(data().join("verdicts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 10, "only {} cases", cases.len());
    for path in cases {
        let text = fs::read_to_string(&path).unwrap();
        let (policy, rest) = text.split_once("--- request\n").unwrap();
        let (request_text, _) = rest.split_once("--- verdict\n").unwrap();
        let given: Value = serde_json::from_str(request_text).unwrap();
        let mut request = Request::new(given["issuer"].as_str());
        request.account = given["account"].as_str().map(str::to_owned);
        if let Some(claims) = given["claims"].as_object() {
            let claims: Vec<_> = claims.iter().map(|(name, value)| (name.as_str(), entry(value))).collect();
            request.claims(&claims);
        }
        for (key, value) in given["keys"].as_object().into_iter().flatten() {
            request.set(key, entry(value));
        }
        let document = Document::parse(policy).unwrap();
        let actual: String = document
            .trust_policies()
            .unwrap()
            .iter()
            .map(|found| {
                let (policy, problems) = policy::read(&found.policy, found.template);
                assert!(problems.is_empty(), "{}: {problems:?}", path.display());
                evaluate::evaluate(&policy, &request).to_string()
            })
            .collect();
        let file = format!("{policy}--- request\n{request_text}--- verdict\n{actual}");
        assert_data_eq!(file, Data::read_from(&path, None).raw());
    }
}

fn findings(text: &str) -> Vec<Diagnostic> {
    check::check(&Source::new("policy", text)).unwrap()
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut fixed = text.to_owned();
    for edit in edits.iter().rev() {
        fixed.replace_range(edit.span.start..edit.span.end, &edit.replacement);
    }
    fixed
}

/// A case file: a document and, after a line `--- findings`, all that is found in it.
#[test]
fn policies_are_checked_in_full() {
    let mut cases: Vec<_> = fs::read_dir(data().join("checks")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 15, "only {} cases", cases.len());
    for path in cases {
        let file = fs::read_to_string(&path).unwrap();
        let (text, _) = file.split_once("--- findings\n").unwrap();
        let source = Source::new("policy", text);
        let mut actual = String::new();
        for finding in findings(text) {
            let place = |label: &Label| {
                let position = source.position(label.span.start);
                let shown: String = source.slice(label.span).chars().take(60).collect();
                format!("{}:{} {:?} {}", position.line, position.column, shown, label.message)
            };
            writeln!(actual, "{}[{}]: {}", finding.severity, finding.rule, finding.message).unwrap();
            writeln!(actual, "  at {}", place(&finding.primary).trim_end()).unwrap();
            for label in &finding.related {
                writeln!(actual, "  see {}", place(label)).unwrap();
            }
            if let Some(help) = &finding.help {
                writeln!(actual, "  help: {help}").unwrap();
            }
            if let Some(fix) = &finding.fix {
                let edits: Vec<_> = fix.edits.iter().map(|edit| edit.replacement.as_str()).collect();
                writeln!(actual, "  fix ({:?}): {}: {}", fix.safety, fix.title, edits.join(" ")).unwrap();
            }
        }
        assert_data_eq!(format!("{text}--- findings\n{actual}"), Data::read_from(&path, None).raw());
    }
}

#[test]
fn every_rule_finds_its_wrong_example_and_leaves_the_right_one_alone() {
    for rule in check::RULES {
        assert!(rule.id.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.id);
        let examples = rule.examples();
        assert!(
            examples.iter().any(|it| it.wrong) && examples.iter().any(|it| !it.wrong),
            "{} lacks examples",
            rule.id
        );
        for example in examples {
            let all = findings(&example.text);
            let own: Vec<_> = all.iter().filter(|finding| finding.rule == rule.id).collect();
            if example.wrong {
                assert!(!own.is_empty(), "{} does not find its wrong example", rule.id);
            } else {
                assert!(own.is_empty(), "{} finds {own:?} in its right example", rule.id);
                let errors: Vec<_> = all.iter().filter(|it| it.severity == Severity::Error).collect();
                assert!(errors.is_empty(), "{}: the right example has {errors:?}", rule.id);
            }
            for finding in &own {
                let Some(fix) = &finding.fix else { continue };
                let fixed = apply(&example.text, &fix.edits);
                let again = findings(&fixed);
                let count = |findings: &[Diagnostic], wanted: &dyn Fn(&Diagnostic) -> bool| {
                    findings.iter().filter(|it| wanted(it)).count()
                };
                assert!(count(&again, &|it| it.rule == rule.id) < own.len(), "{} finds the same in {fixed}", rule.id);
                let error = |it: &Diagnostic| it.severity == Severity::Error;
                assert!(count(&again, &error) <= count(&all, &error), "{} adds errors: {fixed}", rule.id);
            }
        }
    }
}

/// What is said of a step before its UUIDs are known holds whatever they turn out to be.
#[test]
fn a_verdict_without_the_uuids_holds_with_any() {
    const REPOSITORIES: [&str; 2] = ["b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9", "11111111-2222-4333-8444-555555555555"];
    const ENVIRONMENTS: [&str; 2] = ["0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9", "66666666-7777-4888-8999-000000000000"];
    const WORKSPACES: [&str; 2] = ["6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"];
    let uuid = |text: &str| Uuid::parse(text).unwrap();
    let folders = [data().join("checks"), data().join("../setup")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut counts = [0, 0, 0];
    for path in files.filter(|path| path.extension().is_some_and(|it| it == "txt" || it == "json")) {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("--- findings").next().unwrap();
        for role in role::read(text, None).unwrap_or_default() {
            let ask = |caller: &Caller<'_>| evaluate::evaluate(&role.policy, &caller.request()).verdict;
            for (environment, known) in [
                (Environment::None, vec![Environment::None]),
                (
                    Environment::Deployment(None),
                    ENVIRONMENTS.map(|it| Environment::Deployment(Some(uuid(it)))).to_vec(),
                ),
            ] {
                let open = Caller { workspace: Some("acme"), environment, ..Caller::default() };
                let verdict = ask(&open);
                counts[verdict as usize] += 1;
                for (workspace, repository) in
                    WORKSPACES.iter().flat_map(|it| REPOSITORIES.iter().map(move |own| (it, own)))
                {
                    for environment in &known {
                        let whole = Caller {
                            workspace_uuid: Some(uuid(workspace)),
                            repository_uuid: Some(uuid(repository)),
                            environment: *environment,
                            ..open
                        };
                        let (concrete, path) = (ask(&whole), path.display());
                        assert!(
                            verdict == evaluate::Verdict::Depends || verdict == concrete,
                            "{path}: {verdict:?} {whole:?}"
                        );
                    }
                }
            }
        }
    }
    assert!(counts.iter().all(|count| *count >= 2), "{counts:?} allow, deny, depends");
}

/// Programs that write a policy when they run are not mistaken for documents; a Pulumi stack in JSON is one.
#[test]
fn the_source_of_a_program_is_named_with_the_way_to_get_its_policy() {
    for (text, advice) in [
        ("import * as cdk from 'aws-cdk-lib';\nnew iam.Role(this, 'Role', {});\n", "`cdk synth`"),
        ("from aws_cdk import aws_iam as iam\n", "`cdk synth`"),
        ("import * as aws from \"@pulumi/aws\";\n", "`pulumi preview --json`"),
        ("import pulumi_aws as aws\n", "`pulumi preview --json`"),
        ("module \"role\" {\n  source = \"terraform-aws-modules/iam/aws\"\n}\n", "`terraform show -json`"),
        (r#"{"resource": {"aws_iam_group": {"ci": {"name": "ci"}}}}"#, "`terraform show -json`"),
    ] {
        let error = Document::parse(text).and_then(|it| it.trust_policies().map(|_| ())).unwrap_err().to_string();
        assert!(error.contains(advice), "{error}");
    }
    let policy = r#"{\"Version\": \"2012-10-17\", \"Statement\": []}"#;
    let stack = format!(
        r#"{{"deployment": {{"resources": [{{"inputs": {{"name": "ci", "assumeRolePolicy": "{policy}"}}}}]}}}}"#
    );
    assert_eq!(Document::parse(&stack).unwrap().trust_policies().unwrap().len(), 1);
    let literal = format!(r#"{{"resource": {{"aws_iam_role": {{"ci": {{"assume_role_policy": "{policy}"}}}}}}}}"#);
    assert_eq!(Document::parse(&literal).unwrap().trust_policies().unwrap().len(), 1);
    let reference = "resources:\n  role:\n    properties:\n      assumeRolePolicy: ${policy.json}\n";
    assert_eq!(findings(reference), []);
    let broken = "resource \"aws_iam_role\" \"ci\" {\n  name = \"x\"\n";
    assert_eq!(Document::parse(broken).unwrap_err().to_string(), "invalid Terraform");
}

#[test]
fn no_text_makes_the_reader_panic() {
    for seed in
        ["malformed", "policy-in-sub", "policy-by-condition", "policy-in-join", "terraform-jsonencode-and-heredoc"]
    {
        survives(seed);
    }
}

fn survives(seed: &str) {
    let seed = fs::read_to_string(data().join(format!("checks/{seed}.txt"))).unwrap();
    let (policy, _) = seed.split_once("--- findings\n").unwrap();
    let mut state = 1_u64;
    for _ in 0..1000 {
        let mut bytes = policy.as_bytes().to_vec();
        for _ in 0..4 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap() % bytes.len();
            bytes[at] = b"{}[]\",:*?$\\ \n0a\xc3"[usize::try_from(state >> 20 & 0xf).unwrap()];
        }
        let text = String::from_utf8_lossy(&bytes);
        let source = Source::new("policy", &text);
        if let Ok(found) = check::check(&source) {
            for finding in found {
                assert!(text.get(finding.primary.span.start..finding.primary.span.end).is_some(), "{finding:?} {text}");
            }
        }
    }
}
