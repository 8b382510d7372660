//! The CDK's error messages, and what they mean in a pipeline. Its exit code is always 1, so only the messages tell errors
//! apart (aws-cdk 2.1148.1).

use keyless_core::aws::{AccountId, Region};

/// A problem that the CDK reports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Parts of one line, all of them.
    signs: &'static [&'static str],
    /// What it means, in one sentence. Both may have the places of [`Place::fill`].
    cause: &'static str,
    /// What to do.
    remedy: &'static str,
}

/// A problem in a log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    problem: &'static Problem,
    place: Place,
}

/// The environment that a line names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    account: Option<String>,
    region: Option<String>,
    /// The account of the credentials.
    own: Option<String>,
}

const fn problem(signs: &'static [&'static str], cause: &'static str, remedy: &'static str) -> Problem {
    Problem { signs, cause, remedy }
}

const ANOTHER_RUN: &str = "another run is deploying this stack";
const ANOTHER_CHANGE_SET: &str = "another run is using this stack's change set";
/// The pipe does not wait and try again itself: the other run may be that of a newer commit, which would be overwritten.
const QUEUE: &str = "run this step again when the other run has ended, unless that is newer; a `deployment:` or \
                     `concurrency-group:` on the step makes Bitbucket queue such runs";
const NO_CREDENTIALS_IN_APP: &str = "the app calls AWS during the synthesis, which has no credentials";
const SYNTH_WITH_SESSION: &str = "take the value from cdk.context.json, a context value or a CloudFormation parameter instead; or \
                                  set `SYNTH: session`, which lets the app's code use the session";

