//! What holds for every pipeline and every role, with generated ones.
#![allow(clippy::expect_used, clippy::panic)] // clippy knows functions with #[test] alone as tests

use std::{fs, process::Command};

use keyless_core::{
    analysis::{Analysis, ParsedFile},
    diagnostic::{Diagnostic, Severity},
    fix::{self, Fixing},
    iam::{
        caller::{Address, Caller, Environment},
        evaluate::{Verdict, evaluate},
        policy::Effect,
        role,
    },
    ide::names,
    lint,
    oidc::Uuid,
    settings::Settings,
    setup::{Format, Profile, Setup, Subject, plan},
    text::Source,
};
use keyless_tests::checkout;
use proptest::{collection::vec, option, prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};

const FILE: &str = "bitbucket-pipelines.yml";

/// Commands with and without mistakes: credentials, tokens, deployments, lost failures, quotes, other alphabets.
const COMMANDS: [&str; 24] = [
    "npm ci",
    "echo \"größe 🚀\"",
    "aws s3 sync dist s3://bucket --delete",
    "npx cdk deploy --all",
    "export AWS_REGION=eu-west-1",
    "export AWS_ROLE_ARN=arn:aws:iam::123456789012:role/deploy",
    "export AWS_ROLE_ARN=arn:aws:iam::12345:role/deploy",
    "export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/token",
    "echo $BITBUCKET_STEP_OIDC_TOKEN > $AWS_WEB_IDENTITY_TOKEN_FILE",
    "echo $BITBUCKET_STEP_OIDC_TOKEN",
    "export AWS_ACCESS_KEY_ID=$KEY AWS_SECRET_ACCESS_KEY=$SECRET",
    "make test | tee log",
    "curl https://example.com/install.sh | sh",
    "terraform apply",
    "terraform plan -out plan",
    "docker login -u me -p secret registry.example.com",
    "echo '$HOME'",
    "apt-get install zip",
    "if [ $? -ne 0 ]; then exit 1; fi",
    "echo a; false; echo b",
    "cat <<EOF > x\nline $A\nEOF",
    "set +e\nmake\nset -e",
    "- not a list",
    "a: b",
];

/// Keys of a step with their values, right and wrong.
const KEYS: [&str; 18] = [
    "oidc: true",
    "oidc: \"true\"",
    "odic: true",
    "deployment: production",
    "deployment: $ENVIRONMENT",
    "environment: staging",
    "image: node:22.12",
    "image: node",
    "size: 2x",
    "size: 3x",
    "max-time: 10",
    "trigger: manual",
    "services: [docker, db]",
    "caches: [node, gems]",
    "artifacts: [dist/**, 'a b']",
    "artifacts:\n  download: false",
    "condition:\n  changesets:\n    includePaths: [src/**]",
    "clone: {depth: 1}",
];

#[derive(Clone, Debug)]
struct Step {
    name: Option<u8>,
    keys: Vec<&'static str>,
    script: Vec<&'static str>,
    after: Option<&'static str>,
}

fn step() -> impl Strategy<Value = Step> {
    let keys = vec(select(&KEYS[..]), 0..5);
    let script = vec(select(&COMMANDS[..]), 0..6);
    let after = option::weighted(0.2, select(&COMMANDS[..]));
    (option::of(0..5_u8), keys, script, after).prop_map(|(name, keys, script, after)| Step {
        name,
        keys,
        script,
        after,
    })
}

fn indented(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(by)))
}

fn item(command: &str, by: usize) -> String {
    if command.contains('\n') {
        format!("- |\n{}{}\n", " ".repeat(by + 2), indented(command, by + 2))
    } else if command.contains(": ") || command.starts_with("- ") {
        format!("- '{}'\n", command.replace('\'', "''"))
    } else {
        format!("- {command}\n")
    }
}

