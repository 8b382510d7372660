//! The pipe's settings: read once from the environment, with every mistake at once.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, time::Duration};

use keyless_core::{
    aws::{AccountId, Region, RoleArn, SessionName},
    spelling::nearest,
};

use crate::{
    mistake::{Combination, Mistake},
    reader::Reader,
    variables as v,
    variables::{VARIABLES, Variable},
};

/// What the pipe was asked to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who to be on AWS.
    pub session: SessionSettings,
    /// Where the app is.
    pub place: Place,
    /// Stack names or patterns; none means all.
    pub stacks: Vec<String>,
    /// `key=value` for the app.
    pub context: Vec<String>,
    /// `[Stack:]key=value` for CloudFormation.
    pub parameters: Vec<String>,
    /// `key=value` for the stacks.
    pub tags: Vec<String>,
    /// Where the outputs go.
    pub outputs_file: Option<PathBuf>,
    /// `never`, `broadening` or `any-change`.
    pub require_approval: &'static str,
    /// The CDK's `--method`.
    pub method: Option<&'static str>,
    /// How many stacks at a time.
    pub concurrency: u8,
    /// The CDK's flag for changes past CloudFormation.
    pub hotswap: Option<&'static str>,
    /// Whether a failed stack is rolled back.
    pub rollback: bool,
    /// Whether dependencies are left out.
    pub exclusively: bool,
    /// The bootstrap stack's name.
    pub toolkit_stack_name: Option<String>,
    /// The bootstrap qualifier.
    pub qualifier: Option<String>,
    /// Further arguments, or the command of `exec`.
    pub extra_args: Vec<String>,
    /// How packages are installed.
    pub install: Install,
    /// The CDK CLI to fetch.
    pub cdk_version: Option<String>,
    /// Whether the CDK shows its debug output.
    pub debug: bool,
}

/// Who to be on AWS, for how long, and how the child learns it.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// The role to assume.
    pub role: RoleArn,
    /// The region to deploy to.
    pub region: Region,
    /// The session's length.
    pub duration: Duration,
    /// The session's name, when a person chose it.
    pub name: Option<SessionName>,
    /// An inline session policy.
    pub policy: Option<String>,
    /// Managed session policies.
    pub policy_arns: Vec<String>,
    /// Further roles, in order.
    pub chain: Vec<ChainLink>,
    /// The accounts that may be deployed to; none means any.
    pub allowed_accounts: Vec<AccountId>,
    /// A file with the role's trust policy.
    pub trust_policy: Option<PathBuf>,
    /// How the child receives the credentials.
    pub credentials: Credentials,
}

/// What is run, and where its app is: enough to look for what a run needs, even when other settings are wrong.
#[derive(Clone, Debug)]
pub struct Place {
    /// What to run.
    pub command: Command,
    /// The folder of the app.
    pub working_directory: PathBuf,
    /// The app's command or assembly, instead of the one in cdk.json.
    pub app: Option<String>,
}

/// A role to assume from the session of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// The role.
    pub role: RoleArn,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
}

/// What the pipe runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// `cdk deploy`
    Deploy,
    /// `cdk diff`
    Diff,
    /// `cdk synth`
    Synth,
    /// `cdk bootstrap`
    Bootstrap,
    /// `cdk destroy`
    Destroy,
    /// `cdk rollback`
    Rollback,
    /// `cdk drift`
    Drift,
    /// `cdk list`
    List,
    /// Any other program.
    Exec,
}

/// How the child receives the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// From a loopback endpoint.
    Endpoint,
    /// In its environment.
    Environment,
}

/// How the app's packages are installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Install {
    /// By the lock file, unless they are there.
    Auto,
    /// Not at all.
    None,
    /// By a command.
    Command(Vec<String>),
}

const COMMANDS: [(&str, Command); 9] = [
    ("deploy", Command::Deploy),
    ("diff", Command::Diff),
    ("synth", Command::Synth),
    ("bootstrap", Command::Bootstrap),
    ("destroy", Command::Destroy),
    ("rollback", Command::Rollback),
    ("drift", Command::Drift),
    ("list", Command::List),
    ("exec", Command::Exec),
];
const HANDOVERS: [(&str, Credentials); 2] =
    [("endpoint", Credentials::Endpoint), ("environment", Credentials::Environment)];
