//! The changes of a diff as a Code Insights report.

use std::hash::{DefaultHasher, Hash, Hasher};

use keyless_bitbucket::{Build, insights::Report};
use keyless_core::code_insights::{ANNOTATIONS_PER_REPORT, DETAILS_LIMIT, SUMMARY_LIMIT, shortened};
use serde_json::{Value, json};

use crate::cdk::changes::{Change, Changes, EFFECTS, Effect, StackChanges};

/// The report of a diff. `target` is what was compared with, such as an account and its region; with `parts` it tells the
/// report from others of the same commit.
pub(crate) fn report(changes: &Changes, target: &str, parts: &[String], build: &Build<'_>) -> Report {
    let mut hash = DefaultHasher::new();
    parts.hash(&mut hash);
    let id = format!("keyless-diff-{}-{:08x}", target.replace(|c: char| !c.is_ascii_alphanumeric(), "-"), {
        hash.finish() >> 32
    });
    let number = |title: &str, value: usize| json!({ "title": title, "type": "NUMBER", "value": value });
    let mut data: Vec<Value> = EFFECTS.iter().map(|(effect, word)| number(word, changes.count(*effect))).collect();
    data.push(number("broader access", changes.broader()));
    let stacks: Vec<String> = changes.stacks().iter().map(summary).collect();
    let body = json!({
        "title": format!("cdk diff with {target}"),
        "details": shortened(&stacks.join("\n"), DETAILS_LIMIT),
        "report_type": "BUG",
        "reporter": "keyless",
        "result": "PASSED",
        "link": build.link(),
        "data": data,
    });
    Report { annotations: annotations(changes, &id), id, body }
}

/// The changes of a stack in one line.
fn summary(stack: &StackChanges) -> String {
    let count = |(effect, word): &(Effect, &str)| {
        let count = stack.count(*effect);
        (count > 0).then(|| format!("{word} {count}"))
    };
    let mut counts: Vec<String> = EFFECTS.iter().filter_map(count).collect();
    if !stack.broader.is_empty() {
        counts.push(format!("broader access {}", stack.broader.len()));
    }
    let what = match (counts.is_empty(), stack.others) {
        (true, 0) => "no differences".to_owned(),
        (true, _) => "only outputs or parameters".to_owned(),
        (false, _) => counts.join(", "),
    };
    format!("{}: {what}", stack.name)
}

/// What a reviewer must see first comes first: broader access, then the resources by risk.
fn annotations(changes: &Changes, id: &str) -> Vec<Value> {
    let broader = changes.stacks().iter().flat_map(|stack| {
        let annotation =
            |broader: &String| ("VULNERABILITY", "HIGH", format!("{}: broader access: {broader}", stack.name), None);
        stack.broader.iter().map(annotation)
    });
    let mut resources: Vec<(&StackChanges, &Change)> =
        changes.stacks().iter().flat_map(|stack| stack.resources.iter().map(move |change| (stack, change))).collect();
    resources.sort_by_key(|(_, change)| std::cmp::Reverse(change.effect));
    let resources = resources.into_iter().map(|(stack, change)| {
        let (kind, severity, details) = weight(change.effect);
        (kind, severity, format!("{}: {change}", stack.name), details)
    });
    let all = broader.chain(resources).take(ANNOTATIONS_PER_REPORT).enumerate();
    all.map(|(number, (kind, severity, summary, details))| {
        let mut annotation = json!({
            "external_id": format!("{id}-{number}"),
            "annotation_type": kind,
            "severity": severity,
            "summary": shortened(&summary, SUMMARY_LIMIT),
        });
        if let Some(details) = details {
            annotation["details"] = json!(details);
        }
        annotation
    })
    .collect()
}

/// The annotation's type and severity for a change, and its consequence.
fn weight(effect: Effect) -> (&'static str, &'static str, Option<&'static str>) {
    match effect {
        Effect::Destroy => ("BUG", "HIGH", Some("the resource is deleted with its content")),
        Effect::Replace => ("BUG", "HIGH", Some("a new resource replaces it, and the old one is deleted")),
        Effect::MayReplace => ("BUG", "MEDIUM", Some("CloudFormation decides whether it can be updated in place")),
        Effect::Orphan => ("CODE_SMELL", "MEDIUM", Some("the resource stays in the account, outside the stack")),
        Effect::Add | Effect::Change | Effect::Import => ("CODE_SMELL", "LOW", None),
    }
}
