//! Trust policies judged and checked, from files: `trust/operators.tsv` and the folders beside it.
//!
//! `KEYLESS_BLESS=1` writes the expected output anew; read the difference before committing it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::{fs, path::PathBuf};

use keyless_core::iam::{
    document, evaluate,
    policy::{self, Policy},
    request::{Entry, Request},
    template::{Document, Template},
};
use serde_json::Value;

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
        let (request_text, expected) = rest.split_once("--- verdict\n").unwrap();
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
        if std::env::var_os("KEYLESS_BLESS").is_some() {
            fs::write(&path, format!("{policy}--- request\n{request_text}--- verdict\n{actual}")).unwrap();
        } else {
            assert_eq!(actual, expected, "{}", path.display());
        }
    }
}
