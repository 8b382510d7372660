//! What the CDK's log says: stacks, resources, changes, the first failure.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{
    changes::Changes,
    display,
    problem::{self, Found},
};

/// The log of a CDK run, reduced to what the summary shows. Bounded, however much the CDK prints.
#[derive(Debug, Default)]
pub(crate) struct RunLog {
    stacks: Vec<Stack>,
    changes: Changes,
    problem: Option<Found>,
    first_failure: Option<ResourceFailure>,
    /// A reason that CloudFormation gives for the stack itself and for no resource.
    stack_failure: Option<ResourceFailure>,
    base_credentials: bool,
    /// The stack that ended last.
    ended: Option<usize>,
    /// The display names of the stacks that were started, by their names in CloudFormation.
    started: BTreeMap<String, String>,
    /// What the CDK did not find.
    nothing: Option<Nothing>,
    /// Whether the lines are notices, which describe problems that this run need not have.
    in_notices: bool,
}

/// What the CDK did not find, without reporting a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nothing {
    /// Anything to deploy in the app or in a stack.
    Content,
    /// A stack with one of the given names.
    Stacks,
}

/// A stack and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stack {
    /// Its display name: `Shop`, or `Prod/Shop (Prod-Shop)` where its name in CloudFormation is another.
    pub name: String,
    /// How it ended.
    pub result: StackResult,
    /// How many resources ended in which way: `CREATE_COMPLETE` and so on.
    pub resources: BTreeMap<&'static str, usize>,
    /// How long its deployment took.
    pub took: Option<Duration>,
}

/// How a stack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StackResult {
    /// It was changed, and its end was not reported.
    Unknown,
    /// Deployed.
    Done,
    /// Deleted.
    Destroyed,
    /// Nothing to change.
    Unchanged,
    /// It has no resources, and does not exist.
    Skipped,
    /// It failed.
    Failed,
}

/// The resource that failed first, and CloudFormation's reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceFailure {
    /// The stack.
    pub stack: String,
    /// `AWS::S3::Bucket`
    pub kind: String,
    /// The logical id.
    pub name: String,
    /// CloudFormation's reason.
    pub reason: String,
}

/// Statuses that the summary counts, and how it names them.
const COUNTED: [(&str, &str); 3] =
    [("CREATE_COMPLETE", "created"), ("UPDATE_COMPLETE", "updated"), ("DELETE_COMPLETE", "deleted")];
/// The last status of a stack, and how it ended with it.
const STACK_ENDS: [(&str, StackResult); 6] = [
    ("CREATE_COMPLETE", StackResult::Done),
    ("UPDATE_COMPLETE", StackResult::Done),
    ("DELETE_COMPLETE", StackResult::Destroyed),
    ("ROLLBACK_COMPLETE", StackResult::Failed),
    ("UPDATE_ROLLBACK_COMPLETE", StackResult::Failed),
    ("DELETE_FAILED", StackResult::Failed),
];
/// The texts after the display name of a stack that ended well, and how it ended.
const GOOD_ENDS: [(&str, StackResult); 3] = [
    (" (no changes)", StackResult::Unchanged),
    (": destroyed", StackResult::Destroyed),
    // A deployment deletes a stack that no longer has resources.
    (": deployed", StackResult::Destroyed),
];
/// The texts after the name of a stack that failed.
const BAD_ENDS: [&str; 3] = [": destroy failed", ": deploy failed", " failed"];
/// The texts after the display name of a stack whose work starts.
const STARTS: [&str; 3] = [": deploying...", ": destroying...", ": stack has no resources, deleting existing stack."];
const SKIPPED: &str = ": stack has no resources, skipping deployment.";
const NO_STACKS: &str = "This app contains no stacks";
/// What `destroy` says of names that match nothing, and exits with 0.
const UNMATCHED: &str = "No stacks match the name(s)";
/// How the CDK's notices start and end.
const NOTICES: (&str, &str) = ("NOTICES         (What's this?", "If you don't want to see a notice anymore");
/// How many stacks are remembered.
const MOST_STACKS: usize = 200;