const APPROVALS: [(&str, &str); 3] = [("never", "never"), ("broadening", "broadening"), ("any-change", "any-change")];
const METHODS: [(&str, Option<&str>); 4] = [
    ("change-set", Some("change-set")),
    ("direct", Some("direct")),
    ("prepare-change-set", Some("prepare-change-set")),
    ("execute-change-set", Some("execute-change-set")),
];
const HOTSWAPS: [(&str, Option<&str>); 3] =
    [("false", None), ("fallback", Some("--hotswap-fallback")), ("only", Some("--hotswap"))];

/// Limits of a session's length (STS API reference, `DurationSeconds`), and of one from another role's session.
const DURATIONS: (Duration, Duration) = (Duration::from_mins(15), Duration::from_hours(12));
/// The longest session of a chained role, and the default of any.
pub const ONE_HOUR: Duration = Duration::from_hours(1);
/// The most managed session policies (STS API reference, `PolicyArns`).
const POLICY_ARNS: usize = 10;
/// The longest inline session policy, in characters (STS API reference, `Policy`).
const POLICY_LENGTH: usize = 2048;

impl Command {
    /// The word that stands in COMMAND, and on the CDK's command line.
    pub fn name(self) -> &'static str {
        COMMANDS.iter().find(|(_, command)| *command == self).map_or("", |(name, _)| name)
    }

    /// Whether it needs an app: bootstrapping prepares an account, whatever is deployed to it.
    pub fn needs_app(self) -> bool {
        !matches!(self, Self::Bootstrap | Self::Exec)
    }
}

impl Settings {
    /// Reads the settings, and where the app is even when there are mistakes.
    pub fn read(environment: &BTreeMap<OsString, OsString>) -> (Place, Result<Self, Vec<Mistake>>) {
        let mut reader = Reader::new(environment);
        let session = SessionSettings::read_from(&mut reader);
        let place = Place {
            command: reader.choice(&v::COMMAND, &COMMANDS, Command::Deploy),
            working_directory: reader.text(&v::WORKING_DIRECTORY).unwrap_or_else(|| ".".to_owned()).into(),
            app: reader.text(&v::APP),
        };
        let stacks = reader.list(&v::STACKS);
        let context = reader.pairs(&v::CONTEXT);
        let parameters = reader.pairs(&v::PARAMETERS);
        let tags = reader.pairs(&v::TAGS);
        let outputs_file = reader.text(&v::OUTPUTS_FILE).map(PathBuf::from);
        let require_approval = reader.choice(&v::REQUIRE_APPROVAL, &APPROVALS, "never");
        let method = reader.choice(&v::METHOD, &METHODS, None);
        let concurrency = reader.parsed(&v::CONCURRENCY, concurrency, Mistake::Concurrency).unwrap_or(1);
        let hotswap = reader.choice(&v::HOTSWAP, &HOTSWAPS, None);
        let rollback = reader.boolean(&v::ROLLBACK, true);
        let exclusively = reader.boolean(&v::EXCLUSIVELY, false);
        let toolkit_stack_name = reader.text(&v::TOOLKIT_STACK_NAME);
        let qualifier = reader.parsed(&v::QUALIFIER, qualifier, Mistake::Qualifier);
        let extra_args = reader.words(&v::EXTRA_ARGS);
        let install = install(&mut reader);
        let cdk_version = reader.parsed(&v::CDK_VERSION, cdk_version, Mistake::CdkVersion);
        let debug = reader.boolean(&v::DEBUG, false);
        let settings = session.map(|session| Self {
            session,
            place: place.clone(),
            stacks,
            context,
            parameters,
            tags,
            outputs_file,
            require_approval,
            method,
            concurrency,
            hotswap,
            rollback,
            exclusively,
            toolkit_stack_name,
            qualifier,
            extra_args,
            install,
            cdk_version,
            debug,
        });
        reader.mistakes.extend(misspelt(environment));
        if let Some(settings) = &settings {
            reader.mistakes.extend(settings.contradictions().map(Mistake::Combination));
        }
        let settings = settings.filter(|_| reader.mistakes.is_empty()).ok_or(reader.mistakes);
        (place, settings)
    }

