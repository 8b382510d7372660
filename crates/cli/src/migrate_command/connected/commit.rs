//! A commit of one file on a branch, made without the work tree: no file and no index of the clone changes.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{failure::Failure, git};

/// How many names of changed files a message has.
const SHOWN: usize = 5;
/// What needs Git, for messages.
const STAGE: &str = "the stage `branch`";

/// A clone with the pipeline file.
pub(super) struct WorkTree {
    root: PathBuf,
    /// The file below the root, with slashes.
    path: String,
}

/// Whether the commit can be made.
pub(super) enum Status {
    /// The branch has it.
    Done,
    /// It can be made on top of this commit.
    Ready(Parent),
    /// Something prevents it.
    Prevented {
        /// What is wrong.
        what: String,
        /// What to do.
        help: String,
    },
}

/// The commit that the new one follows.
pub(super) struct Parent {
    commit: String,
    /// Whether it is the head of the branch; otherwise the branch is new.
    of_branch: bool,
}

impl WorkTree {
    /// The clone that a file is in.
    pub(super) fn of(path: &Path) -> Result<Option<Self>, Failure> {
        let unreadable = |error: io::Error| Failure::Unreadable { path: path.to_owned(), error };
        let file = fs::canonicalize(path).map_err(unreadable)?;
        let folder = file.parent().unwrap_or(Path::new("/"));
        let Ok(root) = git(folder, &["rev-parse", "--show-toplevel"])? else { return Ok(None) };
        let root = fs::canonicalize(root).map_err(unreadable)?;
        let Ok(below) = file.strip_prefix(&root) else { return Ok(None) };
        let path = below.to_string_lossy().replace('\\', "/");
        Ok(Some(Self { root, path }))
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The file below the root, with slashes.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Whether a commit with `edited` in place of `text` can be made on a branch.
    pub(super) fn status(&self, branch: &str, text: &str, edited: &str) -> Result<Status, Failure> {
        let prevented = |what: String, help: &str| Ok(Status::Prevented { what, help: help.to_owned() });
        let Ok(head) = self.git(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])? else {
            return prevented("the Git repository has no commit".to_owned(), "commit the pipeline file first");
        };
        let name = format!("refs/heads/{branch}");
        let of_branch = self.git(&["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")])?.ok();
        let blob = |commit: &str| self.git(&["rev-parse", "--verify", "--quiet", &format!("{commit}:{}", self.path)]);
        let (before, after) = (self.hash(text, false)?, self.hash(edited, false)?);
        let of_branch = match of_branch {
            Some(commit) => {
                let blob = blob(&commit)?.ok();
                if blob.as_ref() == Some(&after) {
                    return Ok(Status::Done);
                }
                Some((commit, blob))
            }
            None => None,
        };
        let changed = self.said(self.git(&["status", "--porcelain", "--untracked-files=no"])?)?;
        if !changed.is_empty() {
            let files: Vec<&str> =
                changed.lines().filter_map(|line| line.trim_start().split_once(' ')).map(|it| it.1.trim()).collect();
            let more = files.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let files = files.iter().take(SHOWN).map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ");
            return prevented(
                format!("the work tree has uncommitted changes: {files}{more}"),
                "commit or stash them first",
            );
        }
        if blob(&head)?.ok().as_ref() != Some(&before) {
            return prevented(format!("`{}` is not in the last commit", self.path), "commit the file first");
        }
        if self.git(&["symbolic-ref", "--quiet", "HEAD"])?.ok().as_deref() == Some(&name) {
            return prevented(
                format!("branch `{branch}` is checked out"),
                "check out the branch that the edited file is for, or use --branch NAME",
            );
        }
        match of_branch {
            None => Ok(Status::Ready(Parent { commit: head, of_branch: false })),
            Some((commit, blob)) if blob.as_ref() == Some(&before) => {
                Ok(Status::Ready(Parent { commit, of_branch: true }))
            }
            Some(_) => prevented(
                format!("branch `{branch}` exists, with another version of `{}`", self.path),
                "delete it, or use --branch NAME",
            ),
        }
    }

    /// Makes the commit. The branch moves only if nobody else moved it.
    pub(super) fn commit(&self, branch: &str, parent: &Parent, text: &str, message: &str) -> Result<(), Failure> {
        let failed = |error: io::Error| self.failed(error.to_string());
        let scratch = tempfile::tempdir().map_err(failed)?;
        let index = scratch.path().join("index");
        let with_own_index = |arguments: &[&str]| -> Result<String, Failure> {
            let variables = [("GIT_INDEX_FILE", index.as_os_str())];
            self.said(run(&self.root, arguments, &variables, None)?)
        };
        let commit = &parent.commit;
        let blob = self.hash(text, true)?;
        let entry = self.said(self.git(&["ls-tree", commit, "--", &self.path])?)?;
        let mode = entry.split(' ').next().filter(|mode| !mode.is_empty()).unwrap_or("100644");
        with_own_index(&["read-tree", commit])?;
        with_own_index(&["update-index", "--cacheinfo", &format!("{mode},{blob},{}", self.path)])?;
        let tree = with_own_index(&["write-tree"])?;
        let new = self.said(run(&self.root, &["commit-tree", &tree, "-p", commit, "-F", "-"], &[], Some(message))?)?;
        let zero = "0".repeat(commit.len());
        let old = if parent.of_branch { commit } else { &zero };
        self.said(self.git(&["update-ref", &format!("refs/heads/{branch}"), &new, old])?)?;
        Ok(())
    }

    /// The id of a text as the file's content, with Git's conversion of line endings.
    fn hash(&self, text: &str, write: bool) -> Result<String, Failure> {
        let arguments = ["hash-object", "--stdin", "--path", &self.path, "-w"];
        let arguments = if write { &arguments[..] } else { &arguments[..arguments.len() - 1] };
        self.said(run(&self.root, arguments, &[], Some(text))?)
    }

    fn git(&self, arguments: &[&str]) -> Result<Result<String, String>, Failure> {
        git(&self.root, arguments)
    }

    fn said(&self, answer: Result<String, String>) -> Result<String, Failure> {
        answer.map_err(|reason| self.failed(reason))
    }

    fn failed(&self, reason: String) -> Failure {
        Failure::Git { folder: self.root.clone(), reason }
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Result<String, String>, Failure> {
    run(folder, arguments, &[], None)
}

fn run(
    folder: &Path,
    arguments: &[&str],
    variables: &[(&str, &OsStr)],
    input: Option<&str>,
) -> Result<Result<String, String>, Failure> {
    git::run_with(folder, arguments, variables, input).map_err(|error| Failure::NoGit { needed_by: STAGE, error })
}
