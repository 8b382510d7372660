//! The CDK: its command line, and what its output says.

pub(crate) mod changes;
pub(crate) mod configuration;
mod display;
pub(crate) mod problem;
pub(crate) mod run_log;
pub(crate) mod shown;

use keyless_core::aws::AccountId;

use configuration::Configuration;

use crate::settings::{Command, Settings, Synth};

/// The pattern of all stacks. The CDK's `--all`, and its own selection without a pattern, leave out the stacks of stages
/// (aws-cdk 2.1148.1).
const ALL_STACKS: &str = "**";

/// The arguments after `cdk`, for the command itself.
pub(crate) fn arguments(settings: &Settings, configuration: &Configuration, account: &AccountId) -> Vec<String> {
    let command = settings.invocation.command;
    let mut line = Line(vec![command.name().to_owned()]);
    match command {
        Command::Bootstrap if settings.stacks.is_empty() => {
            line.word(format!("aws://{account}/{}", settings.session.region));
        }
        _ if settings.stacks.is_empty() && command.selects_stacks() && !settings.extra_args.iter().any(is_all) => {
            line.word(ALL_STACKS);
        }
        _ => settings.stacks.iter().for_each(|stack| line.word(stack)),
    }
    match command {
        Command::Deploy => deploy(settings, &mut line),
        Command::Destroy | Command::Rollback => line.word("--force"),
        Command::Synth => line.word("--quiet"),
        Command::Bootstrap => {
            line.option("--qualifier", settings.qualifier.as_deref());
            settings.tags.iter().for_each(|tag| line.option("--tags", Some(tag)));
        }
        Command::Diff | Command::Drift | Command::List | Command::Exec => {}
    }
    if settings.exclusively {
        line.word("--exclusively");
    }
    line.option("--toolkit-stack-name", settings.toolkit_stack_name.as_deref());
    line.app(settings);
    if settings.synth == Synth::Isolated && !command.needs_session() && settings.assembly.is_none() {
        // Without credentials it fails, and names what is missing.
        line.word("--no-lookups");
    }
    if settings.assembly.is_some() && configuration.builds {
        // The CDK would run the app's `build` with the session.
        line.word("--no-build");
    }
    line.notices(configuration);
    line.debug(settings);
    settings.extra_args.iter().for_each(|argument| line.word(argument));
    line.0
}

/// Whether the CDK looks up context values that the app does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookups {
    /// It does, with the session.
    Allowed,
    /// It fails, and names them.
    Forbidden,
}

/// The arguments of a synthesis before the command itself, for the same stacks, and how many of the last ones are from
/// `EXTRA_ARGS`. The assembly is written to `output`. Only a synthesis for `deploy` and `diff` builds the assets: for the other
/// commands it is a `list`, as these do not build them either (aws-cdk 2.1148.1, `BUNDLING_COMMANDS`).
pub(crate) fn synthesis(settings: &Settings, output: &str, lookups: Lookups) -> (Vec<String>, usize) {
    let (given, _) = app_options(&settings.extra_args);
    let builds_assets = matches!(settings.invocation.command, Command::Deploy | Command::Diff | Command::Synth);
    let mut line = Line(vec![if builds_assets { "synth" } else { "list" }.to_owned()]);
    if settings.stacks.is_empty() {
        line.word(ALL_STACKS);
    }
    settings.stacks.iter().for_each(|stack| line.word(stack));
    if builds_assets {
        line.word("--quiet");
    }
    if lookups == Lookups::Forbidden {
        line.word("--no-lookups");
    }
    if settings.exclusively && builds_assets {
        line.word("--exclusively");
    }
    line.option("--output", Some(output));
    line.app(settings);
    line.word("--no-notices");
    line.debug(settings);
    let extra = given.len();
    line.0.extend(given);
    (line.0, extra)
}

/// The settings for the same command with a synthesized assembly.
pub(crate) fn with_assembly(settings: &Settings, output: String) -> Settings {
    let mut settings = settings.clone();
    settings.extra_args = app_options(&settings.extra_args).1;
    settings.assembly = Some(output);
    settings
}

/// The folder of the synthesized assembly: the CDK's own option, `output` in its settings, or `cdk.out`.
pub(crate) fn output(settings: &Settings, configuration: &Configuration) -> String {
    let given = given_option(&settings.extra_args, ["--output", "-o"]);
    given.or_else(|| configuration.output.clone()).unwrap_or_else(|| "cdk.out".to_owned())
}

/// The app's command or assembly: the CDK's own option, APP, or `app` in its settings.
pub(crate) fn app(settings: &Settings, configuration: &Configuration) -> Option<String> {
    let given = given_option(&settings.extra_args, ["--app", "-a"]);
    given.or_else(|| settings.invocation.app.clone()).or_else(|| configuration.app.clone())
}

