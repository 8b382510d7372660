//! Reads variables into types and collects invalid ones.

use std::time::Duration;

use keyless_aws::Environment;
use keyless_core::pipes::keyless::{self, Variable};

use crate::invalid_setting::InvalidSetting;

/// A reader of one environment.
pub struct Reader<'e> {
    environment: &'e Environment,
    /// Whether the variables may be meant for other programs, so that the `KEYLESS_` forms take precedence.
    shared: bool,
    /// The invalid settings so far.
    pub invalid: Vec<InvalidSetting>,
}

impl<'e> Reader<'e> {
    /// A reader of the pipe's variables.
    pub fn new(environment: &'e Environment) -> Self {
        Self { environment, shared: false, invalid: Vec::new() }
    }

    /// A reader of a step's variables, of which some belong to the step's other programs. The `KEYLESS_` form of a variable
    /// takes precedence.
    pub fn of_a_step(environment: &'e Environment) -> Self {
        Self { environment, shared: true, invalid: Vec::new() }
    }

    /// Whether the variables may be meant for other programs.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// The variables that are read.
    pub fn environment(&self) -> &'e Environment {
        self.environment
    }

    /// The value of a variable by one of its names.
    fn named(&mut self, name: &str) -> Option<String> {
        let Some(value) = self.environment.get_os(name)?.to_str() else {
            self.invalid.push(InvalidSetting::NotUtf8(name.to_owned()));
            return None;
        };
        if is_reference(value) {
            self.invalid.push(InvalidSetting::Literal { variable: name.to_owned(), reference: value.to_owned() });
            return None;
        }
        Some(value.to_owned())
    }

    /// The names under which a variable is read, the first one that is set counts.
    fn names(&self, variable: &'static Variable) -> impl Iterator<Item = &'static str> + use<> {
        let qualified = self.shared.then_some(variable.qualified);
        [qualified, Some(variable.name), variable.alias].into_iter().flatten()
    }

    /// A variable's value and the name under which it was set.
    pub fn value(&mut self, variable: &'static Variable) -> Option<(&'static str, String)> {
        self.names(variable).find_map(|name| self.named(name).map(|value| (name, value)))
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
        let before = self.invalid.len();
        let Some((name, value)) = self.value(variable) else {
            if variable.required && self.invalid.len() == before {
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
        let value = |name: &str, ()| InvalidSetting::Value { variable: name.to_owned(), expected };
        self.parsed(variable, |text| parse(text).ok_or(()), value)
    }

    /// One of several values.
    pub fn choice<T: Copy>(&mut self, variable: &'static Variable, choices: &[(&'static str, T)], default: T) -> T {
        let Some((name, found)) = self.value(variable) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == found) {
            return *choice;
        }
        let allowed = choices.iter().map(|(word, _)| *word).collect();
        self.invalid.push(InvalidSetting::choice(name, &found, allowed));
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

    /// Words, quoted as in a shell, or the strings of a list in JSON.
    pub fn words(&mut self, variable: &'static Variable) -> Vec<String> {
        let split = |text: &str| serde_json::from_str(text).ok().or_else(|| shlex::split(text)).ok_or(());
        self.parsed(variable, split, |name, ()| InvalidSetting::Quotes(name)).unwrap_or_default()
    }

    /// A list: words, separated by spaces or commas and quoted as in a shell, or the items of a list in YAML, which Bitbucket
    /// passes as `X_COUNT`, `X_0`, `X_1` … (Atlassian, "Advanced techniques for writing pipes").
    pub fn list(&mut self, variable: &'static Variable) -> Vec<String> {
        match self.items(variable) {
            Some(items) => items,
            None => self.words(variable).iter().flat_map(|word| keyless::at_commas(word)).map(str::to_owned).collect(),
        }
    }

    /// The items of a list in YAML, if the variable is one.
    fn items(&mut self, variable: &'static Variable) -> Option<Vec<String>> {
        // A string under a name that takes precedence hides the list.
        let name = self.names(variable).find(|name| {
            self.environment.get_os(name).is_some() || self.environment.get_os(&format!("{name}_COUNT")).is_some()
        })?;
        let count = format!("{name}_COUNT");
        let Ok(items) = self.named(&count)?.parse::<u16>() else {
            self.invalid.push(InvalidSetting::Value { variable: count, expected: "the number of items of a list" });
            return Some(Vec::new());
        };
        Some((0..items).filter_map(|item| self.named(&format!("{name}_{item}"))).collect())
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

    /// A list of `key=value`. A value may contain commas, so that only spaces separate the items.
    pub fn pairs(&mut self, variable: &'static Variable) -> Vec<String> {
        let items = self.items(variable);
        let by_words = items.is_none();
        let items = items.unwrap_or_else(|| self.words(variable));
        for (index, item) in items.iter().enumerate() {
            let invalid = match item.split_once('=') {
                Some((key, value)) if !key.is_empty() => {
                    let is_several = by_words && value.split(',').skip(1).any(starts_a_pair);
                    is_several.then_some(InvalidSetting::Commas(variable.name))
                }
                _ => Some(InvalidSetting::Pair(variable.name, index + 1)),
            };
            self.invalid.extend(invalid);
        }
        items
    }
}

/// Whether a value is a variable that Bitbucket did not replace, because none of that name is set: `$NAME` or `${NAME}`.
fn is_reference(value: &str) -> bool {
    let name = value.strip_prefix('$').unwrap_or_default();
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Whether the text after a comma is a pair or the end of an item (`a=1,b=2`, `a=1, b=2`) rather than more of the value.
fn starts_a_pair(text: &str) -> bool {
    let is_key =
        |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '@' | '/'));
    text.is_empty() || text.split_once('=').is_some_and(|(key, _)| !key.is_empty() && is_key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_between_pairs_are_rejected_and_those_in_values_are_not() {
        let read = |variables: &[(&str, &str)]| {
            let environment: Environment = variables.iter().copied().collect();
            let mut reader = Reader::new(&environment);
            let pairs = reader.pairs(&keyless::TAGS);
            (pairs, reader.invalid.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        for wrong in ["team=shop,stage=prod", "team=shop, stage=prod"] {
            let (_, invalid) = read(&[("TAGS", wrong)]);
            assert!(invalid[0].starts_with("TAGS: separate the items by spaces"), "{wrong}: {invalid:?}");
        }
        assert_eq!(read(&[("TAGS", "subnets=a,b team=x")]), (vec!["subnets=a,b".into(), "team=x".into()], vec![]));
        let list = [("TAGS_COUNT", "1"), ("TAGS_0", "filter=a,b=c")];
        assert_eq!(read(&list), (vec!["filter=a,b=c".into()], vec![]));
        let (_, invalid) = read(&[("TAGS", "a=b s3cret")]);
        assert_eq!(invalid, ["TAGS: item 2 must be `key=value`"]);
    }

    #[test]
    fn a_variable_that_was_not_replaced_is_no_value() {
        for (value, is_rejected) in [
            ("$REGION", true),
            ("${REGION_2}", true),
            ("$", false),
            ("$region", false),
            ("a$REGION", false),
            ("$A-$B", false),
        ] {
            let environment: Environment = [("AWS_REGION", value)].into_iter().collect();
            let mut reader = Reader::new(&environment);
            let region = reader.parsed(
                &keyless::AWS_REGION,
                |text| Ok::<_, ()>(text.to_owned()),
                |name, ()| InvalidSetting::Quotes(name),
            );
            let said: Vec<_> = reader.invalid.iter().map(ToString::to_string).collect();
            let literal = format!(
                "AWS_REGION: it is the literal string `{value}`: no variable of that name is set for this step"
            );
            assert_eq!(said, if is_rejected { vec![literal] } else { vec![] }, "{value}");
            assert_eq!(region.is_none(), is_rejected, "{value}");
        }
    }

    #[test]
    fn lists_in_json_are_lists() {
        for (text, expected) in [
            (r#"["Shop", "Net/*"]"#, &["Shop", "Net/*"][..]),
            ("[]", &[]),
            ("[ab]*", &["[ab]*"]),
            (r#"'["a"]' b"#, &[r#"["a"]"#, "b"]),
        ] {
            let environment: Environment = [("STACKS", text)].into_iter().collect();
            let mut reader = Reader::new(&environment);
            assert_eq!(reader.list(&keyless::STACKS), expected, "{text}");
        }
    }

    #[test]
    fn in_a_step_the_qualified_names_take_precedence() {
        let environment: Environment = [
            ("SESSION_NAME", "theirs"),
            ("KEYLESS_SESSION_NAME", "ours"),
            ("ROLE_CHAIN", "theirs"),
            ("KEYLESS_ROLE_CHAIN_COUNT", "1"),
            ("KEYLESS_ROLE_CHAIN_0", "ours"),
        ]
        .into_iter()
        .collect();
        let mut step = Reader::of_a_step(&environment);
        assert_eq!(step.string(&keyless::SESSION_NAME).as_deref(), Some("ours"));
        assert_eq!(step.list(&keyless::ROLE_CHAIN), ["ours"]);
        let mut pipe = Reader::new(&environment);
        assert_eq!(pipe.string(&keyless::SESSION_NAME).as_deref(), Some("theirs"));
        assert_eq!(pipe.list(&keyless::ROLE_CHAIN), ["theirs"]);
    }
}
