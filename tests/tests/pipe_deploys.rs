//! The pipe deploys the demo app, for real: real CDK, real tokens, trust policies judged.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::sync::LazyLock;

use keyless_tests::{
    cloud::Cloud,
    run::{Finished, Workplace, finish},
    secrets,
};

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

#[test]
fn bootstrap_and_deploy() {
    let token = CLOUD.token();
    let workplace = Workplace::with_demo_app();
    let run = |variables: &[(&str, &str)]| -> Finished {
        finish(workplace.pipe(&CLOUD).env("BITBUCKET_STEP_OIDC_TOKEN", &token).envs(variables.iter().copied()))
    };

    let bootstrap = run(&[("COMMAND", "bootstrap")]);
    assert_eq!(bootstrap.code, Some(0), "{bootstrap:#?}");
    let deploy = run(&[("STACKS", "KeylessGreeting")]);
    assert_eq!(deploy.code, Some(0), "{deploy:#?}");
    println!("{}{}\n{}{}", bootstrap.stdout, bootstrap.stderr, deploy.stdout, deploy.stderr);
    assert_eq!(CLOUD.api().parameter("/keyless/demo/greeting").as_deref(), Ok("deployed without a stored key"));

    let mut hidden = CLOUD.sts.issued();
    assert!(hidden.len() >= 4, "two sessions were handed out");
    hidden.push(token);
    for finished in [&bootstrap, &deploy] {
        assert_eq!(secrets::in_text("output", finished.stdout.as_bytes(), &hidden), []);
        assert_eq!(secrets::in_text("errors", finished.stderr.as_bytes(), &hidden), []);
    }
    assert_eq!(secrets::below(workplace.folder(), &hidden), []);
}
