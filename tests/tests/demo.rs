//! The demo's driver, as `make demo` runs it.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use keyless_tests::checkout;
use rustix::process::{Pid, Signal, kill_process};

fn demo() -> Command {
    let mut demo = Command::new(checkout::binary("demo"));
    demo.stdin(Stdio::null());
    demo
}

/// The emulators that a process started.
fn emulators_below(parent: u32) -> Vec<String> {
    let started_by = |process: &fs::DirEntry| {
        let status = fs::read_to_string(process.path().join("status")).unwrap_or_default();
        status.lines().any(|line| line == format!("PPid:\t{parent}"))
    };
    let processes = fs::read_dir("/proc").expect("this is Linux").flatten();
    processes.filter(started_by).map(|process| process.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn deploys_reads_back_and_finds_no_secret() {
    let finished = demo().output().expect("the demo starts");
    let said = String::from_utf8_lossy(&finished.stdout);
    assert!(finished.status.success(), "{said}");
    assert!(said.contains("none of 15 secrets in "), "{said}");
    let value = "Deployed, and read back through the API: /keyless/demo/greeting = \"deployed without a stored key\"";
    assert!(said.contains(value), "{said}");
}

#[test]
fn a_stopped_demo_leaves_no_process() {
    let mut child = demo().stdout(Stdio::null()).spawn().expect("the demo starts");
    let deadline = Instant::now() + Duration::from_secs(30);
    while emulators_below(child.id()).len() < 2 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    let emulators = emulators_below(child.id());
    assert_eq!(emulators.len(), 2);
    let id = Pid::from_raw(child.id().try_into().expect("process ids are small")).expect("process ids are not zero");
    kill_process(id, Signal::TERM).expect("the demo runs");
    assert_eq!(child.wait().expect("the demo ends").code(), Some(1));
    assert!(emulators.iter().all(|id| !fs::exists(format!("/proc/{id}")).unwrap_or(true)), "{emulators:?}");
}
