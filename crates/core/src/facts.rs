//! What each step needs and what it gets, read from its scripts and pipes.
//!
//! The commands of a step are followed in order, tracking the value of every variable ([`Value`]): what the script
//! sets, what must come from Bitbucket's settings, and the working directory. This yields the AWS tools that it runs
//! with the credentials that they will find, the files that it writes, and the variables that it reads.
//!
//! Nothing is guessed. What is decided only at run time is unknown, and a rule does not report what depends on it.

pub mod files;
mod follow;
pub mod images;
mod installs;
mod keyless;
mod pipes;
mod profiles;
mod secrets;
mod section;
mod tools;
mod value;
mod variables;

pub use follow::read;
pub use installs::Install;
pub use keyless::{Session, SessionSource};
pub use pipes::{KNOWN as KNOWN_PIPES, KnownPipe, Login, ROLE_VARIABLE, ROLE_VARIABLES};
pub use profiles::ProfileSetting;
pub use secrets::{is_key_id, is_secret_name, login_password, looks_secret, password_in_url};
pub use section::ScriptSection;
pub use tools::{Calls, TOOLS, Tool, ToolCall, ToolId, split_package};
pub use value::{Atom, Path, Value};
pub use variables::{Availability, DEFAULTS, availability, is_from_elsewhere};

use crate::{
    pipeline::StepId,
    pipes::{self as published, Version, catalogue},
    script::programs::{Change, Deployer},
    text::{Span, Spanned},
};

/// The variable that holds the step's OIDC token.
pub const TOKEN: &str = "BITBUCKET_STEP_OIDC_TOKEN";

/// Variables that decide which credentials AWS tools use
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>).
pub const AWS_VARIABLES: [&str; 13] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// The facts of a file: one entry for each of its steps, in the same order.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// By step.
    pub steps: Vec<StepFacts>,
}

/// The order in which things happen in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order(usize);

impl Order {
    /// Before the first command: the settings of the step's image and services.
    pub const CONTAINERS: Self = Self(0);

    /// The next command or pipe.
    #[must_use]
    const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The facts of one step.
#[derive(Clone, Debug)]
pub struct StepFacts {
    /// The step.
    pub step: StepId,
    /// `script` and `after-script`.
    pub sections: [ScriptSection; 2],
    /// Every variable that is set, in order.
    pub bindings: Vec<Binding>,
    /// Every variable that is read, in order; those of images and services first.
    pub reads: Vec<Read>,
    /// Every `${{NAME}}`, which Bitbucket replaces before the step runs.
    pub templates: Vec<Spanned<String>>,
    /// Every file that is written by a redirection, `tee`, `cp` or `mv`.
    pub writes: Vec<FileWrite>,
    /// Everything printed to the log that contains a secret, or the value of a variable from outside the script.
    pub prints: Vec<Print>,
    /// `set -x` and `set +x`.
    pub traces: Vec<Trace>,
    /// Every AWS tool that is run.
    pub tools: Vec<ToolUse>,
    /// Every command that changes a running system in every run of the step.
    pub deployers: Vec<DeployerUse>,
    /// Every file, folder and image that it makes, in order.
    pub made: Vec<files::Made>,
    /// Every file, folder and image that it needs and certainly has not made itself, in order.
    pub needed: Vec<files::Needed>,
    /// Every plan and every change of Terraform.
    pub terraform: Vec<files::TerraformRun>,
    /// Whether a program ran in `script` that may write any file.
    pub writes_unseen: bool,
    /// Every command that installs into a `node_modules`.
    pub installs: Vec<Install>,
    /// Every pipe.
    pub pipes: Vec<PipeUse>,
    /// Every role that the script assumes itself, through AWS STS.
    pub assumptions: Vec<Assumption>,
    /// The settings of profiles that it writes, each with its last value.
    pub profiles: Vec<ProfileSetting>,
    /// Every role session that the `keyless` command gets.
    pub sessions: Vec<Session>,
    /// Code that contains the value of a variable from outside the script.
    pub evaluations: Vec<Print>,
    /// Where keys or profiles are written to the AWS configuration.
    pub configurations: Vec<Configuration>,
    /// Where commands from outside the file run, which may set any variable: `source`, `eval`.
    pub opaque: Vec<Spanned<Order>>,
    /// Where `after-script` starts.
    pub after_script: Order,
}

/// A variable that is set.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The variable.
    pub name: String,
    /// What it holds.
    pub value: Value,
    /// Whether the programs that the script runs receive it. They always receive variables set in Bitbucket.
    pub exported: bool,
    /// Whether it is set only in some runs, or only for a part of the script.
    pub partial: bool,
    /// Where.
    pub span: Span,
    /// When.
    pub order: Order,
}

