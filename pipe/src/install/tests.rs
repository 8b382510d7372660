use std::{ffi::OsString, os::unix::fs::PermissionsExt};

use super::*;

/// A clone with files, and a PATH with programs.
fn planned(files: &[(&str, &str)], programs: &str, folder: &str) -> Result<Plan, MissingProgram> {
    let scratch = tempfile::tempdir().unwrap();
    let (clone, bin) = (scratch.path().join("clone"), scratch.path().join("bin"));
    fs::create_dir_all(clone.join(folder)).unwrap();
    fs::create_dir_all(&bin).unwrap();
    for (name, text) in files {
        let file = clone.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    for program in programs.split_whitespace() {
        fs::write(bin.join(program), "").unwrap();
        fs::set_permissions(bin.join(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let (folder, path) = (clone.join(folder), OsString::from(&bin));
    let search = Search { folder: &folder, path: &path };
    match plan(&Install::Auto, &clone, &search)? {
        Plan::Run(plan) => {
            Ok(Plan::Run(Installation { folder: plan.folder.strip_prefix(&clone).unwrap().to_owned(), ..plan }))
        }
        Plan::NoLock(file) => Ok(Plan::NoLock(file.strip_prefix(&clone).unwrap().to_owned())),
        Plan::Nothing => Ok(Plan::Nothing),
    }
}

/// A package.json with a dependency.
const DEPENDENT: &str = r#"{"devDependencies":{"aws-cdk":"2"}}"#;

/// The plan in a line.
fn shown(files: &[(&str, &str)], programs: &str, folder: &str) -> String {
    match planned(files, programs, folder) {
        Ok(Plan::Run(plan)) => format!("{}: {}", plan.folder.display(), plan.words.join(" ")),
        Ok(Plan::NoLock(file)) => format!("no lock file: {}", file.display()),
        Ok(Plan::Nothing) => "nothing".to_owned(),
        Err(missing) => format!("no {}", missing.program),
    }
}

#[test]
fn variables_of_registries_are_found() {
    let text = "//registry.example/:_authToken=${REGISTRY_KEY}\nx: ${OTHER-none}\ny: $HOME ${}";
    assert_eq!(names_in(text), ["REGISTRY_KEY", "OTHER"]);
}

#[test]
fn a_lock_file_names_the_package_manager() {
    const BERRY: &str = "__metadata:\n  version: 8\n";
    let named = |tool: &str| format!(r#"{{"packageManager":"{tool}"}}"#);
    for (files, programs, expected) in [
        (&[("package-lock.json", "")][..], "npm", ": npm ci --no-audit --no-fund"),
        (&[("package-lock.json", "")], "", "no npm"),
        (&[("pnpm-lock.yaml", "")], "pnpm npx", ": pnpm install --frozen-lockfile"),
        (&[("pnpm-lock.yaml", "")], "corepack", ": corepack pnpm install --frozen-lockfile"),
        (&[("pnpm-lock.yaml", "")], "npm npx", "no pnpm"),
        (
            &[("pnpm-lock.yaml", ""), ("package.json", &named("pnpm@9.1.0+sha512.ab"))],
            "npm npx",
            ": npx --yes pnpm@9.1.0 install --frozen-lockfile",
        ),
        // Only an exact version is fetched.
        (&[("pnpm-lock.yaml", ""), ("package.json", &named("pnpm@latest"))], "npx", "no pnpm"),
        (&[("pnpm-lock.yaml", ""), ("package.json", &named("yarn@1.22.22"))], "npx", "no pnpm"),
        (&[("yarn.lock", "")], "yarn", ": yarn install --frozen-lockfile"),
        (
            &[("yarn.lock", ""), ("package.json", &named("yarn@1.22.22"))],
            "npx",
            ": npx --yes yarn@1.22.22 install --frozen-lockfile",
        ),
        (&[("yarn.lock", BERRY)], "yarn corepack", ": corepack yarn@4 install --immutable"),
        (&[("yarn.lock", BERRY)], "yarn", ": yarn install --immutable"),
        (
            &[("yarn.lock", BERRY), ("package.json", &named("yarn@4.1.0"))],
            "yarn corepack",
            ": yarn install --immutable",
        ),
        (&[("yarn.lock", BERRY), (".yarnrc.yml", "yarnPath: x.cjs\n")], "yarn corepack", ": yarn install --immutable"),
        (
            &[("yarn.lock", BERRY), (".yarnrc.yml", "nodeLinker: pnp\n")],
            "corepack",
            ": corepack yarn@4 install --immutable",
        ),
        (
            &[("yarn.lock", BERRY), ("package.json", &named("yarn@4.1.0"))],
            "npx",
            ": npx --yes --package @yarnpkg/cli-dist@4.1.0 yarn install --immutable",
        ),
        (&[("bun.lock", "")], "bun", ": bun install --frozen-lockfile"),
        (
            &[("bun.lockb", ""), ("package.json", &named("bun@1.3.0"))],
            "npx",
            ": npx --yes bun@1.3.0 install --frozen-lockfile",
        ),
        (&[("bun.lock", "")], "npx corepack", "no bun"),
        (&[("uv.lock", "")], "uv", ": uv sync --frozen"),
        (&[("uv.lock", "")], "python3", "no uv"),
        (&[("requirements.txt", "")], "python3", ": python3 -m pip install --quiet -r requirements.txt"),
        // Of several lock files, the named one.
        (
            &[("package-lock.json", ""), ("pnpm-lock.yaml", ""), ("package.json", &named("pnpm@9.1.0"))],
            "npm pnpm",
            ": pnpm install --frozen-lockfile",
        ),
        (&[("pnpm-lock.yaml", ""), ("node_modules/x", "")], "", "nothing"),
        (&[("package.json", DEPENDENT)], "npm", "no lock file: package.json"),
        (&[("package.json", DEPENDENT), ("node_modules/x", "")], "npm", "nothing"),
        (&[("package.json", "{}")], "npm", "nothing"),
        (&[], "npm", "nothing"),
    ] {
        assert_eq!(shown(files, programs, ""), expected, "{files:?} {programs}");
    }
}

#[test]
fn a_lock_file_above_the_app_is_used_if_it_includes_the_app() {
    const WORKSPACES: (&str, &str) = ("package.json", r#"{"workspaces":["infra","apps/*"]}"#);
    for (files, folder, expected) in [
        // without a package.json of its own, the app uses the packages above
        (&[("package-lock.json", ""), ("package.json", "{}")][..], "infra", ": npm ci --no-audit --no-fund"),
        (
            &[("package-lock.json", ""), WORKSPACES, ("infra/package.json", "{}")],
            "infra",
            ": npm ci --no-audit --no-fund",
        ),
        (
            &[("yarn.lock", ""), WORKSPACES, ("apps/a/package.json", "{}")],
            "apps/a/cdk",
            ": yarn install --frozen-lockfile",
        ),
        (&[("bun.lock", ""), WORKSPACES, ("infra/package.json", "{}")], "infra", ": bun install --frozen-lockfile"),
        (
            &[
                ("pnpm-lock.yaml", ""),
                ("package.json", "{}"),
                ("pnpm-workspace.yaml", "packages:\n  - infra\n"),
                ("infra/package.json", "{}"),
            ],
            "infra",
            ": pnpm install --frozen-lockfile",
        ),
        // the nearest counts
        (
            &[("package-lock.json", ""), WORKSPACES, ("infra/package.json", "{}"), ("infra/pnpm-lock.yaml", "")],
            "infra",
            "infra: pnpm install --frozen-lockfile",
        ),
        (
            &[("package-lock.json", ""), ("package.json", "{}"), ("infra/requirements.txt", "")],
            "infra",
            "infra: python3 -m pip install --quiet -r requirements.txt",
        ),
        // packages of Python above belong to another program
        (&[("requirements.txt", "")], "infra", "nothing"),
        // another project's lock file
        (
            &[("package-lock.json", ""), ("package.json", "{}"), ("infra/package.json", DEPENDENT)],
            "infra",
            "no lock file: infra/package.json",
        ),
        (
            &[
                ("package-lock.json", ""),
                ("package.json", "{}"),
                ("infra/package.json", "{}"),
                ("infra/node_modules/x", ""),
            ],
            "infra",
            "nothing",
        ),
        // installed at the workspace's root, or in the app's folder
        (
            &[("package-lock.json", ""), WORKSPACES, ("infra/package.json", "{}"), ("node_modules/x", "")],
            "infra",
            "nothing",
        ),
        (
            &[("package-lock.json", ""), WORKSPACES, ("infra/package.json", "{}"), ("infra/node_modules/x", "")],
            "infra",
            "nothing",
        ),
    ] {
        assert_eq!(shown(files, "npm yarn pnpm bun python3", folder), expected, "{files:?} {folder}");
    }
}

#[test]
fn nothing_above_the_clone_is_searched() {
    let scratch = tempfile::tempdir().unwrap();
    let clone = scratch.path().join("clone");
    fs::create_dir(&clone).unwrap();
    fs::write(scratch.path().join("package-lock.json"), "").unwrap();
    let search = Search { folder: &clone, path: "".as_ref() };
    assert_eq!(plan(&Install::Auto, &clone, &search), Ok(Plan::Nothing));
}
