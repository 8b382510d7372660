//! The pipe deploys the demo app with the real CDK and real tokens, and trust policies are evaluated. The pipe's own output
//! is compared in full: `tests/expected/pipe-deploys.txt`.

use keyless_tests::{
    cloud::Cloud,
    life,
    run::{Workplace, finish},
};

#[test]
fn the_life_of_an_app() {
    let cloud = Cloud::start();
    let workplace = Workplace::with_demo_app();
    let token = cloud.token();
    life::live(&cloud, &workplace, token.clone(), |variables| {
        let mut pipe = workplace.pipe(&cloud);
        finish(pipe.env("BITBUCKET_STEP_OIDC_TOKEN", &token).envs(variables.iter().copied()))
    });
}
