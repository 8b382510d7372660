//! What must hold for every input: nothing panics, places are on character boundaries of the text, what is written can be read again.
//!
//! Each target takes any bytes. An assertion that fails is a finding of the fuzzer.

use std::fmt::Debug;

use keyless_core::{
    analysis::{Analysis, ParsedFile},
    diagnostic::{Diagnostic, Severity},
    expression::{Context, Expression, Scope},
    fix::{self, Fixing},
    iam::{
        caller::{Address, Caller, Environment},
        evaluate::{Verdict, evaluate},
        policy::Effect,
        role,
    },
    ide::{completion, hover, imports, layout, merged, names, outline},
    lint, migrate,
    oidc::{Issuer, StepToken},
    report, requirements, rules,
    script::Script,
    settings::Settings,
    suppression,
    text::{Source, Span},
    yaml::{self, Limits},
};

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 13] = [
    ("yaml", yaml),
    ("lint", lint),
    ("fix", fix),
    ("shell", shell),
    ("powershell", powershell),
    ("expression", expression),
    ("token", token),
    ("trust", trust),
    ("terraform", terraform),
    ("evaluate", evaluator),
    ("suppression", suppressions),
    ("migrate", migration),
    ("editor", editor),
];

const FILE: &str = "bitbucket-pipelines.yml";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A span is a part of the text, and starts and ends between characters.
fn assert_place(text: &str, span: Span, what: &dyn Debug) {
    assert!(text.get(span.start..span.end).is_some(), "{span:?} is no part of the text: {what:?}");
}

fn assert_places(text: &str, findings: &[Diagnostic]) {
    for finding in findings {
        assert_place(text, finding.primary.span, finding);
        for label in &finding.related {
            assert_place(text, label.span, finding);
        }
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
        let mut end = 0;
        for edit in edits {
            assert_place(text, edit.span, finding);
            assert!(edit.span.start >= end, "edits overlap: {finding:?}");
            end = edit.span.end;
        }
    }
}

fn errors(findings: &[Diagnostic]) -> usize {
    findings.iter().filter(|finding| finding.severity == Severity::Error).count()
}

/// YAML to tree.
pub fn yaml(bytes: &[u8]) {
    let text = text(bytes);
    let (tree, problems) = yaml::parse(&text, Limits::default());
    for id in tree.ids() {
        assert_place(&text, tree.span(id), &tree.node(id).kind);
        assert!(tree.node(id).parent.is_none_or(|parent| parent < id), "a child comes before its parent");
    }
    for anchor in tree.anchors() {
        assert_place(&text, anchor.span, anchor);
    }
    for problem in problems {
        if let yaml::Problem::Syntax { span, .. } = problem {
            assert_place(&text, span, &problem);
        }
    }
}

/// A lint, and its report for programs.
pub fn lint(bytes: &[u8]) {
    let text = text(bytes);
    let source = Source::new(FILE, &text);
    let found = lint::lint(&source, &Settings::default());
    assert_places(&text, &found);
    assert_eq!(found, lint::lint(&source, &Settings::default()), "two lints differ");
    let written = serde_json::to_string(&report::json::file(&source, &found)).expect("a report is JSON");
    let read: serde_json::Value = serde_json::from_str(&written).expect("a report is JSON");
    assert!(read.is_object());
}

/// Whether a fix changes what the rest is read as: below a key that was misspelled nothing was checked before, and of a step without
/// a token nothing about its token.
fn reveals(found: &[Diagnostic]) -> bool {
    let mut titles = found.iter().filter_map(|finding| Some(finding.fix.as_ref()?.title.as_str()));
    titles.any(|title| title.starts_with("change it to") || title.contains("`oidc: true`"))
}

/// Fixes, until none is left. Safe ones add no error.
pub fn fix(bytes: &[u8]) {
    let original = text(bytes);
    let lint = |text: &str| lint::lint(&Source::new(FILE, text), &Settings::default());
    for with_unsafe in [false, true] {
        let (mut text, mut found) = (original.clone(), lint(&original));
        let (tree, _) = yaml::parse(&original, Limits::default());
        // behind an error of YAML there may be others
        let most = if with_unsafe || tree.is_broken() || reveals(&found) { usize::MAX } else { errors(&found) };
        let fixing = Fixing { minimum: Severity::Hint, with_unsafe };
        if fix::apply(&mut text, &mut found, fixing, lint).is_none() {
            continue;
        }
        assert_places(&text, &found);
        assert!(errors(&found) <= most, "the fixes added an error:\n{original}\n---\n{text}\n{found:#?}");
        let mut again = text.clone();
        let more = fix::apply(&mut again, &mut found, fixing, lint);
        assert!(more.is_none(), "the fixes do not end:\n{original}\n---\n{text}\n---\n{again}");
    }
}

