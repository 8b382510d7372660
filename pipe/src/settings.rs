//! The pipe's settings: read once from the environment, with every mistake at once.

mod command;
mod names;
mod packages;
mod session;

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

pub use command::Command;
pub use names::is_setting;
pub use packages::PackageSettings;
pub use session::{ChainLink, Credentials, ONE_HOUR, SessionSettings, TrustPolicy};

use crate::{
    mistake::{Combination, Mistake},
    reader::Reader,
    variables as v,
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
    /// Whether and through whom a diff is reported to Bitbucket.
    pub report: Report,
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

/// Whether and through whom a diff is reported to Bitbucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Not at all.
    Off,
    /// Through Bitbucket's own proxy.
    On,
    /// Through another proxy: its host and port.
    Through(String),
}

const APPROVALS: [(&str, &str); 3] = [("never", "never"), ("broadening", "broadening"), ("any-change", "any-change")];
const METHODS: [(&str, Option<&str>); 4] = [
    ("change-set", Some("change-set")),
    ("direct", Some("direct")),
    ("prepare-change-set", Some("prepare-change-set")),
    ("execute-change-set", Some("execute-change-set")),
];
const HOTSWAPS: [(&str, Option<&str>); 3] =
    [("false", None), ("fallback", Some("--hotswap-fallback")), ("only", Some("--hotswap"))];

impl Settings {
    /// Reads the settings, and where the app is even when there are mistakes.
    pub fn read(environment: &BTreeMap<OsString, OsString>) -> (Place, Result<Self, Vec<Mistake>>) {
        let mut reader = Reader::new(environment);
        let session = SessionSettings::read_from(&mut reader);
        let place = Place {
            command: reader.choice(&v::COMMAND, &command::COMMANDS, Command::Deploy),
            working_directory: reader.text(&v::WORKING_DIRECTORY).unwrap_or_else(|| ".".to_owned()).into(),
            app: reader.text(&v::APP),
        };
        let stacks = reader.list(&v::STACKS);
        let context = reader.pairs(&v::CONTEXT);
        let parameters = reader.pairs(&v::PARAMETERS);
        let tags = reader.pairs(&v::TAGS);
        let outputs_file = reader.text(&v::OUTPUTS_FILE).map(PathBuf::from);
        let report = reader.parsed(&v::REPORT, report, Mistake::Report).unwrap_or(Report::On);
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
            report,
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
        reader.mistakes.extend(names::misspelt(environment));
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

fn report(text: &str) -> Result<Report, String> {
    match text {
        "true" => Ok(Report::On),
        "false" => Ok(Report::Off),
        _ => {
            let proxy = text.strip_prefix("http://").map(|proxy| proxy.trim_end_matches('/')).filter(|proxy| {
                proxy.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
            });
            proxy.map(|proxy| Report::Through(proxy.to_owned())).ok_or_else(|| text.to_owned())
        }
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

fn install(reader: &mut Reader<'_>) -> Install {
    let words = reader.words(&v::INSTALL);
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["auto"] => Install::Auto,
        ["none"] => Install::None,
        _ => Install::Command(words),
    }
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
             AWS_DEFAULT_REGION: unknown AWS region `eu-wset-1`; did you mean `eu-west-1`?\n\
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
            ("REPORT", "localhost:29418"),
            ("CODEARTIFACT_DOMAIN", "acme"),
            ("CODEARTIFACT_DOMAIN_OWNER", "1"),
            ("CODEARTIFACT_REGION", "eu-wset-1"),
            ("CODEARTIFACT_TOOLS", "npm mavn"),
            ("CODEARTIFACT_SCOPE", "@a/b"),
            ("TRUST_POLICY", "iam"),
        ])
        .unwrap_err();
        assert_eq!(
            mistakes,
            "TRUST_POLICY: iam needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of an identity that may call iam:GetRole, or \
             name a file with the policy\n\
             CODEARTIFACT_DOMAIN_OWNER: the account id has 1 digits instead of 12\n\
             CODEARTIFACT_REGION: unknown AWS region `eu-wset-1`; did you mean `eu-west-1`?\n\
             CODEARTIFACT_SCOPE: `@a/b` is not a scope such as @acme\n\
             CODEARTIFACT_TOOLS: `mavn` is not allowed; did you mean `maven`? allowed: npm, pnpm, yarn, pip, uv, twine, maven, \
             gradle, nuget, cargo, swift\n\
             CODEARTIFACT_DOMAIN, CODEARTIFACT_REPOSITORY and CODEARTIFACT_TOOLS work together: set all three or none\n\
             the account 222222222222 is not among ALLOWED_ACCOUNT_IDS (123456789012)\n\
             STACKS_COUNT: `two` is not the number of a list's items\n\
             CONTEXT: `c` is not of the form key=value\n\
             REPORT: `localhost:29418` is not allowed; allowed: true, false, or a proxy such as http://localhost:29418\n\
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
