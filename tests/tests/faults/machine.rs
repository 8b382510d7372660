//! Faults of the machine: disks, folders, descriptors, randomness, and calls that the kernel refuses.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use keyless_tests::run::{Workplace, finish};

use crate::{Expected, all, step, timed, wrong};

/// How a fault is injected.
enum Injected {
    /// Commands of a shell that runs the binary as `"$@"` in namespaces where it may mount.
    Mounted(&'static str),
    /// The same without namespaces.
    Shell(&'static str),
    /// A call that fails: what strace is told.
    Call(&'static str),
    /// Nothing but the variables.
    Nothing,
}
use Injected::{Call, Mounted, Nothing, Shell};

/// A fault: name, binary, variables, exit code, and what is said.
type Fault = (&'static str, Injected, &'static str, &'static [(&'static str, &'static str)], i32, &'static str);

const DEPLOY: (&str, &str) = ("COMMAND", "deploy");
const PROFILE: (&str, &str) = ("AWS_PROFILE", "prod");
const RUN_IT: &str = "exec \"$@\"";

const FAULTS: &[Fault] = &[
    (
        "a read-only home",
        Mounted("mount -t tmpfs -o ro tmpfs \"$HOME\" && exec \"$@\""),
        "keyless-pipe",
        &[],
        0,
        "exec done",
    ),
    (
        "a read-only home for the CDK",
        Mounted("mount -t tmpfs -o ro tmpfs \"$HOME\" && exec \"$@\""),
        "keyless-pipe",
        &[DEPLOY],
        0,
        "deploy done",
    ),
    (
        "a read-only home for exec",
        Mounted("mount -t tmpfs -o ro tmpfs \"$HOME\" && exec \"$@\""),
        "keyless",
        &[PROFILE],
        0,
        "session",
    ),
    (
        "a full folder for temporary files",
        Mounted("mount -t tmpfs -o nr_inodes=1 tmpfs \"$TMPDIR\" && exec \"$@\""),
        "keyless-pipe",
        &[DEPLOY],
        1,
        "No space left on device",
    ),
    (
        "the same for exec",
        Mounted("mount -t tmpfs -o nr_inodes=1 tmpfs \"$TMPDIR\" && exec \"$@\""),
        "keyless",
        &[PROFILE],
        1,
        "No space left on device",
    ),
    (
        "a full disk for profiles",
        Mounted("mount -t tmpfs -o size=4k tmpfs \"$TMPDIR\" && head -c 4096 /dev/zero >\"$TMPDIR/x\" && exec \"$@\""),
        "keyless",
        &[PROFILE],
        1,
        "No space left on device",
    ),
    (
        "a read-only folder for temporary files",
        Mounted("mount -t tmpfs -o ro tmpfs \"$TMPDIR\" && exec \"$@\""),
        "keyless-pipe",
        &[DEPLOY],
        1,
        "Read-only file system",
    ),
    (
        "the same for profiles",
        Mounted("mount -t tmpfs -o ro tmpfs \"$TMPDIR\" && exec \"$@\""),
        "keyless",
        &[PROFILE],
        1,
        "Read-only file system",
    ),
    (
        "no folder for temporary files",
        Nothing,
        "keyless-pipe",
        &[DEPLOY, ("TMPDIR", "/nonexistent")],
        1,
        "No such file or directory",
    ),
    (
        "no folder for profiles",
        Nothing,
        "keyless",
        &[PROFILE, ("TMPDIR", "/nonexistent")],
        1,
        "No such file or directory",
    ),
    ("a folder that is a file", Nothing, "keyless-pipe", &[DEPLOY, ("TMPDIR", "/dev/null")], 1, "Not a directory"),
    ("no home", Nothing, "keyless-pipe", &[DEPLOY, ("HOME", "/nonexistent")], 0, "deploy done"),
    ("a home that is a device", Nothing, "keyless", &[PROFILE, ("HOME", "/dev/null")], 0, "session"),
    (
        "outputs on a full device",
        Nothing,
        "keyless-pipe",
        &[DEPLOY, ("OUTPUTS_FILE", "/dev/full")],
        1,
        "No space left on device",
    ),
    (
        "outputs below a file",
        Nothing,
        "keyless-pipe",
        &[DEPLOY, ("OUTPUTS_FILE", "cdk.json/o.json")],
        1,
        "the outputs could not be saved",
    ),
    (
        "outputs in place of a folder",
        Nothing,
        "keyless-pipe",
        &[DEPLOY, ("OUTPUTS_FILE", "node_modules")],
        1,
        "Is a directory",
    ),
    ("a log on a full device", Shell("exec \"$@\" >/dev/full"), "keyless-pipe", &[], 0, ""),
    (
        "a log that nobody reads",
        Shell("{ \"$@\"; echo $? >../code; } | true; exit $(cat ../code)"),
        "keyless-pipe",
        &[],
        0,
        "",
    ),
    ("a closed log", Shell("exec \"$@\" >&-"), "keyless-pipe", &[], 0, ""),
    (
        "a clone that is gone",
        Shell("mkdir gone && cd gone && rmdir ../gone && exec \"$@\""),
        "keyless",
        &[],
        0,
        "session",
    ),
    ("few open files", Shell("ulimit -n 4; exec \"$@\""), "keyless-pipe", &[], 1, "Too many open files"),
    ("few open files for exec", Shell("ulimit -n 4; exec \"$@\""), "keyless", &[], 2, "Too many open files"),
    (
        "certificates that are missing",
        Nothing,
        "keyless-pipe",
        &[("AWS_CA_BUNDLE", "/nonexistent")],
        1,
        "1 invalid setting; nothing was run",
    ),
    (
        "certificates that are none",
        Nothing,
        "keyless-pipe",
        &[("AWS_CA_BUNDLE", "/dev/null")],
        1,
        "1 invalid setting; nothing was run",
    ),
    ("profiles that are a folder", Nothing, "keyless", &[("AWS_CONFIG_FILE", "/")], 1, "Is a directory"),
    ("no entropy", Call("inject=getrandom:error=EIO"), "keyless-pipe", &[], 1, "random bytes"),
    ("no entropy for exec", Call("inject=getrandom:error=EIO"), "keyless", &[], 1, "random bytes"),
    (
        "no port for the endpoint",
        Call("inject=bind:error=EADDRINUSE"),
        "keyless-pipe",
        &[],
        1,
        "cannot start the credentials endpoint on 127.0.0.1",
    ),
    (
        "no port for exec",
        Call("inject=listen:error=EACCES"),
        "keyless",
        &[],
        1,
        "cannot start the credentials endpoint on 127.0.0.1",
    ),
    ("no network", Call("inject=connect:error=ENETUNREACH"), "keyless-pipe", &[], 1, "Network is unreachable"),
    ("no sockets", Call("inject=socket:error=EMFILE"), "keyless-pipe", &[], 1, "cannot"),
    ("no events", Call("inject=epoll_create1:error=EMFILE"), "keyless-pipe", &[], 1, "cannot start the pipe"),
    (
        "memory that cannot be hidden",
        Call("inject=prctl:error=EPERM"),
        "keyless-pipe",
        &[],
        0,
        "other processes of this user may read the step's token",
    ),
    (
        "no processes",
        Call("inject=clone,clone3,vfork,fork:error=EAGAIN"),
        "keyless-pipe",
        &[("EXTRA_ARGS", "/bin/true")],
        1,
        "cannot start",
    ),
    ("no processes for exec", Call("inject=clone,clone3,vfork,fork:error=EAGAIN"), "keyless", &[], 1, "cannot start"),
    (
        "connections that break while they are used",
        Call("inject=recvfrom,recvmsg:error=ECONNRESET"),
        "keyless-pipe",
        &[],
        1,
        "cannot connect to",
    ),
];

/// Whether a command of the system succeeds here.
fn works(words: &[&str]) -> bool {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

const NAMESPACES: [&str; 3] = ["--user", "--map-root-user", "--mount"];

#[test]
fn faults_of_the_machine() {
    let mounts = works(&[&["unshare"], &NAMESPACES[..], &["true"]].concat());
    let traces = works(&["strace", "-o", "/dev/null", "-e", "inject=getrandom:error=EIO", "true"]);
    let possible = |fault: &&Fault| match &fault.1 {
        Mounted(_) => mounts,
        Call(_) => traces,
        Shell(_) | Nothing => true,
    };
    let rows: Vec<&Fault> = FAULTS.iter().filter(possible).collect();
    if rows.len() < FAULTS.len() {
        println!(
            "not injected: {} faults, for which the system must allow mounts and have strace",
            FAULTS.len() - rows.len()
        );
    }
    all(
        &rows,
        |row| row.0.to_owned(),
        |(_, injected, binary, variables, code, says)| {
            let workplace = Workplace::with_script_for_cdk("console.log('deployed');");
            let ran = {
                let mut ran = step(&workplace, binary);
                ran.envs(variables.iter().copied());
                ran
            };
            let (wrapper, script): (Vec<&str>, &str) = match injected {
                Mounted(script) => ([&["unshare"], &NAMESPACES[..]].concat(), script),
                Shell(script) => (Vec::new(), script),
                Call(inject) => (vec!["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject], RUN_IT),
                Nothing => (Vec::new(), RUN_IT),
            };
            let mut words = wrapper;
            // strace must not inject into the shell.
            if !matches!(injected, Call(_)) {
                words.extend(["sh", "-c", script, "sh"]);
            }
            let mut words: Vec<_> = words.into_iter().map(std::ffi::OsString::from).collect();
            words.push(ran.get_program().to_owned());
            words.extend(ran.get_args().map(ToOwned::to_owned));
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).current_dir(workplace.clone_folder()).stdin(Stdio::null()).env_clear();
            command.envs(ran.get_envs().filter_map(|(name, value)| Some((name, value?))));
            let (finished, took) = timed(|| finish(&mut command));
            wrong(&workplace, &finished, took, &Expected { code: *code, says, within: Duration::from_secs(30) })
        },
    );
}
