//! What the reader of standard output can show.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal},
};

/// Reads a variable.
type Variable = dyn Fn(&str) -> Option<OsString>;

/// What a run needs to know of its environment.
pub(crate) struct Terminal {
    /// Whether standard output is a terminal.
    pub(crate) is_terminal: bool,
    /// The value of a variable.
    pub(crate) variable: Box<Variable>,
}

impl Terminal {
    /// That of this process.
    pub(crate) fn of_process() -> Self {
        let variable = Box::new(|name: &str| env::var_os(name));
        Self { is_terminal: io::stdout().is_terminal(), variable }
    }

    /// Whether a variable has a value; <https://no-color.org> has an empty one count as none.
    fn is_set(&self, name: &str) -> bool {
        (self.variable)(name).is_some_and(|value| !value.is_empty())
    }

    /// Whether a variable has a value other than `0`.
    fn is_on(&self, name: &str) -> bool {
        (self.variable)(name).is_some_and(|value| !value.is_empty() && value != "0")
    }

    /// Whether a variable is `0`.
    fn is_off(&self, name: &str) -> bool {
        (self.variable)(name).is_some_and(|value| value == "0")
    }

    /// Whether the terminal understands escape sequences.
    fn is_dumb(&self) -> bool {
        (self.variable)("TERM").is_some_and(|terminal| terminal == "dumb")
    }

    /// Whether to color standard output. `NO_COLOR` (<https://no-color.org>) comes before `FORCE_COLOR`
    /// (<https://force-color.org>) and `CLICOLOR_FORCE`, and these before `CLICOLOR` (<https://bixense.com/clicolors>).
    pub(crate) fn has_colors(&self) -> bool {
        if self.is_set("NO_COLOR") || self.is_off("FORCE_COLOR") {
            return false;
        }
        let is_forced = self.is_on("FORCE_COLOR") || self.is_on("CLICOLOR_FORCE");
        is_forced || (self.is_terminal && !self.is_off("CLICOLOR") && !self.is_dumb())
    }
}

#[cfg(test)]
mod tests {
    use super::Terminal;

    type Variables = &'static [(&'static str, &'static str)];

    fn has_colors(is_terminal: bool, variables: Variables) -> bool {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
        Terminal { is_terminal, variable: Box::new(variable) }.has_colors()
    }

    #[test]
    fn variables_decide_about_colors_in_their_order() {
        let cases: [(bool, Variables, bool); 13] = [
            (true, &[], true),
            (false, &[], false),
            (true, &[("TERM", "dumb")], false),
            (true, &[("NO_COLOR", "1")], false),
            (true, &[("NO_COLOR", "")], true),
            (true, &[("CLICOLOR", "0")], false),
            (false, &[("CLICOLOR", "1")], false),
            (false, &[("CLICOLOR_FORCE", "1")], true),
            (false, &[("CLICOLOR_FORCE", "0")], false),
            (false, &[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], true),
            (false, &[("FORCE_COLOR", "1")], true),
            (true, &[("FORCE_COLOR", "0")], false),
            (false, &[("FORCE_COLOR", "3"), ("NO_COLOR", "1")], false),
        ];
        for (is_terminal, variables, expected) in cases {
            assert_eq!(has_colors(is_terminal, variables), expected, "{is_terminal} {variables:?}");
        }
    }
}
