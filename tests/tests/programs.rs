//! The programs that a run needs: missing ones are reported before the role is assumed, and those of the app's packages are found.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{
    env,
    ffi::OsStr,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
    time::Duration,
};

use keyless_tests::{
    cloud::Cloud,
    run::{Finished, Workplace, finish},
};

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

/// A folder with some of the machine's programs, for a PATH that has no others.
fn programs(workplace: &Workplace, names: &[&str]) -> PathBuf {
    let bin = workplace.folder().join("bin");
    fs::create_dir(&bin).expect("the scratch folder is writable");
    for name in names {
        let path = env::var_os("PATH").expect("there is a PATH");
        let file = env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
        let file = file.and_then(|file| fs::canonicalize(file).ok()).expect("the tests need the program");
        symlink(file, bin.join(name)).expect("the scratch folder is writable");
    }
    bin
}

fn write(workplace: &Workplace, files: &[(&str, &str)]) {
    for (name, text) in files {
        let file = workplace.clone_folder().join(name);
        fs::create_dir_all(file.parent().unwrap_or(Path::new("/"))).expect("the scratch folder is writable");
        fs::write(file, text).expect("the scratch folder is writable");
    }
}

/// Runs the pipe with a PATH, and returns how often a session was requested.
fn pipe(workplace: &Workplace, path: &OsStr, variables: &[(&str, &str)]) -> (Finished, usize) {
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let mut pipe = workplace.pipe(&CLOUD);
    pipe.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).env("AWS_ENDPOINT_URL_STS", sts.url()).env("PATH", path);
    let finished = finish(pipe.envs(variables.iter().copied()));
    (finished, sts.asked())
}

/// A CDK CLI that prints where it is and with which PATH, and writes an assembly.
const CLI: &str = r"#!/usr/bin/env node
const fs = require('node:fs');
console.log(`cdk at ${__filename}`);
console.log(`path ${process.env.PATH}`);
fs.mkdirSync('cdk.out', { recursive: true });
const shop = { type: 'aws:cloudformation:stack', environment: 'aws://unknown-account/unknown-region' };
fs.writeFileSync('cdk.out/manifest.json', JSON.stringify({ version: '38.0.0', artifacts: { Shop: shop } }));
";

