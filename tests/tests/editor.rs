//! `keyless lsp` with editors: one that is written here, Neovim, and the protocol library of VS Code.
#![allow(clippy::expect_used, clippy::panic)] // clippy knows functions with #[test] alone as tests

use std::{fs, path::Path, process::Command};

use keyless_core::{
    lint,
    settings::Settings,
    text::{Source, Span},
};
use keyless_tests::{
    checkout,
    editor::{Editor, uri},
    numbers::Numbers,
    run::finish,
};
use serde_json::{Value, json};

const PIPELINE: &str = "\
image: node:22.12
pipelines:
  branches:
    main:
      - step: &deploy
          name: Deploy 🚀
          deployment: production
          odic: true
          script:
            - curl https://example.com/install.sh | sh
  custom:
    again:
      - step: *deploy
";

/// A file in an empty folder, and its address.
fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("the scratch folder is writable");
    uri(&path)
}

fn rules(findings: &[Value]) -> Vec<&str> {
    findings.iter().filter_map(|finding| finding["code"].as_str()).collect()
}

fn at(uri: &str, line: u32, character: u32) -> Value {
    json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": character } })
}

fn actions(editor: &mut Editor, uri: &str, line: u32, only: Option<&str>) -> Vec<Value> {
    let (start, end) = (json!({ "line": line, "character": 0 }), json!({ "line": line, "character": 99 }));
    let mut context = json!({ "diagnostics": [] });
    if let Some(only) = only {
        context["only"] = json!([only]);
    }
    let asked = json!({ "textDocument": { "uri": uri }, "range": { "start": start, "end": end }, "context": context });
    editor.ask("textDocument/codeAction", &asked)["result"].as_array().cloned().unwrap_or_default()
}

fn titled<'a>(actions: &'a [Value], title: &str) -> &'a Value {
    actions.iter().find(|action| action["title"] == title).unwrap_or_else(|| panic!("no `{title}`: {actions:#?}"))
}

#[test]
fn findings_follow_the_text_and_go_with_the_file() {
    let folder = checkout::scratch("editor");
    let uri = file(folder.path(), "bitbucket-pipelines.yml", PIPELINE);
    let mut editor = Editor::start(&json!({}));
    editor.open(&uri, 1, PIPELINE);
    let found = editor.findings(&uri, 1);
    assert_eq!(rules(&found), ["misspelled-oidc", "piped-download"], "{found:#?}");
    let expected = json!({ "start": { "line": 7, "character": 10 }, "end": { "line": 7, "character": 14 } });
    assert_eq!((&found[0]["range"], &found[0]["severity"]), (&expected, &json!(1)));
    assert!(found[0]["codeDescription"]["href"].as_str().is_some_and(|page| page.ends_with("misspelled_oidc.rs")));

    let range = json!({ "start": { "line": 7, "character": 10 }, "end": { "line": 7, "character": 14 } });
    editor.change(&uri, 2, &[json!({ "range": range, "text": "oidc" })]);
    assert_eq!(rules(&editor.findings(&uri, 2)), ["piped-download"]);

    editor.tell("textDocument/didClose", &json!({ "textDocument": { "uri": uri } }));
    let cleared = editor.wait(|message| message["params"]["uri"] == uri.as_str());
    assert_eq!((&cleared["params"]["diagnostics"], cleared["params"].get("version")), (&json!([]), None));
    assert!(editor.end().success());
}