/// The problems, the specific before the general.
static PROBLEMS: [Problem; 39] = [
    problem(
        &["Could not retrieve additional details about change set creation errors"],
        "CloudFormation's early validation rejected the change set, and the bootstrap stack is too old to read why",
        "run the pipe once with `COMMAND: bootstrap`{region} to update the bootstrap stack to version 30 or newer, then deploy \
         again to see the reasons",
    ),
    problem(
        &["Early validation failed"],
        "CloudFormation's early validation rejected the change set",
        "fix the resources that the messages above name; nothing was changed",
    ),
    problem(
        &["JavaScript heap out of memory"],
        "Node ran out of memory",
        "set `size: 2x` on the step, and the variable NODE_OPTIONS to --max-old-space-size=6144 (MiB) for the app",
    ),
    problem(
        &["Subprocess exited with error 137"],
        "the app was killed, most likely because the step ran out of memory",
        "set `size: 2x` on the step",
    ),
    problem(
        &["spawnSync docker ENOENT"],
        "the app bundles an asset in a container, and there is no `docker` here",
        "use the pipe's image variant `docker` and `services: [docker]` on the step, or bundle without a container, as \
         NodejsFunction does with `esbuild` in the devDependencies",
    ),
    problem(
        &["Failed to find and execute", "container asset"],
        "the app builds a container image, and there is no `docker` here",
        "use the pipe's image variant `docker` and `services: [docker]` on the step",
    ),
    problem(
        &["Cannot connect to the Docker daemon"],
        "no Docker daemon is running in this step",
        "set `services: [docker]` on the step",
    ),
    problem(
        &["authorization denied by plugin pipelines"],
        "Bitbucket's Docker daemon rejects an option of the app's container, such as a folder outside the clone",
        "bundle without a container, as NodejsFunction does with `esbuild` in the devDependencies, or set \
         `bundlingFileAccess: BundlingFileAccess.VOLUME_COPY`",
    ),
    problem(
        &["Could not assume role in target account", "which are for account"],
        "account {account} does not trust account {own}, or is not bootstrapped for the CDK",
        "run the pipe once with `COMMAND: bootstrap`{region}, a role of account {account} that can create IAM roles, and \
         `EXTRA_ARGS: --trust {own} --cloudformation-execution-policies <policy ARN>`; then allow the role of this step to \
         assume arn:aws:iam::{account}:role/cdk-*",
    ),
    problem(
        &["Could not assume role in target account"],
        "the role is not allowed to assume the CDK's bootstrap roles, or they do not exist",
        "grant sts:AssumeRole on arn:aws:iam::{account}:role/cdk-* to the role; if the environment is not bootstrapped, run the \
         pipe once with `COMMAND: bootstrap`{region}",
    ),
    problem(
        &["Need to perform AWS calls for account", "but the current credentials are for"],
        "a stack belongs to another account ({account}), and none of its bootstrap roles could be assumed",
        "bootstrap that account with `--trust` and the account of this step's role, or deploy with a role of that account",
    ),
    problem(
        &["Has the environment been bootstrapped?"],
        "account {account} is not bootstrapped for the CDK in this region",
        "run the pipe once with `COMMAND: bootstrap`{region}{creator}; set a custom QUALIFIER in every step",
    ),
    problem(&["_IN_PROGRESS state and can"], ANOTHER_RUN, QUEUE),
    problem(&["cannot be deleted while in status", "_IN_PROGRESS"], ANOTHER_RUN, QUEUE),
    problem(&["current status of [", "_IN_PROGRESS]"], ANOTHER_CHANGE_SET, QUEUE),
    problem(&["operation on this ChangeSet is currently in progress"], ANOTHER_CHANGE_SET, QUEUE),
    problem(&["Change set ", "is still being created"], ANOTHER_CHANGE_SET, QUEUE),
    problem(
        &["Export ", "as it is in use by"],
        "the deployment removes or changes an export that another stack still imports",
        "deploy the stack that imports it first (set STACKS to it and `EXCLUSIVELY: true`); if it needs the new version of this \
         stack, keep the export with `this.exportValue(…)` until it is deployed",
    ),
    problem(
        &["Other CLIs", "are currently reading from"],
        "two runs of the CDK use the same output folder at once",
        "set `EXTRA_ARGS: --output <another folder>` for one of them",
    ),
    problem(
        &["requires bootstrap stack version", "the following error occurred"],
        "the account is not bootstrapped for the CDK in this region, or the role cannot read the bootstrap version",
        "run the pipe once with `COMMAND: bootstrap`{region}{creator}; set a custom QUALIFIER in every step",
    ),
    problem(
        &["requires bootstrap stack version", "found"],
        "the account's bootstrap stack is older than the app needs",
        "run the pipe once with `COMMAND: bootstrap`{region} to update it",
    ),
    problem(
        &["No ECR repository named", "bootstrapped?"],
        "the account is not bootstrapped for the CDK in this region: the repository for container images is missing",
        "run the pipe once with `COMMAND: bootstrap`{region}{creator}",
    ),
    problem(
        &["bootstrapped?"],
        "the account is not bootstrapped for the CDK in this region: the bucket for assets is missing",
        "run the pipe once with `COMMAND: bootstrap`{region}{creator}",
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
    problem(&["Could not load credentials from any providers"], NO_CREDENTIALS_IN_APP, SYNTH_WITH_SESSION),
    problem(&["Unable to locate credentials"], NO_CREDENTIALS_IN_APP, SYNTH_WITH_SESSION),
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
pub(crate) fn read(line: &str) -> Option<Found> {
    let problem = PROBLEMS.iter().find(|problem| problem.signs.iter().all(|sign| line.contains(sign)))?;
    Some(Found { problem, place: Place::read(line) })
}

impl Found {
    /// What it means, in one sentence.
    pub(crate) fn cause(&self) -> String {
        self.place.fill(self.problem.cause)
    }

    /// What to do with a role of an account.
    pub(crate) fn remedy(&self, own: &AccountId) -> String {
        let creator = match &self.place.account {
            Some(account) if account != own.as_str() => {
                ", a role of account {account} that can create IAM roles, and `EXTRA_ARGS: --trust {own} \
                 --cloudformation-execution-policies <policy ARN>`"
            }
            _ => " and a role that can create IAM roles",
        };
        let place = Place { own: self.place.own.clone().or(Some(own.to_string())), ..self.place.clone() };
        place.fill(&self.problem.remedy.replace("{creator}", creator))
    }
}

impl Place {
    /// Reads an environment: `aws://ACCOUNT/REGION`, or the end of a bootstrap resource's name, `…-ACCOUNT-REGION`; and else the
    /// last account that is not the credentials' own.
    fn read(line: &str) -> Self {
        let mut place = Self::default();
        let mut last = None;
        for (at, account) in accounts(line) {
            let (before, after) = (&line[..at], &line[at + 12..]);
            let region = after.strip_prefix(['/', '-']).and_then(leading_region);
            if before.ends_with("are for account ")
                || before.ends_with("credentials are for ")
                || before.ends_with(":sts::")
            {
                place.own = Some(account.to_owned());
            } else if region.is_some() {
                (place.account, place.region) = (Some(account.to_owned()), region);
            } else {
                last = Some(account.to_owned());
            }
        }
        place.account = place.account.or(last);
        place
    }

    /// Replaces `{account}`, `{own}` and `{region}`, the last being ` and AWS_REGION: …` or nothing.
    fn fill(&self, text: &str) -> String {
        let account = self.account.as_deref().unwrap_or("<account>");
        let own = self.own.as_deref().unwrap_or("<account of the role>");
        let region = self.region.as_ref().map(|region| format!(" and `AWS_REGION: {region}`")).unwrap_or_default();
        text.replace("{account}", account).replace("{own}", own).replace("{region}", &region)
    }
}

/// The account ids in a line: numbers of exactly twelve digits.
fn accounts(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + line[rest..].find(|c: char| c.is_ascii_digit())?;
        let length = line[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len() - start);
        rest = start + length;
        Some((start, &line[start..rest]))
    })
    .filter(|(_, digits)| digits.len() == 12)
}

