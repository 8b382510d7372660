//! What the CDK says when it cannot go on, and what that means in a pipeline. Its exit code is 1 for everything, so its
//! words are all there is (aws-cdk 2.1148.1).

/// A problem that the CDK's output tells of.
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
        "the account is not bootstrapped for the CDK in this region, or the deploying role may not read the bootstrap version",
        "run the pipe once with COMMAND: bootstrap and a role that may create IAM roles; with a custom QUALIFIER set the same \
         one in every step",
    ),
    problem(
        &["requires bootstrap stack version", "found"],
        "the account's bootstrap stack is older than the app needs",
        "run the pipe once with COMMAND: bootstrap to update it",
    ),
    problem(
        &["bootstrapped?"],
        "the account is not bootstrapped for the CDK in this region: there is no place for assets",
        "run the pipe once with COMMAND: bootstrap",
    ),
    problem(
        &["Cloud assembly schema version mismatch"],
        "the CDK CLI is older than the aws-cdk-lib that the app uses",
        "update `aws-cdk` in the app's devDependencies to the newest 2.x (never 3.0.0, which was published by accident), or \
         set CDK_VERSION",
    ),
    problem(
        &["terminal (TTY) is not attached"],
        "the changes need approval, and a pipeline has no terminal to give it at",
        "set REQUIRE_APPROVAL: never, and let people approve by a manual step or a pull request whose diff they read",
    ),
    problem(
        &["Unable to resolve AWS account"],
        "the CDK received no credentials",
        "if its assets are built in containers, set CREDENTIALS: environment",
    ),
    problem(
        &["token", "expired"],
        "the session ended before the deployment did",
        "set SESSION_DURATION higher, and the role's maximum session duration with it",
    ),
    problem(
        &["No stacks match the name"],
        "STACKS names no stack of the app",
        "run the pipe with COMMAND: list to see the names; inside a stage they read Stage/Stack",
    ),
    problem(&["includes more than a single stack"], "the app has several stacks and none was named", "set STACKS"),
    problem(
        &["ROLLBACK_COMPLETE", "must be deleted"],
        "the stack's first deployment failed and left it in ROLLBACK_COMPLETE, from where it cannot be updated",
        "run the pipe with COMMAND: destroy for this stack, then deploy again",
    ),
    problem(
        &["UPDATE_ROLLBACK_FAILED"],
        "the stack's rollback failed, and nothing can be deployed to it until that is settled",
        "mend what blocked the rollback, then run the pipe with COMMAND: rollback for this stack",
    ),
    problem(
        &["Stack is in a paused fail state"],
        "the stack was left as it failed, by ROLLBACK: false",
        "run the pipe with COMMAND: rollback for this stack, or deploy again with ROLLBACK: false",
    ),
    problem(
        &["Another CLI", "is currently"],
        "two runs of the CDK use the same output folder at once",
        "give one of them EXTRA_ARGS: --output <another folder>",
    ),
    problem(
        &["Cannot find module"],
        "the app's packages are not installed, or one is missing in package.json",
        "run `npm ci` before the pipe, or leave INSTALL at auto with the lock file committed",
    ),
    problem(
        &["is not able to assume role", "sts:AssumeRole"],
        "the deploying role may not assume the CDK's bootstrap roles",
        "allow it sts:AssumeRole on arn:aws:iam::<account>:role/cdk-*",
    ),
    problem(
        &["is not authorized to perform"],
        "the role lacks a permission",
        "the line above names the action and the resource; with bootstrap roles in use it is the role there that needs it",
    ),
    problem(
        &["Subprocess exited with error"],
        "the app itself failed while it made its assembly",
        "its own error stands above",
    ),
];

/// Words of a silent change of identity: the deployment goes on with other permissions than planned.
const BASE_CREDENTIALS: &str = "are for the right account. Proceeding anyway";

/// The problem that a line tells of.
pub(crate) fn read(line: &str) -> Option<&'static Problem> {
    PROBLEMS.iter().find(|problem| problem.signs.iter().all(|sign| line.contains(sign)))
}

/// Whether a line tells that a bootstrap role could not be assumed and the session itself is used instead.
pub(crate) fn uses_base_credentials(line: &str) -> bool {
    line.contains(BASE_CREDENTIALS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cdks_own_words_are_understood() {
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
            ("No stacks match the name(s) Foo", "STACKS names no stack"),
        ] {
            assert!(read(line).is_some_and(|problem| problem.cause.starts_with(cause)), "{line}");
        }
        assert_eq!(read("✅  KeylessGreeting"), None);
    }
}
