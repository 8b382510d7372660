//! What the pipe runs.

use crate::assembly::Expansion;

/// What the pipe runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
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
    /// `cdk rollback`
    Rollback,
    /// `cdk drift`
    Drift,
    /// `cdk list`
    List,
    /// Any other program.
    Exec,
}

pub(super) const COMMANDS: [(&str, Command); 9] = [
    ("deploy", Command::Deploy),
    ("diff", Command::Diff),
    ("synth", Command::Synth),
    ("bootstrap", Command::Bootstrap),
    ("destroy", Command::Destroy),
    ("rollback", Command::Rollback),
    ("drift", Command::Drift),
    ("list", Command::List),
    ("exec", Command::Exec),
];

impl Command {
    /// The value of COMMAND, and the subcommand of the CDK.
    pub(crate) fn name(self) -> &'static str {
        COMMANDS.iter().find(|(_, command)| *command == self).map_or("", |(name, _)| name)
    }

    /// Whether the CDK takes the stacks as arguments, all of them by default. `synth` always writes the whole assembly.
    pub(crate) fn selects_stacks(self) -> bool {
        match self {
            Self::Deploy | Self::Diff | Self::Destroy | Self::Rollback | Self::Drift | Self::List => true,
            Self::Synth | Self::Bootstrap | Self::Exec => false,
        }
    }

    /// Which stacks it adds to those that are named, unless `EXCLUSIVELY` is set. `rollback` and `drift` select what is named alone;
    /// more is checked for them, and never less (aws-cdk 2.1148.1).
    pub(crate) fn expansion(self) -> Expansion {
        if self == Self::Destroy { Expansion::Dependents } else { Expansion::Dependencies }
    }

    /// Whether it needs credentials even when the app is synthesized without.
    pub(crate) fn needs_session(self) -> bool {
        !matches!(self, Self::Synth | Self::List)
    }

    /// Whether it calls the accounts of the stacks that it selects.
    pub(crate) fn calls_accounts_of_stacks(self) -> bool {
        self.selects_stacks() && self != Self::List
    }

    /// Whether it needs an app. Bootstrapping prepares an account for any app.
    pub(crate) fn needs_app(self) -> bool {
        !matches!(self, Self::Bootstrap | Self::Exec)
    }
}