/// The region at the beginning of a text.
fn leading_region(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(text.len());
    Region::parse(&text[..end]).ok().map(|region| region.name().to_owned())
}

/// Whether a line says that a bootstrap role could not be assumed and the session itself is used instead.
pub(crate) fn uses_base_credentials(line: &str) -> bool {
    line.contains(BASE_CREDENTIALS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_names_account_and_region() {
        for (line, cause, remedy) in [
            (
                "Target: Could not assume role in target account using current credentials (which are for account \
                 000000000000) User: arn:aws:sts::000000000000:assumed-role/deploy/s is not authorized to perform: \
                 sts:AssumeRole on resource: arn:aws:iam::111111111111:role/cdk-hnb659fds-deploy-role-111111111111-eu-west-1 . \
                 Please make sure that this role exists in the account.",
                "account 111111111111 does not trust account 000000000000, or is not bootstrapped for the CDK",
                "and `AWS_REGION: eu-west-1`, a role of account 111111111111 that can create IAM roles, and `EXTRA_ARGS: --trust \
                 000000000000 ",
            ),
            (
                "Cert: SSM parameter /cdk-bootstrap/hnb659fds/version not found in aws://000000000000/us-east-1. Has the \
                 environment been bootstrapped? Please run 'cdk bootstrap'",
                "account 000000000000 is not bootstrapped for the CDK in this region",
                "run the pipe once with `COMMAND: bootstrap` and `AWS_REGION: us-east-1` and a role",
            ),
            (
                "Cert: SSM parameter /cdk-bootstrap/hnb659fds/version not found in aws://111111111111/us-east-1. Has the \
                 environment been bootstrapped? Please run 'cdk bootstrap'",
                "account 111111111111 is not bootstrapped for the CDK in this region",
                "run the pipe once with `COMMAND: bootstrap` and `AWS_REGION: us-east-1`, a role of account 111111111111 that can \
                 create IAM roles, and `EXTRA_ARGS: --trust 000000000000 ",
            ),
            (
                "No bucket named 'cdk-hnb659fds-assets-000000000000-us-east-1'. Is account 000000000000 bootstrapped?",
                "the account is not bootstrapped for the CDK in this region: the bucket for assets is missing",
                "run the pipe once with `COMMAND: bootstrap` and `AWS_REGION: us-east-1` and a role",
            ),
            (
                "Need to perform AWS calls for account 111111111111, but the current credentials are for 000000000000",
                "a stack belongs to another account (111111111111), and none of its bootstrap roles could be assumed",
                "bootstrap that account with `--trust`",
            ),
            (
                "No ECR repository named 'x' in account 111111111111. Is this account bootstrapped?",
                "the account is not bootstrapped for the CDK in this region: the repository for container images is missing",
                "run the pipe once with `COMMAND: bootstrap`, a role of account 111111111111",
            ),
        ] {
            let found = read(line).unwrap();
            assert_eq!(found.cause(), cause, "{line}");
            let own = AccountId::parse("000000000000").unwrap();
            assert!(found.remedy(&own).contains(remedy), "{}", found.remedy(&own));
        }
    }

    #[test]
    fn the_cdks_messages_are_recognized() {
        for (line, cause) in [
            (
                "Could not retrieve additional details about change set creation errors (AccessDenied: no). Make sure you have \
                 permissions to call the DescribeEvents API, or re-bootstrap your environment by running 'cdk bootstrap'. \
                 User is not authorized to perform: cloudformation:DescribeEvents",
                "CloudFormation's early validation rejected the change set, and",
            ),
            (
                "❌  S failed: ToolkitError: Early validation failed for stack 'S' (ChangeSet 'c')",
                "CloudFormation's early",
            ),
            (
                "FATAL ERROR: Ineffective mark-compacts near heap limit - JavaScript heap out of memory",
                "Node ran out of memory",
            ),
            ("node app.js: Subprocess exited with error 137", "the app was killed"),
            ("node app.js: Subprocess exited with error 1", "the app failed during synthesis"),
            ("Error: spawnSync docker ENOENT", "the app bundles an asset in a container"),
            ("Failed to find and execute 'docker' while attempting to build a container asset.", "the app builds"),
            ("Cannot connect to the Docker daemon at tcp://localhost:2375. Is it running?", "no Docker daemon"),
            (
                "docker: Error response from daemon: authorization denied by plugin pipelines: -v only supports \
                 $BITBUCKET_CLONE_DIR and its subdirectories.",
                "Bitbucket's Docker daemon rejects",
            ),
            (
                "S failed: ValidationError: Stack:arn:aws:cloudformation:eu-west-1:1:stack/S/1 is in \
                 UPDATE_COMPLETE_CLEANUP_IN_PROGRESS state and can not be updated.",
                "another run is deploying",
            ),
            ("An operation on this ChangeSet is currently in progress.", "another run is using"),
            (
                "ToolkitError: Change set cdk-deploy-change-set is still being created (CREATE_IN_PROGRESS). Try again when it's \
                 finished.",
                "another run is using",
            ),
            (
                "InvalidChangeSetStatus: ChangeSet [arn:aws:cloudformation:eu-west-1:1:changeSet/c/1] cannot be executed in its \
                 current status of [CREATE_IN_PROGRESS]",
                "another run is using",
            ),
            (
                "❌  S: destroy failed ValidationError: Stack [S] cannot be deleted while in status UPDATE_IN_PROGRESS",
                "another run is deploying",
            ),
            (
                "CredentialsProviderError: Could not load credentials from any providers",
                "the app calls AWS during the synthesis",
            ),
            (
                "botocore.exceptions.NoCredentialsError: Unable to locate credentials",
                "the app calls AWS during the synthesis",
            ),
            ("Net failed: Export Net:X cannot be updated as it is in use by Shop", "the deployment removes or changes"),
            ("Another CLI (PID=7) is currently synthing to cdk.out. Invoke the CLI in sequence", "two runs of the CDK"),
            (
                "Other CLIs (PID=7,8) are currently reading from cdk.out. Invoke the CLI in sequence",
                "two runs of the CDK",
            ),
            (
                "Could not assume role in target account using current credentials User: x is not authorized to perform: \
                 sts:AssumeRole on resource: arn:aws:iam::000000000000:role/cdk-x",
                "the role is not allowed to assume the CDK's bootstrap roles",
            ),
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
            assert!(read(line).is_some_and(|found| found.cause().starts_with(cause)), "{line}");
        }
        assert_eq!(read("✅  KeylessGreeting"), None);
    }
}
