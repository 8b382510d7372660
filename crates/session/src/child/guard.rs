//! What keeps other processes of the same user away from this process's secrets.

use std::{fs, io, time::Duration};

use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, set_dumpable_behavior,
    waitpid,
};
use tokio::time::{Instant, sleep};

/// How long killed processes may take to end.
const END_LIMIT: Duration = Duration::from_secs(5);
/// The pause between two looks at what is left.
const PAUSE: Duration = Duration::from_millis(5);

/// Hides this process's memory and the variables that it was started with, which contain the step's token: other processes of
/// the same user can no longer read `/proc/PID/environ` and `/proc/PID/mem` or attach to it. This holds for root too, unless it has
/// `CAP_SYS_PTRACE`, or for reading `CAP_PERFMON` or `CAP_SYS_ADMIN`, none of which containers have by default (ptrace(2), "Ptrace
/// access mode checking"; Linux, `may_access_mm`). No core dump is written either.
///
/// # Errors
/// When the kernel refuses.
pub fn protect() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// From now on, processes that outlive their parents become children of this one, so that [`end_orphans`] finds them.
///
/// # Errors
/// When the kernel refuses.
pub fn adopt_orphans() -> io::Result<()> {
    set_child_subreaper(Some(getpid()))?;
    Ok(())
}

/// Ends every process that earlier children left behind, with all that these start meanwhile. Must only be called while no child is
/// being waited for.
///
/// # Errors
/// When some cannot be ended.
pub async fn end_orphans() -> io::Result<()> {
    let deadline = Instant::now() + END_LIMIT;
    loop {
        let left = children()?;
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "processes of the app cannot be ended"));
        }
        for child in left {
            // One that ended meanwhile is collected all the same.
            let _ = kill_process(child, Signal::KILL);
            let _ = waitpid(Some(child), WaitOptions::NOHANG);
        }
        sleep(PAUSE).await;
    }
}

/// The children of this process, by the parents that `/proc/PID/stat` names: `PID (name) state PARENT …`.
fn children() -> io::Result<Vec<Pid>> {
    let own = getpid().as_raw_nonzero().get().to_string();
    let mut found = Vec::new();
    // Processes come and go meanwhile, and a name may be any bytes.
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        let Ok(stat) = fs::read(entry.path().join("stat")) else { continue };
        let stat = String::from_utf8_lossy(&stat);
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        if after_name.split_whitespace().nth(1) == Some(own.as_str()) {
            found.push(id);
        }
    }
    Ok(found)
}