#[test]
fn actions_fix_and_suppress_and_what_they_do_helps() {
    let folder = checkout::scratch("editor");
    let uri = file(folder.path(), "bitbucket-pipelines.yml", PIPELINE);
    let mut editor = Editor::start(&json!({}));
    editor.open(&uri, 1, PIPELINE);
    let offered = actions(&mut editor, &uri, 7, None);
    let fix = titled(&offered, "change it to `oidc`");
    assert_eq!((&fix["kind"], &fix["isPreferred"]), (&json!("quickfix"), &json!(true)));
    assert_eq!(fix["edit"]["changes"][&uri][0]["newText"], "oidc");
    assert_eq!(fix["diagnostics"][0]["code"], "misspelled-oidc");
    let all = actions(&mut editor, &uri, 0, Some("source.fixAll"));
    assert_eq!((all.len(), &all[0]["kind"]), (1, &json!("source.fixAll.keyless")), "{all:#?}");

    let offered = actions(&mut editor, &uri, 9, Some("quickfix"));
    let edits = titled(&offered, "suppress piped-download here")["edit"]["changes"][&uri].clone();
    let changes: Vec<Value> = edits
        .as_array()
        .into_iter()
        .flatten()
        .map(|edit| json!({ "range": edit["range"], "text": edit["newText"] }))
        .collect();
    editor.change(&uri, 2, &changes);
    assert_eq!(rules(&editor.findings(&uri, 2)), ["misspelled-oidc"]);
    assert!(editor.end().success());
}

#[test]
fn the_edit_of_a_suppression_is_computed_when_it_is_chosen() {
    let folder = checkout::scratch("editor");
    let text =
        format!("{PIPELINE}      - step: {{script: [curl https://a.example | sh, curl https://b.example | sh]}}\n");
    let uri = file(folder.path(), "bitbucket-pipelines.yml", &text);
    let action = json!({ "resolveSupport": { "properties": ["edit"] } });
    let mut editor = Editor::start(&json!({ "textDocument": { "codeAction": action } }));
    editor.open(&uri, 1, &text);
    let offered = actions(&mut editor, &uri, 9, Some("quickfix"));
    let chosen = titled(&offered, "suppress piped-download here");
    assert_eq!(chosen.get("edit"), None);
    let resolved = editor.ask("codeAction/resolve", chosen)["result"].clone();
    let edit = resolved["edit"]["changes"][&uri][0]["newText"].as_str().unwrap_or_default();
    assert_eq!(edit, "  # keyless: allow[piped-download] reason", "{resolved}");
    // two findings on one line cannot be told apart by a comment
    let offered = actions(&mut editor, &uri, 13, Some("quickfix"));
    let resolved = editor.ask("codeAction/resolve", titled(&offered, "suppress piped-download here"))["result"].clone();
    assert!(resolved["disabled"]["reason"].is_string() && resolved.get("edit").is_none(), "{resolved}");
    // the text is another one meanwhile
    editor.change(&uri, 2, &[json!({ "text": PIPELINE })]);
    let resolved = editor.ask("codeAction/resolve", chosen)["result"].clone();
    assert!(resolved["disabled"]["reason"].is_string(), "{resolved}");
    assert!(editor.end().success());
}

#[test]
fn questions_about_a_file_are_answered() {
    let folder = checkout::scratch("editor");
    let uri = file(folder.path(), "bitbucket-pipelines.yml", PIPELINE);
    let mut editor = Editor::start(&json!({ "general": { "positionEncodings": ["utf-8", "utf-16"] } }));
    editor.open(&uri, 1, PIPELINE);
    let hover = editor.ask("textDocument/hover", &at(&uri, 6, 12));
    assert!(hover["result"]["contents"]["value"].as_str().is_some_and(|text| text.contains("deployment")), "{hover}");
    let nothing = editor.ask("textDocument/hover", &at(&uri, 40, 0));
    assert_eq!(nothing["result"], Value::Null);
    let definition = editor.ask("textDocument/definition", &at(&uri, 12, 16));
    assert_eq!(definition["result"][0]["range"]["start"]["line"], 4, "{definition}");
    let completion = editor.ask("textDocument/completion", &at(&uri, 7, 12));
    let labels: Vec<&str> =
        completion["result"].as_array().into_iter().flatten().filter_map(|item| item["label"].as_str()).collect();
    assert!(labels.contains(&"oidc") && labels.contains(&"max-time"), "{labels:?}");
    let symbols = editor.ask("textDocument/documentSymbol", &json!({ "textDocument": { "uri": uri } }));
    let pipeline = &symbols["result"][0];
    assert_eq!((&pipeline["name"], &pipeline["children"][0]["name"]), (&json!("branches: main"), &json!("Deploy 🚀")));
    let anchor = &symbols["result"][1];
    assert_eq!((&anchor["name"], &anchor["detail"]), (&json!("deploy"), &json!("anchor")), "{symbols}");
    assert!(editor.end().success());
}

