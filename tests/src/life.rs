//! The life of an app: bootstrap, deploy, update, a deployment without changes, diff, destroy. The binary and the image run
//! the same steps and print the same.

use std::fs;

use snapbox::assert_data_eq;

use crate::{
    checkout,
    cloud::Cloud,
    insights::Insights,
    run::{Finished, Workplace},
    secrets,
};

/// Runs all steps. `run` runs the pipe with the step's variables and the given ones.
///
/// # Panics
/// When a step does not behave as expected.
pub fn live(cloud: &Cloud, workplace: &Workplace, token: String, run: impl Fn(&[(&str, &str)]) -> Finished) {
    let (mut said, mut printed) = (String::new(), String::new());
    let mut step = |title: &str, code: i32, variables: &[(&str, &str)]| {
        let finished = run(variables);
        assert_eq!(finished.code, Some(code), "{title}: {finished:#?}");
        let mut own: Vec<String> =
            finished.own_lines().into_iter().filter(|line| !line.contains("BucketName")).collect();
        // Stacks that do not depend on each other are deployed in any order.
        for rows in own.chunk_by_mut(|one, next| [one, next].iter().all(|line| line.starts_with("  Keyless"))) {
            rows.sort();
        }
        said.extend(["=== ", title, "\n", &own.join("\n"), "\n"]);
        printed.extend([finished.stdout, finished.stderr]);
    };
    let insights = Insights::start();
    let greeting = || cloud.api().parameter("/keyless/demo/greeting");

    step("deploy without bootstrap", 1, &[("STACKS", "KeylessAudience")]);
    step("bootstrap", 0, &[("COMMAND", "bootstrap")]);
    step("deploy both", 0, &[("OUTPUTS_FILE", "outputs.json"), ("BITBUCKET_PIPELINES_VARIABLES_PATH", "variables")]);
    assert_eq!(greeting().as_deref(), Ok("deployed without a stored key"));
    let outputs = fs::read_to_string(workplace.clone_folder().join("outputs.json")).unwrap_or_default();
    assert!(outputs.contains("\"ParameterName\": \"/keyless/demo/audience\""), "{outputs}");
    let passed_on = fs::read_to_string(workplace.clone_folder().join("variables")).unwrap_or_default();
    assert!(
        passed_on.lines().any(|line| line == "KeylessAudience_ParameterName=/keyless/demo/audience"),
        "{passed_on}"
    );
    step("update one", 0, &[("STACKS", "KeylessGreeting"), ("CONTEXT", "greeting=hello")]);
    assert_eq!(greeting().as_deref(), Ok("hello"));
    step("change nothing", 0, &[("STACKS", "KeylessGreeting"), ("APP", "cdk.out")]);
    step("diff", 0, &[("STACKS", "KeylessGreeting"), ("COMMAND", "diff"), ("REPORT", insights.url())]);
    let reports = insights.reports();
    let data = reports.values().map(|(report, annotations)| (&report["data"][1]["value"], annotations.len()));
    assert_eq!(data.collect::<Vec<_>>(), [(&serde_json::json!(1), 1)], "one resource changes");
    step("no such stack", 1, &[("STACKS", "Nobody")]);
    step("destroy", 0, &[("COMMAND", "destroy"), ("STACKS", "KeylessGreeting")]);
    assert!(greeting().is_err());

    let mut hidden = cloud.sts.issued();
    assert!(hidden.len() >= 16, "each run had a session");
    hidden.push(token);
    assert_eq!(secrets::in_text("output", printed.as_bytes(), &hidden), []);
    assert_eq!(secrets::below(workplace.folder(), &hidden), []);
    assert_data_eq!(said, checkout::expected("pipe-deploys.txt"));
}