/// The last value of an option in `EXTRA_ARGS`.
fn given_option(extra_args: &[String], names: [&str; 2]) -> Option<String> {
    let mut words = extra_args.iter();
    let mut given = None;
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some((name, value)) if names.contains(&name) => given = Some(value.to_owned()),
            None if names.contains(&word.as_str()) => given = words.next().cloned(),
            _ => {}
        }
    }
    given
}

/// Options of the CDK about the app and its synthesis that take a value, besides `--output`.
const APP_OPTIONS: [&str; 5] = ["--app", "-a", "--context", "-c", "--plugin"];
/// Options of the CDK about the synthesis without a value.
const APP_FLAGS: [&str; 12] = [
    "--strict",
    "--ignore-errors",
    "--staging",
    "--no-staging",
    "--path-metadata",
    "--no-path-metadata",
    "--asset-metadata",
    "--no-asset-metadata",
    "--version-reporting",
    "--no-version-reporting",
    "--verbose",
    "--debug",
];

/// The additional arguments that a synthesis needs, and those for a command with its assembly: all but the app and the folder for
/// the assembly, which the CDK does not take twice.
fn app_options(extra_args: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut synthesis, mut rest) = (Vec::new(), Vec::new());
    let mut words = extra_args.iter();
    while let Some(word) = words.next() {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        let takes_value = APP_OPTIONS.contains(&name) || matches!(name, "--output" | "-o");
        let mut option = vec![word.clone()];
        if takes_value && name == word {
            option.extend(words.next().cloned());
        }
        if APP_OPTIONS.contains(&name) || APP_FLAGS.contains(&name) {
            synthesis.extend(option.iter().cloned());
        }
        if !matches!(name, "--app" | "-a" | "--output" | "-o") {
            rest.extend(option);
        }
    }
    (synthesis, rest)
}

/// The CDK rejects `--all` together with a pattern.
fn is_all(argument: &String) -> bool {
    argument == "--all"
}

fn deploy(settings: &Settings, line: &mut Line) {
    line.option("--require-approval", Some(settings.require_approval));
    line.option("--method", settings.method);
    if settings.concurrency > 1 {
        line.option("--concurrency", Some(&settings.concurrency.to_string()));
    }
    settings.hotswap.iter().for_each(|flag| line.word(*flag));
    if !settings.rollback {
        line.word("--no-rollback");
    }
    settings.parameters.iter().for_each(|pair| line.option("--parameters", Some(pair)));
    settings.tags.iter().for_each(|tag| line.option("--tags", Some(tag)));
}

/// A command line that is being built.
struct Line(Vec<String>);

impl Line {
    fn word(&mut self, word: impl Into<String>) {
        self.0.push(word.into());
    }

    fn option(&mut self, name: &str, value: Option<&str>) {
        self.0.extend(value.into_iter().flat_map(|value| [name.to_owned(), value.to_owned()]));
    }

    /// The app and its context.
    fn app(&mut self, settings: &Settings) {
        self.option("--app", settings.assembly.as_deref().or(settings.invocation.app.as_deref()));
        let command = settings.invocation.command;
        if let Some(qualifier) = settings.qualifier.as_deref().filter(|_| command != Command::Bootstrap) {
            self.option("--context", Some(&format!("@aws-cdk/core:bootstrapQualifier={qualifier}")));
        }
        settings.context.iter().for_each(|pair| self.option("--context", Some(pair)));
    }

    /// Notices about security and other known problems, which the CDK loads meanwhile. Unless told otherwise, it shows none where
    /// `CI` is set.
    fn notices(&mut self, configuration: &Configuration) {
        if !configuration.decides_on_notices {
            self.word("--notices");
        }
    }