impl RunLog {
    /// Reads a line of the CDK's output, without its line break and without colors.
    pub(crate) fn line(&mut self, line: &str) {
        self.in_notices |= line.starts_with(NOTICES.0);
        if self.in_notices {
            self.in_notices = !line.starts_with(NOTICES.1);
            return;
        }
        if line.contains(UNMATCHED) {
            self.nothing = Some(Nothing::Stacks);
        }
        if self.problem.is_none() && !is_debug(line) {
            self.problem = problem::read(line);
        }
        self.base_credentials |= problem::uses_base_credentials(line);
        self.changes.line(line);
        let trimmed = line.trim();
        if let Some(event) = Event::read(line) {
            self.event(&event);
        } else if let Some(rest) = trimmed.strip_prefix("✅") {
            let end = GOOD_ENDS.iter().find_map(|(end, result)| Some((rest.strip_suffix(end)?, *result)));
            let (name, result) = end.unwrap_or((rest, StackResult::Done));
            self.end(name.trim(), result);
        } else if let Some(rest) = trimmed.strip_prefix("❌") {
            let name = BAD_ENDS.iter().find_map(|end| Some(rest.split_once(end)?.0));
            if let Some(name) = name {
                self.end(name.trim(), StackResult::Failed);
            }
        } else if let Some(name) = STARTS.iter().find_map(|start| Some(trimmed.split_once(start)?.0)) {
            self.start(name);
        } else if let Some(name) = trimmed.strip_suffix(SKIPPED) {
            self.nothing = Some(Nothing::Content);
            self.end(name, StackResult::Skipped);
        } else if trimmed == NO_STACKS {
            self.nothing = Some(Nothing::Content);
        } else if let Some(took) = trimmed.strip_prefix("✨  Deployment time: ").and_then(seconds)
            && let Some(stack) = self.ended.and_then(|index| self.stacks.get_mut(index))
        {
            stack.took = Some(took);
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        if event.kind == "AWS::CloudFormation::Stack" && event.name == event.stack {
            let result = STACK_ENDS.iter().find(|(status, _)| *status == event.status).map(|(_, result)| *result);
            if let (Some(result), Some(stack)) = (result, self.stack(event.stack)) {
                stack.result = result;
            }
            let fails = event.status.ends_with("_FAILED") || event.status.ends_with("ROLLBACK_IN_PROGRESS");
            if fails && !event.reason.is_empty() && event.reason != "User Initiated" && self.stack_failure.is_none() {
                self.stack_failure = Some(ResourceFailure::of(event));
            }
            return;
        }
        if event.status.ends_with("_FAILED") && !event.reason.contains("cancelled") && self.first_failure.is_none() {
            self.first_failure = Some(ResourceFailure::of(event));
        }
        if let Some((_, word)) = COUNTED.iter().find(|(status, _)| *status == event.status)
            && let Some(stack) = self.stack(event.stack)
        {
            *stack.resources.entry(word).or_default() += 1;
        }
    }

    fn start(&mut self, display: &str) {
        if let Some(name) = display::physical_name(display)
            && self.started.len() < MOST_STACKS
        {
            self.started.insert(name.to_owned(), display.to_owned());
        }
    }

    /// The end of a stack, by its display name or its name in CloudFormation.
    fn end(&mut self, name: &str, result: StackResult) {
        // A stack and not a sentence such as "Environment … bootstrapped."
        if display::physical_name(name).is_some()
            && let Some(stack) = self.stack(name)
        {
            stack.result = result;
            let name = stack.name.clone();
            self.ended = self.stacks.iter().position(|stack| stack.name == name);
        }
    }

    /// The stack with a display name or a name in CloudFormation, which events and failures have. Two stacks can have the same
    /// name in CloudFormation, in different regions or accounts: the one that was started last is meant.
    fn stack(&mut self, name: &str) -> Option<&mut Stack> {
        let name = &self.started.get(name).map_or(name, String::as_str).to_owned();
        let index = self.stacks.iter().position(|stack| stack.name == *name);
        if index.is_none() && self.stacks.len() < MOST_STACKS {
            let stack =
                Stack { name: name.clone(), result: StackResult::Unknown, resources: BTreeMap::new(), took: None };
            self.stacks.push(stack);
            return self.stacks.last_mut();
        }
        self.stacks.get_mut(index?)
    }

    /// The stacks, in the order in which they appear.
    pub(crate) fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// Whether the app or its stacks are empty, and no stack was deployed or deleted.
    pub(crate) fn deployed_nothing(&self) -> bool {
        self.nothing == Some(Nothing::Content) && self.stacks.iter().all(|stack| stack.result == StackResult::Skipped)
    }

    /// Whether the CDK found no stack of the given names. `destroy` does not report that as a failure.
    pub(crate) fn selected_nothing(&self) -> bool {
        self.nothing == Some(Nothing::Stacks)
    }

    /// What a diff says.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The problem that was recognised first.
    pub(crate) fn problem(&self) -> Option<&Found> {
        self.problem.as_ref()
    }

    /// The resource that failed first, or the stack, when CloudFormation gives a reason for no resource.
    pub(crate) fn first_failure(&self) -> Option<&ResourceFailure> {
        self.first_failure.as_ref().or(self.stack_failure.as_ref())
    }

    /// Whether the CDK continued with the session's own permissions because it could not assume a bootstrap role.
    pub(crate) fn used_base_credentials(&self) -> bool {
        self.base_credentials
    }
}

impl ResourceFailure {
    fn of(event: &Event<'_>) -> Self {
        Self {
            stack: event.stack.to_owned(),
            kind: event.kind.to_owned(),
            name: event.name.to_owned(),
            reason: event.reason.to_owned(),
        }
    }
}

impl Stack {
    /// What happened to its resources: `1 created, 2 updated`.
    pub(crate) fn resources(&self) -> String {
        let counts: Vec<String> = self.resources.iter().map(|(word, count)| format!("{count} {word}")).collect();
        counts.join(", ")
    }
}

impl fmt::Display for StackResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "touched",
            Self::Done => "done",
            Self::Destroyed => "destroyed",
            Self::Unchanged => "no changes",
            Self::Skipped => "no resources",
            Self::Failed => "failed",
        })
    }
}

