//! A cloud assembly: its stacks, and whether the CDK CLI can read it, checked before there is a session.
//!
//! An assembly names the version of its schema in `manifest.json`, and a CLI refuses a schema whose major version is newer
//! than its own (aws-cdk-cli, `@aws-cdk/cloud-assembly-schema`, `Manifest.validate`).

mod stacks;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde_json::Value;
pub(crate) use stacks::{Contents, Expansion, Lookup, Stack, read, selected, unmatched};

/// Why an assembly cannot be deployed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssemblyError {
    /// The folder does not exist.
    #[error(
        "folder {} does not exist; pass the assembly of an earlier step as one of its `artifacts`, or set APP to the app's \
         command", .0.display()
    )]
    Missing(PathBuf),
    /// It has no manifest.
    #[error("{} is not a cloud assembly: it has no manifest.json; `cdk synth` creates one in cdk.out", .0.display())]
    NoManifest(PathBuf),
    /// Its manifest cannot be read.
    #[error("cannot read manifest.json in {}: {}", .0.display(), .1)]
    Unreadable(PathBuf, String),
    /// Its schema is newer than the CLI's.
    #[error(
        "{} needs a newer CDK CLI: its schema is version {schema}, and aws-cdk {cli} reads at most {supported}; update \
         `aws-cdk` to {} (not 3.0.0, which was published by accident), or set CDK_VERSION",
        folder.display(),
        minimum.as_ref().map_or_else(|| "the newest 2.x".to_owned(), |minimum| format!("{minimum} or a newer 2.x"))
    )]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// Its schema's major version.
        schema: u32,
        /// The CLI's.
        supported: u32,
        /// The CLI's version.
        cli: String,
        /// The oldest CLI that reads it, according to its manifest.
        minimum: Option<String>,
    },
}

/// The CLI's version and its package's folder.
pub(crate) type Package<'a> = (&'a str, &'a Path);

/// How much of the CLI is searched for its schema's version, which is in the first 300 KiB.
const READ: u64 = 4 * 1024 * 1024;

/// Checks that `app`, relative to `folder`, is a command, or an assembly that the CLI can read. A CLI whose schema is unknown
/// is assumed to read everything.
///
/// # Errors
/// [`AssemblyError`]
pub(crate) fn check(folder: &Path, app: &str, package: Option<Package<'_>>) -> Result<(), AssemblyError> {
    let named = PathBuf::from(app);
    let path = folder.join(&named);
    if !path.is_dir() {
        let is_assembly = named.file_name().is_some_and(|name| name == "cdk.out");
        return if is_assembly { Err(AssemblyError::Missing(named)) } else { Ok(()) };
    }
    let manifest: Value = match std::fs::read(path.join("manifest.json")) {
        Ok(json) => serde_json::from_slice(&json)
            .map_err(|error| AssemblyError::Unreadable(named.clone(), error.to_string()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(AssemblyError::NoManifest(named)),
        Err(error) => return Err(AssemblyError::Unreadable(named, error.to_string())),
    };
    let version = manifest["version"].as_str().unwrap_or_default();
    let Some(schema) = version.split('.').next().and_then(|major| major.parse::<u32>().ok()) else {
        return Err(AssemblyError::Unreadable(named, "it has no version".to_owned()));
    };
    match package.and_then(|(version, package)| Some((version, schema_of(package)?))) {
        Some((cli, supported)) if schema > supported => Err(AssemblyError::Newer {
            folder: named,
            schema,
            supported,
            cli: cli.to_owned(),
            minimum: manifest["minimumCliVersion"].as_str().map(str::to_owned),
        }),
        _ => Ok(()),
    }
}

/// Whether an assembly, or one of its stages, has images that `docker build` makes. A file that cannot be read has none.
pub(crate) fn builds_images(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        if name.starts_with("assembly-") && path.is_dir() {
            return builds_images(&path);
        }
        let manifest = || serde_json::from_slice::<Value>(&std::fs::read(&path).ok()?).ok();
        name.ends_with(".assets.json")
            && manifest().is_some_and(|manifest| {
                let images = manifest["dockerImages"].as_object();
                images.into_iter().flatten().any(|(_, image)| image["source"]["directory"].is_string())
            })
    })
}

/// The schema that a CLI reads: `schemaHash: "…", …, revision: 55` in its bundle.
fn schema_of(package: &Path) -> Option<u32> {
    let mut bundle = Vec::new();
    File::open(package.join("lib/index.js")).ok()?.take(READ).read_to_end(&mut bundle).ok()?;
    let hash = find(&bundle, b"schemaHash")?;
    let after = &bundle[hash..];
    let revision = &after[find(after, b"revision")?..];
    let digits = revision.iter().skip_while(|byte| !byte.is_ascii_digit()).take_while(|byte| byte.is_ascii_digit());
    String::from_utf8(digits.copied().collect()).ok()?.parse().ok()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_an_assembly_and_its_stages_are_found() {
        for (file, source, expected) in [
            ("Shop.assets.json", r#"{"directory":"asset.ab"}"#, true),
            ("assembly-Prod/Shop.assets.json", r#"{"directory":"asset.ab"}"#, true),
            ("Shop.assets.json", r#"{"executable":["cat","tag"]}"#, false),
            ("Shop.template.json", r#"{"directory":"asset.ab"}"#, false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!(r#"{{"dockerImages":{{"ab":{{"source":{source}}}}}}}"#)).unwrap();
            assert_eq!(builds_images(folder.path()), expected, "{file} {source}");
        }
    }
}
