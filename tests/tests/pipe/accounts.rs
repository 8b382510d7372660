//! `ALLOWED_ACCOUNT_IDS` and the accounts of the app's stacks, with the real CDK: nothing is called in another account.

use std::{fs, process::Command, sync::LazyLock, time::Duration};

use keyless_tests::{
    cloud::{ACCOUNT, Cloud},
    run::{Finished, Workplace, finish},
    strict_sts::StrictSts,
};

/// A bootstrapped account.
static CLOUD: LazyLock<Cloud> = LazyLock::new(|| {
    let cloud = Cloud::start();
    let bootstrapped = pipe_in(&cloud, &Workplace::with_demo_app(), &cloud.sts, &[("COMMAND", "bootstrap")]);
    assert_eq!(bootstrapped.code, Some(0), "{bootstrapped:#?}");
    cloud
});
/// An account that is not allowed.
const OTHER: &str = "111111111111";

/// A stack of the session's account, one without an account, and one of another account in a stage.
const APP: &str = "
const { App, Stack, Stage } = require('aws-cdk-lib');
const { StringParameter } = require('aws-cdk-lib/aws-ssm');
const app = new App();
const own = new Stack(app, 'Own', { env: { account: '000000000000', region: 'eu-west-1' } });
new StringParameter(own, 'P', { parameterName: '/accounts/own', stringValue: 'x' });
new StringParameter(new Stack(app, 'Anywhere'), 'P', { stringValue: 'x' });
const other = new Stack(new Stage(app, 'Live'), 'Target', { env: { account: '111111111111', region: 'eu-west-1' } });
new StringParameter(other, 'P', { stringValue: 'x' });
";

/// A stack that depends on another one.
const DEPENDENT: &str = "
const { App, Stack } = require('aws-cdk-lib');
const { StringParameter } = require('aws-cdk-lib/aws-ssm');
const app = new App();
const [net, web] = ['NET', 'WEB'].map((name) => {
    const stack = new Stack(app, name[0] + name.slice(1).toLowerCase(), { env: { account: process.env[name], region: 'eu-west-1' } });
    new StringParameter(stack, 'P', { stringValue: 'x' });
    return stack;
});
web.addDependency(net);
";

/// Looks up a value in another account, which the context does not have.
const LOOKUP: &str = "
const { App, Stack } = require('aws-cdk-lib');
const { StringParameter } = require('aws-cdk-lib/aws-ssm');
const stack = new Stack(new App(), 'Own', { env: { account: process.env.TARGET, region: 'eu-west-1' } });
new StringParameter(stack, 'P', { stringValue: StringParameter.valueFromLookup(stack, '/accounts/looked-up', 'none') });
";

fn with_app(app: &str) -> Workplace {
    let workplace = Workplace::with_demo_app();
    fs::write(workplace.clone_folder().join("app.js"), app).expect("the scratch folder is writable");
    workplace
}

/// A run in which only the session's account is allowed.
fn pipe(workplace: &Workplace, sts: &StrictSts, variables: &[(&str, &str)]) -> Finished {
    pipe_in(&CLOUD, workplace, sts, variables)
}

fn pipe_in(cloud: &Cloud, workplace: &Workplace, sts: &StrictSts, variables: &[(&str, &str)]) -> Finished {
    let mut pipe: Command = workplace.pipe(cloud);
    pipe.env("AWS_ENDPOINT_URL_STS", sts.url()).env("ALLOWED_ACCOUNT_IDS", ACCOUNT);
    finish(pipe.env("BITBUCKET_STEP_OIDC_TOKEN", cloud.token()).envs(variables.iter().copied()))
}

/// The roles that were assumed with the session.
fn assumed(sts: &StrictSts) -> Vec<String> {
    let requests = sts.requests();
    let assumed = requests.iter().filter(|form| form.get("Action").is_some_and(|action| action == "AssumeRole"));
    assumed.filter_map(|form| form.get("RoleArn").cloned()).collect()
}

#[test]
fn a_stack_of_another_account_stops_the_run_before_any_call() {
    let workplace = with_app(APP);
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let finished = pipe(&workplace, &sts, &[]);
    let said = format!(
        "  stack `Live/Target` is in account {OTHER}, which is not in ALLOWED_ACCOUNT_IDS ({ACCOUNT})\n\
         ✖ nothing was done: ALLOWED_ACCOUNT_IDS does not allow every account of the app\n"
    );
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(finished.stderr.ends_with(&said), "{finished:#?}");
    assert_eq!(sts.requests().len(), 0, "there was no session");

    // The assembly that was just synthesized is checked before there is a session.
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let finished = pipe(&workplace, &sts, &[("APP", "cdk.out"), ("COMMAND", "diff")]);
    assert!(finished.stderr.contains("stack `Live/Target` is in account 111111111111"), "{finished:#?}");
    assert_eq!((finished.code, sts.asked()), (Some(1), 0), "{finished:#?}");

    // Stacks that are deployed because others depend on them are selected too, and so are dependents when they are destroyed.
    fs::write(workplace.clone_folder().join("app.js"), DEPENDENT).expect("the scratch folder is writable");
    for (stacks, command, code) in [("Web", "deploy", 1), ("Net", "destroy", 1), ("Net", "diff", 0), ("Web", "diff", 1)]
    {
        let variables = [("COMMAND", command), ("STACKS", stacks), ("REPORT", "false")];
        let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
        let net = if stacks == "Net" && command == "diff" { ACCOUNT } else { OTHER };
        let web = if stacks == "Web" { ACCOUNT } else { OTHER };
        let variables = [&variables[..], &[("NET", net), ("WEB", web)]].concat();
        let finished = pipe(&workplace, &sts, &variables);
        assert_eq!(finished.code, Some(code), "{stacks} {command}: {finished:#?}");
    }
    fs::write(workplace.clone_folder().join("app.js"), APP).expect("the scratch folder is writable");

    // Stacks that are not selected are not called.
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let finished = pipe(&workplace, &sts, &[("STACKS", "Own Anywhere")]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert_eq!(CLOUD.api().parameter("/accounts/own").as_deref(), Ok("x"));
    assert!(assumed(&sts).iter().all(|role| !role.contains(OTHER)));
}

#[test]
fn lookups_are_made_in_allowed_accounts_only() {
    let workplace = with_app(LOOKUP);
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let finished = pipe(&workplace, &sts, &[("TARGET", OTHER), ("SYNTH", "session")]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    let said = format!("is in account {OTHER}, which is not in ALLOWED_ACCOUNT_IDS ({ACCOUNT})\n");
    assert!(finished.stderr.contains(&format!("  stack `Own` {said}  context value `ssm:")), "{finished:#?}");
    assert_eq!(assumed(&sts), [] as [String; 0], "no role of any stack was assumed");

    let variables = [("TARGET", ACCOUNT), ("COMMAND", "diff"), ("REPORT", "false"), ("SYNTH", "session")];
    let finished = pipe(&workplace, &sts, &variables);
    assert!(finished.stdout.contains("  context to look up in allowed accounts: ssm:"), "{finished:#?}");
    assert_eq!(finished.code, Some(0), "{finished:#?}");
}
