//! Apps with stages, with the real CDK: every stack at every depth is deployed, compared, listed and destroyed by default, and
//! the summary names them as the CDK does.

use keyless_tests::{insights::Insights, run::Workplace};

use crate::{CLOUD, pipe, with_app};

/// Runs the pipe, which must succeed, and returns its own lines from the table on.
fn succeeds(workplace: &Workplace, variables: &[(&str, &str)]) -> Vec<String> {
    let finished = pipe(workplace, variables);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let mut lines = finished.own_lines();
    let table = lines.iter().position(|line| line.starts_with("  stack ")).unwrap_or_default();
    let mut table = lines.split_off(table);
    // stacks are deployed side by side, and the first to end comes first
    let rows = table.iter().skip(1).take_while(|line| line.starts_with("  ")).count();
    table[1..=rows].sort_by(|one, other| other.cmp(one));
    table
}

#[test]
fn stacks_in_stages_are_deployed_compared_and_destroyed() {
    let workplace = with_app(include_str!("stages/app.js"));
    let parameters = || ["/stages/api", "/stages/web"].map(|name| CLOUD.api().parameter(name).ok());
    let deployed = succeeds(&workplace, &[]);
    assert_eq!(parameters(), [Some("x".to_owned()), Some("x".to_owned())]);
    assert_eq!(
        deployed[..3],
        [
            "  stack                result  resources  time",
            "  Web (acme-web)       done    1 created  <duration>",
            "  Live/Api (Live-Api)  done    1 created  <duration>",
        ]
    );
    let unchanged = succeeds(&workplace, &[]);
    assert_eq!(
        unchanged[..3],
        [
            "  stack                result      time",
            "  Web (acme-web)       no changes  <duration>",
            "  Live/Api (Live-Api)  no changes  <duration>",
        ]
    );
    let listed = pipe(&workplace, &[("COMMAND", "list")]).stdout;
    assert!(listed.contains("\nWeb (acme-web)\n") && listed.contains("\nLive/Api (Live-Api)\n"), "{listed}");

    let insights = Insights::start();
    let diff = [("COMMAND", "diff"), ("CONTEXT", "value=y"), ("REPORT", insights.url())];
    let compared = succeeds(&workplace, &diff);
    assert!(compared[1].starts_with("  Web (acme-web) ") && compared[2].starts_with("  Live/Api (Live-Api) "));
    let reports = insights.reports();
    let details: Vec<_> = reports.values().map(|(report, _)| report["details"].as_str().unwrap_or_default()).collect();
    assert_eq!(details, ["Web (acme-web): change 1\nLive/Api (Live-Api): change 1"]);

    let destroyed = succeeds(&workplace, &[("COMMAND", "destroy"), ("STACKS", "**")]);
    assert_eq!(parameters(), [None, None]);
    assert_eq!(
        destroyed[..3],
        [
            "  stack                result     resources",
            "  Web (acme-web)       destroyed  1 deleted",
            "  Live/Api (Live-Api)  destroyed  1 deleted",
        ]
    );
}

#[test]
fn an_app_that_deploys_nothing_fails() {
    for (app, extra) in [
        ("new Stack(app, 'Empty', { env: { account: '000000000000', region: 'eu-west-1' } });", ""),
        ("", "--ignore-no-stacks"),
    ] {
        let app = format!("const {{ App, Stack }} = require('aws-cdk-lib');\nconst app = new App();\n{app}\n");
        let finished = pipe(&with_app(&app), &[("EXTRA_ARGS", extra)]);
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        let said = "✖ no stack was deployed: the app has no stack with resources that matches STACKS";
        assert_eq!(finished.stderr.lines().last(), Some(said), "{finished:#?}");
    }
}
