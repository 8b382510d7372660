//! `COMMAND: diff` with everything that a reviewer must see, posted as a Code Insights report. The pipe's output and the
//! reports in Bitbucket are compared in full: `tests/expected/pipe-reports.txt`.

use std::{fmt::Write, fs, process::Command, sync::LazyLock};

use http_body_util::Full;
use hyper::{Response, StatusCode, body::Bytes};
use keyless_tests::{
    checkout,
    cloud::Cloud,
    insights::Insights,
    run::{Finished, Workplace, finish},
    secrets,
    server::Server,
};
use snapbox::assert_data_eq;

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

fn pipe(workplace: &Workplace, token: &str, variables: &[(&str, &str)]) -> Finished {
    let mut pipe: Command = workplace.pipe(&CLOUD);
    finish(pipe.env("BITBUCKET_STEP_OIDC_TOKEN", token).envs(variables.iter().copied()))
}

#[test]
fn a_diff_is_reported_with_all_that_a_reviewer_must_see() {
    let workplace = Workplace::with_demo_app();
    fs::write(workplace.clone_folder().join("app.js"), include_str!("reports/app.js"))
        .expect("the scratch folder is writable");
    let (insights, token) = (Insights::start(), CLOUD.token());
    for command in ["bootstrap", "deploy"] {
        let finished = pipe(&workplace, &token, &[("COMMAND", command)]);
        assert_eq!(finished.code, Some(0), "{finished:#?}");
    }
    let diff = [("COMMAND", "diff"), ("CONTEXT", "then=true"), ("REPORT", insights.url())];
    let finished = pipe(&workplace, &token, &diff);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let again = pipe(&workplace, &token, &diff);
    let own = |finished: &Finished| {
        let lines = finished.own_lines();
        let first = lines.iter().position(|line| line.starts_with("  stack")).unwrap_or_default();
        lines[first..].join("\n")
    };
    assert_eq!(own(&finished), own(&again));
    let mut said = format!("{}\n", own(&finished));
    for (url, (report, annotations)) in insights.reports() {
        let _ = writeln!(said, "=== {url}\n{report:#}");
        for annotation in annotations {
            let _ = writeln!(said, "{annotation:#}");
        }
    }
    assert_data_eq!(without_random_parts(&said), checkout::expected("pipe-reports.txt"));
    let mut hidden = CLOUD.sts.issued();
    hidden.push(token);
    assert_eq!(secrets::in_text("the reports", said.as_bytes(), &hidden), []);
}

/// Replaces the random characters at the end of a nested stack's name.
fn without_random_parts(text: &str) -> String {
    let mut parts = text.split("NestedStackResource");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(part.len());
        text + "NestedStackResource<random>" + &part[end..]
    })
}

#[test]
fn a_report_that_cannot_be_posted_does_not_fail_the_run() {
    const DIFF: &str = "console.log('Stack Shop\\nResources\\n[+] A::B::C Path Id\\n');
        console.log('✨  Number of stacks with differences: 1');";
    let workplace = Workplace::with_script_for_cdk(DIFF);
    let refusing = Server::start(|_| {
        let mut response = Response::new(Full::new(Bytes::from_static(b"{\"error\":{\"message\":\"not here\"}}")));
        *response.status_mut() = StatusCode::FORBIDDEN;
        Ok(response)
    });
    for (proxy, said) in [
        (refusing.url(), "Bitbucket answered 403: not here"),
        ("http://127.0.0.1:1", "cannot connect to 127.0.0.1:1: Connection refused (os error 111)"),
    ] {
        let finished = pipe(&workplace, &CLOUD.token(), &[("COMMAND", "diff"), ("REPORT", proxy)]);
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        let said = format!("! cannot report the changes to Bitbucket: {said}");
        assert!(finished.stdout.lines().any(|line| line == said), "{finished:#?}");
    }
    let finished = pipe(&workplace, &CLOUD.token(), &[("COMMAND", "diff"), ("REPORT", "false")]);
    assert!(!finished.stdout.contains("reported"), "{finished:#?}");
}

#[test]
fn a_table_that_disagrees_with_the_cdk_says_so() {
    let workplace = Workplace::with_script_for_cdk("console.log('✨  Number of stacks with differences: 3');");
    let finished = pipe(&workplace, &CLOUD.token(), &[("COMMAND", "diff"), ("REPORT", "false")]);
    let said = "! the CDK reports 3 stacks with differences, but the table shows 0; see the CDK's own output above";
    assert!(finished.stdout.lines().any(|line| line == said), "{finished:#?}");
}