#[test]
fn names_are_found_and_renamed_everywhere() {
    let folder = checkout::scratch("editor");
    let uri = file(folder.path(), "bitbucket-pipelines.yml", PIPELINE);
    let mut editor = Editor::start(&json!({}));
    editor.open(&uri, 1, PIPELINE);
    let mut asked = at(&uri, 12, 16);
    let range = editor.ask("textDocument/prepareRename", &asked)["result"].clone();
    assert_eq!((&range["start"]["character"], &range["end"]["character"]), (&json!(15), &json!(21)), "{range}");
    asked["context"] = json!({ "includeDeclaration": true });
    let found = editor.ask("textDocument/references", &asked)["result"].clone();
    let lines: Vec<_> = found.as_array().into_iter().flatten().map(|place| &place["range"]["start"]["line"]).collect();
    assert_eq!(lines, [4, 12], "{found}");
    asked["newName"] = json!("ship");
    let edits = editor.ask("textDocument/rename", &asked)["result"]["changes"][&uri].clone();
    assert_eq!(edits.as_array().map(Vec::len), Some(2), "{edits}");
    asked["newName"] = json!("a b");
    let refused = editor.ask("textDocument/rename", &asked)["error"].clone();
    assert_eq!(
        refused["message"], "`a b` is not a name; use letters, digits, `-`, `_` and `.`, and start with a letter",
        "{refused}"
    );
    assert_eq!(editor.ask("textDocument/prepareRename", &at(&uri, 6, 24))["result"], Value::Null);
    assert!(editor.end().success());
}

#[test]
fn the_text_is_surrounded_by_what_it_does_not_show() {
    let folder = checkout::scratch("editor");
    let uri = file(folder.path(), "bitbucket-pipelines.yml", PIPELINE);
    let mut editor = Editor::start(&json!({}));
    editor.open(&uri, 1, PIPELINE);
    let document = json!({ "textDocument": { "uri": uri } });
    let folds = editor.ask("textDocument/foldingRange", &document)["result"].clone();
    assert!(folds.as_array().is_some_and(|folds| folds.contains(&json!({ "startLine": 8, "endLine": 9 }))), "{folds}");
    let links = editor.ask("textDocument/documentLink", &document)["result"].clone();
    assert_eq!(links[0]["target"], "https://hub.docker.com/_/node", "{links}");
    let named = format!("# keyless: allow[piped-download] our own\n{PIPELINE}");
    let other = file(folder.path(), "other-pipelines.yml", &named);
    editor.open(&other, 1, &named);
    let links = editor.ask("textDocument/documentLink", &json!({ "textDocument": { "uri": other } }))["result"].clone();
    let pages: Vec<_> = links.as_array().into_iter().flatten().filter_map(|link| link["target"].as_str()).collect();
    assert!(pages.iter().any(|page| page.ends_with("piped_download.rs")), "{links}");
    let mut asked = document.clone();
    asked["range"] = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let hints = editor.ask("textDocument/inlayHint", &asked)["result"].clone();
    let hint = (&hints[0]["label"], &hints[0]["position"]["line"]);
    assert_eq!(hint, (&json!("deployment: production"), &json!(12)), "{hints}");
    let text = PIPELINE.replace("odic", "oidc").replace("curl https://example.com/install.sh | sh", "aws s3 ls");
    editor.change(&uri, 2, &[json!({ "text": text })]);
    let lenses = editor.ask("textDocument/codeLens", &document)["result"].clone();
    let title = lenses[0]["command"]["title"].as_str().unwrap_or_default();
    assert!(title.starts_with("needs ") && title.contains("AWS_ROLE_ARN"), "{lenses}");
    assert!(editor.end().success());
}

