//! Whether a lock file includes a package in a folder below it: whether that is a member of its workspace.

use std::{fs, path::Path};

use serde_json::Value;

/// Whether the workspace at `root` includes the package in a folder below it. Files that cannot be read include nothing.
pub(super) fn includes(root: &Path, member: &Path) -> bool {
    let Some(member) = member.strip_prefix(root).ok().and_then(Path::to_str) else { return false };
    let patterns = patterns(root);
    let (excluded, included): (Vec<&str>, Vec<&str>) =
        patterns.iter().map(String::as_str).partition(|pattern| pattern.starts_with('!'));
    included.iter().any(|pattern| matches(pattern, member))
        && !excluded.iter().any(|pattern| matches(pattern.trim_start_matches('!'), member))
}

/// The patterns of a workspace's folders: `workspaces` in package.json (npm, Yarn, bun), `packages` in pnpm-workspace.yaml.
fn patterns(root: &Path) -> Vec<String> {
    let of_pnpm = fs::read_to_string(root.join("pnpm-workspace.yaml")).map(|text| listed(&text)).unwrap_or_default();
    let package = super::manifest(root).unwrap_or_default();
    let workspaces =
        if package["workspaces"].is_object() { &package["workspaces"]["packages"] } else { &package["workspaces"] };
    let of_package = workspaces.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    of_pnpm.into_iter().chain(of_package).collect()
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
        }
    }
}
