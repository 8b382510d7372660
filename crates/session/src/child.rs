//! A child process: started in its own process group, sent the signals that this process receives, and waited for.

mod environment;
mod guard;
mod output;
pub(crate) mod profiles;
mod program;

use std::{
    io,
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    process::{Child, Command},
    signal::unix::{Signal as SignalStream, SignalKind, signal},
    time::timeout,
};

use output::pass_on;

pub use environment::{ChildEnvironment, CredentialSource};
pub use guard::{adopt_orphans, end_orphans, protect};
pub use output::Listener;
pub use program::find_program;

/// How long to wait for the rest of a child's output after it ended.
const OUTPUT_LIMIT: Duration = Duration::from_secs(10);

/// The signals that end a step: Bitbucket stops a step with SIGTERM, a terminal with SIGINT.
#[derive(Debug)]
pub struct Signals {
    terminate: SignalStream,
    interrupt: SignalStream,
}

impl Signals {
    /// Handles the signals from now on. The kernel applies no default action to the first process of a container, so they
    /// must be handled even before there is a child.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.interrupt.recv() => Signal::INT,
        }
    }
}

/// Runs a command to its end with this process's own output, and no input; `listener` is called with every line that it
/// prints. Signals are handled as by [`run_attached`].
///
/// # Errors
/// When the command cannot be started or waited for.
pub async fn run(command: &mut Command, signals: &mut Signals, listener: Listener) -> io::Result<ExitStatus> {
    let mut child =
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().map(|from| pass_on(from, tokio::io::stdout(), Arc::clone(&listener)));
    let stderr = child.stderr.take().map(|from| pass_on(from, tokio::io::stderr(), listener));
    let copies = tokio::spawn(async move { tokio::join!(maybe(stdout), maybe(stderr)) });
    let status = supervise(&mut child, signals).await?;
    // A grandchild that outlives the child may keep its output open forever; the child's own output has been read.
    let _ = timeout(OUTPUT_LIMIT, copies).await;
    Ok(status)
}

/// Runs a command to its end with this process's own input and output. Signals are sent on to its whole process
/// group; after the child ended because of one, the rest of the group is killed, so that nothing outlives the step.
///
/// # Errors
/// When the command cannot be started or waited for.
pub async fn run_attached(command: &mut Command, signals: &mut Signals) -> io::Result<ExitStatus> {
    let mut child = command.process_group(0).spawn()?;
    supervise(&mut child, signals).await
}

async fn supervise(child: &mut Child, signals: &mut Signals) -> io::Result<ExitStatus> {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let mut signalled = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            signal = signals.next() => {
                signalled = true;
                if let Some(group) = group {
                    let _ = kill_process_group(group, signal);
                }
            }
        }
    };
    if let (true, Some(group)) = (signalled, group) {
        // Usually nothing is left.
        let _ = kill_process_group(group, Signal::KILL);
    }
    Ok(status)
}

async fn maybe(copy: Option<impl Future<Output = io::Result<()>>>) -> io::Result<()> {
    match copy {
        Some(copy) => copy.await,
        None => Ok(()),
    }
}

/// The exit code for a status: 128 + number for a signal, as in a shell.
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