/// Whether a line is of the CDK's debug output, `[10:00:01] …`, which mentions errors that it handles.
fn is_debug(line: &str) -> bool {
    let time = line.strip_prefix('[').and_then(|rest| Some(rest.split_once(']')?.0));
    time.is_some_and(|time| time.len() == 8 && time.bytes().all(|byte| byte == b':' || byte.is_ascii_digit()))
}

/// A number of seconds such as `5.07s`.
fn seconds(text: &str) -> Option<Duration> {
    text.strip_suffix('s')?.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// A line such as `Shop | 1/3 | 3:29:08 PM | CREATE_FAILED | AWS::S3::Bucket | Bucket (Bucket8) Resource handler …`.
struct Event<'l> {
    stack: &'l str,
    status: &'l str,
    kind: &'l str,
    name: &'l str,
    reason: &'l str,
}

impl<'l> Event<'l> {
    fn read(line: &'l str) -> Option<Self> {
        let mut columns = line.splitn(6, '|').map(str::trim);
        let (stack, _progress, _time) = (columns.next()?, columns.next()?, columns.next()?);
        let (status, kind, rest) = (columns.next()?, columns.next()?, columns.next()?);
        let all_caps =
            |text: &str| text.contains('_') && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase());
        if !all_caps(status) || !kind.contains("::") {
            return None;
        }
        let (name, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let reason = reason.trim_start();
        let reason = if reason.starts_with('(') { reason.split_once(')').map_or("", |(_, rest)| rest) } else { reason };
        Some(Self { stack, status, kind, name, reason: reason.trim() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_log(text: &str) -> RunLog {
        let mut log = RunLog::default();
        text.lines().for_each(|line| log.line(line));
        log
    }

    #[test]
    fn a_deployment_is_followed() {
        let log = run_log(
            "Shop: deploying... [1/1]\n\
             Shop | 0/3 | 3:29:08 PM | CREATE_IN_PROGRESS | AWS::CloudFormation::Stack | Shop \n\
             Shop | 1/3 | 3:29:08 PM | CREATE_COMPLETE | AWS::SSM::Parameter | Parameter (Parameter9E1B) \n\
             Shop | 2/3 | 3:29:08 PM | UPDATE_COMPLETE | AWS::S3::Bucket | Bucket (Bucket8390) \n\
             \n ✅  Shop\n\n✨  Deployment time: 5.07s\n\nOutputs:\nShop.Name = a = b\n ✅  Other (no changes)\n\
             Old | 2 | 3:29:08 PM | DELETE_COMPLETE | AWS::CloudFormation::Stack | Old\n✅  Old: destroyed\n",
        );
        let shown =
            |stack: &Stack| format!("{}: {}, {}, {:?}", stack.name, stack.result, stack.resources(), stack.took);
        assert_eq!(
            log.stacks().iter().map(shown).collect::<Vec<_>>(),
            ["Shop: done, 1 created, 1 updated, Some(5.07s)", "Other: no changes, , None", "Old: destroyed, , None"]
        );
    }

    #[test]
    fn a_reason_of_the_stack_itself_is_the_cause_when_no_resource_has_one() {
        let log = run_log(
            "Net | 0/4 | 10:00:01 AM | UPDATE_IN_PROGRESS | AWS::CloudFormation::Stack | Net User Initiated\n\
             Net | 0/4 | 10:00:09 AM | UPDATE_ROLLBACK_IN_PROGRESS | AWS::CloudFormation::Stack | Net Export Net:Vpc cannot be \
             deleted as it is in use by Shop\n\
             Net | 1/4 | 10:00:12 AM | UPDATE_ROLLBACK_COMPLETE | AWS::CloudFormation::Stack | Net \n",
        );
        let reason = &log.first_failure().unwrap().reason;
        assert_eq!(reason, "Export Net:Vpc cannot be deleted as it is in use by Shop");
        let cause = log.problem().unwrap().cause();
        assert_eq!(cause, "the deployment removes or changes an export that another stack still imports");
    }

    #[test]
    fn stacks_have_their_display_names() {
        let log = run_log(
            "Prod/Api (Prod-Api): deploying... [1/3]\n\
             Prod-Api | 1/3 | 3:29:08 PM | CREATE_COMPLETE | AWS::SSM::Parameter | P (P9E1B) \n\
             \n ✅  Prod/Api (Prod-Api)\n\n✨  Deployment time: 5.07s\n\
             Web (acme-web): deploying... [2/3]\n\n ✅  Web (acme-web) (no changes)\n\n✨  Deployment time: 0.5s\n\
             Eu (shop): deploying... [3/5]\n\
             shop | 1/3 | 3:29:08 PM | CREATE_COMPLETE | AWS::SSM::Parameter | P (P9E1B) \n ✅  Eu (shop)\n\
             Us (shop): deploying... [4/5]\n\
             shop | 1/3 | 3:29:08 PM | UPDATE_COMPLETE | AWS::SSM::Parameter | P (P9E1B) \n\
             ❌  shop failed: _ToolkitError: The stack named shop failed to deploy\n\
             Empty: stack has no resources, skipping deployment.\n\
             Emptied (old): stack has no resources, deleting existing stack.\n\
             old | 2 | 3:29:08 PM | DELETE_COMPLETE | AWS::CloudFormation::Stack | old\n ✅  Emptied (old): deployed\n\
             Stage/Gone (Stage-Gone): destroying... [1/1]\n ❌  Stage/Gone (Stage-Gone): destroy failed Error: x\n",
        );
        let shown =
            |stack: &Stack| format!("{}: {}, {}, {:?}", stack.name, stack.result, stack.resources(), stack.took);
        assert_eq!(
            log.stacks().iter().map(shown).collect::<Vec<_>>(),
            [
                "Prod/Api (Prod-Api): done, 1 created, Some(5.07s)",
                "Web (acme-web): no changes, , Some(500ms)",
                "Eu (shop): done, 1 created, None",
                "Us (shop): failed, 1 updated, None",
                "Empty: no resources, , None",
                "Emptied (old): destroyed, , None",
                "Stage/Gone (Stage-Gone): failed, , None",
            ]
        );
        assert!(!log.deployed_nothing());
    }

    #[test]
    fn a_deployment_of_nothing_is_known_as_such() {
        for (text, nothing) in [
            ("Empty: stack has no resources, skipping deployment.", true),
            ("This app contains no stacks", true),
            ("Empty: stack has no resources, skipping deployment.\n ✅  Shop (no changes)", false),
            ("Empty: stack has no resources, deleting existing stack.\n ✅  Empty: deployed", false),
            // What another program prints, or a CLI whose output is unknown.
            ("", false),
        ] {
            assert_eq!(run_log(text).deployed_nothing(), nothing, "{text}");
        }
    }

    #[test]
    fn notices_are_no_problems_of_the_run() {
        let log = run_log(
            "\nNOTICES         (What's this? https://github.com/aws/aws-cdk/wiki/CLI-Notices)\n\n\
             12345\tcli: the token in the request is expired\n\n\tAffected versions: cli: *\n\n\
             If you don't want to see a notice anymore, use \"cdk acknowledge <id>\". For example, \"cdk acknowledge 12345\".\n\
             No stacks match the name(s): Shpo\n",
        );
        assert_eq!(log.problem().map(Found::cause).as_deref(), Some("no stack of the app matches STACKS"));
        assert!(log.selected_nothing());
        let debug = "[10:00:01] Unable to determine the default AWS account (Error: Could not load credentials from any providers)";
        assert!(run_log(debug).problem().is_none());
    }

    #[test]
    fn the_first_failure_is_the_cause() {
        let log = run_log(
            "Shop | 1/3 | 3:29:08 PM | CREATE_FAILED | AWS::S3::Bucket | Bucket (Bucket8) b already exists\n\
             Shop | 1/3 | 3:29:09 PM | CREATE_FAILED | AWS::SNS::Topic | Topic (Topic1) Resource creation cancelled\n\
             Shop | 1/3 | 3:29:09 PM | ROLLBACK_COMPLETE | AWS::CloudFormation::Stack | Shop \n\
             ❌  Shop failed: _ToolkitError: The stack named Shop failed creation\n",
        );
        let failure = log.first_failure().unwrap();
        assert_eq!((failure.name.as_str(), failure.reason.as_str()), ("Bucket", "b already exists"));
        assert_eq!(log.stacks()[0].result, StackResult::Failed);
    }
}
