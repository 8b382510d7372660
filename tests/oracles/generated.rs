//! The output of `keyless setup`, checked by other programs: cfn-lint, the CDK's own synthesis, an HCL parser, the AWS CLI,
//! and an emulator that evaluates trust policies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::{collections::BTreeMap, fs, path::Path, process::Command, sync::LazyLock};

use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};
use keyless_core::{
    iam::{
        document::{self, Node},
        evaluate::{self, Verdict},
        request::{Entry, Request},
        role,
        template::{Document, Template},
    },
    ip_ranges,
    setup::{Plan, Profile, Setup, Subject, cdk, cloudformation, commands, plan, terraform},
};
use keyless_tests::{
    aws::{self, Api},
    checkout,
    cloud::ACCOUNT,
    emulator::{Authorisation, Emulator},
    token::Issuer,
};
use serde_json::{Value, json};

const WORKSPACE: &str = "6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1";
const WEB: &str = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}";
const API: &str = "{c2d3e4f5-6071-4829-93a4-b5c6d7e8f90a}";
const PRODUCTION: &str = "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";
const STAGING: &str = "{1b2c3d4e-5f60-4172-8394-a5b6c7d8e9f0}";
const STEP: &str = "{5e0c1d2b-3a49-4857-9665-748392a1b0c9}";

fn install(judge: &str) {
    let installed = Command::new("tests/oracles/install.sh").arg(judge).current_dir(checkout::root()).status().unwrap();
    assert!(installed.success(), "{judge} cannot be installed");
}

fn setup(profile: Profile) -> Setup {
    let subject = |repository: &str, uuid: &str, environment: Option<(&str, &str)>| Subject {
        repository: repository.into(),
        repository_uuid: uuid.into(),
        environment: environment.map(|(name, uuid)| (name.into(), uuid.into())),
    };
    Setup {
        workspace: "acme".into(),
        workspace_uuid: WORKSPACE.into(),
        subjects: vec![
            subject("web", WEB, Some(("production", PRODUCTION))),
            subject("web", WEB, Some(("staging", STAGING))),
            subject("api", API, None),
        ],
        profile,
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
    }
}

/// Every profile, with and without addresses, a new provider or an existing one.
fn plans() -> Vec<(&'static str, Plan)> {
    let bound = || Setup {
        addresses: ip_ranges::read(&ip_ranges::BITBUCKET.join("\n")).unwrap(),
        bind_session: true,
        session_seconds: 43_200,
        ..setup(Profile::Full)
    };
    let setups = [
        ("minimal", setup(Profile::Minimal)),
        ("full", Setup { with_read_only: true, ..setup(Profile::Full) }),
        ("read-only", setup(Profile::ReadOnly)),
        ("bound", bound()),
        (
            "other accounts",
            Setup {
                deploy_accounts: vec!["111111111111".into(), "222222222222".into()],
                permissions_boundary: Some(format!("arn:aws:iam::{ACCOUNT}:policy/boundary")),
                role_path: "/ci/".into(),
                ..setup(Profile::Minimal)
            },
        ),
        ("existing provider", Setup { provider_exists: true, ..setup(Profile::Minimal) }),
    ];
    setups.into_iter().map(|(name, setup)| (name, plan(&setup).unwrap())).collect()
}

fn template(plan: &Plan) -> Value {
    serde_json::to_value(cloudformation::template(plan)).unwrap()
}

#[test]
fn cfn_lint_finds_nothing_in_the_templates() {
    install("cfn-lint");
    let scratch = checkout::scratch("cfn-lint");
    let mut files = Vec::new();
    for (name, plan) in plans() {
        let template = cloudformation::template(&plan);
        for (extension, text) in
            [("json", serde_json::to_string(&template).unwrap()), ("yaml", serde_yaml::to_string(&template).unwrap())]
        {
            let file = scratch.path().join(format!("{name}.{extension}"));
            fs::write(&file, text).unwrap();
            files.push(file);
        }
    }
    let lint = |files: &[std::path::PathBuf]| {
        Command::new(checkout::root().join(".tools/oracles/cfn-lint/bin/cfn-lint")).args(files).output().unwrap()
    };
    let output = lint(&files);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // cfn-lint does report errors.
    let wrong = scratch.path().join("wrong.json");
    let text = fs::read_to_string(&files[0]).unwrap().replace("AssumeRolePolicyDocument", "AssumeRolePolicy");
    fs::write(&wrong, text).unwrap();
    assert!(!lint(&[wrong]).status.success());
}

