//! The CDK's command line.

use keyless_core::aws::AccountId;

use crate::settings::{Command, Settings};

/// The arguments after `cdk`. Stack names come after `--`-free flags, so that a name is never read as a flag's value.
pub fn arguments(settings: &Settings, account: &AccountId) -> Vec<String> {
    let mut arguments = vec![settings.command.name().to_owned()];
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(|word| (*word).to_owned()));
    match settings.command {
        Command::Bootstrap if settings.stacks.is_empty() => {
            add(&[&format!("aws://{account}/{}", settings.region)]);
        }
        Command::Deploy | Command::Destroy if settings.stacks.is_empty() => add(&["--all"]),
        _ => settings.stacks.iter().for_each(|stack| add(&[stack])),
    }
    match settings.command {
        Command::Deploy => add(&["--require-approval", settings.require_approval]),
        Command::Destroy => add(&["--force"]),
        Command::Synth => add(&["--quiet"]),
        Command::Diff | Command::Bootstrap | Command::List => {}
    }
    if let Some(app) = &settings.app {
        add(&["--app", app]);
    }
    add(&["--no-notices"]);
    if settings.debug {
        add(&["--debug", "-v"]);
    }
    arguments.extend(settings.extra_args.iter().cloned());
    arguments
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, ffi::OsString};

    use super::*;

    fn line(variables: &[(&str, &str)]) -> String {
        let role = [("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r"), ("AWS_REGION", "eu-west-1")];
        let environment: BTreeMap<OsString, OsString> =
            role.iter().chain(variables).map(|(name, value)| (name.into(), value.into())).collect();
        let settings = Settings::read(&environment).unwrap();
        arguments(&settings, settings.role.account()).join(" ")
    }

    #[test]
    fn settings_become_arguments() {
        for (variables, expected) in [
            (&[][..], "deploy --all --require-approval never --no-notices"),
            (
                &[("STACKS", "A B"), ("APP", "cdk.out")],
                "deploy A B --require-approval never --app cdk.out --no-notices",
            ),
            (&[("COMMAND", "bootstrap")], "bootstrap aws://123456789012/eu-west-1 --no-notices"),
            (&[("COMMAND", "destroy")], "destroy --all --force --no-notices"),
            (&[("COMMAND", "diff"), ("DEBUG", "true")], "diff --no-notices --debug -v"),
            (&[("COMMAND", "synth"), ("EXTRA_ARGS", "-c 'a=b c'")], "synth --quiet --no-notices -c a=b c"),
        ] {
            assert_eq!(line(variables), expected);
        }
    }
}
