//! `keyless lint` with services and programs around it: Code Insights behind a step's proxy, and what reads its reports.
#![allow(clippy::expect_used, clippy::print_stderr)] // clippy knows functions with #[test] alone as tests

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use http_body_util::Full;
use hyper::{Response, StatusCode, body::Bytes};
use keyless_tests::{
    checkout,
    insights::Insights,
    run::{Finished, finish},
    server::Server,
    step,
};
use serde_json::{Value, json};

/// Findings: a warning and an error for each step.
fn pipeline(steps: usize) -> String {
    let steps = (0..steps).map(|step| {
        format!("    - step:\n        colour{step}: red\n        odic: true\n        script: [make {step}]\n")
    });
    format!("pipelines:\n  default:\n{}", steps.collect::<String>())
}

/// `keyless lint` in a step.
fn lint(folder: &Path, arguments: &[&str]) -> Finished {
    let mut command = Command::new(checkout::binary("keyless"));
    command.env_clear().envs(step::variables(folder)).current_dir(folder).arg("lint").args(arguments);
    finish(&mut command)
}

#[test]
fn findings_are_reported_within_the_limits_the_worst_first() {
    let (folder, insights) = (checkout::scratch("insights"), Insights::start());
    let file = folder.path().join("bitbucket-pipelines.yml");
    fs::write(&file, pipeline(750)).expect("the scratch folder is writable");
    let service = format!("--report=bitbucket={}", insights.url());
    let finished = lint(folder.path(), &[&service, "--format", "json=lint.json"]);
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let said = format!("note: reported to Bitbucket on commit {commit}\n");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(1), said.as_str()), "{finished:#?}");

    let reports = insights.reports();
    let [(url, (report, annotations))] = Vec::from_iter(&reports)[..] else { panic!("{reports:#?}") };
    assert!(url.starts_with(&format!("acme/shop/commit/{commit}/reports/keyless-")), "{url}");
    assert_eq!(report["result"], "FAILED");
    assert_eq!(report["link"], "https://bitbucket.org/acme/shop/pipelines/results/42");
    assert_eq!(annotations.len(), 1000);
    let severities: Vec<&Value> = annotations.iter().map(|annotation| &annotation["severity"]).collect();
    let errors = severities.iter().take_while(|severity| **severity == "HIGH").count();
    assert!(
        errors >= 750 && severities[errors..].iter().all(|severity| *severity == "MEDIUM"),
        "{errors} errors first"
    );
    let total: Value = serde_json::from_slice(&fs::read(folder.path().join("lint.json")).expect("there is a report"))
        .expect("the report is JSON");
    assert!(total["summary"]["warnings"].as_u64() >= Some(750) && total["summary"]["errors"] == errors, "{total}");

    // Lines have moved, and a finding is fixed: the report is replaced, and the other annotations keep their ids.
    let ids = |annotations: &[Value]| -> BTreeSet<String> {
        annotations.iter().map(|annotation| annotation["external_id"].to_string()).collect()
    };
    let before = ids(annotations);
    fs::write(&file, format!("# a comment\n\n{}", pipeline(2))).expect("the scratch folder is writable");
    assert_eq!(lint(folder.path(), &[&service]).code, Some(1));
    let reports = insights.reports();
    let [(again, (_, annotations))] = Vec::from_iter(&reports)[..] else { panic!("{reports:#?}") };
    assert_eq!(again, url);
    assert!(annotations.len() < 10 && ids(annotations).is_subset(&before), "{annotations:#?}");

    fs::write(&file, "pipelines:\n  default:\n    - step:\n        script: [make]\n")
        .expect("the scratch folder is writable");
    assert_eq!(lint(folder.path(), &[&service]).code, Some(0));
    let (report, annotations) = &insights.reports()[url];
    assert_eq!((&report["result"], annotations.len()), (&"PASSED".into(), 0));
}

