//! The life of an app with stages in two regions and two accounts, with the real CDK: bootstrapped, deployed, changed and destroyed.

use keyless_tests::{
    cloud::Cloud,
    run::{Finished, Workplace},
};

use crate::{pipe_in, with_app};

/// The other account, which trusts the session's account.
const OTHER: &str = "111111111111";

/// A stack at the top, and one each in a stage of the same environment, of another region and of another account.
const APP: &str = "
const { App, Stack, Stage } = require('aws-cdk-lib');
const { StringParameter } = require('aws-cdk-lib/aws-ssm');
const app = new App();
const stringValue = app.node.tryGetContext('value') ?? 'x';
const places = {
    Live: { account: '000000000000', region: 'eu-west-1' },
    Edge: { account: '000000000000', region: 'us-east-1' },
    Partner: { account: '111111111111', region: 'eu-west-1' },
};
const stacks = [new Stack(app, 'Web', { env: places.Live })];
for (const [name, env] of Object.entries(places)) stacks.push(new Stack(new Stage(app, name, { env }), 'Api'));
for (const stack of stacks) new StringParameter(stack, 'Parameter', { stringValue });
";

/// Runs the pipe, which must succeed.
fn succeeds(cloud: &Cloud, workplace: &Workplace, variables: &[(&str, &str)]) -> Finished {
    let finished = pipe_in(cloud, workplace, variables);
    assert_eq!(finished.code, Some(0), "{variables:?}: {finished:#?}");
    finished
}

/// The rows of the table at the end: stack and result.
fn table(finished: &Finished) -> Vec<(String, String)> {
    let lines = finished.own_lines();
    let start = lines.iter().position(|line| line.starts_with("  stack ")).map_or(lines.len(), |start| start + 1);
    let rows = lines[start..].iter().take_while(|line| line.starts_with("  "));
    let mut rows: Vec<_> = rows
        .map(|row| {
            let mut columns = row.split("  ").map(str::trim).filter(|column| !column.is_empty());
            [columns.next(), columns.next()].map(|column| column.unwrap_or_default().to_owned()).into()
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn an_app_lives_in_two_regions_and_two_accounts() {
    let cloud = Cloud::start();
    let workplace = with_app(APP);
    let chain = format!("arn:aws:iam::{OTHER}:role/bootstrap");
    succeeds(&cloud, &workplace, &[("COMMAND", "bootstrap")]);
    succeeds(&cloud, &workplace, &[("COMMAND", "bootstrap"), ("AWS_REGION", "us-east-1")]);
    succeeds(&cloud, &workplace, &[("COMMAND", "bootstrap"), ("ROLE_CHAIN", &chain)]);

    let stacks = ["Edge/Api (Edge-Api)", "Live/Api (Live-Api)", "Partner/Api (Partner-Api)", "Web"];
    let all = |result: &str| stacks.map(|stack| (stack.to_owned(), result.to_owned()));
    assert_eq!(table(&succeeds(&cloud, &workplace, &[])), all("done"));
    assert_eq!(table(&succeeds(&cloud, &workplace, &[])), all("no changes"));
    let listed = succeeds(&cloud, &workplace, &[("COMMAND", "list")]);
    assert!(stacks.iter().all(|stack| listed.stdout.contains(stack)), "{listed:#?}");

    let changed = [("CONTEXT", "value=y"), ("REPORT", "false")];
    let compared = succeeds(&cloud, &workplace, &[&changed[..], &[("COMMAND", "diff")]].concat());
    let differs =
        |stack: &str| compared.stdout.contains(&format!("Stack {}", stack.split(' ').next().unwrap_or_default()));
    assert!(stacks.iter().all(|stack| differs(stack)), "{compared:#?}");
    assert_eq!(table(&succeeds(&cloud, &workplace, &changed)), all("done"));

    let destroyed = succeeds(&cloud, &workplace, &[("COMMAND", "destroy"), ("STACKS", "**")]);
    assert!(stacks.iter().all(|stack| destroyed.stdout.contains(stack)), "{destroyed:#?}");
    // What was destroyed is made anew.
    assert_eq!(table(&succeeds(&cloud, &workplace, &[("STACKS", "Partner/*")])), all("done")[2..3]);
}
