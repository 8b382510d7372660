//! The outputs of the deployed stacks: read from the file that the CDK writes, saved to a file in the clone, and passed to
//! later steps.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Component, Path, PathBuf},
};

use tempfile::TempDir;

/// Where Bitbucket reads a step's output variables: lines of `NAME=value`, for the names that the step lists under
/// `output-variables` (support.atlassian.com, "Step options", `output-variables`).
pub(crate) const VARIABLES_PATH: &str = "BITBUCKET_PIPELINES_VARIABLES_PATH";
/// How many output variables a pipeline can have, and how many bytes in total.
const MOST_VARIABLES: usize = 50;
/// See [`MOST_VARIABLES`].
const MOST_BYTES: usize = 100 * 1024;

/// Where the CDK writes its outputs: outside the clone, so that the file in the clone is never half written.
#[derive(Debug)]
pub(crate) struct OutputsFolder(TempDir);

/// The outputs of all stacks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outputs {
    /// The file as the CDK wrote it.
    json: Vec<u8>,
    stacks: BTreeMap<String, BTreeMap<String, String>>,
}

/// Why outputs could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}", file.display())]
pub(crate) struct OutputsError {
    file: PathBuf,
    #[source]
    error: io::Error,
}

/// What was passed to later steps.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PassedOn {
    /// The names of the variables.
    pub names: Vec<String>,
    /// The outputs that were not passed, and why.
    pub left_out: Vec<String>,
}

impl OutputsFolder {
    /// A folder that is removed with everything in it when it is dropped.
    ///
    /// # Errors
    /// When the system's folder for temporary files cannot be written to.
    pub(crate) fn new() -> io::Result<Self> {
        tempfile::Builder::new().prefix("keyless-").tempdir().map(Self)
    }

    /// For the CDK's `--outputs-file`.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("outputs.json")
    }

    /// What the CDK wrote; no outputs when there is no file.
    pub(crate) fn read(&self) -> Outputs {
        let json = fs::read(self.file()).unwrap_or_default();
        Outputs { stacks: serde_json::from_slice(&json).unwrap_or_default(), json }
    }
}

impl Outputs {
    /// Each output as `Stack.Name` and its value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (String, &str)> {
        self.stacks.iter().flat_map(|(stack, outputs)| {
            outputs.iter().map(move |(name, value)| (format!("{stack}.{name}"), value.as_str()))
        })
    }

    /// Writes the outputs to a file as the CDK would. The file is either complete or as it was. What is in the clone is as the
    /// repository has it: for a file there, no symbolic link is followed out of it.
    ///
    /// # Errors
    /// [`OutputsError`]
    pub(crate) fn write(&self, file: &Path, clone: &Path) -> Result<(), OutputsError> {
        self.try_write(file, clone).map_err(|error| OutputsError { file: file.to_owned(), error })
    }

    fn try_write(&self, file: &Path, clone: &Path) -> io::Result<()> {
        let json = if self.json.is_empty() { b"{}".as_slice() } else { &self.json };
        let is_in_clone = without_parents(file).starts_with(clone);
        if is_in_clone && leads_out(file, clone) {
            return Err(io::Error::other("a symbolic link in its path leads out of the clone"));
        }
        // A link in the clone is replaced, not followed.
        let metadata = if is_in_clone { fs::symlink_metadata(file) } else { fs::metadata(file) };
        if metadata.is_ok_and(|metadata| !metadata.is_file() && !metadata.is_symlink()) {
            // A device or a named pipe cannot be replaced.
            return fs::OpenOptions::new().write(true).open(file)?.write_all(json);
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut complete = tempfile::Builder::new().permissions(permissions()).tempfile_in(folder)?;
        complete.as_file_mut().write_all(json)?;
        complete.persist(file).map(drop).map_err(|error| error.error)
    }

    /// Appends the outputs to the step's output variables, each as `Stack_Name`. The file is either complete or as it was.
    ///
    /// # Errors
    /// [`OutputsError`]
    pub(crate) fn pass_on(&self, file: &Path) -> Result<PassedOn, OutputsError> {
        let (text, passed_on) = self.variables();
        let append = || {
            let mut variables = fs::OpenOptions::new().append(true).create(true).open(file)?;
            let before = variables.metadata()?.len();
            variables.write_all(text.as_bytes()).inspect_err(|_| {
                // A device cannot be truncated, and needs not be.
                let _ = variables.set_len(before);
            })
        };
        append().map(|()| passed_on).map_err(|error| OutputsError { file: file.to_owned(), error })
    }

    fn variables(&self) -> (String, PassedOn) {
        let (mut text, mut passed_on) = (String::new(), PassedOn::default());
        for (output, value) in self.iter() {
            let name = variable_name(&output);
            let line = format!("{name}={value}\n");
            let why = if value.contains(['\n', '\r', '\0']) {
                "it has more than one line"
            } else if passed_on.names.contains(&name) {
                "another output has the same variable name"
            } else if passed_on.names.len() == MOST_VARIABLES {
                "a pipeline can have at most 50 output variables"
            } else if text.len() + line.len() > MOST_BYTES {
                "a pipeline's output variables can have at most 100 KB in total"
            } else {
                text.push_str(&line);
                passed_on.names.push(name);
                continue;
            };
            passed_on.left_out.push(format!("{output}: {why}"));
        }
        (text, passed_on)
    }
}