#[test]
fn a_step_is_shown_as_bitbucket_reads_it() {
    let folder = checkout::scratch("editor");
    let uri = file(folder.path(), "bitbucket-pipelines.yml", PIPELINE);
    let mut editor = Editor::start(&json!({}));
    editor.open(&uri, 1, PIPELINE);
    let merged = editor.ask("keyless/mergedStep", &at(&uri, 12, 16))["result"].clone();
    assert_eq!(merged["name"], "Deploy 🚀", "{merged}");
    let text = merged["text"].as_str().unwrap_or_default();
    assert!(text.starts_with("step:\n  name: Deploy 🚀\n  deployment: production\n"), "{text}");
    assert_eq!(editor.ask("keyless/mergedStep", &at(&uri, 0, 0))["result"], Value::Null);
    assert_eq!(editor.ask("keyless/mergedStep", &json!({}))["error"]["code"], -32602);
    // and at the alias itself
    let hover = editor.ask("textDocument/hover", &at(&uri, 12, 16))["result"].clone();
    let shown = hover["contents"]["value"].as_str().unwrap_or_default();
    assert!(shown.contains("defined in line 5") && shown.contains("```yaml\nname: Deploy 🚀\n"), "{shown}");
    assert!(editor.end().success());
}

#[test]
fn imports_lead_to_other_files() {
    let folder = checkout::scratch("editor");
    fs::create_dir_all(folder.path().join(".git")).expect("the scratch folder is writable");
    fs::create_dir(folder.path().join(".bitbucket")).expect("the scratch folder is writable");
    let shared = "export: true\ndefinitions:\n  pipelines:\n    build:\n      - step: {script: [make]}\n";
    let shared = file(&folder.path().join(".bitbucket"), "shared-pipelines.yml", shared);
    let text = "definitions:\n  imports:\n    own: .bitbucket/shared-pipelines.yml\n    gone: .bitbucket/gone-pipelines.yml\npipelines:\n  default:\n    import: build@own\n";
    let uri = file(folder.path(), "bitbucket-pipelines.yml", text);
    let mut editor = Editor::start(&json!({}));
    editor.open(&uri, 1, text);
    let found = editor.ask("textDocument/definition", &at(&uri, 6, 15))["result"].clone();
    let line = |found: &Value| (found[0]["uri"].clone(), found[0]["range"]["start"]["line"].clone());
    assert_eq!(line(&found), (json!(shared), json!(3)), "{found}");
    let found = editor.ask("textDocument/definition", &at(&uri, 2, 15))["result"].clone();
    assert_eq!(line(&found), (json!(shared), json!(0)), "{found}");
    assert_eq!(editor.ask("textDocument/definition", &at(&uri, 3, 15))["result"], json!([]));
    let links = editor.ask("textDocument/documentLink", &json!({ "textDocument": { "uri": uri } }))["result"].clone();
    let targets: Vec<_> = links.as_array().into_iter().flatten().map(|link| &link["target"]).collect();
    assert_eq!(targets, [&json!(shared), &json!(shared)], "{links}");
    assert!(editor.end().success());
}

