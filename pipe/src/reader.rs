//! Reads variables into types and collects what is wrong with them.

use std::{collections::BTreeMap, ffi::OsString, time::Duration};

use keyless_core::spelling::nearest;

use crate::{mistake::Mistake, variables::Variable};

/// A reader of one environment.
pub struct Reader<'e> {
    environment: &'e BTreeMap<OsString, OsString>,
    /// What was wrong so far.
    pub mistakes: Vec<Mistake>,
}

impl<'e> Reader<'e> {
    /// A reader that found nothing wrong yet.
    pub fn new(environment: &'e BTreeMap<OsString, OsString>) -> Self {
        Self { environment, mistakes: Vec::new() }
    }

    /// A variable that is not one of ours.
    pub fn get(&self, name: &str) -> Option<String> {
        self.environment.get(&OsString::from(name)).and_then(|value| value.to_str()).map(str::to_owned)
    }

    /// The text under a name. Set to nothing counts as not set: Bitbucket passes a default such as `$AWS_ROLE_ARN` on as an
    /// empty text when nobody defines it.
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
        let names = [Some(variable.name), variable.alias].into_iter().flatten();
        names.into_iter().find_map(|name| self.named(name).map(|value| (name, value)))
    }

    /// A text.
    pub fn text(&mut self, variable: &'static Variable) -> Option<String> {
        self.value(variable).map(|(_, value)| value)
    }

    /// A value with a form of its own. A required one that is not set is a mistake.
    pub fn parsed<T, E>(
        &mut self,
        variable: &'static Variable,
        parse: impl FnOnce(&str) -> Result<T, E>,
        mistake: impl FnOnce(&'static str, E) -> Mistake,
    ) -> Option<T> {
        let Some((name, value)) = self.value(variable) else {
            if variable.required {
                self.mistakes.push(Mistake::missing(variable));
            }
            return None;
        };
        parse(&value).map_err(|error| self.mistakes.push(mistake(name, error))).ok()
    }

    /// One of several words.
    pub fn choice<T: Copy>(&mut self, variable: &'static Variable, choices: &[(&'static str, T)], default: T) -> T {
        let Some(found) = self.text(variable) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == found) {
            return *choice;
        }
        let allowed: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let nearest = nearest(&found, allowed.iter().copied());
        self.mistakes.push(Mistake::Choice { variable: variable.name, found, allowed, nearest });
        default
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, variable: &'static Variable, default: bool) -> bool {
        self.choice(variable, &[("true", true), ("false", false)], default)
    }

    /// A length of time within limits: seconds, or a number with `m` or `h`.
    pub fn duration(
        &mut self,
        variable: &'static Variable,
        limits: (Duration, Duration),
        default: Duration,
    ) -> Duration {
        let length = |text: &str| {
            let (number, unit) = match text.strip_suffix('h') {
                Some(hours) => (hours, 3600),
                None => text.strip_suffix('m').map_or((text, 1), |minutes| (minutes, 60)),
            };
            let length = Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(unit)?);
            (limits.0..=limits.1).contains(&length).then_some(length)
        };
        self.parsed(variable, |text| length(text).ok_or_else(|| text.to_owned()), Mistake::Duration).unwrap_or(default)
    }

    /// Words of a text, quoted as in a shell.
    pub fn words(&mut self, variable: &'static Variable) -> Vec<String> {
        let split = |text: &str| shlex::split(text).ok_or_else(|| text.to_owned());
        self.parsed(variable, split, Mistake::Quotes).unwrap_or_default()
    }

    /// Words of a text, or the items of a list, which Bitbucket hands over as `X_COUNT`, `X_0`, `X_1` … (Atlassian,
    /// "Advanced techniques for writing pipes").
    pub fn list(&mut self, variable: &'static Variable) -> Vec<String> {
        let count = format!("{}_COUNT", variable.name);
        let Some(found) = self.named(&count) else { return self.words(variable) };
        let Ok(items) = found.parse::<u16>() else {
            self.mistakes.push(Mistake::List(count, found));
            return Vec::new();
        };
        (0..items).filter_map(|item| self.named(&format!("{}_{item}", variable.name))).collect()
    }

    /// A list whose items have a form of their own.
    pub fn parsed_list<T, E>(
        &mut self,
        variable: &'static Variable,
        parse: impl Fn(&str) -> Result<T, E>,
        mistake: impl Fn(&'static str, E) -> Mistake,
    ) -> Vec<T> {
        let items = self.list(variable);
        let read = |item: String| parse(&item).map_err(|error| self.mistakes.push(mistake(variable.name, error))).ok();
        items.into_iter().filter_map(read).collect()
    }

    /// A list of `key=value`.
    pub fn pairs(&mut self, variable: &'static Variable) -> Vec<String> {
        let check = |item: &str| match item.split_once('=') {
            Some((key, _)) if !key.is_empty() => Ok(item.to_owned()),
            _ => Err(item.to_owned()),
        };
        self.parsed_list(variable, check, Mistake::Pair)
    }
}