impl Step {
    /// Its keys and values, indented; each key once.
    fn body(&self, by: usize) -> String {
        let lead = " ".repeat(by);
        let mut text = self.name.map(|name| format!("{lead}name: Schritt {name} ü\n")).unwrap_or_default();
        let mut written = Vec::new();
        for key in &self.keys {
            let name = key.split(':').next().unwrap_or_default();
            if !written.contains(&name) {
                written.push(name);
                text.extend([lead.as_str(), &indented(key, by), "\n"]);
            }
        }
        for (key, items) in [("script", self.script.as_slice()), ("after-script", self.after.as_slice())] {
            if !items.is_empty() {
                text.extend([lead.as_str(), key, ":\n"]);
                for command in items {
                    text.extend([lead.as_str(), "  ", &item(command, by + 2)]);
                }
            }
        }
        if text.is_empty() { format!("{lead}script: [make]\n") } else { text }
    }
}

/// A pipeline with anchored steps, uses of them by alias and by `<<`, and steps of its own.
fn pipeline() -> impl Strategy<Value = String> {
    let uses = vec((0..4_usize, any::<bool>(), select(&["default", "main", "custom"][..])), 0..5);
    (vec(step(), 1..4), vec(step(), 0..3), uses, any::<bool>()).prop_map(|(shared, own, uses, services)| {
        let mut text = "image: atlassian/default-image:4\ndefinitions:\n".to_owned();
        if services {
            text.push_str("  services:\n    db: {image: postgres:17}\n  caches:\n    gems: vendor\n");
        }
        text.push_str("  steps:\n");
        for (number, step) in shared.iter().enumerate() {
            text.extend([format!("    - step: &s{number}\n"), step.body(8)]);
        }
        text.push_str("pipelines:\n");
        for (start, lead) in
            [("default", "  default:\n"), ("main", "  branches:\n    main:\n"), ("custom", "  custom:\n    ship:\n")]
        {
            let depth = if start == "default" { 4 } else { 6 };
            let indent = " ".repeat(depth);
            let mut items = String::new();
            for (number, merged, _) in uses.iter().filter(|(.., wanted)| *wanted == start) {
                let name = (number % shared.len()).to_string();
                if *merged {
                    let keys = [": *s", &name, "\n", &indent, "    name: Merged\n"].concat();
                    items.extend([&indent, "- step:\n", &indent, "    <<", &keys]);
                } else {
                    items.extend([&indent, "- step: *s", &name, "\n"]);
                }
            }
            if start == "main" {
                for step in &own {
                    items.extend([&indent, "- step:\n", &step.body(depth + 4)]);
                }
            }
            if !items.is_empty() {
                text.push_str(lead);
                text.push_str(&items);
            }
        }
        text
    })
}

fn findings(text: &str) -> Vec<Diagnostic> {
    lint::lint(&Source::new(FILE, text), &Settings::default())
}

/// Rules, messages and places in lines and columns.
fn placed(text: &str) -> Vec<(String, String, usize, usize)> {
    let source = Source::new(FILE, text);
    let place = |finding: &Diagnostic| {
        let position = source.position(finding.primary.span.start);
        (finding.rule.as_str().to_owned(), finding.message.clone(), position.line, position.column)
    };
    findings(text).iter().map(place).collect()
}