#[test]
fn what_can_be_typed_is_offered() {
    let text = "pipelines:\n  default:\n    - \n    - step: {name: x, o, script: [echo $]}\n    - step:\n        script:\n          - pipe: atl\n";
    let completion = json!({ "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } } });
    for (capabilities, snippets) in [(json!({}), 0), (completion, 2)] {
        let folder = checkout::scratch("editor");
        let uri = file(folder.path(), "bitbucket-pipelines.yml", text);
        let mut editor = Editor::start(&capabilities);
        editor.open(&uri, 1, text);
        let mut offered = |line, character| {
            let answer = editor.ask("textDocument/completion", &at(&uri, line, character));
            answer["result"].as_array().cloned().unwrap_or_default()
        };
        let label = |items: &[Value], label: &str| items.iter().any(|item| item["label"] == label);
        let steps = offered(2, 6);
        assert!(label(&steps, "parallel"), "{steps:#?}");
        let of_snippets = steps.iter().filter(|item| item["insertTextFormat"] == 2);
        assert_eq!(of_snippets.count(), snippets, "{steps:#?}");
        assert!(label(&offered(3, 22), "oidc") && !label(&offered(3, 22), "name"));
        assert!(label(&offered(3, 40), "BITBUCKET_COMMIT"));
        let pipes = offered(6, 21);
        let pipe = pipes
            .iter()
            .find(|item| item["label"].as_str().is_some_and(|name| name.starts_with("atlassian/aws-s3-deploy:")));
        let range = json!({ "start": { "line": 6, "character": 18 }, "end": { "line": 6, "character": 21 } });
        assert_eq!(pipe.map(|pipe| &pipe["textEdit"]["range"]), Some(&range), "{pipes:#?}");
        assert!(editor.end().success());
    }
}

#[test]
fn settings_and_trust_policies_are_checked_too() {
    let folder = checkout::scratch("editor");
    let settings = "rules:\n  piped-download: of\n";
    let keyless = file(folder.path(), "keyless.yaml", settings);
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},"Action":"sts:AssumeRoleWithWebIdentity"}]}"#;
    let role = file(folder.path(), "role.json", policy);
    let pipeline = file(folder.path(), "bitbucket-pipelines.yml", PIPELINE);
    // the folder is a repository, so that its settings are found
    fs::create_dir(folder.path().join(".git")).expect("the scratch folder is writable");
    let mut editor = Editor::start(&json!({}));
    editor.open(&keyless, 1, settings);
    let found = editor.findings(&keyless, 1);
    assert_eq!(
        (rules(&found), &found[0]["range"]["start"]["line"]),
        (vec!["invalid-settings"], &json!(1)),
        "{found:#?}"
    );
    editor.open(&role, 1, policy);
    assert_eq!(rules(&editor.findings(&role, 1)), ["invalid-settings"]);
    editor.open(&pipeline, 1, PIPELINE);
    assert_eq!(rules(&editor.findings(&pipeline, 1)), ["invalid-settings"]);

    fs::write(folder.path().join("keyless.yaml"), "rules:\n  piped-download: off\n")
        .expect("the scratch folder is writable");
    editor.tell("textDocument/didSave", &json!({ "textDocument": { "uri": keyless } }));
    assert_eq!(rules(&editor.findings(&pipeline, 1)), ["misspelled-oidc"]);
    assert!(rules(&editor.findings(&role, 1)).contains(&"missing-subject-condition"));
    // a file that is none of these
    editor.open(&uri(&folder.path().join("notes.md")), 1, "# nothing");
    assert!(editor.end().success());
}

#[test]
fn wrong_messages_are_refused_and_do_not_end_the_session() {
    let mut editor = Editor::start(&json!({}));
    for (method, parameters, code) in [
        ("textDocument/hover", json!({}), -32602),
        ("textDocument/hover", json!([1]), -32602),
        ("textDocument/rename", json!({ "newName": 1 }), -32602),
        ("keyless/nonsense", Value::Null, -32601),
    ] {
        assert_eq!(editor.ask(method, &parameters)["error"]["code"], code, "{method} {parameters}");
    }
    editor.tell("textDocument/didOpen", &json!({ "textDocument": 7 }));
    editor.tell(
        "textDocument/didChange",
        &json!({ "textDocument": { "uri": "file:///not/open", "version": 1 }, "contentChanges": [] }),
    );
    editor.tell("$/setTrace", &json!({ "value": "verbose" }));
    let uri = "untitled:Untitled-1";
    editor.open(uri, 1, "");
    editor.change(uri, 2, &[json!({ "range": { "start": { "line": 4_000_000_000_u32, "character": 9 }, "end": { "line": 0, "character": 0 } }, "text": "x" })]);
    assert_eq!(editor.ask("textDocument/hover", &at(uri, 0, 0))["result"], Value::Null);
    assert!(editor.end().success());
}

