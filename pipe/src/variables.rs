//! The pipe's variables, each in one row: the reader, `--help`, `pipe.yml` and the README all take them from here.

/// One variable.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Another name that is read when this one is not set.
    pub alias: Option<&'static str>,
    /// Whether nothing works without it.
    pub required: bool,
    /// What is taken when it is not set, in words.
    pub default: Option<&'static str>,
    /// What it may hold and what it does.
    pub help: &'static str,
}

const fn variable(name: &'static str, default: Option<&'static str>, help: &'static str) -> Variable {
    Variable { name, alias: None, required: false, default, help }
}

const fn required(name: &'static str, alias: &'static str, help: &'static str) -> Variable {
    Variable { name, alias: Some(alias), required: true, default: None, help }
}

/// The role to assume.
pub static AWS_ROLE_ARN: Variable = required(
    "AWS_ROLE_ARN",
    "AWS_OIDC_ROLE_ARN",
    "the ARN of the role to assume; its trust policy must allow the step's token",
);
/// The region.
pub static AWS_REGION: Variable =
    required("AWS_REGION", "AWS_DEFAULT_REGION", "the region to deploy to, and whose STS endpoint is called");
/// What to run.
pub static COMMAND: Variable =
    variable("COMMAND", Some("deploy"), "what to do: deploy, diff, synth, bootstrap, destroy or list");
/// The stacks.
pub static STACKS: Variable =
    variable("STACKS", Some("all stacks"), "names or patterns of stacks, separated by spaces or as a list");
/// The folder of the app.
pub static WORKING_DIRECTORY: Variable =
    variable("WORKING_DIRECTORY", Some("."), "the folder of the CDK app, where its cdk.json lies");
/// The app's command or assembly.
pub static APP: Variable =
    variable("APP", Some("from cdk.json"), "the command that makes the app's assembly, or a folder with a ready one");
/// Approval of IAM changes.
pub static REQUIRE_APPROVAL: Variable = variable(
    "REQUIRE_APPROVAL",
    Some("never"),
    "which changes need a person's approval: never, broadening or any-change; a pipeline has no terminal to approve at, so \
     anything but never stops the deployment when there is such a change",
);
/// Length of the session.
pub static SESSION_DURATION: Variable = variable(
    "SESSION_DURATION",
    Some("1h"),
    "how long the credentials live: seconds, or a number with m or h; 15m to 12h and not above the role's own maximum",
);
/// How the child gets the credentials.
pub static CREDENTIALS: Variable = variable(
    "CREDENTIALS",
    Some("endpoint"),
    "how the CDK receives the credentials: endpoint (a loopback address that SDKs ask, nothing in the environment) or \
     environment (the AWS_* variables, for assets whose docker build needs them)",
);
/// More arguments.
pub static EXTRA_ARGS: Variable = variable("EXTRA_ARGS", None, "further arguments for the CDK, quoted as in a shell");
/// Talkativeness.
pub static DEBUG: Variable = variable("DEBUG", Some("false"), "true shows the CDK's own debug output");

/// All variables, in the order of the documentation.
pub static VARIABLES: [&Variable; 11] = [
    &AWS_ROLE_ARN,
    &AWS_REGION,
    &COMMAND,
    &STACKS,
    &WORKING_DIRECTORY,
    &APP,
    &REQUIRE_APPROVAL,
    &SESSION_DURATION,
    &CREDENTIALS,
    &EXTRA_ARGS,
    &DEBUG,
];