fn assert_script(script: &Script) {
    for command in &script.commands {
        assert_place(script.text(), command.span, command);
        let words = command.words.iter().chain(command.redirections.iter().map(|redirection| &redirection.target));
        for word in words {
            assert_place(script.text(), word.span, word);
            let _ = (word.literal(), word.expansions(), word.as_assignment());
        }
        let _ = (command.name(), command.expansions(), command.invocation(), command.prints_to_log());
    }
    for span in &script.unparsed {
        assert_place(script.text(), *span, span);
        script.locate(*span);
    }
}

/// The shell.
pub fn shell(bytes: &[u8]) {
    let text = text(bytes);
    assert_script(&Script::parse([text.as_str()]));
    // as the items of a list
    assert_script(&Script::parse(text.split('\u{0}')));
}

/// PowerShell.
pub fn powershell(bytes: &[u8]) {
    let text = text(bytes);
    assert_script(&Script::parse_powershell([text.as_str()]));
    assert_script(&Script::parse_powershell(text.split('\u{0}')));
}

/// Expressions of conditions and states.
pub fn expression(bytes: &[u8]) {
    let text = text(bytes);
    let expression = Expression::parse(&text);
    for context in [Context::State, Context::Trigger] {
        let scope = Scope { context, declared: &["DEPLOYED", "VERSION"] };
        for problem in expression.check(&scope).iter().chain(&expression.causes(&scope)) {
            assert_place(&text, problem.span, problem);
        }
    }
    for (_, span) in expression.names() {
        assert_place(&text, span, &"a name");
    }
    for offset in [0, text.len() / 2, text.len()] {
        let _ = expression.node_at(offset);
    }
}

/// Tokens, which no message repeats.
pub fn token(bytes: &[u8]) {
    let text = text(bytes);
    match StepToken::parse(&text) {
        Ok(token) => {
            let shown = format!("{token:?}");
            let secret = text.rsplit('.').next().filter(|signature| signature.len() > 8);
            assert!(secret.is_none_or(|signature| !shown.contains(signature)), "a token is shown: {shown}");
            let (signed, _) = token.signed();
            assert!(text.starts_with(signed));
        }
        Err(error) => assert!(text.len() < 40 || !error.to_string().contains(&text), "{error} repeats the token"),
    }
    let _ = Issuer::parse(&text);
}

fn assert_trust(name: &str, text: &str) {
    let found = rules::trust::findings(&Source::new(name, text));
    assert_places(text, &found);
    let lint = |text: &str| rules::trust::findings(&Source::new(name, text));
    if reveals(&found) {
        return;
    }
    let (mut fixed, mut after) = (text.to_owned(), found.clone());
    fix::apply(&mut fixed, &mut after, Fixing { minimum: Severity::Hint, with_unsafe: false }, lint);
    assert!(errors(&after) <= errors(&found), "the fixes added an error:\n{text}\n---\n{fixed}\n{after:#?}");
}

/// Trust policies in JSON, YAML and templates.
pub fn trust(bytes: &[u8]) {
    assert_trust("role.json", &text(bytes));
}

/// Trust policies in Terraform.
pub fn terraform(bytes: &[u8]) {
    assert_trust("role.tf", &text(bytes));
}

/// The evaluator: what it says of a step does not change, and a deny that is added allows nothing.
pub fn evaluator(bytes: &[u8]) {
    let Ok(roles) = role::read(&text(bytes), None) else { return };
    for role in roles {
        for environment in [Environment::None, Environment::Unknown, Environment::Deployment(None)] {
            let caller =
                Caller { workspace: Some("acme"), environment, address: Address::Unlisted, ..Caller::default() };
            let request = caller.request();
            let evaluation = evaluate(&role.policy, &request);
            assert_eq!(evaluation.verdict, evaluate(&role.policy, &request).verdict);
            let _ = evaluation.refusal();
            for dropped in 0..role.policy.statements.len() {
                let mut fewer = role.policy.clone();
                let statement = fewer.statements.remove(dropped);
                if statement.effect == Some(Effect::Deny) {
                    let before = evaluate(&fewer, &request).verdict;
                    let grew = before == Verdict::Deny && evaluation.verdict == Verdict::Allow;
                    assert!(!grew, "a deny allows: {statement:?}");
                }
            }
        }
    }
}