/// A path whose `..` are resolved as they are written.
fn without_parents(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// Whether the folder of a file, as far as it exists, is outside the clone.
fn leads_out(file: &Path, clone: &Path) -> bool {
    let folder = file.ancestors().skip(1).find_map(|folder| folder.canonicalize().ok());
    !folder.is_some_and(|folder| clone.canonicalize().is_ok_and(|clone| folder.starts_with(clone)))
}

/// Everyone can read a new file, like the CDK's own.
fn permissions() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o644)
}

/// `Shop-Api.Url` as a variable: `Shop_Api_Url`.
fn variable_name(output: &str) -> String {
    let name = output.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use tempfile::NamedTempFile;

    use super::*;

    fn outputs(json: &str) -> Outputs {
        let folder = OutputsFolder::new().unwrap();
        fs::write(folder.file(), json).unwrap();
        folder.read()
    }

    #[test]
    fn a_link_in_the_clone_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (link, elsewhere) = (folder.path().join("outputs.json"), folder.path().join("elsewhere"));
        fs::write(&elsewhere, "as it was").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        outputs(r#"{"Shop":{"Url":"x"}}"#).write(&link, folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "as it was");
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
    }

    #[test]
    fn outputs_become_variables_of_later_steps() {
        let outputs = outputs(
            r#"{"Shop-Api":{"Url":"https://a?b=c","Text":"two\nlines"},"2":{"Url":"x"},"Shop":{"Api-Url":"y"}}"#,
        );
        let file = NamedTempFile::new().unwrap();
        fs::write(&file, "BEFORE=1\n").unwrap();
        let passed_on = outputs.pass_on(file.path()).unwrap();
        assert_eq!(passed_on.names, ["_2_Url", "Shop_Api_Url"]);
        assert_eq!(
            passed_on.left_out,
            ["Shop-Api.Text: it has more than one line", "Shop-Api.Url: another output has the same variable name"]
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), "BEFORE=1\n_2_Url=x\nShop_Api_Url=y\n");
    }

    #[test]
    fn the_limits_of_output_variables_are_kept() {
        let many: BTreeMap<String, String> = (0..51).map(|number| (format!("O{number:02}"), "v".to_owned())).collect();
        let (_, passed_on) = outputs(&serde_json::json!({ "S": many }).to_string()).variables();
        assert_eq!(
            (passed_on.names.len(), passed_on.left_out),
            (50, vec!["S.O50: a pipeline can have at most 50 output variables".to_owned()])
        );
        let large =
            outputs(&serde_json::json!({ "S": { "A": "x".repeat(102_000), "B": "y".repeat(1000) } }).to_string());
        let (text, passed_on) = large.variables();
        assert_eq!(passed_on.left_out, ["S.B: a pipeline's output variables can have at most 100 KB in total"]);
        assert!(text.len() <= MOST_BYTES);
    }

    #[test]
    fn no_link_is_followed_out_of_the_clone() {
        let (clone, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let link = |target: &Path, name: &str| std::os::unix::fs::symlink(target, clone.path().join(name)).unwrap();
        let victim = outside.path().join("victim");
        fs::write(&victim, "before").unwrap();
        fs::create_dir(clone.path().join("real")).unwrap();
        link(outside.path(), "out");
        link(Path::new("real"), "in");
        link(&victim, "file.json");
        link(Path::new("/dev/full"), "device.json");
        let write = |name: &str| outputs(r#"{"S":{"A":"b"}}"#).write(&clone.path().join(name), clone.path());
        for name in ["out/victim", "out/new/o.json", "in/../out/victim"] {
            let error = write(name).unwrap_err().to_string();
            assert!(error.ends_with("a symbolic link in its path leads out of the clone"), "{name}: {error}");
        }
        for name in ["file.json", "device.json", "in/o.json", "new/o.json", "in/../o.json"] {
            write(name).unwrap();
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "before");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        // What is named outside the clone is written there.
        outputs("{}").write(&clone.path().join("../named.json"), clone.path()).unwrap();
        fs::remove_file(clone.path().join("../named.json")).unwrap();
    }

    #[test]
    fn a_full_disk_leaves_what_was_there() {
        let error = outputs(r#"{"S":{"A":"b"}}"#).write(Path::new("/dev/full"), Path::new("/nowhere")).unwrap_err();
        assert_eq!(error.to_string(), "cannot write /dev/full: No space left on device (os error 28)");
        let error = outputs(r#"{"S":{"A":"b"}}"#).pass_on(Path::new("/dev/full")).unwrap_err();
        assert!(error.to_string().ends_with("No space left on device (os error 28)"));
    }
}