#[test]
fn a_missing_program_is_reported_before_the_role_is_assumed() {
    const APP: (&str, &str) = ("cdk.json", r#"{"app":"node app.js"}"#);
    for (files, variables, expected) in [
        (
            &[APP, ("pnpm-lock.yaml", ""), ("package.json", "{}")][..],
            &[][..],
            "`pnpm` is not on the PATH, and pnpm-lock.yaml needs it; use the `full` variant of the pipe's image, or install the \
             packages before the pipe, or set INSTALL to a command that does",
        ),
        (
            &[APP, ("infra/cdk.json", APP.1), ("bun.lock", "")],
            &[("WORKING_DIRECTORY", "infra")],
            "`bun` is not on the PATH, and bun.lock needs it; no variant of the pipe's image has it: name its version in \
             `packageManager` of package.json, install the packages before the pipe, or set INSTALL to a command that does",
        ),
        (
            &[("cdk.json", r#"{"app":"python3 app.py"}"#)],
            &[],
            "`python3` is not on the PATH, and `app` in cdk.json runs it; use the `python` variant of the pipe's image, or \
             synthesize the app in a step whose image has it, and deploy the assembly with `APP: cdk.out`",
        ),
        (
            &[APP],
            &[("APP", "KEY=s3cret mvn -q compile exec:java")],
            "`mvn` is not on the PATH, and APP runs it; no variant of the pipe's image has it: synthesize the app in a step whose \
             image has it, and deploy the assembly with `APP: cdk.out`",
        ),
        (
            &[],
            &[("COMMAND", "exec"), ("EXTRA_ARGS", "aws s3 sync site s3://my-bucket")],
            "`aws` is not on the PATH, and EXTRA_ARGS runs it; no variant of the pipe's image has it: run it with `keyless exec` in a \
             step whose image has it",
        ),
        (
            &[APP],
            &[("INSTALL", "yarn install")],
            "`yarn` is not on the PATH, and INSTALL runs it; use the `full` variant of the pipe's image, or install the packages \
             before the pipe",
        ),
        (
            &[APP],
            &[("EXTRA_ARGS", "--profile=s3cret")],
            "EXTRA_ARGS has --profile, and there are no profiles in the pipe, so that the CDK would find no credentials; remove it: \
             the CDK uses the session",
        ),
    ] {
        let workplace = Workplace::empty();
        let bin = programs(&workplace, &["node", "npm", "npx", "sh", "git"]);
        fs::write(bin.join("cdk"), CLI).expect("the scratch folder is writable");
        make_executable(&bin.join("cdk"));
        write(&workplace, files);
        let (finished, asked) = pipe(&workplace, bin.as_os_str(), variables);
        assert_eq!((finished.code, asked), (Some(1), 0), "{finished:#?}");
        assert_eq!(finished.stderr, format!("  {expected}\n✖ 1 invalid setting; nothing was run\n"), "{variables:?}");
        assert!(!finished.stdout.contains("s3cret"), "{finished:#?}");
    }
}

fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// A workspace with an app in `infra`, and the CDK CLI as a package in it.
fn workspace() -> Workplace {
    let workplace = Workplace::empty();
    write(
        &workplace,
        &[
            ("package.json", r#"{"name":"root","private":true,"workspaces":["infra"]}"#),
            ("infra/package.json", r#"{"name":"infra","version":"1.0.0","devDependencies":{"aws-cdk":"file:../cli"}}"#),
            ("infra/cdk.json", r#"{"app":"own-app"}"#),
            (
                "cli/package.json",
                r#"{"name":"aws-cdk","version":"2.1148.1","bin":{"cdk":"bin/cdk","own-app":"bin/cdk"}}"#,
            ),
            ("cli/bin/cdk", CLI),
        ],
    );
    make_executable(&workplace.clone_folder().join("cli/bin/cdk"));
    workplace
}

#[test]
fn packages_of_a_workspace_are_installed_at_its_root() {
    let workplace = workspace();
    let mut npm = Command::new("npm");
    npm.args(["install", "--package-lock-only", "--no-audit", "--no-fund", "--offline"]);
    let locked = finish(npm.current_dir(workplace.clone_folder()).env("HOME", workplace.folder().join("home")));
    assert_eq!(locked.code, Some(0), "{locked:#?}");
    let bin = programs(&workplace, &["node", "npm", "sh", "env"]);
    // Another CLI is used only where the app has none.
    fs::write(bin.join("cdk"), CLI).expect("the scratch folder is writable");
    make_executable(&bin.join("cdk"));
    let run = || pipe(&workplace, bin.as_os_str(), &[("WORKING_DIRECTORY", "infra"), ("COMMAND", "list")]).0;
    let finished = run();
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(finished.stdout.contains("▶ npm ci --no-audit --no-fund\n"), "{finished:#?}");
    let clone = fs::canonicalize(workplace.clone_folder()).expect("it exists");
    let line = format!("cdk at {}\n", clone.join("cli/bin/cdk").display());
    assert!(finished.stdout.contains(&line), "{finished:#?}");
    // As in `npx cdk`, the programs of packages come first.
    let path = format!("path {}:{}\n", clone.join("node_modules/.bin").display(), bin.display());
    assert!(finished.stdout.contains(&path), "{finished:#?}");
    let again = run();
    assert_eq!(again.code, Some(0), "{again:#?}");
    assert!(!again.stdout.contains("npm ci"), "{again:#?}");
}

#[test]
fn packages_that_no_lock_file_has_are_not_awaited() {
    let workplace = workspace();
    let bin = programs(&workplace, &["node", "npm", "sh", "env"]);
    let (finished, asked) = pipe(&workplace, bin.as_os_str(), &[("WORKING_DIRECTORY", "infra")]);
    assert_eq!((finished.code, asked), (Some(1), 0), "{finished:#?}");
    let package = fs::canonicalize(workplace.clone_folder()).expect("it exists").join("infra/package.json");
    let said = format!("no packages are installed, because {} has no lock file", package.display());
    assert!(finished.stderr.contains(&said), "{finished:#?}");
}

#[test]
fn an_installation_without_the_cdk_ends_before_the_role() {
    let workplace = workspace();
    write(&workplace, &[("infra/install.sh", "#!/bin/sh\n")]);
    make_executable(&workplace.clone_folder().join("infra/install.sh"));
    let bin = programs(&workplace, &["node", "npm", "sh", "env"]);
    let variables = [("WORKING_DIRECTORY", "infra"), ("INSTALL", "./install.sh")];
    let (finished, asked) = pipe(&workplace, bin.as_os_str(), &variables);
    assert_eq!((finished.code, asked), (Some(1), 0), "{finished:#?}");
    assert!(
        finished.stderr.starts_with("✖ the packages are installed, but the CDK CLI is not one of them"),
        "{finished:#?}"
    );
    // What INSTALL does not bring is missing only then.
    write(&workplace, &[("infra/install.sh", "#!/bin/sh\nmkdir -p node_modules\ncp -r ../cli node_modules/aws-cdk\n")]);
    let variables = [&variables[..], &[("APP", "python3 app.py")]].concat();
    let path = env::join_paths([bin.as_path(), Path::new("/nonexistent")]).expect("no colons");
    symlink("/bin/mkdir", bin.join("mkdir")).and_then(|()| symlink("/bin/cp", bin.join("cp"))).expect("it is ours");
    let (finished, asked) = pipe(&workplace, &path, &variables);
    assert_eq!((finished.code, asked), (Some(1), 0), "{finished:#?}");
    assert!(finished.stderr.starts_with("✖ `python3` is not on the PATH, and APP runs it; "), "{finished:#?}");
}

#[test]
fn a_ready_assembly_needs_no_packages() {
    let workplace = workspace();
    write(
        &workplace,
        &[
            ("package-lock.json", "not a lock file"),
            ("infra/cdk.out/manifest.json", r#"{"version":"38.0.0","artifacts":{}}"#),
            (
                "infra/cdk.out/Shop.assets.json",
                r#"{"version":"38.0.0","dockerImages":{"ab":{"source":{"directory":"asset.ab"},"destinations":{}}}}"#,
            ),
        ],
    );
    let bin = programs(&workplace, &["node", "sh", "env"]);
    fs::write(bin.join("cdk"), CLI).expect("the scratch folder is writable");
    make_executable(&bin.join("cdk"));
    let (finished, _) = pipe(&workplace, bin.as_os_str(), &[("WORKING_DIRECTORY", "infra"), ("APP", "cdk.out")]);
    assert!(finished.stdout.contains(&format!("cdk at {}\n", bin.join("cdk").display())), "{finished:#?}");
    assert!(!finished.stdout.contains("npm"), "{finished:#?}");
    let warning = "! the assembly has images to build, and `docker` is not on the PATH: ";
    assert!(finished.stdout.contains(warning), "{finished:#?}");
}
