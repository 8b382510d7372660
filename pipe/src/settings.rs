//! The pipe's settings: read once from the environment, with every mistake at once.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, time::Duration};

use keyless_core::{
    aws::{Region, RoleArn},
    spelling::nearest,
};

use crate::{
    mistake::Mistake,
    variables::{
        APP, AWS_REGION, AWS_ROLE_ARN, COMMAND, CREDENTIALS, DEBUG, EXTRA_ARGS, REQUIRE_APPROVAL, SESSION_DURATION,
        STACKS, VARIABLES, Variable, WORKING_DIRECTORY,
    },
};

/// What the pipe was asked to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The role to assume.
    pub role: RoleArn,
    /// The region to deploy to.
    pub region: Region,
    /// What to run.
    pub command: Command,
    /// Stack names or patterns; none means all.
    pub stacks: Vec<String>,
    /// The folder of the app.
    pub working_directory: PathBuf,
    /// The app's command or assembly, instead of the one in cdk.json.
    pub app: Option<String>,
    /// `never`, `broadening` or `any-change`.
    pub require_approval: &'static str,
    /// The session's length.
    pub session_duration: Duration,
    /// How the child receives the credentials.
    pub credentials: Credentials,
    /// Further arguments for the CDK.
    pub extra_args: Vec<String>,
    /// Whether the CDK shows its debug output.
    pub debug: bool,
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
    /// `cdk list`
    List,
}

/// How the child receives the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// From a loopback endpoint.
    Endpoint,
    /// In its environment.
    Environment,
}

const COMMANDS: [(&str, Command); 6] = [
    ("deploy", Command::Deploy),
    ("diff", Command::Diff),
    ("synth", Command::Synth),
    ("bootstrap", Command::Bootstrap),
    ("destroy", Command::Destroy),
    ("list", Command::List),
];
const HANDOVERS: [(&str, Credentials); 2] =
    [("endpoint", Credentials::Endpoint), ("environment", Credentials::Environment)];
const APPROVALS: [(&str, &str); 3] = [("never", "never"), ("broadening", "broadening"), ("any-change", "any-change")];
const BOOLEANS: [(&str, bool); 2] = [("true", true), ("false", false)];

/// Limits of a session's length (STS API reference, `DurationSeconds`).
const SHORTEST: Duration = Duration::from_mins(15);
const LONGEST: Duration = Duration::from_hours(12);

impl Command {
    /// The word that stands in COMMAND, and on the CDK's command line.
    pub fn name(self) -> &'static str {
        COMMANDS.iter().find(|(_, command)| *command == self).map_or("", |(name, _)| name)
    }

    /// Whether it needs an app: bootstrapping prepares an account, whatever is deployed to it.
    pub fn needs_app(self) -> bool {
        self != Self::Bootstrap
    }
}

impl Settings {
    /// Reads the settings. Variables that are set to nothing count as not set: Bitbucket passes a default such as
    /// `$AWS_ROLE_ARN` on as an empty text when nobody defines it.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn read(environment: &BTreeMap<OsString, OsString>) -> Result<Self, Vec<Mistake>> {
        let mut reader = Reader { environment, mistakes: Vec::new() };
        let role = reader.parsed(&AWS_ROLE_ARN, RoleArn::parse, Mistake::Role);
        let region = reader.parsed(&AWS_REGION, Region::parse, Mistake::Region);
        if let (Some(role), Some(region)) = (&role, &region)
            && role.partition() != region.partition()
        {
            reader.mistakes.push(Mistake::Partition(role.clone(), region.clone()));
        }
        let command = reader.choice(&COMMAND, &COMMANDS, Command::Deploy);
        let stacks = reader.list(&STACKS);
        let working_directory = reader.text(&WORKING_DIRECTORY).map_or_else(|| PathBuf::from("."), PathBuf::from);
        let app = reader.text(&APP);
        let require_approval = reader.choice(&REQUIRE_APPROVAL, &APPROVALS, "never");
        let session_duration = reader.duration(&SESSION_DURATION, Duration::from_hours(1));
        let credentials = reader.choice(&CREDENTIALS, &HANDOVERS, Credentials::Endpoint);
        let extra_args = reader.words(&EXTRA_ARGS);
        let debug = reader.choice(&DEBUG, &BOOLEANS, false);
        match (role, region) {
            (Some(role), Some(region)) if reader.mistakes.is_empty() => Ok(Self {
                role,
                region,
                command,
                stacks,
                working_directory,
                app,
                require_approval,
                session_duration,
                credentials,
                extra_args,
                debug,
            }),
            _ => Err(reader.mistakes),
        }
    }
}