    /// Settings that cannot work together.
    fn contradictions(&self) -> impl Iterator<Item = Combination> {
        let command = self.place.command;
        [
            (command == Command::Exec && self.extra_args.is_empty(), Combination::ExecWithoutCommand),
            (self.hotswap.is_some() && self.method.is_some(), Combination::HotswapWithMethod),
            (self.hotswap.is_some() && command != Command::Deploy, Combination::HotswapWithoutDeploy),
            (self.method.is_some() && command != Command::Deploy, Combination::MethodWithoutDeploy),
            (self.outputs_file.is_some() && command != Command::Deploy, Combination::OutputsWithoutDeploy),
            (!self.session.chain.is_empty() && self.session.duration > ONE_HOUR, Combination::LongChain),
        ]
        .into_iter()
        .filter_map(|(wrong, combination)| wrong.then_some(combination))
    }
}

impl SessionSettings {
    /// Reads the settings of a session alone.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn read(environment: &BTreeMap<OsString, OsString>) -> Result<Self, Vec<Mistake>> {
        let mut reader = Reader::new(environment);
        Self::read_from(&mut reader).filter(|_| reader.mistakes.is_empty()).ok_or(reader.mistakes)
    }

    fn read_from(reader: &mut Reader<'_>) -> Option<Self> {
        let role = reader.parsed(&v::AWS_ROLE_ARN, RoleArn::parse, Mistake::Role);
        let region = reader.parsed(&v::AWS_REGION, Region::parse, Mistake::Region);
        if let (Some(role), Some(region)) = (&role, &region)
            && role.partition() != region.partition()
        {
            reader.mistakes.push(Mistake::Partition(role.clone(), region.clone()));
        }
        let duration = reader.duration(&v::SESSION_DURATION, DURATIONS, ONE_HOUR);
        let name = reader.parsed(&v::SESSION_NAME, SessionName::parse, Mistake::SessionName);
        let policy = reader.parsed(&v::SESSION_POLICY, policy, Mistake::Policy);
        let policy_arns = reader.list(&v::SESSION_POLICY_ARNS);
        if policy_arns.len() > POLICY_ARNS {
            reader.mistakes.push(Mistake::TooManyPolicies(policy_arns.len(), POLICY_ARNS));
        }
        let chain = reader.parsed_list(&v::ROLE_CHAIN, ChainLink::parse, Mistake::Role);
        let allowed_accounts = reader.parsed_list(&v::ALLOWED_ACCOUNT_IDS, AccountId::parse, Mistake::Account);
        let trust_policy = reader.text(&v::TRUST_POLICY).map(PathBuf::from);
        let credentials = reader.choice(&v::CREDENTIALS, &HANDOVERS, Credentials::Endpoint);
        if let Some(role) = &role {
            let account = chain.last().map_or(role, |link| &link.role).account();
            if !allowed_accounts.is_empty() && !allowed_accounts.contains(account) {
                reader.mistakes.push(Mistake::ForbiddenAccount(account.clone(), allowed_accounts.clone()));
            }
        }
        Some(Self {
            role: role?,
            region: region?,
            duration,
            name,
            policy,
            policy_arns,
            chain,
            allowed_accounts,
            trust_policy,
            credentials,
        })
    }

    /// The role that deploys in the end.
    pub fn last_role(&self) -> &RoleArn {
        self.chain.last().map_or(&self.role, |link| &link.role)
    }
}

impl ChainLink {
    /// `ARN` or `ARN#external-id`; neither part can contain a `#`.
    fn parse(text: &str) -> Result<Self, keyless_core::aws::role::RoleArnError> {
        let (role, external_id) = text.split_once('#').map_or((text, None), |(role, id)| (role, Some(id.to_owned())));
        Ok(Self { role: RoleArn::parse(role)?, external_id })
    }
}