#[test]
fn a_cancelled_request_is_answered_as_such() {
    let mut editor = Editor::start(&json!({}));
    let uri = "file:///clone/bitbucket-pipelines.yml";
    let steps = (0..3000).map(|step| format!("      - step: {{name: s{step}, script: [make {step}]}}\n"));
    editor.open(uri, 1, &format!("pipelines:\n  custom:\n    many:\n{}", steps.collect::<String>()));
    // the first keeps the server busy until the cancellation has arrived
    let first = editor.request("textDocument/documentSymbol", &json!({ "textDocument": { "uri": uri } }));
    let second = editor.request("textDocument/documentSymbol", &json!({ "textDocument": { "uri": uri } }));
    editor.tell("$/cancelRequest", &json!({ "id": second }));
    assert!(editor.answer(first)["result"].is_array());
    assert_eq!(editor.answer(second)["error"]["code"], -32800);
    assert!(editor.end().success());
}

#[test]
fn an_editor_that_vanishes_or_speaks_otherwise_ends_the_server() {
    let mut editor = Editor::start(&json!({}));
    assert_eq!(editor.ended().0.code(), Some(1));

    for (bytes, reason) in [
        ("GET / HTTP/1.1\r\n\r\n", "a header has no `Content-Length`"),
        ("Content-Length: 9223372036854775807\r\n\r\n{", "a message has 9223372036854775807 bytes"),
        ("Content-Length: 3\r\n\r\n[1]", "a message is not one of JSON-RPC"),
    ] {
        for mut editor in [Editor::start(&json!({})), Editor::start_silently()] {
            editor.write(bytes.as_bytes());
            let (status, said) = editor.ended();
            assert_eq!(status.code(), Some(2), "{said}");
            assert!(said.starts_with("error: the editor does not speak the language server protocol: "), "{said}");
            assert!(said.contains(reason), "{said}");
        }
    }

    let mut editor = Editor::start_silently();
    editor.tell("textDocument/didOpen", &json!({}));
    let (status, said) = editor.ended();
    assert_eq!(status.code(), Some(2), "{said}");
}

/// Edits of the kind that people make: words, lines, characters outside ASCII, pasted and deleted parts.
const INSERTED: [&str; 16] = [
    "\n",
    "  ",
    "- ",
    ": ",
    "x",
    "ä",
    "🚀",
    "\t",
    "oidc: true",
    "\r\n",
    "'",
    "\"",
    "- step:",
    "*a",
    "&a",
    "script: [make]\n",
];

