//! The pipe's settings, read once from the environment. All invalid ones are reported together.

mod command;
mod misspelled;

use std::path::PathBuf;

pub(crate) use command::Command;
use keyless_aws::Environment;
use keyless_core::pipes::keyless as v;
use keyless_session::{ONE_HOUR, Reader, SessionSettings};

use crate::preflight::{Conflict, PreflightError};

/// What the pipe was asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The session.
    pub session: SessionSettings,
    /// What is run, and where.
    pub invocation: Invocation,
    /// How the app is synthesized.
    pub synth: Synth,
    /// Stack names or patterns; none means all.
    pub stacks: Vec<String>,
    /// `key=value` for the app.
    pub context: Vec<String>,
    /// `[Stack:]key=value` for CloudFormation.
    pub parameters: Vec<String>,
    /// `key=value` for the stacks.
    pub tags: Vec<String>,
    /// The file for the outputs.
    pub outputs_file: Option<PathBuf>,
    /// Whether a diff is reported to Bitbucket, and through which proxy.
    pub report: Report,
    /// `never`, `broadening` or `any-change`.
    pub require_approval: &'static str,
    /// The CDK's `--method`.
    pub method: Option<&'static str>,
    /// How many stacks at a time.
    pub concurrency: u8,
    /// The CDK's flag for changes that bypass CloudFormation.
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
    /// The names of variables that belong to the app.
    pub app_variables: Vec<String>,
    /// The CDK CLI to fetch.
    pub cdk_version: Option<String>,
    /// Whether the CDK shows its debug output.
    pub debug: bool,
    /// The folder of the assembly to use instead of the app: a ready one, or the one that was synthesized for this run.
    pub assembly: Option<String>,
}

/// What is run, and where its app is: enough to check for what a run needs even when other settings are invalid.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// What to run.
    pub command: Command,
    /// The folder of the app.
    pub working_directory: PathBuf,
    /// The app's command or assembly, instead of the one in cdk.json.
    pub app: Option<String>,
}

/// How the app is synthesized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synth {
    /// Without credentials.
    Isolated,
    /// With the session.
    Session,
}

/// How the app's packages are installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Install {
    /// By the lock file, unless they are there.
    Auto,
    /// Not at all.
    None,
    /// By a command.
    Command(Vec<String>),
}

/// Whether a diff is reported to Bitbucket, and through which proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// Not at all.
    Off,
    /// Through Bitbucket's own proxy.
    On,
    /// Through another proxy: its host and port.
    Through(String),
}

const SYNTHS: [(&str, Synth); 2] = [("isolated", Synth::Isolated), ("session", Synth::Session)];
const APPROVALS: [(&str, &str); 3] = [("never", "never"), ("broadening", "broadening"), ("any-change", "any-change")];
const METHODS: [(&str, Option<&str>); 4] = [
    ("change-set", Some("change-set")),
    ("direct", Some("direct")),
    ("prepare-change-set", Some("prepare-change-set")),
    ("execute-change-set", Some("execute-change-set")),
];
const HOTSWAPS: [(&str, Option<&str>); 3] =
    [("false", None), ("fallback", Some("--hotswap-fallback")), ("only", Some("--hotswap"))];

/// The values of REPORT.
const REPORT: &str = "true, false, or a proxy such as http://localhost:29418";

