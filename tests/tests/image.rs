//! The image, run by podman as Bitbucket runs a pipe: the same mounts, working directory and variables. Build it first
//! with `pipe/image/build.sh`; `make image-test` does both, and runs the pipe's other tests with the image's binary.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use keyless_pipe::programs::VARIANTS;
use keyless_tests::{
    checkout,
    cloud::{Cloud, REGION, ROLE},
    life,
    run::{Finished, Workplace, finish},
    secrets, step,
};

/// Where Bitbucket mounts the clone.
const CLONE: &str = "/opt/atlassian/pipelines/agent/build";

fn podman(words: &[&str]) -> Command {
    let mut podman = Command::new(checkout::root().join("pipe/image/build.sh"));
    podman.arg("podman").args(words);
    podman
}

/// Runs an image's pipe in a step with additional variables and the demo app's packages, and searches everything that it left
/// in the container for secrets.
fn pipe(image: &str, cloud: &Cloud, workplace: &Workplace, token: &str, variables: &[(&str, &str)]) -> Finished {
    let packages = checkout::root().join("demo/node_modules");
    let volume = format!("--volume={}:{CLONE}/node_modules:ro", packages.display());
    run(image, cloud, workplace, token, variables, &[&volume])
}

/// The same without the packages.
fn run_without_packages(image: &str, cloud: &Cloud, workplace: &Workplace, variables: &[(&str, &str)]) -> Finished {
    run(image, cloud, workplace, &cloud.token(), variables, &[])
}