/// A variable that is read.
#[derive(Clone, Debug)]
pub struct Read {
    /// The variable.
    pub name: String,
    /// Where.
    pub span: Span,
    /// When.
    pub order: Order,
    /// Whether the command works without it: `${NAME:-default}`, `[ -z "$NAME" ]`.
    pub optional: bool,
    /// Whether the script has set it before.
    pub set_before: bool,
}

/// A file that is written.
#[derive(Clone, Debug)]
pub struct FileWrite {
    /// The file.
    pub path: Path,
    /// What is written, with gaps where it is unknown.
    pub content: Value,
    /// The target of the redirection, or the argument.
    pub span: Span,
    /// When.
    pub order: Order,
}

/// Something that is printed to the log or passed to an interpreter.
#[derive(Clone, Debug)]
pub struct Print {
    /// The text, with gaps where it is unknown.
    pub content: Value,
    /// The command.
    pub span: Span,
    /// When.
    pub order: Order,
}

/// A change of the shell's tracing, which prints every command with its variables expanded.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// Whether tracing is turned on.
    pub on: bool,
    /// The command.
    pub span: Span,
    /// When.
    pub order: Order,
}

/// An AWS tool that is run.
#[derive(Clone, Debug)]
pub struct ToolUse {
    /// The tool and its subcommand.
    pub call: ToolCall,
    /// The command.
    pub span: Span,
    /// When.
    pub order: Order,
    /// The list that contains it: 0 for `script`, 1 for `after-script`.
    pub section: usize,
    /// Its index among the commands of the list.
    pub command: usize,
    /// Those of [`AWS_VARIABLES`] that the script has set, as the tool sees them.
    pub variables: Vec<Binding>,
    /// `--profile`, if given.
    pub profile: bool,
    /// `--region`, if given.
    pub region: bool,
    /// `--endpoint-url`
    pub endpoint: Option<Value>,
    /// Whether `keyless exec` runs it, with a role session.
    pub in_session: bool,
}

/// A command that changes a running system.
#[derive(Clone, Copy, Debug)]
pub struct DeployerUse {
    /// The tool.
    pub deployer: &'static Deployer,
    /// What it does.
    pub change: Change,
    /// The command.
    pub span: Span,
    /// When.
    pub order: Order,
}

/// A pipe that is run.
#[derive(Clone, Debug)]
pub struct PipeUse {
    /// What is known about it, if it calls AWS.
    pub known: Option<&'static KnownPipe>,
    /// Its entry in the catalogue of published pipes.
    pub published: Option<&'static catalogue::Pipe>,
    /// Whether it is used as an image, by `docker://`: then it gets no variables from Bitbucket's settings.
    pub docker: bool,
    /// Its version, if that is fixed.
    pub version: Option<Version>,
    /// Its reference without the version.
    pub name: String,
    /// Its reference.
    pub span: Span,
    /// When.
    pub order: Order,
    /// Its variables.
    pub variables: Vec<PipeVariable>,
}

/// A variable that is passed to a pipe.
#[derive(Clone, Debug)]
pub struct PipeVariable {
    /// Its name.
    pub name: String,
    /// The span of the name.
    pub key: Span,
    /// What it holds.
    pub value: Value,
    /// The span of the value.
    pub span: Span,
}

impl ToolUse {
    /// One of its variables.
    pub fn variable(&self, name: &str) -> Option<&Binding> {
        // What is set for this command alone comes last.
        self.variables.iter().rev().find(|binding| binding.name == name)
    }

    /// Whether `--endpoint-url` names an emulator.
    pub fn calls_emulator(&self) -> bool {
        self.endpoint.as_ref().and_then(Value::literal).is_some_and(is_emulator)
    }
}

impl PipeUse {
    /// One of its variables.
    pub fn variable(&self, name: &str) -> Option<&PipeVariable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// Whether it is keyless's own pipe.
    pub fn is_keyless(&self) -> bool {
        self.known.is_some_and(|known| known.name == pipes::KEYLESS.name)
    }

