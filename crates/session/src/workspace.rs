//! Workspaces of npm, pnpm, Yarn and bun: which folders belong to one.

use std::{fs, path::Path};

use serde_json::Value;

/// The root of the workspace of npm, Yarn or bun that a folder or one above it belongs to, if it is not the root itself.
pub(crate) fn root(folder: &Path) -> Option<&Path> {
    let package = folder.ancestors().find(|folder| folder.join("package.json").is_file())?;
    package.ancestors().skip(1).find(|root| match_any(&named(root), root, package))
}

/// The package.json in a folder.
pub fn manifest(folder: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(folder.join("package.json")).ok()?).ok()
}

/// Whether the workspace at `root` includes the package in a folder below it. Files that cannot be read include nothing.
pub fn includes(root: &Path, member: &Path) -> bool {
    let of_pnpm = fs::read_to_string(root.join("pnpm-workspace.yaml")).map(|text| listed(&text)).unwrap_or_default();
    match_any(&of_pnpm, root, member) || match_any(&named(root), root, member)
}

/// The patterns `workspaces` in package.json: those of npm, Yarn and bun.
fn named(root: &Path) -> Vec<String> {
    let package = manifest(root).unwrap_or_default();
    let workspaces =
        if package["workspaces"].is_object() { &package["workspaces"]["packages"] } else { &package["workspaces"] };
    workspaces.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn match_any(patterns: &[String], root: &Path, member: &Path) -> bool {
    let Some(member) = member.strip_prefix(root).ok().and_then(Path::to_str) else { return false };
    let (excluded, included): (Vec<&str>, Vec<&str>) =
        patterns.iter().map(String::as_str).partition(|pattern| pattern.starts_with('!'));
    included.iter().any(|pattern| matches(pattern, member))
        && !excluded.iter().any(|pattern| matches(pattern.trim_start_matches('!'), member))
}

/// The items of the list `packages` in a YAML file: one on a line, or in brackets.
fn listed(yaml: &str) -> Vec<String> {
    let unquoted = |item: &str| item.trim().trim_matches(['\'', '"']).to_owned();
    let mut lines = yaml.lines().skip_while(|line| !line.starts_with("packages:"));
    let Some(first) = lines.next() else { return Vec::new() };
    let rest = first.trim_start_matches("packages:").trim();
    if let Some(items) = rest.strip_prefix('[') {
        return items.trim_end_matches(']').split(',').map(unquoted).filter(|item| !item.is_empty()).collect();
    }
    lines
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map_while(|line| line.strip_prefix('-'))
        .map(unquoted)
        .collect()
}

/// Whether a pattern of folders matches a path. Patterns with alternatives match every path.
fn matches(pattern: &str, path: &str) -> bool {
    if pattern.contains(['{', '[', '(']) {
        return true;
    }
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    folders(&pattern, &path)
}

fn folders(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => {
            folders(rest, path) || path.split_first().is_some_and(|(_, path)| folders(pattern, path))
        }
        (Some((first, rest)), Some((name, path))) => segment(first, name) && folders(rest, path),
        _ => false,
    }
}

/// One folder's name, in which `*` stands for any characters.
fn segment(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| segment(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_workspace() {
        for (file, text, member, expected) in [
            ("package.json", r#"{"workspaces":["infra"]}"#, "infra", true),
            ("package.json", r#"{"workspaces":["./infra/"]}"#, "infra", true),
            ("package.json", r#"{"workspaces":{"packages":["packages/*"]}}"#, "packages/cdk", true),
            ("package.json", r#"{"workspaces":["packages/*"]}"#, "packages/cdk/app", false),
            ("package.json", r#"{"workspaces":["packages/**"]}"#, "packages/cdk/app", true),
            ("package.json", r#"{"workspaces":["packages/*","!packages/old-*"]}"#, "packages/old-cdk", false),
            ("package.json", r#"{"workspaces":["packages/{a,b}"]}"#, "packages/a", true),
            ("package.json", "{}", "infra", false),
            ("package.json", "not JSON", "infra", false),
            ("pnpm-workspace.yaml", "packages:\n  - 'infra' # the app\n  # more\n  - apps/*\n", "infra", true),
            ("pnpm-workspace.yaml", "packages:\n- apps/*\ncatalog:\n  - infra\n", "infra", false),
            ("pnpm-workspace.yaml", "packages: [infra, \"apps/*\"]\n", "apps/web", true),
            ("pnpm-workspace.yaml", "onlyBuiltDependencies:\n  - infra\n", "infra", false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(file), text).unwrap();
            assert_eq!(includes(folder.path(), &folder.path().join(member)), expected, "{text}: {member}");
            let package = folder.path().join(member);
            fs::create_dir_all(package.join("src")).unwrap();
            fs::write(package.join("package.json"), "{}").unwrap();
            let is_named = expected && file == "package.json";
            assert_eq!(root(&package.join("src")), is_named.then_some(folder.path()), "{text}: {member}");
        }
    }
}