fn concurrency(text: &str) -> Result<u8, String> {
    text.parse().ok().filter(|number| (1..=64).contains(number)).ok_or_else(|| text.to_owned())
}

/// `[A-Za-z0-9_-]{1,10}` (CDK's bootstrap template, parameter `Qualifier`).
fn qualifier(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if text.len() <= 10 && text.chars().all(allowed) { Ok(text.to_owned()) } else { Err(text.to_owned()) }
}

/// An exact version: a tag such as `latest` may name something else tomorrow, and once named 3.0.0.
fn cdk_version(text: &str) -> Result<String, String> {
    let numbers: Vec<&str> = text.split('.').collect();
    let exact = numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u32>().is_ok());
    if exact && numbers[0] == "2" { Ok(text.to_owned()) } else { Err(text.to_owned()) }
}

fn policy(text: &str) -> Result<String, String> {
    if text.chars().count() > POLICY_LENGTH {
        return Err(format!("it has {} characters, at most {POLICY_LENGTH} are allowed", text.chars().count()));
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(policy) if policy["Statement"].is_null() => Err("it is no IAM policy: `Statement` is missing".to_owned()),
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("it is not JSON: {error}")),
    }
}

fn install(reader: &mut Reader<'_>) -> Install {
    let words = reader.words(&v::INSTALL);
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["auto"] => Install::Auto,
        ["none"] => Install::None,
        _ => Install::Command(words),
    }
}

/// Whether a name is one of ours, so that it is for the pipe and not for its child.
pub fn is_setting(name: &str) -> bool {
    let listed = |variable: &&Variable| {
        let rest = name.strip_prefix(variable.name).and_then(|rest| rest.strip_prefix('_'));
        rest.is_some_and(|rest| rest == "COUNT" || (!rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())))
    };
    VARIABLES.iter().any(|variable| variable.name == name || variable.alias == Some(name))
        || VARIABLES.iter().any(listed)
}

