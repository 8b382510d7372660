//! The CDK: its command line, and what its output says.

pub(crate) mod changes;
mod display;
pub(crate) mod problem;
pub(crate) mod run_log;
pub(crate) mod shown;

use keyless_core::aws::AccountId;

use crate::settings::{Command, Settings};

/// The pattern of all stacks. The CDK's `--all`, and its own selection without a pattern, leave out the stacks of stages
/// (aws-cdk 2.1148.1).
const ALL_STACKS: &str = "**";

/// The arguments after `cdk`.
pub(crate) fn arguments(settings: &Settings, account: &AccountId) -> Vec<String> {
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
    line.option("--app", settings.invocation.app.as_deref());
    if let Some(qualifier) = settings.qualifier.as_deref().filter(|_| command != Command::Bootstrap) {
        line.option("--context", Some(&format!("@aws-cdk/core:bootstrapQualifier={qualifier}")));
    }
    settings.context.iter().for_each(|pair| line.option("--context", Some(pair)));
    line.word("--no-notices");
    if settings.debug {
        line.word("--debug");
        line.word("--verbose");
    }
    settings.extra_args.iter().for_each(|argument| line.word(argument));
    line.0
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(variables: &[(&str, &str)]) -> String {
        let role = [("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r"), ("AWS_REGION", "eu-west-1")];
        let settings = Settings::read(&role.iter().chain(variables).copied().collect()).1.unwrap();
        arguments(&settings, settings.session.role.account()).join(" ")
    }

    #[test]
    fn settings_become_arguments() {
        for (variables, expected) in [
            (&[][..], "deploy ** --require-approval never --no-notices"),
            (
                &[("STACKS", "A B"), ("APP", "cdk.out")],
                "deploy A B --require-approval never --app cdk.out --no-notices",
            ),
            (&[("COMMAND", "bootstrap")], "bootstrap aws://123456789012/eu-west-1 --no-notices"),
            (&[("COMMAND", "destroy"), ("STACKS", "**")], "destroy ** --force --no-notices"),
            (&[("COMMAND", "diff"), ("DEBUG", "true")], "diff ** --no-notices --debug --verbose"),
            (&[("COMMAND", "rollback")], "rollback ** --force --no-notices"),
            (&[("COMMAND", "drift")], "drift ** --no-notices"),
            (&[("COMMAND", "list")], "list ** --no-notices"),
            (&[("EXTRA_ARGS", "--all")], "deploy --require-approval never --no-notices --all"),
            (
                &[
                    ("QUALIFIER", "shop"),
                    ("CONTEXT", "a=b"),
                    ("PARAMETERS", "S:p=1"),
                    ("TAGS", "t=1"),
                    ("CONCURRENCY", "4"),
                ],
                "deploy ** --require-approval never --concurrency 4 --parameters S:p=1 --tags t=1 \
                 --context @aws-cdk/core:bootstrapQualifier=shop --context a=b --no-notices",
            ),
            (
                &[("HOTSWAP", "fallback"), ("ROLLBACK", "false"), ("OUTPUTS_FILE", "o.json"), ("EXCLUSIVELY", "true")],
                "deploy ** --require-approval never --hotswap-fallback --no-rollback --exclusively \
                 --no-notices",
            ),
            (
                &[("COMMAND", "bootstrap"), ("QUALIFIER", "shop")],
                "bootstrap aws://123456789012/eu-west-1 --qualifier shop --no-notices",
            ),
            (&[("COMMAND", "synth"), ("EXTRA_ARGS", "-c 'a=b c'")], "synth --quiet --no-notices -c a=b c"),
        ] {
            assert_eq!(line(variables), expected);
        }
    }
}