/// The resources of a template without the differences between languages: logical ids, functions, single items and
/// metadata.
fn normal(template: &Value) -> BTreeMap<String, Value> {
    let text = template.to_string();
    let root = document::parse(&text).unwrap();
    let resources = root.get("Resources").unwrap();
    // A reference to the provider has a meaning only if the template contains it.
    let document = Document::parse(&text).unwrap();
    let known = document.trust_policies().unwrap()[0].template;
    let mut found = BTreeMap::new();
    for member in resources.members() {
        let properties = member.value.get("Properties").map(|properties| plain(properties, known)).unwrap_or_default();
        match member.value.get("Type").and_then(Node::as_str) {
            Some("AWS::IAM::Role") => {
                found.insert(properties["RoleName"].as_str().unwrap().to_owned(), properties);
            }
            Some("AWS::IAM::OIDCProvider") => {
                found.insert("provider".to_owned(), properties);
            }
            _ => {}
        }
    }
    found
}

/// JSON with functions written as `${name}` and lists of one as their item.
fn plain(node: &Node, template: Template<'_>) -> Value {
    if let Some(text) = template.text(node) {
        return Value::String(text.to_string());
    }
    match &node.value {
        document::Value::Object(members) => {
            Value::Object(members.iter().map(|member| (member.key.clone(), plain(&member.value, template))).collect())
        }
        document::Value::List(items) => match items.as_slice() {
            [only] => plain(only, template),
            items => Value::Array(items.iter().map(|item| plain(item, template)).collect()),
        },
        document::Value::Number(number) => Value::String(number.clone()),
        document::Value::Bool(bool) => Value::String(bool.to_string()),
        document::Value::Null | document::Value::String(_) => Value::Null,
    }
}