#[test]
fn a_report_that_cannot_be_sent_is_a_warning() {
    let folder = checkout::scratch("insights");
    fs::write(
        folder.path().join("bitbucket-pipelines.yml"),
        "pipelines:\n  default:\n    - step:\n        script: [make]\n",
    )
    .expect("the scratch folder is writable");
    let refusing = Server::start(|_| {
        let mut response = Response::new(Full::new(Bytes::from_static(b"{\"error\":{\"message\":\"not here\"}}")));
        *response.status_mut() = StatusCode::FORBIDDEN;
        Ok(response)
    });
    for (proxy, why) in [
        (refusing.url(), "Bitbucket answered 403: not here"),
        ("http://127.0.0.1:1", "cannot connect to 127.0.0.1:1: Connection refused (os error 111)"),
    ] {
        let finished = lint(folder.path(), &[&format!("--report=bitbucket={proxy}")]);
        let said = format!("warning: cannot report to Bitbucket: {why}\n");
        let expected = Finished { code: Some(0), stdout: "no findings in 1 file\n".to_owned(), stderr: said };
        assert_eq!(finished, expected);
    }
}

/// Bitbucket's own proxy has one address in a script and another in a pipe. Here is neither, so the error names it.
#[test]
fn a_step_and_a_pipe_reach_the_proxy_under_their_own_address() {
    let folder = checkout::scratch("insights");
    fs::write(
        folder.path().join("bitbucket-pipelines.yml"),
        "pipelines:\n  default:\n    - step:\n        script: [make]\n",
    )
    .expect("the scratch folder is writable");
    for (storage, address) in [("", "localhost:29418"), ("/opt/storage", "host.docker.internal:29418")] {
        let mut command = Command::new(checkout::binary("keyless"));
        command.env_clear().envs(step::variables(folder.path())).env("BITBUCKET_PIPE_STORAGE_DIR", storage);
        let finished = finish(command.current_dir(folder.path()).args(["lint", "--report", "bitbucket"]));
        let said = format!("warning: cannot report to Bitbucket: cannot connect to {address}: ");
        assert!(finished.stderr.starts_with(&said), "{finished:#?}");
        assert_eq!(finished.code, Some(0));
    }
}

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

/// What a shell prints that has its completions in a file; `None` if it is not installed.
fn shell(program: &str, arguments: &[&str]) -> Option<String> {
    let folder = checkout::scratch("completions");
    let completions = Command::new(checkout::binary("keyless")).args(["completions", program]).output();
    let completions = completions.expect("the binary starts");
    assert!(completions.status.success() && completions.stderr.is_empty(), "{completions:?}");
    fs::write(folder.path().join("completions"), completions.stdout).expect("the folder is writable");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder.path()).env("HOME", folder.path());
    match command.output() {
        Ok(output) => {
            assert!(output.status.success() && output.stderr.is_empty(), "{program}: {output:?}");
            Some(String::from_utf8(output.stdout).expect("completions are text"))
        }
        Err(error) => {
            eprintln!("{program} did not read its completions: {error}; `tests/system.sh shells` installs it");
            None
        }
    }
}

#[test]
fn bash_completes_commands_and_rules() {
    let complete = |words: &str, current: &str, previous: &str| {
        let script = format!(
            "source ./completions; COMP_WORDS=({words} {current}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _keyless keyless '{current}' '{previous}'; echo \"${{COMPREPLY[@]}}\""
        );
        shell("bash", &["--norc", "--noprofile", "-c", &script])
    };
    assert_eq!(complete("keyless", "li", "keyless").as_deref(), Some("lint\n"));
    assert_eq!(complete("keyless explain", "missing-o", "explain").as_deref(), Some("missing-oidc\n"));
    assert_eq!(complete("keyless lint --format", "sa", "--format").as_deref(), Some("sarif\n"));
}

#[test]
fn zsh_loads_the_completions() {
    const SCRIPT: &str = "autoload -Uz compinit; compinit -D -u; source ./completions; echo $_comps[keyless]; \
        whence -w _keyless_commands";
    if let Some(loaded) = shell("zsh", &["-f", "-c", SCRIPT]) {
        assert_eq!(loaded, "_keyless\n_keyless_commands: function\n");
    }
}

#[test]
fn fish_completes_commands_and_rules() {
    let complete =
        |line: &str| shell("fish", &["--no-config", "-c", &format!("source ./completions; complete -C '{line}'")]);
    if let Some(commands) = complete("keyless li") {
        assert_eq!(commands, "lint\tFind errors in bitbucket-pipelines.yml before Bitbucket does\n");
        assert!(complete("keyless lint --format sa").is_some_and(|formats| formats.starts_with("sarif\t")));
    }
}