    fn debug(&mut self, settings: &Settings) {
        if settings.debug {
            self.word("--debug");
            self.word("--verbose");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(variables: &[(&str, &str)]) -> String {
        let settings = settings(variables);
        command_line(&settings, &Configuration::default())
    }

    fn command_line(settings: &Settings, configuration: &Configuration) -> String {
        arguments(settings, configuration, settings.session.role.account()).join(" ")
    }

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let role = [("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r"), ("AWS_REGION", "eu-west-1")];
        Settings::read(&role.iter().chain(variables).copied().collect()).1.unwrap()
    }

    #[test]
    fn a_synthesis_comes_before_the_command() {
        let settings = settings(&[
            ("STACKS", "Shop"),
            ("APP", "node app.js"),
            ("CONTEXT", "a=b"),
            ("EXTRA_ARGS", "-c x=y --strict --notification-arns arn:aws:sns:eu-west-1:123456789012:t --output=o"),
        ]);
        let output = output(&settings, &Configuration::default());
        assert_eq!(
            synthesis(&settings, &output, Lookups::Forbidden).0.join(" "),
            "synth Shop --quiet --no-lookups --output o --app node app.js --context a=b --no-notices -c x=y --strict"
        );
        let settings = with_assembly(&settings, output);
        assert_eq!(
            command_line(&settings, &Configuration { builds: true, ..Configuration::default() }),
            "deploy Shop --require-approval never --app o --context a=b --no-build --notices -c x=y --strict --notification-arns \
             arn:aws:sns:eu-west-1:123456789012:t"
        );
    }

    #[test]
    fn the_app_is_given_once() {
        let settings = settings(&[("EXTRA_ARGS", "-a 'node app.js' --require-approval never")]);
        assert_eq!(
            synthesis(&settings, "cdk.out", Lookups::Allowed).0.join(" "),
            "synth ** --quiet --output cdk.out --no-notices -a node app.js"
        );
        assert_eq!(with_assembly(&settings, "cdk.out".to_owned()).extra_args, ["--require-approval", "never"]);
    }

    #[test]
    fn assets_are_built_for_commands_that_need_them() {
        let line = |command: &str| {
            let settings = settings(&[("COMMAND", command), ("STACKS", "Shop"), ("EXCLUSIVELY", "true")]);
            synthesis(&settings, "cdk.out", Lookups::Forbidden).0.join(" ")
        };
        for command in ["deploy", "diff"] {
            assert_eq!(line(command), "synth Shop --quiet --no-lookups --exclusively --output cdk.out --no-notices");
        }
        for command in ["destroy", "rollback", "drift"] {
            assert_eq!(line(command), "list Shop --no-lookups --output cdk.out --no-notices");
        }
    }

    #[test]
    fn options_take_precedence_over_settings() {
        let text = |text: &str| Some(text.to_owned());
        let configured = Configuration { app: text("node a.js"), output: text("dist"), ..Configuration::default() };
        let of = |variables: &[(&str, &str)]| {
            let settings = settings(variables);
            (app(&settings, &configured), output(&settings, &configured))
        };
        assert_eq!(of(&[]), (text("node a.js"), "dist".to_owned()));
        assert_eq!(of(&[("APP", "b"), ("EXTRA_ARGS", "--strict -o here")]), (text("b"), "here".to_owned()));
        assert_eq!(of(&[("APP", "b"), ("EXTRA_ARGS", "-a=c --output=o")]), (text("c"), "o".to_owned()));
        assert_eq!(output(&settings(&[]), &Configuration::default()), "cdk.out");
    }

    #[test]
    fn settings_become_arguments() {
        for (variables, expected) in [
            (&[][..], "deploy ** --require-approval never --notices"),
            (&[("STACKS", "A B"), ("APP", "cdk.out")], "deploy A B --require-approval never --app cdk.out --notices"),
            (&[("COMMAND", "bootstrap")], "bootstrap aws://123456789012/eu-west-1 --notices"),
            (&[("COMMAND", "destroy"), ("STACKS", "**")], "destroy ** --force --notices"),
            (&[("COMMAND", "diff"), ("DEBUG", "true")], "diff ** --notices --debug --verbose"),
            (&[("COMMAND", "rollback")], "rollback ** --force --notices"),
            (&[("COMMAND", "drift")], "drift ** --notices"),
            (&[("COMMAND", "list")], "list ** --no-lookups --notices"),
            (&[("COMMAND", "list"), ("SYNTH", "session")], "list ** --notices"),
            (&[("EXTRA_ARGS", "--all")], "deploy --require-approval never --notices --all"),
            (
                &[
                    ("QUALIFIER", "shop"),
                    ("CONTEXT", "a=b"),
                    ("PARAMETERS", "S:p=1"),
                    ("TAGS", "t=1"),
                    ("CONCURRENCY", "4"),
                ],
                "deploy ** --require-approval never --concurrency 4 --parameters S:p=1 --tags t=1 \
                 --context @aws-cdk/core:bootstrapQualifier=shop --context a=b --notices",
            ),
            (
                &[("HOTSWAP", "fallback"), ("ROLLBACK", "false"), ("OUTPUTS_FILE", "o.json"), ("EXCLUSIVELY", "true")],
                "deploy ** --require-approval never --hotswap-fallback --no-rollback --exclusively \
                 --notices",
            ),
            (
                &[("COMMAND", "bootstrap"), ("QUALIFIER", "shop")],
                "bootstrap aws://123456789012/eu-west-1 --qualifier shop --notices",
            ),
            (&[("COMMAND", "synth"), ("EXTRA_ARGS", "-c 'a=b c'")], "synth --quiet --no-lookups --notices -c a=b c"),
        ] {
            assert_eq!(line(variables), expected);
        }
    }
}