impl Settings {
    /// Reads the settings. What is run is known even when settings are invalid.
    pub(crate) fn read(environment: &Environment) -> (Invocation, Result<Self, Vec<PreflightError>>) {
        let mut reader = Reader::new(environment);
        let session = SessionSettings::read_from(&mut reader);
        let invocation = Invocation {
            command: reader.choice(&v::COMMAND, &command::COMMANDS, Command::Deploy),
            working_directory: reader.string(&v::WORKING_DIRECTORY).unwrap_or_else(|| ".".to_owned()).into(),
            app: reader.string(&v::APP),
        };
        let synth = reader.choice(&v::SYNTH, &SYNTHS, Synth::Isolated);
        let stacks = reader.list(&v::STACKS);
        let context = reader.pairs(&v::CONTEXT);
        let parameters = reader.pairs(&v::PARAMETERS);
        let tags = reader.pairs(&v::TAGS);
        let outputs_file = reader.string(&v::OUTPUTS_FILE).map(PathBuf::from);
        let report = reader.of_form(&v::REPORT, REPORT, report).unwrap_or(Report::On);
        let require_approval = reader.choice(&v::REQUIRE_APPROVAL, &APPROVALS, "never");
        let method = reader.choice(&v::METHOD, &METHODS, None);
        let concurrency = reader.of_form(&v::CONCURRENCY, "a number from 1 to 64", v::concurrency).unwrap_or(1);
        let hotswap = reader.choice(&v::HOTSWAP, &HOTSWAPS, None);
        let rollback = reader.boolean(&v::ROLLBACK, true);
        let exclusively = reader.boolean(&v::EXCLUSIVELY, false);
        let toolkit_stack_name = reader.string(&v::TOOLKIT_STACK_NAME);
        let qualifier = reader.of_form(&v::QUALIFIER, "at most 10 letters, digits, `_` or `-`", |text| {
            v::qualifier(text).map(str::to_owned)
        });
        let extra_args = reader.words(&v::EXTRA_ARGS);
        let install = install(&mut reader);
        let app_variables = reader.list(&v::APP_VARIABLES);
        let misspelled = misspelled::names(environment, &app_variables);
        let cdk_version =
            reader.of_form(&v::CDK_VERSION, "an exact version of the CDK CLI 2, such as 2.1148.1", |text| {
                v::cdk_version(text).map(str::to_owned)
            });
        let debug = reader.of_form(&v::DEBUG, v::DEBUG_FORM, v::debug).unwrap_or(false);
        let settings = session.map(|session| Self {
            session,
            invocation: invocation.clone(),
            synth,
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
            app_variables,
            cdk_version,
            debug,
            assembly: None,
        });
        let mut errors: Vec<PreflightError> = reader.invalid.into_iter().map(PreflightError::Setting).collect();
        errors.extend(misspelled);
        if let Some(settings) = &settings {
            errors.extend(settings.conflicts().map(PreflightError::Conflict));
        }
        let settings = settings.filter(|_| errors.is_empty()).ok_or(errors);
        (invocation, settings)
    }

    /// Whether STACKS is not set, or set to blanks.
    fn names_no_stack(&self) -> bool {
        self.stacks.iter().all(|stack| stack.trim().is_empty())
    }

    /// Settings that cannot be used together.
    fn conflicts(&self) -> impl Iterator<Item = Conflict> {
        let command = self.invocation.command;
        [
            (command == Command::Exec && self.extra_args.is_empty(), Conflict::ExecWithoutCommand),
            (command == Command::Destroy && self.names_no_stack(), Conflict::DestroyWithoutStacks),
            (self.hotswap.is_some() && self.method.is_some(), Conflict::HotswapWithMethod),
            (self.hotswap.is_some() && command != Command::Deploy, Conflict::HotswapWithoutDeploy),
            (self.method.is_some() && command != Command::Deploy, Conflict::MethodWithoutDeploy),
            (self.outputs_file.is_some() && command != Command::Deploy, Conflict::OutputsWithoutDeploy),
            (!self.session.chain.is_empty() && self.session.duration > ONE_HOUR, Conflict::LongChain),
        ]
        .into_iter()
        .filter_map(|(found, conflict)| found.then_some(conflict))
    }
}

