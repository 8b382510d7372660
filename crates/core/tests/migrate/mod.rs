//! Pipelines with stored keys, and what becomes of them.
//!
//! A case is `NAME.before.yml`, with all edits made in `NAME.after.yml` and the plan in `NAME.txt`; `SNAPSHOTS=overwrite`
//! updates both.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use keyless_core::{
    analysis::{Analysis, ParsedFile},
    lint::lint,
    migrate::{Class, Form, Options, Plan, With, migrate, plan},
    settings::Settings,
    text::Source,
};
use snapbox::{Assert, Data, IntoData, assert::DEFAULT_ACTION_ENV};

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn pipelines(folder: &str) -> Vec<(String, String)> {
    let paths = fs::read_dir(tests().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yml")).collect();
    paths.sort();
    paths.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

fn plan_with(text: &str, settings: &Settings, options: &Options) -> Option<Plan> {
    let source = Source::new("bitbucket-pipelines.yml", text);
    let parsed = ParsedFile::new(&source);
    plan(&Analysis::new(&parsed, settings), options).ok()
}

fn plan_of(text: &str) -> Option<Plan> {
    plan_with(text, &Settings::default(), &Options::default())
}

/// The findings, without those that say what to create for a role.
fn findings(text: &str) -> BTreeSet<(String, String)> {
    let source = Source::new("bitbucket-pipelines.yml", text);
    // A version that may not know the role is a hint, and such a use is unsafe.
    let expected = ["missing-variable", "oidc-without-deployment", "outdated-pipe"];
    let findings = lint(&source, &Settings::default());
    let others = findings.into_iter().filter(|finding| !expected.contains(&finding.rule.as_str()));
    others.map(|finding| (finding.rule.to_string(), finding.message)).collect()
}

#[test]
fn stored_keys_are_replaced() {
    let assert = Assert::new().action_env(DEFAULT_ACTION_ENV);
    let mut wrong = Vec::new();
    let mut cases = 0;
    for (path, text) in pipelines("migrate") {
        let Some(name) = path.strip_suffix(".before.yml") else { continue };
        cases += 1;
        let plan = plan_of(&text).unwrap();
        for (extension, actual) in [("after.yml", migrate(&text, &plan, true)), ("txt", plan.to_text())] {
            let expected = Data::read_from(Path::new(&format!("{name}.{extension}")), None).raw();
            wrong.extend(assert.try_eq(None, actual.into_data().raw(), expected).err().map(|error| error.to_string()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases >= 14, "only {cases} cases");
}

#[test]
fn line_endings_stay_as_they_are() {
    let mut wrong = Vec::new();
    for (path, text) in pipelines("migrate") {
        let plan = plan_of(&text).unwrap();
        let with_crlf = text.replace('\n', "\r\n");
        let edited = migrate(&with_crlf, &plan_of(&with_crlf).unwrap(), true);
        if edited != migrate(&text, &plan, true).replace('\n', "\r\n") {
            wrong.push(format!("{path}:\n{edited}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever the file: it stays YAML, a second run changes nothing, no key is left that was to be replaced, and no other
/// finding comes or goes but those about the keys.
#[test]
fn other_findings_stay_as_they_were() {
    let about_keys = [
        "secret-in-artifact",
        "stored-keys",
        "keys-with-role",
        "self-assignment",
        "pipe-without-role",
        "secret-in-file",
        "missing-program",
        "outdated-pipe",
        "unexported-variable",
        "incomplete-credentials",
    ];
    let mut wrong = Vec::new();
    let mut migrated = 0;
    for (path, text) in ["migrate", "lint", "mistakes", "sound"].iter().flat_map(|folder| pipelines(folder)) {
        let Some(plan) = plan_of(&text) else { continue };
        for all in [false, true] {
            let edited = migrate(&text, &plan, all);
            if edited == text {
                continue;
            }
            migrated += 1;
            let Some(again) = plan_of(&edited) else {
                wrong.push(format!("{path}: not YAML any more:\n{edited}"));
                continue;
            };
            if migrate(&edited, &again, all) != edited {
                wrong.push(format!("{path}: a second run changes it again:\n{}", again.to_text()));
            }
            let (before, after) = (findings(&text), findings(&edited));
            wrong.extend(after.difference(&before).map(|finding| format!("{path}: new finding {finding:?}")));
            // a role without a value gets one
            let is_role = |message: &str| message.starts_with("`AWS_OIDC_ROLE_ARN` must be");
            let gone = before
                .difference(&after)
                .filter(|(rule, message)| !about_keys.contains(&rule.as_str()) && !is_role(message));
            wrong.extend(gone.map(|finding| format!("{path}: finding has gone: {finding:?}")));
            let manual = plan.uses.iter().any(|key_use| key_use.class == Class::Manual);
            if all && !manual {
                let key = after.iter().find(|(rule, _)| rule == "stored-keys");
                wrong.extend(key.map(|finding| format!("{path}: {finding:?}")));
            }
            let removed: Vec<&str> = text.lines().filter(|line| !edited.contains(line)).collect();
            let is_planned = |line: &&&str| {
                let changed = plan.uses.iter().flat_map(|key_use| &key_use.edits);
                let start = line.as_ptr() as usize - text.as_ptr() as usize;
                changed.into_iter().any(|edit| edit.span.start <= start + line.len() && edit.span.end >= start)
            };
            wrong.extend(
                removed.iter().filter(|line| !is_planned(line)).map(|line| format!("{path}: changed `{line}`")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(migrated > 40, "only {migrated}");
}

#[test]
fn declared_variables_prove_keys_that_no_line_names() {
    let text =
        "image: amazon/aws-cli:2.17.42\npipelines:\n  default:\n    - step:\n        script:\n          - aws s3 ls\n";
    let class = |names: &[&str]| {
        let settings = Settings::with_variables(names.iter().map(|name| (*name).to_owned()).collect());
        let plan = plan_with(text, &settings, &Options::default()).unwrap();
        plan.uses.iter().map(|key_use| (key_use.form, key_use.class)).collect::<Vec<_>>()
    };
    assert_eq!(class(&[]), [(Form::Environment, Class::Unsafe)]);
    assert_eq!(class(&["AWS_ACCESS_KEY_ID"]), [(Form::Environment, Class::Unsafe)]);
    assert_eq!(class(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]), [(Form::Environment, Class::Safe)]);
}

#[test]
fn keyless_exec_runs_what_calls_aws() {
    let text = "pipelines:\n  default:\n    - step:\n        script:\n          - export AWS_ACCESS_KEY_ID=$KEY_PROD\n          \
                - export AWS_SECRET_ACCESS_KEY=$SECRET_PROD\n          - make\n          - aws s3 ls | grep a\n";
    let options = Options { with: With::Exec, ..Options::default() };
    let plan = plan_with(text, &Settings::default(), &options).unwrap();
    let expected = "pipelines:\n  default:\n    - step:\n        oidc: true\n        script:\n          - export \
                    AWS_ROLE_ARN=$ROLE_ARN_PROD\n          - make\n          - keyless exec -- aws s3 ls | grep a\n";
    assert_eq!(migrate(text, &plan, true), expected);
    assert_eq!(plan.uses[0].class, Class::Unsafe);
    let again = plan_with(expected, &Settings::default(), &options).unwrap();
    assert_eq!(migrate(expected, &again, true), expected);
}

#[test]
fn the_pipe_replaces_what_deploys() {
    let step = |script: &str| format!("pipelines:\n  default:\n    - step:\n        script:\n{script}");
    let options = Options { with: With::Pipe, pipe: Some("registry.example.com/keyless-pipe:1".to_owned()) };
    for (before, after) in [
        (
            "          - npm ci\n          - export AWS_ACCESS_KEY_ID=$KEY_PROD AWS_SECRET_ACCESS_KEY=$SECRET_PROD\n          - export \
             AWS_DEFAULT_REGION=eu-west-1\n          - npx cdk deploy Web 'Api-*' --require-approval never -c \
             stage=$STAGE --ci\n",
            Some(
                "          - npm ci\n          - export AWS_DEFAULT_REGION=eu-west-1\n          - pipe: \
                 docker://registry.example.com/keyless-pipe:1\n            variables:\n              AWS_ROLE_ARN: \
                 $ROLE_ARN_PROD\n              AWS_REGION: eu-west-1\n              STACKS: 'Web Api-*'\n              \
                 EXTRA_ARGS: '-c stage=$STAGE --ci'\n",
            ),
        ),
        ("          - cdk deploy --all\n          - aws s3 ls\n", None),
        ("          - cd infra\n          - cdk deploy --all\n", None),
        ("          - STAGE=prod\n          - cdk deploy \"Web-$STAGE\"\n", None),
    ] {
        let text = step(before);
        let plan = plan_with(&text, &Settings::default(), &options).unwrap();
        let edited = migrate(&text, &plan, true);
        match after {
            Some(after) => assert_eq!(edited, step(after).replace("script:", "oidc: true\n        script:")),
            None => assert!(edited.contains("web-identity-token") && !edited.contains("pipe:"), "{edited}"),
        }
    }
}
