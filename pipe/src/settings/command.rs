//! What the pipe runs.

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

    /// Whether it calls the accounts of the stacks that it selects.
    pub(crate) fn calls_accounts_of_stacks(self) -> bool {
        self.selects_stacks() && self != Self::List
    }

    /// Whether it needs an app. Bootstrapping prepares an account for any app.
    pub(crate) fn needs_app(self) -> bool {
        !matches!(self, Self::Bootstrap | Self::Exec)
    }
}