fn run(
    image: &str,
    cloud: &Cloud,
    workplace: &Workplace,
    token: &str,
    variables: &[(&str, &str)],
    options: &[&str],
) -> Finished {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let name = format!("keyless-{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
    let own = [
        ("AWS_ROLE_ARN", ROLE),
        ("AWS_REGION", REGION),
        ("AWS_ENDPOINT_URL", &cloud.deployed.url()),
        ("AWS_ENDPOINT_URL_STS", cloud.sts.url()),
        ("BITBUCKET_STEP_OIDC_TOKEN", token),
        ("BITBUCKET_PIPE_STORAGE_DIR", &format!("{CLONE}/.bitbucket/pipelines/generated/pipeline/pipes/keyless/pipe")),
    ];
    let own = own.iter().chain(variables).map(|(name, value)| (*name, (*value).to_owned()));
    let mut run = podman(&["run", "--name", &name, "--label=org.bitbucket.pipelines.system=true"]);
    run.arg(format!("--volume={}:{CLONE}", workplace.clone_folder().display())).arg(format!("--workdir={CLONE}"));
    run.args(options);
    for (name, value) in step::variables(Path::new(CLONE)).into_iter().chain(own) {
        // by name, so that no value is in the arguments
        run.arg(format!("--env={name}")).env(name, value);
    }
    let finished = finish(run.arg(format!("localhost/keyless-pipe:{image}")));

    let mut hidden = cloud.sts.issued();
    hidden.push(token.to_owned());
    let said = |words: &[&str]| {
        let Finished { code, stdout, stderr } = finish(&mut podman(words));
        assert_eq!(code, Some(0), "{words:?}: {stderr}");
        stdout
    };
    let layer = said(&["mount", &name]);
    assert!(Path::new(layer.trim()).join("usr/local/bin/keyless-pipe").is_file(), "{layer}");
    for path in said(&["diff", &name]).lines().filter_map(|line| line.split_once(' ')).map(|(_, path)| path) {
        let file = Path::new(layer.trim()).join(path.trim_start_matches('/'));
        if fs::symlink_metadata(&file).is_ok_and(|found| found.is_file()) {
            assert_eq!(secrets::in_text(path, &fs::read(&file).expect("the layer is readable"), &hidden), []);
        }
    }
    said(&["rm", "--force", &name]);
    finished
}

/// A clone with the demo app, whose packages can be mounted.
fn workplace() -> Workplace {
    let workplace = Workplace::with_demo_app();
    let packages = workplace.clone_folder().join("node_modules");
    fs::remove_file(&packages).expect("it is a link");
    fs::create_dir(packages).expect("the scratch folder is writable");
    workplace
}

#[test]
#[ignore = "needs the image: make image-test"]
fn the_life_of_an_app_in_the_full_image() {
    let (cloud, workplace) = (Cloud::start(), workplace());
    let token = cloud.token();
    life::live(&cloud, &workplace, token.clone(), |variables| pipe("full", &cloud, &workplace, &token, variables));
}

#[test]
#[ignore = "needs the image: make image-test"]
fn a_ready_assembly_in_the_small_image() {
    let (cloud, workplace) = (Cloud::start(), workplace());
    let token = cloud.token();
    let run = |image, variables: &[(&str, &str)]| {
        let finished = pipe(image, &cloud, &workplace, &token, variables);
        assert_eq!(finished.code, Some(0), "{finished:#?}");
    };
    run("full", &[("COMMAND", "synth")]);
    run("small", &[("COMMAND", "bootstrap")]);
    run("small", &[("APP", "cdk.out")]);
    assert_eq!(cloud.api().parameter("/keyless/demo/greeting").as_deref(), Ok("deployed without a stored key"));
    // an app in JavaScript needs a shell and `env`; the image has both
    run("small", &[("COMMAND", "exec"), ("EXTRA_ARGS", "env node app.js")]);
}

#[test]
#[ignore = "needs the image: make image-test"]
fn dockers_command_line_in_its_own_variant() {
    let (cloud, workplace) = (Cloud::start(), workplace());
    let docker = [("COMMAND", "exec"), ("EXTRA_ARGS", "docker --version")];
    let finished = pipe("docker", &cloud, &workplace, &cloud.token(), &docker);
    assert!(finished.stdout.contains("Docker version "), "{finished:#?}");
}

/// Writes files into the clone.
fn write(workplace: &Workplace, files: &[(&str, &str)]) {
    for (name, text) in files {
        let file = workplace.clone_folder().join(name);
        fs::create_dir_all(file.parent().expect("it is in the clone")).expect("the scratch folder is writable");
        fs::write(file, text).expect("the scratch folder is writable");
    }
}

/// Runs a script in the `full` image or another one, and fails if it fails.
fn script(image: &str, cloud: &Cloud, workplace: &Workplace, script: &str) {
    let arguments = format!("sh -ec '{script}'");
    let variables = [("COMMAND", "exec"), ("EXTRA_ARGS", &*arguments), ("COREPACK_ENABLE_NETWORK", "0")];
    let finished = run_without_packages(image, cloud, workplace, &variables);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
}

/// Writes an assembly with one stack to the folder that the CDK names.
const ASSEMBLY: &str = "
    const { mkdirSync, writeFileSync } = require('node:fs');
    const out = process.env.CDK_OUTDIR;
    mkdirSync(out, { recursive: true });
    const properties = { templateFile: 'Shop.template.json' };
    const shop = { type: 'aws:cloudformation:stack', environment: 'aws://unknown-account/unknown-region', properties };
    writeFileSync(`${out}/manifest.json`, JSON.stringify({ version: '38.0.0', artifacts: { Shop: shop } }));
    writeFileSync(`${out}/Shop.template.json`, '{}');
    console.log(`greeting ${require('greeting')}`);
";

#[test]
#[ignore = "needs the image: make image-test"]
fn workspaces_of_pnpm_and_yarn_without_a_network() {
    let cloud = Cloud::start();
    for (manager, lock, expected) in [
        ("pnpm", "pnpm install --lockfile-only --offline", "▶ pnpm install --frozen-lockfile"),
        ("yarn 1", "yarn install --offline", "▶ yarn install --frozen-lockfile"),
        ("yarn 4", "corepack yarn@4 install --mode=update-lockfile", "▶ corepack yarn@4 install --immutable"),
    ] {
        let workplace = Workplace::empty();
        write(
            &workplace,
            &[
                ("package.json", r#"{"name":"root","private":true,"workspaces":["infra","greeting"]}"#),
                ("pnpm-workspace.yaml", "packages:\n  - infra\n  - greeting\n"),
                ("greeting/package.json", r#"{"name":"greeting","version":"1.0.0","main":"index.js"}"#),
                ("greeting/index.js", "module.exports = 'from the workspace'"),
                ("infra/package.json", r#"{"name":"infra","version":"1.0.0","dependencies":{"greeting":"*"}}"#),
                ("infra/cdk.json", r#"{"app":"node app.js"}"#),
                ("infra/app.js", ASSEMBLY),
            ],
        );
        if manager == "pnpm" {
            let linked = r#"{"name":"infra","version":"1.0.0","dependencies":{"greeting":"workspace:*"}}"#;
            write(&workplace, &[("infra/package.json", linked)]);
        }
        if manager == "yarn 4" {
            write(&workplace, &[(".yarnrc.yml", "nodeLinker: node-modules\nenableTelemetry: false\n")]);
        }
        script("full", &cloud, &workplace, &format!("{lock}; rm -rf node_modules infra/node_modules"));
        let variables = [("COMMAND", "list"), ("WORKING_DIRECTORY", "infra"), ("COREPACK_ENABLE_NETWORK", "0")];
        let finished = run_without_packages("full", &cloud, &workplace, &variables);
        assert_eq!(finished.code, Some(0), "{manager}: {finished:#?}");
        assert!(finished.stdout.contains(expected), "{manager}: {finished:#?}");
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(said.contains("greeting from the workspace"), "{manager}: {finished:#?}");
    }
}

#[test]
#[ignore = "needs the image: make image-test"]
fn an_app_in_python_in_its_own_variant() {
    let (cloud, workplace) = (Cloud::start(), Workplace::empty());
    let app = "
import json, os, sys, greeting
os.makedirs(os.environ['CDK_OUTDIR'], exist_ok=True)
properties = {'templateFile': 'Shop.template.json'}
shop = {'type': 'aws:cloudformation:stack', 'environment': 'aws://unknown-account/unknown-region', 'properties': properties}
manifest = {'version': '38.0.0', 'artifacts': {'Shop': shop}}
for name, content in {'manifest': manifest, 'Shop.template': {}}.items():
    with open(os.environ['CDK_OUTDIR'] + '/' + name + '.json', 'w') as file:
        json.dump(content, file)
print('greeting', greeting.TEXT, 'in', sys.prefix, file=sys.stderr)
";
    write(
        &workplace,
        &[
            ("wheel/greeting.py", "TEXT = 'from a wheel'\n"),
            ("wheel/greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n"),
            ("wheel/greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            (
                "wheel/greeting-1.0.dist-info/RECORD",
                "greeting.py,,\ngreeting-1.0.dist-info/METADATA,,\ngreeting-1.0.dist-info/WHEEL,,\n",
            ),
            ("pip/requirements.txt", "./greeting-1.0-py3-none-any.whl\n"),
            ("pip/app.py", app),
            ("pip/cdk.json", r#"{"app":"python3 app.py"}"#),
            (
                "uv/pyproject.toml",
                "[project]\nname = \"app\"\nversion = \"1.0\"\nrequires-python = \">=3.9\"\ndependencies = [\"greeting\"]\n\
                 [tool.uv]\npackage = false\n[tool.uv.sources]\ngreeting = { path = \"greeting-1.0-py3-none-any.whl\" }\n",
            ),
            ("uv/app.py", app),
            ("uv/cdk.json", r#"{"app":"python3 app.py"}"#),
        ],
    );
    let wheel = "cd wheel; for app in pip uv; do python3 -m zipfile -c ../$app/greeting-1.0-py3-none-any.whl greeting.py \
                 greeting-1.0.dist-info/; done; cd ../uv; uv lock --quiet --offline";
    script("python", &cloud, &workplace, wheel);
    for (folder, installed, place) in [
        ("pip", "▶ python3 -m pip install --quiet -r requirements.txt", "/usr\n"),
        ("uv", "▶ uv sync --frozen", "/uv/.venv\n"),
    ] {
        let variables = [("COMMAND", "list"), ("WORKING_DIRECTORY", folder)];
        let finished = run_without_packages("python", &cloud, &workplace, &variables);
        assert_eq!(finished.code, Some(0), "{folder}: {finished:#?}");
        assert!(finished.stdout.contains(installed), "{folder}: {finished:#?}");
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(said.contains("greeting from a wheel in ") && said.contains(place), "{folder}: {finished:#?}");
        let elsewhere = run_without_packages("full", &cloud, &workplace, &variables);
        assert!(elsewhere.stderr.contains("use the `python` variant of the pipe's image"), "{elsewhere:#?}");
    }
}

#[test]
#[ignore = "needs the image: make image-test"]
fn every_variant_has_the_programs_that_messages_name() {
    for (variant, own) in VARIANTS {
        // `docker` and `python` have what `full` has.
        let of_full =
            VARIANTS.iter().find(|(name, _)| *name == "full" && variant != "small").map(|(_, programs)| *programs);
        for program in own.iter().chain(of_full.unwrap_or_default()) {
            let look = format!("command -v {program}");
            let mut run = podman(&["run", "--rm", "--entrypoint=/bin/sh"]);
            let found = finish(run.arg(format!("localhost/keyless-pipe:{variant}")).args(["-c", &look]));
            assert_eq!(found.code, Some(0), "{variant} has no {program}");
        }
    }
}

#[test]
#[ignore = "needs the image: make image-test"]
fn without_a_token_every_variant_refuses_at_once() {
    for variant in ["full", "docker", "python", "small"] {
        let started = Instant::now();
        let finished = finish(podman(&["run", "--rm"]).arg(format!("localhost/keyless-pipe:{variant}")));
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        assert!(finished.stderr.contains("the step has no `oidc: true`"), "{finished:#?}");
        assert!(finished.stderr.ends_with("✖ 4 invalid settings; nothing was run\n"), "{finished:#?}");
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
}