#[test]
fn the_cdk_synthesises_the_same() {
    install("typescript");
    let modules = checkout::root().join("demo/node_modules");
    assert!(modules.join("aws-cdk-lib").is_dir(), "the CDK is not installed: run tests/install.sh");
    let scratch = checkout::scratch("synthesis");
    std::os::unix::fs::symlink(modules, scratch.path().join("node_modules")).unwrap();
    let plans = plans();
    let mut sources = Vec::new();
    for (at, (_, plan)) in plans.iter().enumerate() {
        sources.push(format!("app{at}.ts"));
        fs::write(scratch.path().join(&sources[at]), cdk::app(plan)).unwrap();
    }
    let judge = checkout::root().join(".tools/oracles/typescript/node_modules");
    let compiled = Command::new("node")
        .arg(judge.join("typescript/bin/tsc"))
        .args(["--strict", "--skipLibCheck", "--target", "es2022", "--module", "commonjs", "--typeRoots"])
        .arg(judge.join("@types"))
        .args(["--types", "node"])
        .args(&sources)
        .current_dir(scratch.path())
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stdout));
    for (at, (name, plan)) in plans.iter().enumerate() {
        let out = scratch.path().join(format!("out{at}"));
        let run = Command::new("node")
            .arg(format!("app{at}.js"))
            .env("CDK_OUTDIR", &out)
            .current_dir(scratch.path())
            .output()
            .unwrap();
        assert!(run.status.success(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
        let synthesised = fs::read_to_string(out.join(format!("{}.template.json", cdk::STACK))).unwrap();
        let synthesised = normal(&serde_json::from_str(&synthesised).unwrap());
        let ours = normal(&template(plan));
        assert_eq!(ours.len(), plan.roles.len() + usize::from(!plan.provider_exists), "{name}");
        for (resource, properties) in &ours {
            assert_eq!(Some(properties), synthesised.get(resource), "{name}: {resource}");
        }
        assert_eq!(ours.len(), synthesised.len(), "{name}");
    }
}

/// Evaluates the generated Terraform as far as a plan would, with fixed values for what only AWS knows.
fn terraform_documents(text: &str) -> BTreeMap<String, Value> {
    let body = hcl::parse(text).unwrap();
    let mut context = Context::new();
    let provider =
        "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
    context.declare_var(
        "data",
        hcl::value!({
            aws_caller_identity = { current = { account_id = "123456789012" } }
            aws_partition = { current = { partition = "aws" } }
        }),
    );
    context.declare_var("aws_iam_openid_connect_provider", hcl::value!({ bitbucket = { arn = provider } }));
    let encode = FuncDef::builder().param(ParamType::Any).build(|arguments: FuncArgs| {
        serde_json::to_string(&arguments[0]).map(hcl::Value::from).map_err(|error| error.to_string())
    });
    context.declare_func("jsonencode", encode);
    let mut documents = BTreeMap::new();
    for block in body.blocks() {
        let labels: Vec<_> = block.labels().iter().map(hcl::BlockLabel::as_str).collect();
        for attribute in block.body().attributes() {
            if let "assume_role_policy" | "policy" = attribute.key() {
                let value = attribute.expr().evaluate(&context).unwrap();
                let document = serde_json::from_str(value.as_str().unwrap()).unwrap();
                documents.insert(format!("{}.{}", labels[1], attribute.key()), document);
            }
        }
    }
    documents
}

#[test]
fn terraform_says_the_same() {
    for (name, plan) in plans() {
        let documents = terraform_documents(&terraform::configuration(&plan));
        assert_eq!(documents.len(), 2 * plan.roles.len(), "{name}");
        let filled = |name| match name {
            keyless_core::setup::Name::Account => "123456789012".to_owned(),
            keyless_core::setup::Name::Partition => "aws".to_owned(),
            keyless_core::setup::Name::Provider => {
                format!("arn:aws:iam::123456789012:oidc-provider/{}", plan.issuer)
            }
        };
        let ours: Vec<Value> =
            plan.roles.iter().flat_map(|role| [role.trust.json(&filled), role.permissions().json(&filled)]).collect();
        for document in &ours {
            assert!(documents.values().any(|theirs| theirs == document), "{name}: {document} is not in {documents:#?}");
        }
    }
}

/// An emulator that evaluates trust policies, shared by the tests of this file.
static JUDGE: LazyLock<Emulator> = LazyLock::new(|| {
    assert!(checkout::root().join(".tools/aws/bin/ministack").is_file(), "no emulator: run tests/install.sh");
    Emulator::start(Authorisation::Judged)
});

fn shell(script: &Path, judge: &Emulator) -> String {
    let tools = checkout::root().join(".tools/oracles/awscli/bin");
    let output = Command::new("sh")
        .arg(script)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
        .env("HOME", script.parent().unwrap())
        .env("AWS_ENDPOINT_URL", judge.url())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Tokens of the planned steps and of similar ones: a name and the relevant claims.
fn tokens() -> Vec<(&'static str, Value)> {
    let issuer = |workspace: &str| {
        format!("https://api.bitbucket.org/2.0/workspaces/{workspace}/pipelines-config/identity/oidc")
    };
    let token = |subject: String| json!({"iss": issuer("acme"), "aud": format!("ari:cloud:bitbucket::workspace/{WORKSPACE}"), "sub": subject});
    let with = |mut token: Value, claim: &str, value: &str| {
        token[claim] = json!(value);
        token
    };
    let production = || token(format!("{WEB}:{PRODUCTION}:{STEP}"));
    vec![
        ("web to production", production()),
        ("web to staging", token(format!("{WEB}:{STAGING}:{STEP}"))),
        ("web without deployment", token(format!("{WEB}:{STEP}"))),
        ("api without deployment", token(format!("{API}:{STEP}"))),
        ("api to web's production", token(format!("{API}:{PRODUCTION}:{STEP}"))),
        ("environment in front", token(format!("{PRODUCTION}:{WEB}:{STEP}"))),
        ("another audience", with(production(), "aud", "sts.amazonaws.com")),
        ("another workspace", with(production(), "iss", &issuer("other"))),
        ("no braces", token(format!("{WEB}:{PRODUCTION}:{STEP}").replace(['{', '}'], ""))),
    ]
}

/// The tokens that a role must accept, by its name without the prefix.
fn admitted(role: &str) -> &'static [&'static str] {
    match role {
        "web-production" => &["web to production"],
        "web-staging" => &["web to staging"],
        "web-read-only" => &["web to production", "web to staging", "web without deployment"],
        "api" | "api-read-only" => &["api without deployment", "api to web's production"],
        other => panic!("{other}"),
    }
}

/// Setups whose roles are assumed; calls come from 127.0.0.1.
fn asked_for_sessions() -> [Setup; 5] {
    let of = |prefix: &str, profile: Profile| Setup { prefix: prefix.into(), ..setup(profile) };
    let from = |prefix: &str, block: &str| Setup {
        addresses: ip_ranges::read(block).unwrap(),
        bind_session: true,
        ..of(prefix, Profile::Full)
    };
    let [minimal, full] = [of("minimal", Profile::Minimal), of("full", Profile::Full)];
    [
        minimal,
        Setup { with_read_only: true, provider_exists: true, ..full },
        Setup { provider_exists: true, ..of("reader", Profile::ReadOnly) },
        Setup { provider_exists: true, ..from("near", "127.0.0.0/8") },
        Setup { provider_exists: true, ..from("far", "198.51.100.0/24") },
    ]
}

/// Created by the script of `--format commands` with the real AWS CLI, and by the templates: each role of each profile
/// accepts its own tokens and no others, in the emulator and in our evaluator.
#[test]
fn roles_admit_their_own_tokens_and_refuse_the_neighbours() {
    install("awscli");
    let scratch = checkout::scratch("commands");
    let judge = &*JUDGE;
    let api = Api::new(&judge.url());
    let issuer = Issuer::new();
    let mut asked = 0;
    for setup in asked_for_sessions() {
        let plan = plan(&setup).unwrap();
        if plan.provider_exists {
            deploy(&api, &format!("{}-access", setup.prefix), &template(&plan).to_string());
        } else {
            let script = scratch.path().join("setup.sh");
            fs::write(&script, commands::script(&plan)).unwrap();
            shell(&script, judge);
        }
        for role in &plan.roles {
            let answer = api.query("iam", "GetRole", &[("RoleName", &role.name)]).unwrap();
            let stored = aws::text(&answer, "AssumeRolePolicyDocument").unwrap();
            let wrapped = json!({"Role": {"RoleName": role.name, "AssumeRolePolicyDocument": stored}}).to_string();
            let stored = role::read(&wrapped, None).unwrap().remove(0);
            let arn = format!("arn:aws:iam::{ACCOUNT}:role/{}", role.name);
            let made_for = match role.name.split_once('-').unwrap() {
                ("far", _) => &[],
                (_, rest) => admitted(rest),
            };
            for (name, claims) in tokens() {
                let token = issuer.sign(&claims);
                let parameters =
                    [("RoleArn", arn.as_str()), ("RoleSessionName", "test"), ("WebIdentityToken", token.as_str())];
                let theirs = api.query("sts", "AssumeRoleWithWebIdentity", &parameters);
                let mut request = Request::new(claims["iss"].as_str());
                request.account = Some(ACCOUNT.to_owned());
                let claim = |name: &str| Entry::Value(claims[name].as_str().unwrap().to_owned());
                request.claims(&[("aud", claim("aud")), ("sub", claim("sub"))]);
                request.set("aws:SourceIp", Entry::Value("127.0.0.1".to_owned()));
                let ours = evaluate::evaluate(&stored.policy, &request);
                let wanted = made_for.contains(&name);
                assert_eq!(theirs.is_ok(), wanted, "the emulator on {name} for {}: {theirs:?}", role.name);
                assert_eq!(ours.verdict == Verdict::Allow, wanted, "{name} for {}:\n{ours}", role.name);
                asked += 1;
            }
        }
    }
    // Three roles of each setup, and the read-only roles of each repository in one.
    assert_eq!(asked, tokens().len() * (5 * 3 + 2));
}

/// The templates can be deployed, and their roles have the planned trust policies. The emulator's CloudFormation does not
/// support `AWS::IAM::OIDCProvider`, so the provider exists beforehand.
#[test]
fn the_templates_deploy() {
    let emulator = Emulator::start(Authorisation::Open);
    let api = Api::new(&emulator.url());
    let mut provider = None;
    for (at, setup) in asked_for_sessions().into_iter().enumerate() {
        let plan = plan(&Setup { provider_exists: true, ..setup }).unwrap();
        let url = format!("https://{}", plan.issuer);
        provider.get_or_insert_with(|| {
            let parameters = [("Url", url.as_str()), ("ClientIDList.member.1", &plan.audience)];
            api.query("iam", "CreateOpenIDConnectProvider", &parameters).unwrap()
        });
        deploy(&api, &format!("bitbucket-access-{at}"), &template(&plan).to_string());
        for role in &plan.roles {
            let answer = api.query("iam", "GetRole", &[("RoleName", &role.name)]).unwrap();
            let stored = aws::text(&answer, "AssumeRolePolicyDocument").unwrap();
            assert!(stored.contains("oidc-provider"), "{stored}");
            let attached = api.query("iam", "ListAttachedRolePolicies", &[("RoleName", &role.name)]).unwrap();
            let names = aws::texts(&attached, "PolicyName");
            assert_eq!(names.len(), role.profile.managed_policies().len(), "{attached}");
        }
    }
}

fn deploy(api: &Api, stack: &str, template: &str) {
    let parameters =
        [("StackName", stack), ("TemplateBody", template), ("Capabilities.member.1", "CAPABILITY_NAMED_IAM")];
    api.query("cloudformation", "CreateStack", &parameters).unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let answer = api.query("cloudformation", "DescribeStacks", &[("StackName", stack)]).unwrap();
        match aws::text(&answer, "StackStatus").unwrap().as_str() {
            "CREATE_COMPLETE" => return,
            "CREATE_IN_PROGRESS" if std::time::Instant::now() < deadline => {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            status => panic!("{status}: {answer}"),
        }
    }
}