/// Comments that suppress findings.
pub fn suppressions(bytes: &[u8]) {
    let text = text(bytes);
    let source = Source::new(FILE, &text);
    let (tree, _) = yaml::parse(&text, Limits::default());
    let found = suppression::read(&source, &tree);
    for suppression in &found.valid {
        assert_place(&text, suppression.comment, suppression);
        assert_place(&text, suppression.covered, suppression);
        for name in &suppression.names {
            assert_place(&text, name.span, suppression);
            assert_eq!(source.slice(name.span), name.value);
        }
    }
    for span in &found.malformed {
        assert_place(&text, *span, span);
    }
}

/// The migration: its edits leave a file that can be read, and after a few migrations none is left.
pub fn migration(bytes: &[u8]) {
    let original = text(bytes);
    for all in [false, true] {
        let mut text = original.clone();
        // an odd command may be understood only once another one is migrated
        let ends = (0..4).any(|_| match migrated(&text, all) {
            Some(migrated) => {
                text = migrated;
                false
            }
            None => true,
        });
        assert!(ends, "the migrations do not end:\n{original}\n---\n{text}");
    }
}

/// The migrated file; `None` if it is no YAML, or nothing is edited.
fn migrated(text: &str, all: bool) -> Option<String> {
    let (source, settings, options) = (Source::new(FILE, text), Settings::default(), migrate::Options::default());
    let parsed = ParsedFile::new(&source);
    let analysis = Analysis::new(&parsed, &settings);
    let _ = requirements::requirements(&analysis);
    let plan = migrate::plan(&analysis, &options).ok()?;
    let edits = migrate::edits(&plan, all);
    for edit in &edits {
        assert_place(text, edit.span, edit);
    }
    let migrated = migrate::migrate(text, &plan, all);
    let (tree, problems) = yaml::parse(&migrated, Limits::default());
    let duplicate = problems.iter().any(|problem| matches!(problem, yaml::Problem::DuplicateKey { .. }));
    let (_, before) = yaml::parse(text, Limits::default());
    assert!(!tree.is_broken(), "the migration broke the file:\n{text}\n---\n{migrated}");
    assert!(!duplicate || !before.is_empty(), "the migration wrote a key twice:\n{text}\n---\n{migrated}");
    (!edits.is_empty()).then_some(migrated)
}

/// What an editor asks, at a place that the first two bytes name.
pub fn editor(bytes: &[u8]) {
    let (place, rest) = bytes.split_at(bytes.len().min(2));
    let text = text(rest);
    let place = place.iter().fold(0, |place, byte| place * 256 + usize::from(*byte));
    let offset = (0..=place % (text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let (source, settings) = (Source::new(FILE, &text), Settings::default());
    let parsed = ParsedFile::new(&source);
    let file = Analysis::new(&parsed, &settings);
    if let Some(found) = hover::at(&file, offset) {
        assert_place(&text, Span::new(found.offset, found.offset + found.length), &found);
    }
    if let Some(found) = completion::at(&text, offset) {
        assert_place(&text, Span::new(found.offset, found.offset + found.length), &found);
    }
    let spans = [names::definition(&file, offset), names::references(&file, offset, true)].concat();
    for span in spans.into_iter().chain(imports::imports(&file).iter().map(|import| import.span)) {
        assert_place(&text, span, &"a name");
    }
    if let Ok(edits) = names::rename(&file, offset, "renamed") {
        for edit in edits {
            assert_place(&text, edit.span, &edit);
        }
    }
    for link in layout::links(&file) {
        assert_place(&text, link.span, &link);
    }
    for remark in [layout::inherited(&file), layout::needs(&file)].concat() {
        assert_place(&text, Span::at(remark.offset), &remark);
    }
    for definition in layout::definitions(&file) {
        assert_place(&text, definition.extent, &definition);
    }
    let _ = (layout::folds(&file), outline::read(&file), merged::step(&file, offset));
}
