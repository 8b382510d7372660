//! A ready cloud assembly: whether the CDK CLI can read it, asked before there is a session.
//!
//! An assembly names the version of its schema in `manifest.json`, and a CLI refuses a schema whose major version is above its
//! own (aws-cdk-cli, `@aws-cdk/cloud-assembly-schema`, `Manifest.validate`).

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde_json::Value;

/// Why an assembly cannot be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssemblyError {
    /// There is no such folder.
    Missing(PathBuf),
    /// There is no manifest in it.
    NoManifest(PathBuf),
    /// Its manifest is none: why.
    Unreadable(PathBuf, String),
    /// Its schema is above the CLI's.
    Newer {
        /// The folder.
        folder: PathBuf,
        /// Its schema's major version.
        schema: u32,
        /// The CLI's.
        supported: u32,
        /// The CLI's version.
        cli: String,
        /// The oldest CLI that reads it, as it says itself.
        minimum: Option<String>,
    },
}

/// The CLI's version and its package's folder.
pub type Package<'a> = (&'a str, &'a Path);

/// How far into the CLI its schema's version is looked for: it stands in the first 300 KiB.
const READ: u64 = 4 * 1024 * 1024;

/// Whether `app`, seen from `folder`, is an assembly rather than a command, and one that the CLI reads. A CLI that does not
/// tell its schema is believed to read everything.
///
/// # Errors
/// [`AssemblyError`]
pub fn check(folder: &Path, app: &str, package: Option<Package<'_>>) -> Result<(), AssemblyError> {
    let named = PathBuf::from(app);
    let place = folder.join(&named);
    if !place.is_dir() {
        let is_assembly = named.file_name().is_some_and(|name| name == "cdk.out");
        return if is_assembly { Err(AssemblyError::Missing(named)) } else { Ok(()) };
    }
    let manifest: Value = match std::fs::read(place.join("manifest.json")) {
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

impl fmt::Display for AssemblyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(folder) => write!(
                f,
                "APP: there is no folder {}; an assembly that another step makes must be one of its `artifacts`, or the app's \
                 command stand here",
                folder.display()
            ),
            Self::NoManifest(folder) => write!(
                f,
                "APP: {} has no manifest.json, so it is no cloud assembly; `cdk synth` makes one, in cdk.out",
                folder.display()
            ),
            Self::Unreadable(folder, why) => {
                write!(f, "APP: the manifest.json in {} cannot be read: {why}", folder.display())
            }
            Self::Newer { folder, schema, supported, cli, minimum } => {
                write!(
                    f,
                    "APP: {} was made for a newer CDK CLI: its schema is version {schema}, and aws-cdk {cli} reads at most \
                     {supported}; update `aws-cdk` to ",
                    folder.display()
                )?;
                match minimum {
                    Some(minimum) => write!(f, "{minimum} or a newer 2.x")?,
                    None => f.write_str("the newest 2.x")?,
                }
                f.write_str(" (never 3.0.0, which was published by accident), or set CDK_VERSION")
            }
        }
    }
}

impl std::error::Error for AssemblyError {}
