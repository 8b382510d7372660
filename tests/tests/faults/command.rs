//! Faults of the command that runs with the session: how it ends, what it prints, and what it leaves.

use std::{
    io::Read,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use keyless_tests::run::{Workplace, finish};

use crate::{Expected, all, step, timed, wrong};

/// A script in place of the CDK's deployment: name, script, variables, exit code and what is said.
type Deployed = (&'static str, &'static str, &'static [(&'static str, &'static str)], i32, &'static str);

/// The path of the outputs file, as the CDK gets it.
macro_rules! outputs {
    ($script:literal) => {
        concat!(
            "const fs = require('node:fs'); const file = process.argv[process.argv.indexOf('--outputs-file') + 1];",
            $script
        )
    };
}

const FILE: &[(&str, &str)] = &[("OUTPUTS_FILE", "o.json")];

const DEPLOYMENTS: &[Deployed] = &[
    ("ends by SIGKILL", "process.kill(process.pid, 'SIGKILL');", &[], 137, "deploy failed with exit code 137"),
    ("ends by SIGSEGV", "process.kill(process.pid, 'SIGSEGV');", &[], 139, "deploy failed with exit code 139"),
    ("ends with 255", "process.exit(255);", &[], 255, "deploy failed with exit code 255"),
    ("crashes", "throw new Error('boom');", &[], 1, "deploy failed"),
    ("ends at once", "", &[], 0, "deploy done"),
    ("closes its output", "require('node:fs').closeSync(1); require('node:fs').closeSync(2);", &[], 0, "deploy done"),
    (
        "prints no text",
        "process.stdout.write(Buffer.alloc(1 << 16, 0xff)); process.stderr.write(Buffer.from([0, 27, 0x5d]));",
        &[],
        0,
        "deploy done",
    ),
    ("prints a line of 4 MB", "process.stdout.write('x'.repeat(4 << 20));", &[], 0, "deploy done"),
    ("prints 200,000 lines", "process.stdout.write('a line\\n'.repeat(200000));", &[], 0, "deploy done"),
    (
        "leaves a process with its output",
        "require('node:child_process').spawn('sleep', ['12'], { stdio: 'inherit', detached: true }).unref();",
        &[],
        0,
        "deploy done",
    ),
    ("writes no outputs", outputs!("fs.rmSync(file, { force: true });"), FILE, 0, "outputs written to o.json"),
    ("writes half of the outputs", outputs!("fs.writeFileSync(file, '{\"Shop\": {\"Url\": \"htt');"), FILE, 0, ""),
    ("writes outputs that are no object", outputs!("fs.writeFileSync(file, '[1, null]');"), FILE, 0, "deploy done"),
    ("makes the outputs a folder", outputs!("fs.mkdirSync(file);"), FILE, 0, "deploy done"),
    (
        "writes control characters as outputs",
        outputs!("fs.writeFileSync(file, JSON.stringify({ Shop: { Url: '\\u001b[2J\\r✖ failed' } }));"),
        FILE,
        0,
        "deploy done",
    ),
    (
        "writes the outputs of 2,000 stacks",
        outputs!(
            "fs.writeFileSync(file, JSON.stringify(Object.fromEntries(Array.from({ length: 2000 }, (_, n) => ['Stack' + n, { Url: 'https://' + n }]))));"
        ),
        FILE,
        0,
        "deploy done",
    ),
    (
        "reports 2,000 stacks",
        "for (let n = 0; n < 2000; n++) console.error(`Stack${n}: deploying... [${n + 1}/2000]\\n\\n ✅  Stack${n}\\n\\n✨  Deployment time: 1s\\n`);",
        &[],
        0,
        "deploy done",
    ),
];

#[test]
fn faults_of_the_command() {
    all(
        DEPLOYMENTS,
        |row| format!("a CDK that {}", row.0),
        |(_, script, variables, code, says)| {
            let workplace = Workplace::with_script_for_cdk(script);
            let mut pipe = step(&workplace, "keyless-pipe");
            pipe.env("COMMAND", "deploy").env_remove("EXTRA_ARGS").envs(variables.iter().copied());
            let (finished, took) = timed(|| finish(&mut pipe));
            let expected = Expected { code: *code, says, within: Duration::from_secs(30) };
            // It ends by itself, or with its container.
            let mut found = wrong(&workplace, &finished, took, &expected);
            if script.contains("detached") {
                found.retain(|text| !(text.starts_with("process ")));
                if found.len() == 1 {
                    found.clear();
                }
            }
            if finished.stdout.contains("\u{1b}[2J\r✖") {
                found.push("an output controls the terminal".to_owned());
            }
            found
        },
    );
}

/// What the synthesis leaves: name, manifest as an expression of JavaScript, exit code and what is said.
const ASSEMBLIES: &[(&str, &str, &str)] = &[
    ("is no JSON", "'{'", "cannot read"),
    ("is empty", "''", "cannot read"),
    ("is a list", "'[]'", ""),
    ("has no stacks", "'{\"version\":\"50.0.0\"}'", ""),
    ("is nested 100,000 deep", "'['.repeat(100000)", "cannot read"),
    (
        "leads out of the assembly",
        "JSON.stringify({ artifacts: { A: { type: 'aws:cloudformation:stack', properties: { templateFile: '../../x' } } } })",
        "outside of the assembly",
    ),
    (
        "names itself",
        "JSON.stringify({ artifacts: { A: { type: 'cdk:cloud-assembly', properties: { directoryName: '.' } } } })",
        "",
    ),
];

#[test]
fn faults_of_the_assembly() {
    all(
        ASSEMBLIES,
        |row| format!("a manifest that {}", row.0),
        |(_, manifest, says)| {
            let workplace = Workplace::empty();
            let bin = workplace.clone_folder().join("node_modules/aws-cdk/bin");
            std::fs::create_dir_all(&bin).expect("the scratch folder is writable");
            let script = format!(
                "#!/usr/bin/env node\nconst fs = require('node:fs'); fs.mkdirSync('cdk.out', {{ recursive: true }});
                 fs.writeFileSync('cdk.out/manifest.json', {manifest});"
            );
            std::fs::write(bin.join("cdk"), script).expect("the scratch folder is writable");
            std::fs::write(workplace.clone_folder().join("cdk.json"), "{}").expect("the scratch folder is writable");
            let mut pipe = step(&workplace, "keyless-pipe");
            pipe.env("COMMAND", "deploy").env_remove("EXTRA_ARGS");
            let (finished, took) = timed(|| finish(&mut pipe));
            wrong(&workplace, &finished, took, &Expected { code: 1, says, within: Duration::from_secs(20) })
        },
    );
}

#[test]
fn a_gigabyte_of_output_passes_in_bounded_memory() {
    let workplace = Workplace::empty();
    let mut pipe = step(&workplace, "keyless-pipe");
    pipe.env("EXTRA_ARGS", "sh -c 'head -c 1G /dev/zero; grep VmHWM /proc/$PPID/status >&2'");
    let started = Instant::now();
    let mut child = pipe.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the pipe starts");
    let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let count = thread::spawn(move || {
        let (mut chunk, mut count) = (vec![0; 1 << 20], 0_u64);
        while let Ok(length @ 1..) = out.read(&mut chunk) {
            count += length as u64;
        }
        count
    });
    let mut said = String::new();
    err.read_to_string(&mut said).expect("it is text");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{said}");
    assert!(count.join().expect("reading does not panic") >= 1 << 30);
    let peak = said.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak: u64 = peak.and_then(|peak| peak.trim().parse().ok()).expect("the kernel counts");
    assert!(peak < 60 * 1024, "{peak} KiB");
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
}
