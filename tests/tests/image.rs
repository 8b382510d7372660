//! The image, run by podman as Bitbucket runs a pipe: its mounts, its working directory, its variables. Built first by
//! `pipe/image/build.sh`; `make image-test` does both.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::process::Command;

use keyless_tests::{
    checkout,
    cloud::{Cloud, REGION, ROLE},
    life,
    run::{Workplace, finish},
    step,
};

/// Where Bitbucket mounts the clone.
const CLONE: &str = "/opt/atlassian/pipelines/agent/build";

fn podman() -> Command {
    let mut podman = Command::new(checkout::root().join("pipe/image/build.sh"));
    podman.args(["run", "--rm"]);
    podman
}

#[test]
#[ignore = "needs the image: make image-test"]
fn the_life_of_an_app_in_the_full_image() {
    let cloud = Cloud::start();
    let workplace = Workplace::with_demo_app();
    let token = cloud.token();
    let clone = workplace.clone_folder();
    std::fs::remove_file(clone.join("node_modules")).expect("it is a link");
    std::fs::create_dir(clone.join("node_modules")).expect("the scratch folder is writable");
    life::live(&cloud, &workplace, token.clone(), |variables| {
        let mut podman = podman();
        podman.arg(format!("--volume={}:{CLONE}", clone.display()));
        podman
            .arg(format!("--volume={}:{CLONE}/node_modules:ro", checkout::root().join("demo/node_modules").display()));
        podman.arg(format!("--workdir={CLONE}")).arg("--label=org.bitbucket.pipelines.system=true");
        let own = [
            ("AWS_ROLE_ARN", ROLE.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", cloud.deployed.url()),
            ("AWS_ENDPOINT_URL_STS", cloud.sts.url().to_owned()),
            ("BITBUCKET_STEP_OIDC_TOKEN", token.clone()),
            (
                "BITBUCKET_PIPE_STORAGE_DIR",
                format!("{CLONE}/.bitbucket/pipelines/generated/pipeline/pipes/keyless/pipe"),
            ),
        ];
        let step = step::variables(std::path::Path::new(CLONE)).into_iter().chain(own);
        for (name, value) in step.chain(variables.iter().map(|(name, value)| (*name, (*value).to_owned()))) {
            // By name, so that no value is in the arguments.
            podman.arg(format!("--env={name}")).env(name, value);
        }
        finish(podman.arg("localhost/keyless-pipe:full"))
    });
}

#[test]
#[ignore = "needs the image: make image-test"]
fn both_images_refuse_without_a_token_in_well_under_a_second() {
    for variant in ["full", "small"] {
        let finished = finish(podman().arg(format!("localhost/keyless-pipe:{variant}")));
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        assert!(finished.stderr.contains("the step has no token"), "{finished:#?}");
        assert!(finished.stderr.ends_with("✖ nothing was run: 4 mistakes to correct\n"), "{finished:#?}");
    }
}