/// Names that are nearly one of ours. Only inside a pipe, whose variables are those that were given to it: a plain step has
/// the whole repository's.
fn misspelt(environment: &BTreeMap<OsString, OsString>) -> impl Iterator<Item = Mistake> {
    let in_a_pipe = environment.contains_key(&OsString::from("BITBUCKET_PIPE_STORAGE_DIR"));
    let names = environment.keys().filter(move |_| in_a_pipe).filter_map(|name| name.to_str());
    let foreign = |name: &&str| name.len() > 3 && !name.starts_with("BITBUCKET_") && !is_setting(name);
    names.filter(foreign).filter_map(|name| {
        let ours = VARIABLES.iter().map(|variable| variable.name).filter(|ours| ours.len() > 4);
        let nearest = nearest(name, ours)?;
        // Known to the tools that run, and near to one of ours by chance.
        (!matches!(name, "AWS_PROFILE" | "CDK_HOME")).then(|| Mistake::Misspelt(name.to_owned(), nearest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: (&str, &str) = ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/deploy");
    const REGION: (&str, &str) = ("AWS_REGION", "eu-west-1");

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let environment = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Settings::read(&environment)
            .1
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn little_is_needed() {
        let settings = read(&[ROLE, REGION, ("STACKS", "")]).unwrap();
        assert_eq!(settings.place.command, Command::Deploy);
        assert_eq!(settings.session.duration, ONE_HOUR);
        assert_eq!(settings.stacks, Vec::<String>::new());
    }

    #[test]
    fn lists_come_as_words_or_in_bitbuckets_form() {
        let words = read(&[ROLE, REGION, ("STACKS", "A 'B c'")]).unwrap().stacks;
        let items =
            read(&[ROLE, REGION, ("STACKS_COUNT", "2"), ("STACKS_0", "A"), ("STACKS_1", "B c")]).unwrap().stacks;
        assert_eq!(words, items);
    }

    #[test]
    fn a_chain_carries_external_ids() {
        let chain = "arn:aws:iam::111111111111:role/a arn:aws:iam::222222222222:role/b#id=1";
        let settings = read(&[ROLE, REGION, ("ROLE_CHAIN", chain)]).unwrap();
        let ids: Vec<_> = settings.session.chain.iter().map(|link| link.external_id.as_deref()).collect();
        assert_eq!(ids, [None, Some("id=1")]);
        assert_eq!(settings.session.last_role().account().as_str(), "222222222222");
    }

    #[test]
    fn every_mistake_is_listed_at_once() {
        let mistakes = read(&[
            ("AWS_OIDC_ROLE_ARN", "arn:aws:iam::1234:role/deploy"),
            ("AWS_DEFAULT_REGION", "eu-wset-1"),
            ("BITBUCKET_PIPE_STORAGE_DIR", "/storage"),
            ("COMMAND", "depoly"),
            ("SESION_DURATION", "2h"),
            ("SESSION_DURATION", "13h"),
            ("SESSION_NAME", "a b"),
            ("SESSION_POLICY", "{}"),
            ("ALLOWED_ACCOUNT_IDS", "123"),
        ])
        .unwrap_err();
        assert_eq!(
            mistakes,
            "AWS_OIDC_ROLE_ARN: the account id has 4 digits instead of 12\n\
             AWS_DEFAULT_REGION: `eu-wset-1` is no AWS region; did you mean `eu-west-1`?\n\
             SESSION_DURATION: `13h` is not a length of time from 15m to 12h; write seconds, or a number with m or h\n\
             SESSION_NAME: it contains ` `; allowed are letters, digits and _ + = , . @ -\n\
             SESSION_POLICY: it is no IAM policy: `Statement` is missing\n\
             ALLOWED_ACCOUNT_IDS: the account id has 3 digits instead of 12\n\
             COMMAND: `depoly` is not allowed; did you mean `deploy`? allowed: deploy, diff, synth, bootstrap, destroy, \
             rollback, drift, list, exec\n\
             SESION_DURATION is none of the pipe's variables; did you mean SESSION_DURATION?"
        );
        let mistakes = read(&[
            ROLE,
            REGION,
            ("EXTRA_ARGS", "--context 'a"),
            ("DEBUG", "yes"),
            ("STACKS_COUNT", "two"),
            ("CONTEXT", "a=b c"),
            ("CONCURRENCY", "0"),
            ("QUALIFIER", "far-too-long"),
            ("CDK_VERSION", "latest"),
            ("METHOD", "direct"),
            ("HOTSWAP", "only"),
            ("ROLE_CHAIN", "arn:aws:iam::222222222222:role/b"),
            ("SESSION_DURATION", "2h"),
            ("ALLOWED_ACCOUNT_IDS", "123456789012"),
        ])
        .unwrap_err();
        assert_eq!(
            mistakes,
            "the account 222222222222 is not among ALLOWED_ACCOUNT_IDS (123456789012)\n\
             STACKS_COUNT: `two` is not the number of a list's items\n\
             CONTEXT: `c` is not of the form key=value\n\
             CONCURRENCY: `0` is not a number from 1 to 64\n\
             QUALIFIER: `far-too-long` is not a qualifier: at most 10 letters, digits, _ or -\n\
             EXTRA_ARGS: a quotation mark in `--context 'a` is not closed\n\
             CDK_VERSION: `latest` is not an exact version of the CDK CLI 2, such as 2.1148.1\n\
             DEBUG: `yes` is not allowed; allowed: true, false\n\
             HOTSWAP and METHOD exclude each other: hotswapping goes past CloudFormation\n\
             SESSION_DURATION is at most 1h with ROLE_CHAIN: AWS ends the session of a chained role after an hour"
        );
        assert_eq!(
            read(&[("AWS_ROLE_ARN", "arn:aws-cn:iam::123456789012:role/deploy"), REGION]).unwrap_err(),
            "the role belongs to the partition `aws-cn` (China), and the region `eu-west-1` to `aws` (commercial); a session \
             works only inside its partition"
        );
    }
}
