//! How a run ends.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing was found that counts.
    Clean,
    /// There are findings that count.
    Findings,
    /// Something could not be read, written or understood.
    CannotRun,
    /// The answer depends on something unknown.
    Undecided,
    /// The exit code of the command that `keyless exec` ran, or of its failure.
    #[cfg(feature = "cloud")]
    Exit(u8),
}

impl Outcome {
    /// The process's exit status.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::CannotRun => 2,
            Self::Undecided => 3,
            #[cfg(feature = "cloud")]
            Self::Exit(code) => code,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.status())
    }
}
