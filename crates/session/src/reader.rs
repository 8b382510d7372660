//! Reads variables into types and collects invalid ones.

use std::time::Duration;

use keyless_aws::Environment;
use keyless_core::{
    pipes::keyless::{self, Variable},
    spelling::nearest,
};

use crate::invalid_setting::InvalidSetting;

/// A reader of one environment.
pub struct Reader<'e> {
    environment: &'e Environment,
    /// The invalid settings so far.
    pub invalid: Vec<InvalidSetting>,
}

impl<'e> Reader<'e> {
    /// A reader of these variables.
    pub fn new(environment: &'e Environment) -> Self {
        Self { environment, invalid: Vec::new() }
    }

    /// The variables that are read.
    pub fn environment(&self) -> &'e Environment {
        self.environment
    }

    /// The value of a variable by one of its names.
    fn named(&mut self, name: &str) -> Option<String> {
        let value = self.environment.get_os(name)?.to_str().map(str::to_owned);
        if value.is_none() {
            self.invalid.push(InvalidSetting::NotUtf8(name.to_owned()));
        }
        value
    }

    /// A variable's value and the name under which it was set.
    fn value(&mut self, variable: &'static Variable) -> Option<(&'static str, String)> {
        let names = [Some(variable.name), variable.alias].into_iter().flatten();
        names.into_iter().find_map(|name| self.named(name).map(|value| (name, value)))
    }

    /// A string.
    pub fn string(&mut self, variable: &'static Variable) -> Option<String> {
        self.value(variable).map(|(_, value)| value)
    }

    /// A value of a type. A required variable that is not set is invalid.
    pub fn parsed<T, E>(
        &mut self,
        variable: &'static Variable,
        parse: impl FnOnce(&str) -> Result<T, E>,
        invalid: impl FnOnce(&'static str, E) -> InvalidSetting,
    ) -> Option<T> {
        let Some((name, value)) = self.value(variable) else {
            if variable.required {
                self.invalid.push(InvalidSetting::Missing(variable));
            }
            return None;
        };
        parse(&value).map_err(|error| self.invalid.push(invalid(name, error))).ok()
    }

    /// A value that must be of a form: `expected` describes it, such as `a number from 1 to 64`.
    pub fn of_form<T>(
        &mut self,
        variable: &'static Variable,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = |name: &str, found| InvalidSetting::Value { variable: name.to_owned(), expected, found };
        self.parsed(variable, |text| parse(text).ok_or_else(|| text.to_owned()), value)
    }

    /// One of several values.
    pub fn choice<T: Copy>(&mut self, variable: &'static Variable, choices: &[(&'static str, T)], default: T) -> T {
        let Some(found) = self.string(variable) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == found) {
            return *choice;
        }
        let allowed: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let nearest = nearest(&found, allowed.iter().copied());
        self.invalid.push(InvalidSetting::Choice { variable: variable.name, found, allowed, nearest });
        default
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, variable: &'static Variable, default: bool) -> bool {
        self.choice(variable, &[("true", true), ("false", false)], default)
    }

    /// A duration within limits, which `expected` names: seconds, or a number with `m` or `h`.
    pub fn duration(
        &mut self,
        variable: &'static Variable,
        expected: &'static str,
        limits: (Duration, Duration),
        default: Duration,
    ) -> Duration {
        let length = |text: &str| {
            let length = keyless::duration(text)?;
            (limits.0..=limits.1).contains(&length).then_some(length)
        };
        self.of_form(variable, expected, length).unwrap_or(default)
    }

    /// Words, quoted as in a shell.
    pub fn words(&mut self, variable: &'static Variable) -> Vec<String> {
        let split = |text: &str| shlex::split(text).ok_or_else(|| text.to_owned());
        self.parsed(variable, split, InvalidSetting::Quotes).unwrap_or_default()
    }

    /// Words, or the items of a list, which Bitbucket passes as `X_COUNT`, `X_0`, `X_1` … (Atlassian,
    /// "Advanced techniques for writing pipes").
    pub fn list(&mut self, variable: &'static Variable) -> Vec<String> {
        let count = format!("{}_COUNT", variable.name);
        let Some(found) = self.named(&count) else { return self.words(variable) };
        let Ok(items) = found.parse::<u16>() else {
            self.invalid.push(InvalidSetting::Value {
                variable: count,
                expected: "the number of items of a list",
                found,
            });
            return Vec::new();
        };
        (0..items).filter_map(|item| self.named(&format!("{}_{item}", variable.name))).collect()
    }

    /// A list of values of a type.
    pub fn parsed_list<T, E>(
        &mut self,
        variable: &'static Variable,
        parse: impl Fn(&str) -> Result<T, E>,
        invalid: impl Fn(&'static str, E) -> InvalidSetting,
    ) -> Vec<T> {
        let items = self.list(variable);
        let read = |item: String| parse(&item).map_err(|error| self.invalid.push(invalid(variable.name, error))).ok();
        items.into_iter().filter_map(read).collect()
    }

    /// A list of `key=value`.
    pub fn pairs(&mut self, variable: &'static Variable) -> Vec<String> {
        let check = |item: &str| match item.split_once('=') {
            Some((key, _)) if !key.is_empty() => Ok(item.to_owned()),
            _ => Err(item.to_owned()),
        };
        self.parsed_list(variable, check, |name, found| InvalidSetting::Value {
            variable: name.to_owned(),
            expected: "a list of `key=value`",
            found,
        })
    }
}
