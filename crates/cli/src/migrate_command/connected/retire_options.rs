//! The options of `keyless migrate retire`.

use clap::Args;

/// Which keys are retired, and when.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct RetireOptions {
    /// How long a key must be unused before it is deactivated, and inactive before it is deleted: `7d`, `36h`
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = soak)]
    pub(super) soak: Soak,
    /// Another variable that holds a key or its secret; `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
    /// `AWS_SESSION_TOKEN` are deleted without it
    #[arg(long, value_name = "NAME")]
    pub(super) variable: Vec<String>,
    /// Delete the workspace's variables too, which other repositories may use
    #[arg(long)]
    pub(super) workspace_variables: bool,
}

/// A time to wait: a week by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Soak {
    pub(super) seconds: u64,
}

impl Default for Soak {
    fn default() -> Self {
        Self { seconds: 604_800 }
    }
}

/// The units of a time, and their seconds.
const UNITS: [(char, u64); 3] = [('d', 86_400), ('h', 3_600), ('m', 60)];

fn soak(text: &str) -> Result<Soak, String> {
    let read = || {
        let unit = text.chars().next_back()?;
        let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        let number: u64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
        number.checked_mul(seconds)
    };
    read()
        .map(|seconds| Soak { seconds })
        .ok_or_else(|| "must be a number of days, hours or minutes, such as 7d, 36h or 0d".to_owned())
}

impl Soak {
    /// As it is written.
    pub(super) fn shown(self) -> String {
        let unit =
            UNITS.into_iter().find(|(_, seconds)| self.seconds >= *seconds && self.seconds.is_multiple_of(*seconds));
        unit.map_or_else(|| "0 d".to_owned(), |(name, seconds)| format!("{} {name}", self.seconds / seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        for (text, seconds, shown) in [
            ("7d", 604_800, "7 d"),
            ("36h", 129_600, "36 h"),
            ("48h", 172_800, "2 d"),
            ("90m", 5_400, "90 m"),
            ("0d", 0, "0 d"),
        ] {
            let read = soak(text).unwrap();
            assert_eq!((read.seconds, read.shown().as_str()), (seconds, shown), "{text}");
        }
        for wrong in ["", "7", "d", "-1d", "7w", "1.5d", "7 d", "99999999999999999999d", "7é"] {
            assert!(soak(wrong).is_err(), "{wrong}");
        }
    }
}