fn report(text: &str) -> Option<Report> {
    match text {
        "true" => Some(Report::On),
        "false" => Some(Report::Off),
        _ => v::report_proxy(text).map(|proxy| Report::Through(proxy.to_owned())),
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

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, file};

    use super::*;

    const ROLE: (&str, &str) = ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/deploy");
    const REGION: (&str, &str) = ("AWS_REGION", "eu-west-1");

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(&variables.iter().copied().collect())
            .1
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn the_table_of_variables_lists_the_same_values() {
        assert_eq!(v::COMMAND.values(), command::COMMANDS.map(|(name, _)| name));
        assert_eq!(v::SYNTH.values(), SYNTHS.map(|(name, _)| name));
        assert_eq!(v::REQUIRE_APPROVAL.values(), APPROVALS.map(|(name, _)| name));
        assert_eq!(v::METHOD.values(), METHODS.map(|(name, _)| name));
        assert_eq!(v::HOTSWAP.values(), HOTSWAPS.map(|(name, _)| name));
    }

    #[test]
    fn role_and_region_are_enough() {
        let settings = read(&[ROLE, REGION, ("STACKS", "")]).unwrap();
        assert_eq!(settings.invocation.command, Command::Deploy);
        assert_eq!(settings.session.duration, ONE_HOUR);
        assert_eq!(settings.stacks, Vec::<String>::new());
    }

    #[test]
    fn destroying_everything_is_asked_for() {
        let empty: [&[(&str, &str)]; 5] = [
            &[],
            &[("STACKS", "")],
            &[("STACKS", " \t ")],
            &[("STACKS", "''")],
            &[("STACKS_COUNT", "2"), ("STACKS_0", ""), ("STACKS_1", " ")],
        ];
        for stacks in empty {
            let errors = read(&[&[ROLE, REGION, ("COMMAND", "destroy")], stacks].concat()).unwrap_err();
            assert!(errors.starts_with("`COMMAND: destroy` needs STACKS"), "{stacks:?}: {errors}");
            assert!(read(&[&[ROLE, REGION], stacks].concat()).is_ok(), "only destroy needs stacks: {stacks:?}");
        }
        for stacks in ["**", "*", "Shop", "Prod/*"] {
            assert_eq!(read(&[ROLE, REGION, ("COMMAND", "destroy"), ("STACKS", stacks)]).unwrap().stacks, [stacks]);
        }
    }

    #[test]
    fn lists_come_as_words_or_in_bitbuckets_form() {
        let words = read(&[ROLE, REGION, ("STACKS", "A 'B c'")]).unwrap().stacks;
        let items =
            read(&[ROLE, REGION, ("STACKS_COUNT", "2"), ("STACKS_0", "A"), ("STACKS_1", "B c")]).unwrap().stacks;
        assert_eq!(words, items);
    }

    #[test]
    fn lists_may_have_commas() {
        let role = ("AWS_ROLE_ARN", "arn:aws:iam::000000000000:role/r");
        let settings = read(&[
            role,
            REGION,
            ("STACKS", "A,B Shop-{dev,prod}"),
            ("ALLOWED_ACCOUNT_IDS", "000000000000, 111111111111"),
            ("APP_VARIABLES", "STACK,OUTPUT_FILE"),
        ])
        .unwrap();
        assert_eq!(settings.stacks, ["A", "B", "Shop-{dev,prod}"]);
        assert_eq!(settings.session.allowed_accounts.len(), 2);
        assert_eq!(settings.app_variables, ["STACK", "OUTPUT_FILE"]);
    }

    #[test]
    fn variables_of_the_app_may_be_similar() {
        let pipe = ("BITBUCKET_PIPE_STORAGE_DIR", "/storage");
        let own = [("STACK", "prod"), ("OUTPUT_FILE", "x"), ("PARAMETER", "y")];
        let with = |variables: &[(&str, &str)]| read(&[&[ROLE, REGION, pipe], variables, &own[..]].concat()).map(drop);
        let refused = with(&[]).unwrap_err();
        for (name, meant) in [("STACK", "STACKS"), ("OUTPUT_FILE", "OUTPUTS_FILE"), ("PARAMETER", "PARAMETERS")] {
            let line = format!(
                "unknown variable {name}; did you mean {meant}? If it belongs to the app, add {name} to APP_VARIABLES"
            );
            assert!(refused.contains(&line), "{refused}");
        }
        assert_eq!(with(&[("APP_VARIABLES", "STACK, OUTPUT_FILE, PARAMETER")]), Ok(()));
        // With the variable itself, the similar one is not needed for the run.
        let given = [("STACKS", "A"), ("OUTPUTS_FILE", "o.json"), ("PARAMETERS", "p=1")];
        assert_eq!(with(&given), Ok(()));
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
    fn all_invalid_settings_are_listed_at_once() {
        let listed = |variables: &[(&str, &str)]| read(variables).unwrap_err();
        let first = listed(&[
            ("AWS_OIDC_ROLE_ARN", "arn:aws:iam::1234:role/deploy"),
            ("AWS_DEFAULT_REGION", "eu-wset-1"),
            ("BITBUCKET_PIPE_STORAGE_DIR", "/storage"),
            ("COMMAND", "depoly"),
            ("SESION_DURATION", "2h"),
            ("SESSION_DURATION", "13h"),
            ("SESSION_NAME", "a b"),
            ("SESSION_POLICY", "{}"),
            ("ALLOWED_ACCOUNT_IDS", "123"),
        ]);
        let second = listed(&[
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
            ("SESSION_TAGS", "team=shop"),
            ("TRANSITIVE_TAG_KEYS", "stage"),
        ]);
        let third = listed(&[("AWS_ROLE_ARN", "arn:aws-cn:iam::123456789012:role/deploy"), REGION]);
        assert_data_eq!([first, second, third].join("\n\n") + "\n", file!["settings/invalid.txt"].raw());
    }
}