fn uuid(number: u128) -> String {
    let digits = format!("{number:032x}");
    format!("{{{}-{}-{}-{}-{}}}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn findings_do_not_depend_on_line_ends(text in pipeline()) {
        prop_assert_eq!(placed(&text), placed(&text.replace('\n', "\r\n")), "{}", text);
    }

    #[test]
    fn fixes_end_and_add_no_error(text in pipeline()) {
        let errors = |found: &[Diagnostic]| found.iter().filter(|finding| finding.severity == Severity::Error).count();
        let (mut fixed, mut found) = (text.clone(), findings(&text));
        // with a token, more is asked of a step
        let mut reveals = found.iter().filter_map(|it| Some(it.fix.as_ref()?.title.as_str()));
        let reveals = reveals.any(|title| title.starts_with("change it to") || title.contains("`oidc: true`"));
        let before = if reveals { usize::MAX } else { errors(&found) };
        let fixing = Fixing { minimum: Severity::Hint, with_unsafe: false };
        fix::apply(&mut fixed, &mut found, fixing, findings);
        prop_assert!(errors(&found) <= before, "{text}\n---\n{fixed}\n{found:#?}");
        prop_assert!(fix::apply(&mut fixed.clone(), &mut found, fixing, findings).is_none(), "{fixed}");
    }

    #[test]
    fn another_name_for_an_anchor_changes_no_finding(text in pipeline(), which in 0..4_usize) {
        let (source, settings) = (Source::new(FILE, &text), Settings::default());
        let parsed = ParsedFile::new(&source);
        let file = Analysis::new(&parsed, &settings);
        let anchors = parsed.tree().anchors();
        let anchor = &anchors[which % anchors.len()];
        let mut edits = names::rename(&file, anchor.span.start + 1, "other").expect("an anchor can be renamed");
        edits.sort_by_key(|edit| edit.span);
        let mut renamed = text.clone();
        edits.iter().rev().for_each(|edit| renamed.replace_range(edit.span.start..edit.span.end, &edit.replacement));
        let without_names = |text: &str, name: &str| -> Vec<_> {
            let found = findings(text);
            let lines = found.iter().map(|it| (it.rule.as_str(), it.message.replace(name, "NAME"), Source::new(FILE, text).position(it.primary.span.start).line));
            lines.collect()
        };
        let old = format!("`&{}`", anchor.name);
        prop_assert_eq!(without_names(&text, &old), without_names(&renamed, "`&other`"), "{}\n---\n{}", text, renamed);
    }

    #[test]
    fn a_role_that_is_set_up_accepts_its_steps_and_no_others(
        workspace in any::<u128>(),
        repositories in vec((any::<u128>(), option::of(any::<u128>())), 1..4),
        other in any::<u128>(),
        format in select(&[Format::Cloudformation, Format::CloudformationJson, Format::Terraform][..]),
    ) {
        let subjects: Vec<Subject> = repositories.iter().enumerate().map(|(number, (repository, environment))| Subject {
            repository: format!("repository-{number}"),
            repository_uuid: uuid(*repository),
            environment: environment.map(|environment| (format!("environment-{number}"), uuid(environment))),
        }).collect();
        let setup = Setup {
            workspace: "acme".into(),
            workspace_uuid: uuid(workspace),
            subjects: subjects.clone(),
            profile: Profile::Minimal,
            with_read_only: false,
            read_only: Vec::new(),
            deploy_accounts: Vec::new(),
            permissions_boundary: None,
            role_path: "/".to_owned(),
            pipe: None,
            prefix: "bitbucket".into(),
            qualifier: "hnb659fds".into(),
            addresses: Vec::new(),
            bind_session: false,
            session_seconds: 3600,
            provider_exists: false,
            trust_policy_quota: 2048,
        };
        // twice the same repository or environment is refused, and is no plan
        let Ok(plan) = plan(&setup) else { return Ok(()) };
        let written = format.write(&plan).expect("a plan can be written");
        let roles = role::read(&written, None).expect("what was written is read");
        prop_assert_eq!(roles.len(), plan.roles.len());
        let accepted = |caller: &Caller<'_>| {
            roles.iter().filter(|role| evaluate(&role.policy, &caller.request()).verdict == Verdict::Allow).count()
        };
        for subject in &subjects {
            let parse = |text: &str| Uuid::from_braced(text).expect("it is a UUID");
            let caller = Caller {
                workspace: Some("acme"),
                workspace_uuid: Some(parse(&uuid(workspace))),
                repository_uuid: Some(parse(&subject.repository_uuid)),
                environment: match &subject.environment {
                    Some((_, environment)) => Environment::Deployment(Some(parse(environment))),
                    None => Environment::None,
                },
                address: Address::Unlisted,
                ..Caller::default()
            };
            prop_assert!(accepted(&caller) >= 1, "{}\n{:?}", written, caller);
            let stranger = Caller { repository_uuid: Some(parse(&uuid(other))), ..caller };
            if repositories.iter().all(|(repository, _)| *repository != other) {
                prop_assert_eq!(accepted(&stranger), 0, "{}", written);
            }
            prop_assert_eq!(accepted(&Caller { workspace: Some("evil"), ..caller }), 0, "{}", written);
        }
    }

    #[test]
    fn a_deny_that_is_added_allows_nothing(statements in vec((any::<bool>(), 0..5_usize, 0..4_usize), 1..5), without in 0..5_usize) {
        const PROVIDER: &str = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
        const OPERATORS: [&str; 5] = ["StringEquals", "StringLike", "StringNotLike", "ForAnyValue:StringLike", "StringEqualsIfExists"];
        const VALUES: [&str; 4] = ["*", "{0f4c1f0a-1b2c-4d3e-8f90-a1b2c3d4e5f6}:*", "{0f4c1f0a-1b2c-4d3e-8f90-a1b2c3d4e5f6}:{1*}:*", "x"];
        let all: Vec<serde_json::Value> = statements.iter().map(|(allows, operator, value)| serde_json::json!({
            "Effect": if *allows { "Allow" } else { "Deny" },
            "Principal": { "Federated": format!("arn:aws:iam::123456789012:oidc-provider/{PROVIDER}") },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { OPERATORS[*operator]: { format!("{PROVIDER}:sub"): VALUES[*value] } },
        })).collect();
        let text = serde_json::json!({ "Version": "2012-10-17", "Statement": all }).to_string();
        let policy = role::read_one(&text, None).expect("it is a policy").policy;
        let mut fewer = policy.clone();
        let removed = fewer.statements.remove(without % policy.statements.len());
        if removed.effect == Some(Effect::Deny) {
            let verdict = |policy| evaluate(policy, &Caller { workspace: Some("acme"), ..Caller::default() }.request()).verdict;
            let order = |verdict| match verdict { Verdict::Deny => 0, Verdict::Depends => 1, Verdict::Allow => 2 };
            prop_assert!(order(verdict(&policy)) <= order(verdict(&fewer)), "{}", text);
        }
    }
}