    /// A variable of keyless's own pipe, by either of its names.
    pub fn setting(&self, variable: &published::keyless::Variable) -> Option<&PipeVariable> {
        let names = [Some(variable.name), variable.alias].into_iter().flatten();
        names.filter_map(|name| self.variable(name)).find(|variable| !variable.value.is_empty())
    }

    /// The variable that names the role to assume, if it is not empty.
    pub fn role(&self) -> Option<&PipeVariable> {
        if self.is_keyless() {
            return self.setting(&published::keyless::AWS_ROLE_ARN);
        }
        // Some pipes use another name for it.
        let own = self.published.and_then(|published| published.login.oidc_variable);
        let names = [Some(ROLE_VARIABLE), own].into_iter().flatten();
        names.filter_map(|name| self.variable(name)).find(|role| !role.value.is_empty())
    }

    /// Whether it changes what runs in AWS. keyless's own pipe does unless its `COMMAND` only reads.
    pub fn deploys(&self) -> bool {
        if !self.is_keyless() {
            return self.known.is_some_and(|known| known.deploys);
        }
        let Some(command) = self.setting(&published::keyless::COMMAND) else { return true };
        match command.value.literal() {
            Some("exec") => self.setting(&published::keyless::EXTRA_ARGS).is_some_and(|arguments| {
                arguments.value.literal().is_some_and(|text| tools::calls_of(text) == Some(Calls::Deploys))
            }),
            Some(command) => matches!(command, "deploy" | "destroy" | "bootstrap" | "rollback"),
            None => false,
        }
    }
}

/// `aws sts assume-role…` in a script.
#[derive(Clone, Debug)]
pub struct Assumption {
    /// The command.
    pub span: Span,
    /// When.
    pub order: Order,
    /// Whether it is `assume-role-with-web-identity`.
    pub web_identity: bool,
    /// Whether the credentials that it returns are printed to the log.
    pub printed: bool,
    /// `--duration-seconds`
    pub duration: Option<Spanned<Value>>,
    /// `--role-arn`
    pub role: Option<Spanned<Value>>,
    /// `--role-session-name`
    pub session_name: Option<Spanned<Value>>,
}

/// A change of the AWS configuration files.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Whether an access key is stored; otherwise a profile, a role or an unknown file.
    pub keys: bool,
    /// The command.
    pub span: Span,
    /// When.
    pub order: Order,
}

/// Where the credentials of a tool come from, according to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// The SDK exchanges the token in `AWS_WEB_IDENTITY_TOKEN_FILE` for a session.
    WebIdentity,
    /// A session from STS, or values that are decided only at run time.
    Session,
    /// An access key that does not expire.
    Keys,
    /// A profile of the AWS configuration.
    Profile,
    /// From outside the file: Bitbucket's variables, or the role of the runner.
    Outside,
}

impl Facts {
    /// The facts of a step.
    pub fn of(&self, step: StepId) -> Option<&StepFacts> {
        self.steps.get(step.0)
    }
}

impl StepFacts {
    /// The last value that a variable had before a command.
    pub fn binding(&self, name: &str, before: Order) -> Option<&Binding> {
        self.bindings.iter().rev().find(|binding| binding.name == name && binding.order < before)
    }

    /// The first tool or pipe in `script` that deploys, with its name. `after-script` is for cleanup.
    pub fn deployment(&self) -> Option<Spanned<String>> {
        let tool = self.tools.iter().find(|tool| tool.call.calls == Calls::Deploys);
        let tool = tool.map(|tool| (tool.order, tool.span, tool.call.tool.name.to_owned()));
        let pipe = self.pipes.iter().find(|pipe| pipe.deploys());
        let pipe = pipe.map(|pipe| (pipe.order, pipe.span, pipe.name.clone()));
        let other = self.deployers.first().map(|other| (other.order, other.span, other.deployer.name.to_owned()));
        let found = tool.into_iter().chain(pipe).chain(other).filter(|(order, ..)| *order < self.after_script);
        found.min_by_key(|(order, ..)| *order).map(|(_, span, name)| Spanned::new(name, span))
    }

