//! What keyless is built from, and its version number: licences and sources that `deny.toml` allows, packages pinned by hash, one
//! version everywhere.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use keyless_tests::checkout;
use serde_json::Value;

fn output(command: &mut Command) -> (Option<i32>, String) {
    let ended = command.output().expect("it starts");
    let text = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8(bytes).expect("it is text"));
    (ended.status.code(), text.concat())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

/// The files of the checkout whose path ends so.
fn tracked(ending: &str) -> Vec<String> {
    let (_, files) =
        output(Command::new("git").args(["ls-files", &format!("*{ending}")]).current_dir(checkout::root()));
    files.lines().map(str::to_owned).collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(checkout::root().join(file)).expect("it can be read")
}

/// The strings of a list in `deny.toml`.
fn allowed(list: &str) -> BTreeSet<String> {
    let text = read("deny.toml");
    let (_, rest) = text.split_once(&format!("\n{list} = [")).expect("deny.toml has the list");
    rest.split(']').next().unwrap_or(rest).split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether the terms of an SPDX expression can be met with these licences alone. An old way to write `OR` is a slash.
fn licensed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = either(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words, allowed: &BTreeSet<String>) -> bool {
    let mut met = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= both(words, allowed);
    }
    met
}

fn both(words: &mut Words, allowed: &BTreeSet<String>) -> bool {
    let mut met = single(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= single(words, allowed);
    }
    met
}

fn single(words: &mut Words, allowed: &BTreeSet<String>) -> bool {
    let name = words.next().unwrap_or_default();
    if name == "(" {
        let met = either(words, allowed);
        return words.next() == Some(")") && met;
    }
    match words.next_if_eq(&"WITH").and_then(|_| words.next()) {
        Some(exception) => allowed.contains(&format!("{name} WITH {exception}")),
        None => allowed.contains(name),
    }
}

#[test]
fn expressions_of_licences_are_read() {
    let list = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned).into();
    let rows = [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("MIT OR GPL-3.0-only", true),
        ("Unlicense/MIT", true),
        ("Apache-2.0 AND ISC", false),
        ("GPL-2.0 OR Apache-2.0 AND MIT", true),
        ("(MIT OR GPL-2.0) AND Unicode-3.0", true),
        ("(MIT OR Apache-2.0) AND ISC", false),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ("(MIT", false),
        ("", false),
    ];
    for (expression, expected) in rows {
        assert_eq!(licensed(expression, &list), expected, "{expression}");
    }
}

#[test]
fn crates_have_an_allowed_licence_and_come_from_the_registry() {
    let (code, metadata) = output(
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--locked", "--offline", "--all-features"])
            .current_dir(checkout::root()),
    );
    assert_eq!(code, Some(0), "{metadata}");
    let licences = allowed("allow");
    let registries: BTreeSet<_> = allowed("allow-registry").iter().map(|url| format!("registry+{url}")).collect();
    let metadata = json(&metadata);
    let packages = metadata["packages"].as_array().expect("it lists packages");
    assert!(packages.len() > 100, "{}", packages.len());
    for package in packages {
        let name = &package["name"];
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(licensed(licence, &licences), "{name} has the licence `{licence}`, which deny.toml does not allow");
        if let Some(source) = package["source"].as_str() {
            assert!(registries.contains(source), "{name} comes from {source}, which deny.toml does not allow");
        }
    }
}

#[test]
fn packages_of_the_page_have_an_allowed_licence() {
    let licences = allowed("allow");
    let lock = json(&read("web/package-lock.json"));
    let shipped =
        lock["packages"].as_object().expect("it lists packages").iter().filter(|(_, package)| package["dev"] != true);
    for (path, package) in shipped {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(licensed(licence, &licences), "{path} has the licence `{licence}`, which deny.toml does not allow");
    }
}

#[test]
fn every_package_of_npm_is_locked_by_hash() {
    let locks = tracked("package-lock.json");
    assert!(locks.len() > 5, "{locks:?}");
    for lock in locks {
        for (path, package) in json(&read(&lock))["packages"].as_object().expect("it lists packages") {
            // what a package bundles comes with it
            if path.is_empty() || package["inBundle"] == true {
                continue;
            }
            let hash = package["integrity"].as_str().unwrap_or_default();
            assert!(hash.starts_with("sha512-"), "{lock}: {path} has no SHA-512");
            // without it, from the registry that npm is set to
            let Some(url) = package["resolved"].as_str() else { continue };
            assert!(url.starts_with("https://registry.npmjs.org/"), "{lock}: {path} comes from {url}");
        }
    }
}

#[test]
fn every_package_of_python_is_locked_by_hash() {
    let files = tracked("requirements.txt");
    assert!(files.len() > 4, "{files:?}");
    for file in files {
        let text = read(&file).replace("\\\n", " ");
        let requirements = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        for line in requirements {
            assert!(line.contains("==") && line.contains(" --hash=sha256:"), "{file}: {line}");
        }
    }
}

fn version(arguments: &[&str], root: &Path) -> (Option<i32>, String) {
    output(Command::new("node").arg("packaging/version.mjs").args(arguments).current_dir(root))
}

