//! `keyless lint` with the programs that read its reports.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use keyless_tests::{checkout, run::finish};
use serde_json::{Value, json};

/// Files with mistakes of all kinds: those of the tests of the rules.
fn mistakes() -> Vec<PathBuf> {
    let folder = checkout::root().join("crates/core/tests/mistakes");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("there are mistakes").flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yml"));
    files.sort();
    files
}

/// Writes the reports on all mistakes into a folder.
fn reports(folder: &Path) {
    let mut command = Command::new(checkout::binary("keyless"));
    command.args(["lint", "--min-severity", "hint"]).args(mistakes()).current_dir(folder);
    for format in ["json", "jsonl", "sarif", "junit", "checkstyle", "gitlab", "code-insights"] {
        command.arg(format!("--format={format}={format}"));
    }
    let finished = finish(&mut command);
    assert_eq!((finished.code, finished.stdout.as_str(), finished.stderr.as_str()), (Some(1), "", ""));
}

fn read_json(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).expect("there is a report")).expect("the report is JSON")
}

/// Allows no property that the schema does not name.
fn closed(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(closed);
            if object.contains_key("properties") {
                object.insert("unevaluatedProperties".to_owned(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(closed),
        _ => {}
    }
}

/// The names in an object and below it.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            found.insert(name.clone());
            names(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// The names of all properties in a schema.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(named) = schema["properties"].as_object() {
        found.extend(named.keys().cloned());
    }
    match schema {
        Value::Object(object) => object.values().for_each(|part| properties(part, found)),
        Value::Array(items) => items.iter().for_each(|part| properties(part, found)),
        _ => {}
    }
}

#[test]
fn the_json_report_has_the_published_form() {
    let folder = checkout::scratch("reports");
    let path = |name: &str| folder.path().join(name);
    reports(folder.path());
    let report = read_json(&path("json"));
    let mut schema = read_json(&checkout::root().join("docs/report.schema.json"));
    let (mut described, mut written) = (BTreeSet::new(), BTreeSet::new());
    properties(&schema, &mut described);
    names(&report, &mut written);
    assert_eq!(described, written, "docs/report.schema.json describes other properties than the report has");

    // A line of JSON Lines has what is said in the report about its finding.
    let findings = |file: &Value| -> Vec<Value> {
        let named = |finding: &Value| {
            let mut finding = finding.clone();
            finding["file"] = file["file"].clone();
            finding
        };
        file["findings"].as_array().map(|findings| findings.iter().map(named).collect()).unwrap_or_default()
    };
    let expected: Vec<Value> = report["files"].as_array().expect("there are files").iter().flat_map(findings).collect();
    let text = fs::read_to_string(path("jsonl")).expect("there is a report");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect();
    assert_eq!(lines, expected);

    closed(&mut schema);
    let write = |name: &str, value: &Value| fs::write(path(name), value.to_string()).expect("the folder is writable");
    schema["$defs"]["finding"].as_object_mut().expect("a finding is described").remove("unevaluatedProperties");
    write("schema.json", &schema);
    let mut wrong = report.clone();
    wrong["files"][0]["findings"][0]["severity"] = json!("fatal");
    write("wrong.json", &wrong);
    schema["$ref"] = json!("#/$defs/line");
    for keyword in ["type", "required", "properties", "unevaluatedProperties"] {
        schema.as_object_mut().expect("a schema is an object").remove(keyword);
    }
    write("line-schema.json", &schema);
    fs::write(path("line.json"), text.lines().next().unwrap_or_default()).expect("the folder is writable");
    for (schema, file, valid) in
        [("schema.json", "json", true), ("schema.json", "wrong.json", false), ("line-schema.json", "line.json", true)]
    {
        let judge = checkout::root().join(".tools/py/bin/check-jsonschema");
        let mut command = Command::new(judge);
        let judged =
            finish(command.args(["--schemafile", schema, "--force-filetype", "json", file]).current_dir(folder.path()));
        assert_eq!(judged.code == Some(0), valid, "{file}: {judged:#?}");
    }
}

/// The types of the format, published for TypeScript: the compiler knows their names, which of them are required, and their words.
#[test]
fn the_sarif_report_has_the_published_form() {
    let folder = checkout::scratch("reports");
    reports(folder.path());
    let installed = Command::new("tests/oracles/install.sh").arg("typescript").current_dir(checkout::root()).status();
    assert!(installed.is_ok_and(|status| status.success()), "the compiler cannot be installed");
    let modules = checkout::root().join(".tools/oracles/typescript/node_modules");
    symlink(&modules, folder.path().join("node_modules")).expect("the folder is writable");
    let report = read_json(&folder.path().join("sarif"));
    let check = |report: &Value| {
        let program = format!("import type {{ Log }} from 'sarif';\nexport const log: Log = {report};\n");
        fs::write(folder.path().join("report.ts"), program).expect("the folder is writable");
        let mut command = Command::new("node");
        command.arg(modules.join("typescript/bin/tsc")).args(["--strict", "--noEmit", "--types", "sarif", "report.ts"]);
        finish(command.current_dir(folder.path()))
    };
    let judged = check(&report);
    assert_eq!(judged.code, Some(0), "{}", judged.stdout);
    let mut misspelled = report;
    misspelled["runs"][0]["results"].as_array_mut().expect("there are findings").truncate(1);
    let mut unknown = misspelled.clone();
    misspelled["runs"][0]["results"][0]["level"] = json!("hint");
    unknown["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["line"] = json!(1);
    for wrong in [misspelled, unknown] {
        assert_ne!(check(&wrong).code, Some(0));
    }
}

#[test]
fn the_other_reports_are_well_formed() {
    let folder = checkout::scratch("reports");
    reports(folder.path());
    let findings = read_json(&folder.path().join("gitlab")).as_array().map(Vec::len);
    let annotated = read_json(&folder.path().join("code-insights"))["annotations"]
        .as_array()
        .map(|lists| lists.iter().filter_map(Value::as_array).map(Vec::len).sum());
    assert_eq!(annotated, findings);
    for (format, element) in [("junit", "failure"), ("checkstyle", "error")] {
        let text = fs::read_to_string(folder.path().join(format)).expect("there is a report");
        let document = roxmltree::Document::parse(&text).expect("the report is XML");
        let elements = document.descendants().filter(|node| node.has_tag_name(element)).count();
        assert_eq!(Some(elements), findings, "{format}");
    }
}