    /// Whether the AWS endpoint of the step is an emulator: `AWS_ENDPOINT_URL`, one of its variants for a service, or
    /// `--endpoint-url` of every AWS command.
    pub fn calls_emulator(&self) -> bool {
        let variables = self.bindings.iter().filter(|binding| binding.name.starts_with("AWS_ENDPOINT_URL"));
        let mut calls = self.tools.iter().filter(|tool| tool.call.calls != Calls::Never).peekable();
        variables.filter_map(|binding| binding.value.literal()).any(is_emulator)
            || calls.peek().is_some() && calls.all(ToolUse::calls_emulator)
    }

    /// Whether the step exchanges its OIDC token for a role.
    pub fn assumes_role(&self) -> bool {
        let names_role = |pipe: &PipeUse| {
            let mut roles = ROLE_VARIABLES.into_iter().filter_map(|name| pipe.variable(name));
            roles.any(|role| !role.value.is_empty())
        };
        self.assumptions.iter().any(|assumption| assumption.web_identity)
            || self.pipes.iter().any(|pipe| names_role(pipe) || pipe.is_keyless())
            || !self.sessions.is_empty()
            || self.tools.iter().any(|tool| {
                // Terraform and others work with many clouds; with a role in the environment it is AWS.
                let deploys = || self.deployers.iter().any(|other| other.order == tool.order);
                (tool.call.calls.needs_credentials() || deploys()) && self.credentials(tool) == Credentials::WebIdentity
            })
    }

    /// Whether every role that the step assumes is used by keyless's own pipe to read: `COMMAND: diff`.
    pub fn only_reads(&self) -> bool {
        let web_identity = |tool: &ToolUse| self.credentials(tool) == Credentials::WebIdentity;
        let mut with_role = self.pipes.iter().filter(|pipe| pipe.role().is_some() || pipe.is_keyless());
        self.assumptions.is_empty()
            && self.sessions.is_empty()
            && !self.tools.iter().any(web_identity)
            && with_role.all(|pipe| {
                let command = pipe.setting(&published::keyless::COMMAND).and_then(|command| command.value.literal());
                pipe.is_keyless()
                    && command.is_some_and(|command| matches!(command, "diff" | "drift" | "list" | "synth"))
            })
    }

    /// Whether the script has configured a region before a tool: `aws configure set region`, or a file in `~/.aws`.
    pub fn configures_region(&self, tool: &ToolUse) -> bool {
        let known = |setting: &ProfileSetting| tool.profile || setting.profile == "default";
        self.profiles.iter().any(|it| it.key == "region" && it.order < tool.order && known(it))
    }

    /// Whether commands from outside the file ran before a command.
    pub fn is_opaque(&self, before: Order) -> bool {
        self.opaque.iter().any(|command| command.value < before)
    }

    /// Where a tool's credentials come from.
    pub fn credentials(&self, tool: &ToolUse) -> Credentials {
        let set = |name: &str| tool.variable(name).filter(|binding| !binding.value.is_empty());
        if tool.in_session {
            return Credentials::Session;
        }
        let configured = self.configurations.partition_point(|configuration| configuration.order < tool.order);
        if tool.profile || set("AWS_PROFILE").is_some() || set("AWS_DEFAULT_PROFILE").is_some() {
            return Credentials::Profile;
        }
        if let Some(key) = set("AWS_ACCESS_KEY_ID") {
            let known = key.value.literal().is_some() || key.value.copy_of().is_some();
            let session = set("AWS_SESSION_TOKEN").is_some();
            return if known && !session { Credentials::Keys } else { Credentials::Session };
        }
        if set("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() {
            return Credentials::WebIdentity;
        }
        match self.configurations[..configured].last() {
            Some(configuration) if configuration.keys => Credentials::Keys,
            Some(_) => Credentials::Profile,
            None if self.is_opaque(tool.order) => Credentials::Session,
            None => Credentials::Outside,
        }
    }
}

/// Hosts of AWS emulators: the step itself, its services, and the usual names of emulators.
const EMULATORS: [&str; 12] = [
    "localhost",
    "127.0.0.1",
    "0.0.0.0",
    "[::1]",
    "host.docker.internal",
    "localstack",
    "minio",
    "moto",
    "dynamodb",
    "dynamodb-local",
    "elasticmq",
    "localhost.localstack.cloud",
];

/// Whether a URL is that of an AWS emulator. A host without a dot is a service of the step or of Docker Compose.
fn is_emulator(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    EMULATORS.contains(&host) || !host.is_empty() && !host.contains('.')
}

#[cfg(test)]
mod tests;