/// Whether a name is one of ours, so that it is for the pipe and not for its child.
pub fn is_setting(name: &str) -> bool {
    let listed = |variable: &Variable| {
        let rest = name.strip_prefix(variable.name).and_then(|rest| rest.strip_prefix('_'));
        rest.is_some_and(|rest| rest == "COUNT" || rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    VARIABLES.iter().any(|variable| variable.name == name || listed(variable))
}

struct Reader<'e> {
    environment: &'e BTreeMap<OsString, OsString>,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn named(&mut self, name: &str) -> Option<String> {
        let value = self.environment.get(&OsString::from(name)).filter(|value| !value.is_empty())?;
        let text = value.to_str().map(str::to_owned);
        if text.is_none() {
            self.mistakes.push(Mistake::NotText(name.to_owned()));
        }
        text
    }

    /// A variable's value and the name under which it was set.
    fn value(&mut self, variable: &'static Variable) -> Option<(&'static str, String)> {
        [Some(variable.name), variable.alias]
            .into_iter()
            .flatten()
            .find_map(|name| self.named(name).map(|value| (name, value)))
    }

    fn text(&mut self, variable: &'static Variable) -> Option<String> {
        self.value(variable).map(|(_, value)| value)
    }

    fn parsed<T, E>(
        &mut self,
        variable: &'static Variable,
        parse: fn(&str) -> Result<T, E>,
        mistake: fn(&'static str, E) -> Mistake,
    ) -> Option<T> {
        let Some((name, value)) = self.value(variable) else {
            self.mistakes.push(Mistake::missing(variable));
            return None;
        };
        parse(&value).map_err(|error| self.mistakes.push(mistake(name, error))).ok()
    }

    fn choice<T: Copy>(&mut self, variable: &'static Variable, choices: &[(&'static str, T)], default: T) -> T {
        let Some(found) = self.text(variable) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == found) {
            return *choice;
        }
        let allowed: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let nearest = nearest(&found, allowed.iter().copied());
        self.mistakes.push(Mistake::Choice { variable: variable.name, found, allowed, nearest });
        default
    }

    fn duration(&mut self, variable: &'static Variable, default: Duration) -> Duration {
        let Some(found) = self.text(variable) else { return default };
        let (number, unit) = match found.strip_suffix('h') {
            Some(hours) => (hours, 3600),
            None => found.strip_suffix('m').map_or((found.as_str(), 1), |minutes| (minutes, 60)),
        };
        let length = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).map(Duration::from_secs);
        length.filter(|length| (SHORTEST..=LONGEST).contains(length)).unwrap_or_else(|| {
            self.mistakes.push(Mistake::Duration(variable.name, found.clone()));
            default
        })
    }

    /// Words of a text, quoted as in a shell.
    fn words(&mut self, variable: &'static Variable) -> Vec<String> {
        let Some(found) = self.text(variable) else { return Vec::new() };
        shlex::split(&found).unwrap_or_else(|| {
            self.mistakes.push(Mistake::Quotes(variable.name, found));
            Vec::new()
        })
    }

    /// Words of a text, or the items of a list, which Bitbucket hands over as `X_COUNT`, `X_0`, `X_1` … (Atlassian,
    /// "Advanced techniques for writing pipes").
    fn list(&mut self, variable: &'static Variable) -> Vec<String> {
        let count = format!("{}_COUNT", variable.name);
        let Some(found) = self.named(&count) else { return self.words(variable) };
        let Ok(items) = found.parse::<u16>() else {
            self.mistakes.push(Mistake::List(count, found));
            return Vec::new();
        };
        (0..items).filter_map(|item| self.named(&format!("{}_{item}", variable.name))).collect()
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
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn little_is_needed() {
        let settings = read(&[ROLE, REGION, ("STACKS", "")]).unwrap();
        assert_eq!(settings.command, Command::Deploy);
        assert_eq!(settings.session_duration, Duration::from_hours(1));
        assert_eq!(settings.stacks, Vec::<String>::new());
    }

    #[test]
    fn lists_come_as_words_or_in_bitbuckets_form() {
        let words = read(&[ROLE, REGION, ("STACKS", "A 'B c'")]).unwrap().stacks;
        let items =
            read(&[ROLE, REGION, ("STACKS_COUNT", "2"), ("STACKS_0", "A"), ("STACKS_1", "B c")]).unwrap().stacks;
        assert_eq!((words, items.as_slice()), (items.clone(), items.as_slice()));
    }

    #[test]
    fn every_mistake_is_listed_at_once() {
        let mistakes = read(&[
            ("AWS_OIDC_ROLE_ARN", "arn:aws:iam::1234:role/deploy"),
            ("AWS_DEFAULT_REGION", "eu-wset-1"),
            ("COMMAND", "depoly"),
            ("SESSION_DURATION", "13h"),
            ("EXTRA_ARGS", "--context 'a"),
            ("DEBUG", "yes"),
            ("STACKS_COUNT", "two"),
        ])
        .unwrap_err();
        assert_eq!(
            mistakes,
            "AWS_OIDC_ROLE_ARN: the account id has 4 digits instead of 12\n\
             AWS_DEFAULT_REGION: `eu-wset-1` is no AWS region; did you mean `eu-west-1`?\n\
             COMMAND: `depoly` is not allowed; did you mean `deploy`? allowed: deploy, diff, synth, bootstrap, destroy, list\n\
             STACKS_COUNT: `two` is not the number of a list's items\n\
             SESSION_DURATION: `13h` is not a length of time from 15m to 12h; write seconds, or a number with m or h\n\
             EXTRA_ARGS: a quotation mark in `--context 'a` is not closed\n\
             DEBUG: `yes` is not allowed; allowed: true, false"
        );
        assert_eq!(
            read(&[("AWS_ROLE_ARN", "arn:aws-cn:iam::123456789012:role/deploy"), REGION]).unwrap_err(),
            "the role belongs to the partition `aws-cn` (China), and the region `eu-west-1` to `aws` (commercial); a session \
             works only inside its partition"
        );
    }
}
