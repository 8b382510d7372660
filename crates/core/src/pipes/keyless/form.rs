//! The forms of the variables' values.

use std::time::Duration;

use crate::spelling::nearest;

/// Which values of a variable are valid.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Any string.
    Any,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A list of these.
    Items(&'static [&'static str]),
    /// What a function accepts.
    Parsed(Parsed),
    /// A list of `key=value`.
    Pairs,
    /// The ARN of a role.
    Role,
    /// A list of `ARN` or `ARN#external-id`.
    Roles,
    /// A list of account ids.
    Accounts,
    /// A region.
    Region,
    /// The name of a role session.
    SessionName,
}

/// A form that a function decides.
#[derive(Clone, Copy, Debug)]
pub struct Parsed {
    /// What the value must be, such as `a number from 1 to 64`.
    pub expected: &'static str,
    /// Whether a value is valid.
    pub accepts: fn(&str) -> bool,
}

/// Limits of a session's length (STS API reference, `DurationSeconds`).
pub const DURATIONS: (Duration, Duration) = (Duration::from_mins(15), Duration::from_hours(12));

/// The longest session of a role that is assumed from another role's session, and the default of any
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>).
pub const CHAINED_DURATION: Duration = Duration::from_hours(1);

/// How [`DURATIONS`] are written.
pub const DURATION_FORM: &str = "a duration from 15m to 12h (seconds, or a number with m or h)";

pub(super) const DURATION: Parsed = Parsed {
    expected: DURATION_FORM,
    accepts: |text| duration(text).is_some_and(|length| (DURATIONS.0..=DURATIONS.1).contains(&length)),
};

pub(super) const REPORT: Parsed = Parsed {
    expected: "true, false, or a proxy such as http://localhost:29418",
    accepts: |text| matches!(text, "true" | "false") || report_proxy(text).is_some(),
};

pub(super) const CONCURRENCY: Parsed =
    Parsed { expected: "a number from 1 to 64", accepts: |text| concurrency(text).is_some() };

pub(super) const QUALIFIER: Parsed =
    Parsed { expected: "at most 10 letters, digits, `_` or `-`", accepts: |text| qualifier(text).is_some() };

pub(super) const CDK_VERSION: Parsed = Parsed {
    expected: "an exact version of the CDK CLI 2, such as 2.1148.1",
    accepts: |text| cdk_version(text).is_some(),
};

pub(super) const SCOPE: Parsed = Parsed { expected: "a scope such as @acme", accepts: |text| scope(text).is_some() };

/// What `DEBUG` may be.
pub const DEBUG_FORM: &str = "true, false, or namespaces of the package `debug`, such as express:*";

pub(super) const DEBUG: Parsed = Parsed { expected: DEBUG_FORM, accepts: |text| debug(text).is_some() };

/// Whether the CDK shows its debug output. Any other value than `true` and `false` is one of the npm package `debug`, and
/// belongs to the app; those that were meant as a boolean are neither.
pub fn debug(text: &str) -> Option<bool> {
    const BOOLEANS: [&str; 8] = ["0", "1", "yes", "no", "on", "off", "y", "n"];
    let folded = text.to_ascii_lowercase();
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ if BOOLEANS.contains(&folded.as_str()) || nearest(&folded, ["true", "false"]).is_some() => None,
        _ => Some(false),
    }
}

/// The items between commas. A comma inside braces belongs to the pattern of a stack (`Shop-{dev,prod}`), and in an ARN to
/// the name unless another ARN follows.
pub fn at_commas(word: &str) -> Vec<&str> {
    let (mut items, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in word.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let rest = &word[at + 1..];
                if !word[start..].starts_with("arn:") || rest.is_empty() || rest.starts_with("arn:") {
                    items.push(&word[start..at]);
                    start = at + 1;
                }
            }
            _ => {}
        }
    }
    items.push(&word[start..]);
    items.retain(|item| !item.is_empty());
    items
}

/// A duration in seconds, or a number with `m` or `h`.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix('h') {
        Some(hours) => (hours, 3600),
        None => text.strip_suffix('m').map_or((text, 1), |minutes| (minutes, 60)),
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(unit)?))
}

/// Host and port of the proxy in `REPORT`.
pub fn report_proxy(text: &str) -> Option<&str> {
    text.strip_prefix("http://").map(|proxy| proxy.trim_end_matches('/')).filter(|proxy| {
        proxy.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
    })
}

/// The number in `CONCURRENCY`.
pub fn concurrency(text: &str) -> Option<u8> {
    text.parse().ok().filter(|number| (1..=64).contains(number))
}

/// A bootstrap qualifier: `[A-Za-z0-9_-]{1,10}` (CDK's bootstrap template, parameter `Qualifier`).
pub fn qualifier(text: &str) -> Option<&str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (text.len() <= 10 && text.chars().all(allowed)).then_some(text)
}

/// An exact version of the CDK CLI: a tag such as `latest` moves, and once pointed to 3.0.0.
pub fn cdk_version(text: &str) -> Option<&str> {
    let numbers: Vec<&str> = text.split('.').collect();
    let exact = numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u32>().is_ok());
    (exact && numbers[0] == "2").then_some(text)
}

/// The name of an npm scope, with or without its `@`.
pub fn scope(text: &str) -> Option<&str> {
    let name = text.strip_prefix('@').unwrap_or(text);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    (!name.is_empty() && name.chars().all(allowed)).then_some(name)
}