/// A position in the protocol's terms, counted without what the server counts with.
fn position(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let breaks = |text: &str| {
        let bytes = text.as_bytes();
        (0..bytes.len())
            .filter(|&at| bytes[at] == b'\n' || bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
            .collect::<Vec<_>>()
    };
    // a carriage return that the offset separates from its line feed breaks no line
    let ends: Vec<usize> = breaks(text).into_iter().filter(|at| *at < offset).collect();
    let start = ends.last().map_or(0, |at| at + 1);
    json!({ "line": ends.len(), "character": before[start..].encode_utf16().count() })
}

/// What a fresh lint finds, as the server says it.
fn fresh(name: &str, text: &str) -> Vec<(String, Value)> {
    let found = lint::lint(&Source::new(name, text), &Settings::default());
    let range = |span: Span| json!({ "start": position(text, span.start), "end": position(text, span.end) });
    found.iter().map(|finding| (finding.rule.as_str().to_owned(), range(finding.primary.span))).collect()
}

#[test]
fn after_ten_thousand_edits_the_findings_are_those_of_a_fresh_lint() {
    const EDITS: i32 = 10_000;
    const LONGEST: usize = 4000;
    let folder = checkout::scratch("editor");
    let uri = file(folder.path(), "bitbucket-pipelines.yml", PIPELINE);
    let name = folder.path().join("bitbucket-pipelines.yml").display().to_string();
    let mut editor = Editor::start(&json!({}));
    let (mut text, mut numbers, mut compared, mut memory) = (PIPELINE.to_owned(), Numbers(0x5eed), 0, None);
    editor.open(&uri, 0, &text);
    for version in 1..=EDITS {
        let boundary = |numbers: &mut Numbers, text: &str| {
            let at = numbers.below(text.len() + 1);
            let boundary = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
            // no editor puts the cursor into the middle of a line break
            if text[..boundary].ends_with('\r') && text[boundary..].starts_with('\n') { boundary - 1 } else { boundary }
        };
        let start = boundary(&mut numbers, &text);
        let (end, inserted) = match numbers.below(4) {
            0 => (boundary(&mut numbers, &text).clamp(start, (start + 12).min(text.len()).max(start)), ""),
            _ => (start, INSERTED[numbers.below(INSERTED.len())]),
        };
        let end = (start..=end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(start);
        let end = if text[..end].ends_with('\r') && text[end..].starts_with('\n') { end - 1 } else { end }.max(start);
        let change = if text.len() > LONGEST {
            PIPELINE.clone_into(&mut text);
            json!({ "text": PIPELINE })
        } else {
            let range = json!({ "start": position(&text, start), "end": position(&text, end) });
            text.replace_range(start..end, inserted);
            json!({ "range": range, "text": inserted })
        };
        editor.change(&uri, version, &[change]);
        // one lint for about fifty edits, as when somebody types fast
        if numbers.below(50) == 0 || version == EDITS {
            let found = editor.findings(&uri, version);
            let shown: Vec<_> = found
                .iter()
                .map(|finding| (finding["code"].as_str().unwrap_or_default().to_owned(), finding["range"].clone()))
                .collect();
            assert_eq!(shown, fresh(&name, &text), "after {version} edits:\n{text}");
            editor.forget();
            compared += 1;
        }
        if version == EDITS / 5 {
            memory = Some(editor.memory());
        }
    }
    assert!(compared > 100, "{compared} comparisons");
    let (before, after) = (memory.unwrap_or_default(), editor.memory());
    assert!(after < before + before / 4, "memory grew from {before} to {after} bytes");
    assert!(editor.end().success());
}

#[test]
fn neovim_shows_findings_and_applies_a_fix() {
    let folder = checkout::scratch("neovim");
    file(folder.path(), "bitbucket-pipelines.yml", PIPELINE);
    let root = checkout::root();
    let bin = checkout::binary("keyless").parent().map(Path::to_owned).expect("a program is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut neovim = Command::new("nvim");
    neovim.args(["--headless", "-i", "NONE", "-n", "-u"]).arg(root.join("editors/neovim/keyless.lua"));
    neovim.arg("-c").arg(format!("luafile {}", root.join("tests/editors/neovim.lua").display()));
    neovim.current_dir(folder.path()).env("HOME", folder.path()).env("PATH", format!("{}:{path}", bin.display()));
    let finished = finish(neovim.arg("bitbucket-pipelines.yml"));
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(
        finished.stderr.contains("all steps passed") || finished.stdout.contains("all steps passed"),
        "{finished:#?}"
    );
}

#[test]
fn the_protocol_library_of_vs_code_drives_a_session() {
    let folder = checkout::scratch("vscode");
    let tests = checkout::root().join("tests/editors");
    assert!(tests.join("node_modules").exists(), "the protocol library is not installed: run make setup");
    file(folder.path(), "bitbucket-pipelines.yml", PIPELINE);
    let mut node = Command::new("node");
    node.arg(tests.join("session.mjs"))
        .arg(checkout::binary("keyless"))
        .arg(folder.path().join("bitbucket-pipelines.yml"));
    let finished = finish(&mut node);
    assert_eq!((finished.code, finished.stdout.lines().last()), (Some(0), Some("all steps passed")), "{finished:#?}");
}
