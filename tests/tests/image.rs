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

/// Runs an image's pipe in a step with additional variables, and searches everything that it left in the container for
/// secrets.
fn pipe(image: &str, cloud: &Cloud, workplace: &Workplace, token: &str, variables: &[(&str, &str)]) -> Finished {
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
    let packages = checkout::root().join("demo/node_modules");
    run.arg(format!("--volume={}:{CLONE}/node_modules:ro", packages.display()));
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

#[test]
#[ignore = "needs the image: make image-test"]
fn without_a_token_every_variant_refuses_at_once() {
    for variant in ["full", "docker", "small"] {
        let started = Instant::now();
        let finished = finish(podman(&["run", "--rm"]).arg(format!("localhost/keyless-pipe:{variant}")));
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        assert!(finished.stderr.contains("the step has no `oidc: true`"), "{finished:#?}");
        assert!(finished.stderr.ends_with("✖ 4 invalid settings; nothing was run\n"), "{finished:#?}");
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
}
