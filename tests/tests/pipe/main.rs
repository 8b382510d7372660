//! The pipe, from its settings to what it leaves behind, with the real CDK and AWS in an emulator behind the strict STS. One binary,
//! so that the tests run next to each other.

#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

mod access;
mod accounts;
mod attacks;
mod child;
mod deploys;
mod lifecycle;
mod network;
mod outputs;
mod packages;
mod refuses;
mod reports;
mod session;
mod stages;
mod survives;
mod synthesis;

use std::{fs, process::Command, sync::LazyLock};

use keyless_tests::{
    cloud::Cloud,
    run::{Finished, Workplace, finish},
};

/// A bootstrapped account, shared by tests whose stacks have different names.
static CLOUD: LazyLock<Cloud> = LazyLock::new(|| {
    let cloud = Cloud::start();
    let bootstrapped = pipe_in(&cloud, &Workplace::with_demo_app(), &[("COMMAND", "bootstrap")]);
    assert_eq!(bootstrapped.code, Some(0), "{bootstrapped:#?}");
    cloud
});

/// A workplace with another app than the demo's.
fn with_app(app: &str) -> Workplace {
    let workplace = Workplace::with_demo_app();
    fs::write(workplace.clone_folder().join("app.js"), app).expect("the scratch folder is writable");
    workplace
}

/// Runs the pipe in the shared account.
fn pipe(workplace: &Workplace, variables: &[(&str, &str)]) -> Finished {
    pipe_in(&CLOUD, workplace, variables)
}

fn pipe_in(cloud: &Cloud, workplace: &Workplace, variables: &[(&str, &str)]) -> Finished {
    let mut pipe: Command = workplace.pipe(cloud);
    finish(pipe.env("BITBUCKET_STEP_OIDC_TOKEN", cloud.token()).envs(variables.iter().copied()))
}
