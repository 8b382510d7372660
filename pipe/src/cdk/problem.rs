//! The CDK's error messages, and what they mean in a pipeline. Its exit code is always 1, so only the messages tell errors
//! apart (aws-cdk 2.1148.1).

/// A problem that the CDK reports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Parts of one line, all of them.
    signs: &'static [&'static str],
    /// What it means, in one sentence.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

const fn problem(signs: &'static [&'static str], cause: &'static str, remedy: &'static str) -> Problem {
    Problem { signs, cause, remedy }
}

/// The problems, the specific before the general.
static PROBLEMS: [Problem; 17] = [
    problem(
        &["requires bootstrap stack version", "the following error occurred"],
        "the account is not bootstrapped for the CDK in this region, or the role cannot read the bootstrap version",
        "run the pipe once with `COMMAND: bootstrap` and a role that can create IAM roles; set a custom QUALIFIER in every \
         step",
    ),
    problem(
        &["requires bootstrap stack version", "found"],
        "the account's bootstrap stack is older than the app needs",
        "run the pipe once with `COMMAND: bootstrap` to update it",
    ),
    problem(
        &["bootstrapped?"],
        "the account is not bootstrapped for the CDK in this region: the bucket for assets is missing",
        "run the pipe once with `COMMAND: bootstrap`",
    ),
    problem(
        &["Cloud assembly schema version mismatch"],
        "the CDK CLI is older than the app's aws-cdk-lib",
        "update `aws-cdk` in the app's devDependencies to the newest 2.x (not 3.0.0, which was published by accident), or \
         set CDK_VERSION",
    ),
    problem(
        &["terminal (TTY) is not attached"],
        "the changes need approval, and a pipeline has no terminal",
        "set `REQUIRE_APPROVAL: never`, and approve changes with a manual step, or with the diff in a pull request",
    ),
    problem(
        &["Unable to resolve AWS account"],
        "the CDK received no credentials",
        "if its assets are built in containers, set `CREDENTIALS: environment`",
    ),
    problem(
        &["token", "expired"],
        "the session ended before the deployment did",
        "increase SESSION_DURATION and the role's maximum session duration",
    ),
    problem(
        &["No stacks match the name"],
        "no stack of the app matches STACKS",
        "run the pipe with `COMMAND: list` to see the names; stacks in a stage are named Stage/Stack",
    ),
    problem(&["includes more than a single stack"], "the app has several stacks, and STACKS is not set", "set STACKS"),
    problem(
        &["ROLLBACK_COMPLETE", "must be deleted"],
        "the stack's first deployment failed; a stack in state ROLLBACK_COMPLETE cannot be updated",
        "run the pipe with `COMMAND: destroy` for this stack, then deploy again",
    ),
    problem(
        &["UPDATE_ROLLBACK_FAILED"],
        "the stack's rollback failed; it cannot be deployed until the rollback is completed",
        "fix what blocked the rollback, then run the pipe with `COMMAND: rollback` for this stack",
    ),
    problem(
        &["Stack is in a paused fail state"],
        "the stack failed and was not rolled back, because of `ROLLBACK: false`",
        "run the pipe with `COMMAND: rollback` for this stack, or deploy again with `ROLLBACK: false`",
    ),
    problem(
        &["Another CLI", "is currently"],
        "two runs of the CDK use the same output folder at once",
        "set `EXTRA_ARGS: --output <another folder>` for one of them",
    ),
    problem(
        &["Cannot find module"],
        "the app's packages are not installed, or one is missing from package.json",
        "run `npm ci` before the pipe, or commit the lock file and use `INSTALL: auto`",
    ),
    problem(
        &["is not able to assume role", "sts:AssumeRole"],
        "the role is not allowed to assume the CDK's bootstrap roles",
        "grant sts:AssumeRole on arn:aws:iam::<account>:role/cdk-* to the role",
    ),
    problem(
        &["is not authorized to perform"],
        "the role is missing a permission",
        "grant the action on the resource, both named above, to the role named there (with bootstrap roles, one of these)",
    ),
    problem(&["Subprocess exited with error"], "the app failed during synthesis", "see the app's own error above"),
];

/// A silent change of identity: the deployment continues with other permissions than planned.
const BASE_CREDENTIALS: &str = "are for the right account. Proceeding anyway";

/// The problem that a line reports.
pub(crate) fn read(line: &str) -> Option<&'static Problem> {
    PROBLEMS.iter().find(|problem| problem.signs.iter().all(|sign| line.contains(sign)))
}

/// Whether a line says that a bootstrap role could not be assumed and the session itself is used instead.
pub(crate) fn uses_base_credentials(line: &str) -> bool {
    line.contains(BASE_CREDENTIALS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cdks_messages_are_recognized() {
        for (line, cause) in [
            (
                "❌  S failed: This CDK deployment requires bootstrap stack version '6', but during the confirmation via SSM \
                 parameter /cdk-bootstrap/hnb659fds/version the following error occurred: ParameterNotFound",
                "the account is not bootstrapped",
            ),
            (
                "This CDK deployment requires bootstrap stack version '6', found '4' in aws://1/eu-west-1. Please run 'cdk \
                 bootstrap'.",
                "the account's bootstrap stack is older",
            ),
            ("No bucket named 'b'. Is account 1 bootstrapped?", "the account is not bootstrapped"),
            (
                "Cloud assembly schema version mismatch: Maximum schema version supported is 43.x.x",
                "the CDK CLI is older",
            ),
            ("ExpiredToken: The security token included in the request is expired", "the session ended"),
            ("No stacks match the name(s) Foo", "no stack of the app matches"),
        ] {
            assert!(read(line).is_some_and(|problem| problem.cause.starts_with(cause)), "{line}");
        }
        assert_eq!(read("✅  KeylessGreeting"), None);
    }
}
