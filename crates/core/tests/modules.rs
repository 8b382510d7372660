//! Dependencies between the modules of this crate point in one direction.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The modules, each of which may use only those before it.
const ORDER: [&str; 28] = [
    "growth",
    "spelling",
    "text",
    "documentation",
    "diagnostic",
    "fix",
    "report",
    "code_insights",
    "yaml",
    "suppression",
    "language",
    "pipes",
    "aws",
    "oidc",
    "ip_ranges",
    "iam",
    "setup",
    "script",
    "pipeline",
    "facts",
    "expression",
    "settings",
    "analysis",
    "requirements",
    "rules",
    "migrate",
    "lint",
    "ide",
];

fn sources(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            sources(&entry.unwrap().path(), found);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
        found.push(path.to_owned());
    }
}

/// The code without its unit tests and comments.
fn code(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The modules in paths that start with `crate::`, and in groups of such paths.
fn used(code: &str) -> BTreeSet<String> {
    let name = |path: &str| path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut used = BTreeSet::new();
    for path in code.split("crate::").skip(1) {
        let Some(group) = path.strip_prefix('{') else {
            used.insert(name(path));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    used.insert(name(&group[start..at]));
                    start = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    used
}

#[test]
fn modules_use_only_those_before_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(folder.join("lib.rs")).unwrap();
    let declared: BTreeSet<&str> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(declared, BTreeSet::from(ORDER), "every module of the crate has its place in the order");

    let mut wrong = Vec::new();
    let mut uses = 0;
    for (position, module) in ORDER.iter().enumerate() {
        let mut files = vec![folder.join(module).with_extension("rs")];
        if folder.join(module).is_dir() {
            sources(&folder.join(module), &mut files);
        }
        for file in files {
            for other in used(&code(&fs::read_to_string(&file).unwrap())) {
                uses += 1;
                let later = ORDER[position + 1..].contains(&other.as_str());
                if later {
                    wrong.push(format!("{}: `{module}` uses `{other}`", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(uses > 300, "only {uses} uses were found");
}
