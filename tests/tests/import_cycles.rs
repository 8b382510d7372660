//! Modules of a crate do not import each other in circles. Only a parent and its children may: they are one unit.
//!
//! Reads the `use` declarations and the `crate::` paths of the sources. Unit tests inside a module are left out.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use keyless_tests::checkout;

/// The path of a module below the crate's root, which is the empty path.
type Module = Vec<String>;
/// The modules that each module imports.
type Imports = BTreeMap<Module, BTreeSet<Module>>;

const CRATES: [&str; 5] = ["crates/aws", "crates/bitbucket", "crates/session", "crates/cli", "pipe"];

#[test]
fn modules_do_not_import_each_other_in_circles() {
    for name in CRATES {
        let imports = imports_of(&checkout::root().join(name).join("src"));
        assert!(imports.values().any(|targets| !targets.is_empty()), "{name}: no import was read");
        assert_eq!(circle(&imports), None, "{name}");
    }
}

#[test]
fn a_circle_is_found() {
    let source = |text: &str| text.to_owned();
    let modules = [
        (module("a"), source("use crate::{x::y, b::{self, c}};")),
        (module("b"), source("mod c;")),
        (module("b::c"), source("fn f() { crate::a::g(); } use super::b;")),
    ];
    let found = circle(&imports(&modules.into())).expect("there is one");
    assert!(found.contains(&module("a")) && found.contains(&module("b::c")), "{found:?}");
}

fn module(path: &str) -> Module {
    path.split("::").map(str::to_owned).collect()
}

fn imports_of(folder: &Path) -> Imports {
    fn read(folder: &Path, parent: &[String], sources: &mut BTreeMap<Module, String>) {
        for entry in fs::read_dir(folder).expect("the sources are readable") {
            let path = entry.expect("the sources are readable").path();
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let own = [parent, &[name.to_owned()]].concat();
            if path.is_dir() {
                read(&path, &own, sources);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let is_root = parent.is_empty() && matches!(name, "lib" | "main");
                let text = fs::read_to_string(&path).expect("the sources are readable");
                sources.entry(if is_root { Vec::new() } else { own }).or_default().push_str(&text);
            }
        }
    }
    let mut sources = BTreeMap::new();
    read(folder, &[], &mut sources);
    imports(&sources)
}

fn imports(sources: &BTreeMap<Module, String>) -> Imports {
    let of = |(module, text): (&Module, &String)| {
        let code: String =
            text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
        let mut paths = Vec::new();
        for declaration in code.split("use ").skip(1).filter_map(|rest| rest.split(';').next()) {
            expand(declaration, &[], &mut paths);
        }
        let inline = code.split("crate::").skip(1).map(|rest| {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':'))).unwrap_or(rest.len());
            self::module(&format!("crate::{}", &rest[..end]))
        });
        paths.extend(inline);
        let targets = paths.iter().filter_map(|path| target(path, module, sources));
        let is_family = |other: &Module| other.starts_with(module) || module.starts_with(other);
        (module.clone(), targets.filter(|other| !is_family(other)).collect())
    };
    sources.iter().map(of).collect()
}

/// The paths of a `use` declaration, such as `crate::{a, b::{self, c}}`.
fn expand(declaration: &str, prefix: &[String], paths: &mut Vec<Module>) {
    let mut depth = 0_usize;
    let items = declaration.split(|c: char| {
        depth = match c {
            '{' => depth + 1,
            '}' => depth.saturating_sub(1),
            _ => depth,
        };
        c == ',' && depth == 0
    });
    for item in items.map(str::trim).filter(|item| !item.is_empty()) {
        let (head, group) = item.split_once('{').map_or((item, None), |(head, rest)| (head, Some(rest)));
        let words = head.split("::").map(|word| word.split(" as ").next().unwrap_or_default().trim());
        let words = words.filter(|word| !word.is_empty() && *word != "self").map(str::to_owned);
        let path: Module = prefix.iter().cloned().chain(words).collect();
        match group {
            Some(group) => expand(group.rsplit_once('}').map_or(group, |(group, _)| group), &path, paths),
            None => paths.push(path),
        }
    }
}

/// The module of the crate that a path refers to, as far as it names modules.
fn target(path: &[String], from: &[String], sources: &BTreeMap<Module, String>) -> Option<Module> {
    let ups = path.iter().take_while(|word| *word == "super").count();
    let (base, rest) = match path.first()?.as_str() {
        "crate" => (&from[..0], &path[1..]),
        "super" => (&from[..from.len().saturating_sub(ups)], &path[ups..]),
        _ => return None,
    };
    let full = [base, rest].concat();
    (0..=full.len()).rev().map(|length| full[..length].to_vec()).find(|module| sources.contains_key(module))
}

/// Modules that import each other in a circle, if any do.
fn circle(imports: &Imports) -> Option<Vec<Module>> {
    let mut left: Imports = imports.clone();
    // Whoever imports nothing that is left is in no circle.
    loop {
        let names: BTreeSet<Module> = left.keys().cloned().collect();
        for targets in left.values_mut() {
            targets.retain(|target| names.contains(target));
        }
        let done: Vec<Module> =
            left.iter().filter(|(_, targets)| targets.is_empty()).map(|(module, _)| module.clone()).collect();
        if done.is_empty() {
            return (!left.is_empty()).then(|| left.into_keys().collect());
        }
        for module in &done {
            left.remove(module);
        }
    }
}