#[test]
fn everything_has_the_version_of_the_workspace() {
    assert_eq!(version(&["--check"], checkout::root()), (Some(0), String::new()));
    let (code, number) = version(&[], checkout::root());
    assert_eq!((code, number.trim()), (Some(0), env!("CARGO_PKG_VERSION")));
    let (code, text) = output(Command::new(checkout::binary("keyless")).arg("--version"));
    assert_eq!((code, text), (Some(0), format!("keyless {number}")));
}

#[test]
fn a_release_is_of_the_version_of_the_checkout() {
    let own = env!("CARGO_PKG_VERSION");
    let rows = [
        (vec![], "missing version; use: make release VERSION=1.2.3".to_owned()),
        (
            vec!["99.0.0"],
            format!(
                "the version is 99.0.0, but Cargo.toml has {own}; run `make version VERSION=99.0.0` and commit the result"
            ),
        ),
    ];
    for (arguments, expected) in rows {
        let script = checkout::root().join("packaging/release.sh");
        let (code, text) = output(Command::new(script).args(arguments).env("VERSION", "ignored"));
        assert_eq!((code, text), (Some(2), format!("packaging/release.sh: {expected}\n")));
    }
}

#[test]
fn the_same_files_give_the_same_archive() {
    let packed = |names: [&str; 2], program_mode: u32, data_mode: u32| {
        let scratch = tempfile::tempdir().expect("there is a folder");
        let folder = scratch.path().join("keyless-1.2.3");
        fs::create_dir(&folder).expect("it can be created");
        for name in names {
            let (file, mode) = (folder.join(name), if name == "program" { program_mode } else { data_mode });
            fs::write(&file, name).expect("it can be written");
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("it has a mode");
        }
        let archive = scratch.path().join("packed.tgz");
        let script = checkout::root().join("packaging/archive.sh");
        let ended = output(Command::new(script).args([&folder, &archive]).env("SOURCE_DATE_EPOCH", "86400"));
        assert_eq!(ended, (Some(0), String::new()));
        let (_, listed) = output(Command::new("tar").args(["--utc", "-tvzf"]).arg(&archive));
        (fs::read(&archive).expect("it was written"), listed)
    };
    let (bytes, listed) = packed(["program", "data"], 0o755, 0o644);
    let (again, _) = packed(["data", "program"], 0o700, 0o600);
    assert!(bytes == again, "{listed}");
    let lines: Vec<Vec<_>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    let expected = [
        ["drwxr-xr-x", "0/0", "0", "1970-01-02", "00:00", "keyless-1.2.3/"],
        ["-rw-r--r--", "0/0", "4", "1970-01-02", "00:00", "keyless-1.2.3/data"],
        ["-rwxr-xr-x", "0/0", "7", "1970-01-02", "00:00", "keyless-1.2.3/program"],
    ];
    assert_eq!(lines, expected);
}

/// In a copy of the files that have the version.
#[test]
fn a_new_version_is_set_everywhere() {
    let copy = tempfile::tempdir().expect("there is a folder");
    let root = checkout::root();
    let files = tracked("").into_iter().filter(|file| root.join(file).is_file());
    let named = ["<registry>/keyless-pipe:", "example/keyless"];
    for file in files {
        let Ok(text) = fs::read_to_string(root.join(&file)) else { continue };
        let kept =
            ["Cargo.toml", "Cargo.lock", "package.json", "package-lock.json"].iter().any(|name| file.ends_with(name));
        if kept || file.starts_with("packaging/") || named.iter().any(|name| text.contains(name)) {
            let to = copy.path().join(&file);
            fs::create_dir_all(to.parent().expect("it has a folder")).expect("it can be created");
            fs::write(to, text).expect("it can be written");
        }
    }
    let git = |arguments: &[&str]| output(Command::new("git").args(arguments).current_dir(copy.path()));
    git(&["init", "--quiet"]);
    git(&["add", "."]);

    assert_eq!(version(&["9.8.7"], copy.path()), (Some(0), String::new()));
    assert_eq!(version(&["--check"], copy.path()), (Some(0), String::new()));
    let (_, left) = git(&[
        "grep",
        "-nE",
        "(keyless-pipe:|keyless/raw/v|rev: v)[0-9]",
        "--",
        ":!CHANGELOG.md",
        ":!crates/*/src/*",
        ":!crates/core/tests",
    ]);
    let own = |line: &&str| line.contains("<registry>/keyless-pipe:") || line.contains("example/keyless");
    assert!(left.lines().any(|line| line.contains("9.8.7")), "{left}");
    assert!(!left.lines().filter(own).any(|line| !line.contains("9.8.7")), "{left}");

    let manifest = copy.path().join("editors/vscode/package.json");
    let text = fs::read_to_string(&manifest).expect("it can be read");
    fs::write(&manifest, text.replacen("9.8.7", "9.8.6", 1)).expect("it can be written");
    let expected = "editors/vscode/package.json:5: 9.8.6, but Cargo.toml has 9.8.7\n";
    assert_eq!(version(&["--check"], copy.path()), (Some(1), expected.to_owned()));

    let expected = "packaging/version.mjs: `v9` is not a version; expected three numbers, such as 1.2.3\n";
    assert_eq!(version(&["v9"], copy.path()), (Some(2), expected.to_owned()));
}