/// Every format of report can be read by what reads such files.
#[test]
fn reports_parse_in_every_format() {
    let mut runner = TestRunner::deterministic();
    let folder = checkout::scratch("reports");
    for number in 0..40 {
        let text = pipeline().new_tree(&mut runner).expect("a pipeline is generated").current();
        fs::write(folder.path().join(format!("{number} ü&<-pipelines.yml")), text).expect("the folder is writable");
    }
    let formats = [
        "json",
        "sarif",
        "gitlab",
        "code-insights",
        "jsonl",
        "junit",
        "checkstyle",
        "concise",
        "github",
        "markdown",
        "text",
    ];
    for format in formats {
        let mut keyless = Command::new(checkout::binary("keyless"));
        let output = keyless.args(["lint", "--min-severity", "hint", "--format", format]).arg(folder.path()).output();
        let output = output.expect("the binary starts");
        assert_eq!(output.status.code(), Some(1), "{format}: {}", String::from_utf8_lossy(&output.stderr));
        let written = String::from_utf8(output.stdout).expect("a report is UTF-8");
        let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
        let parses = match format {
            "json" | "sarif" | "gitlab" | "code-insights" => is_json(&written),
            "jsonl" => written.lines().all(is_json),
            "junit" | "checkstyle" => roxmltree::Document::parse(&written).is_ok(),
            _ => written.lines().count() > 40,
        };
        assert!(parses, "{format} cannot be read:\n{}", &written[..written.len().min(2000)]);
    }
}
