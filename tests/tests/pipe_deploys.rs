//! The pipe deploys the demo app, for real: real CDK, real tokens, trust policies judged. What the pipe itself says is
//! compared in full: `tests/expected/pipe-deploys.txt`.

use std::{fs, sync::LazyLock};

use keyless_tests::{
    cloud::Cloud,
    expected,
    run::{Workplace, finish},
    secrets,
};

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

#[test]
fn the_life_of_an_app() {
    let token = CLOUD.token();
    let workplace = Workplace::with_demo_app();
    let (mut said, mut printed) = (String::new(), String::new());
    let mut run = |title: &str, code: i32, variables: &[(&str, &str)]| {
        let mut pipe = workplace.pipe(&CLOUD);
        let finished = finish(pipe.env("BITBUCKET_STEP_OIDC_TOKEN", &token).envs(variables.iter().copied()));
        assert_eq!(finished.code, Some(code), "{title}: {finished:#?}");
        let own: Vec<String> = finished.own_lines().into_iter().filter(|line| !line.contains("BucketName")).collect();
        said.extend(["=== ", title, "\n", &own.join("\n"), "\n"]);
        printed.extend([finished.stdout, finished.stderr]);
    };
    let greeting = || CLOUD.api().parameter("/keyless/demo/greeting");

    run("deploy without bootstrap", 1, &[("STACKS", "KeylessAudience")]);
    run("bootstrap", 0, &[("COMMAND", "bootstrap")]);
    run("deploy both", 0, &[("OUTPUTS_FILE", "outputs.json")]);
    assert_eq!(greeting().as_deref(), Ok("deployed without a stored key"));
    let outputs = fs::read_to_string(workplace.clone_folder().join("outputs.json")).unwrap();
    assert!(outputs.contains("\"ParameterName\": \"/keyless/demo/audience\""), "{outputs}");
    run("update one", 0, &[("STACKS", "KeylessGreeting"), ("CONTEXT", "greeting=hello")]);
    assert_eq!(greeting().as_deref(), Ok("hello"));
    run("change nothing", 0, &[("STACKS", "KeylessGreeting"), ("CONTEXT", "greeting=hello"), ("APP", "cdk.out")]);
    run("diff", 0, &[("STACKS", "KeylessGreeting"), ("COMMAND", "diff")]);
    run("no such stack", 1, &[("STACKS", "Nobody")]);
    run("destroy", 0, &[("COMMAND", "destroy"), ("STACKS", "KeylessGreeting")]);
    assert!(greeting().is_err());

    let mut hidden = CLOUD.sts.issued();
    assert!(hidden.len() >= 16, "each run had a session");
    hidden.push(token);
    assert_eq!(secrets::in_text("output", printed.as_bytes(), &hidden), []);
    assert_eq!(secrets::below(workplace.folder(), &hidden), []);
    expected::check("pipe-deploys.txt", &said);
}
