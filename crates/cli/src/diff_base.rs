//! `--diff-base`: which findings a change introduces. The others were in the file before, as Git has it.

use std::{
    collections::HashMap,
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::{failure::Failure, git};

/// The texts of files before a change.
pub(crate) struct DiffBase<'r> {
    revision: &'r str,
    /// The repository of the last file: those of a run are sorted by path.
    current: Option<Repository>,
}

impl<'r> DiffBase<'r> {
    /// What was changed since `revision`, or since the current branch and it went separate ways.
    pub(crate) const fn new(revision: &'r str) -> Self {
        Self { revision, current: None }
    }

    /// The text of a file before the change; `None` if it is new.
    pub(crate) fn text(&mut self, path: &Path) -> Result<Option<String>, Failure> {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let unreadable = |error| Failure::Unreadable { path: path.to_owned(), error };
        let absolute = fs::canonicalize(folder).map_err(unreadable)?.join(path.file_name().unwrap_or_default());
        let root = absolute.ancestors().skip(1).find(|folder| folder.join(".git").exists());
        let Some(root) = root else { return Err(Failure::NotInGit(path.to_owned())) };
        let repository = match self.current.take().filter(|repository| repository.root == root) {
            Some(repository) => self.current.insert(repository),
            None => self.current.insert(Repository::open(root, self.revision)?),
        };
        let name = absolute.strip_prefix(&repository.root).unwrap_or(&absolute).to_string_lossy().replace('\\', "/");
        let broken = |error: io::Error| Failure::Git { folder: root.to_owned(), reason: error.to_string() };
        if let Some(text) = repository.text(&name).map_err(broken)? {
            return Ok(Some(text));
        }
        match repository.name_before(&name)? {
            Some(before) => repository.text(&before).map_err(broken),
            None => Ok(None),
        }
    }
}

/// A repository with a process that reads its objects.
struct Repository {
    root: PathBuf,
    /// The commit before the change.
    commit: String,
    process: Child,
    names: ChildStdin,
    objects: BufReader<ChildStdout>,
    /// The names before the change of files that it moved, by their names now; looked up for the first file that is new.
    moved: Option<HashMap<String, String>>,
}

impl Repository {
    fn open(root: &Path, revision: &str) -> Result<Self, Failure> {
        let failed = |reason: String| Failure::Git { folder: root.to_owned(), reason };
        let is_shallow = git(root, &["rev-parse", "--is-shallow-repository"])?.map_err(failed)? == "true";
        let unknown = |_| Failure::UnknownRevision { revision: revision.to_owned(), is_shallow };
        // it would be an option of Git's
        if revision.starts_with('-') {
            return Err(unknown(String::new()));
        }
        let commit = format!("{revision}^{{commit}}");
        let commit = git(root, &["rev-parse", "--verify", "--quiet", &commit])?.map_err(unknown)?;
        let unrelated = |_| Failure::UnrelatedRevision { revision: revision.to_owned(), is_shallow };
        let commit = git(root, &["merge-base", &commit, "HEAD"])?.map_err(unrelated)?;
        let broken = |error: io::Error| failed(error.to_string());
        let mut process = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(broken)?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(names), Some(objects)) => {
                let objects = BufReader::new(objects);
                Ok(Self { root: root.to_owned(), commit, process, names, objects, moved: None })
            }
            _ => Err(broken(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// The name of a file before the change moved it.
    fn name_before(&mut self, name: &str) -> Result<Option<String>, Failure> {
        if self.moved.is_none() {
            let arguments = ["diff", "--find-renames", "--diff-filter=R", "--name-status", "-z", &self.commit];
            let listed = git(&self.root, &arguments)?;
            let listed = listed.map_err(|reason| Failure::Git { folder: self.root.clone(), reason })?;
            // the likeness, the old name and the new name of each
            let fields: Vec<_> = listed.split('\0').collect();
            self.moved = Some(fields.chunks_exact(3).map(|it| (it[2].to_owned(), it[1].to_owned())).collect());
        }
        Ok(self.moved.as_ref().and_then(|moved| moved.get(name).cloned()))
    }

    /// Asks for a file: the answer is `<id> blob <bytes>` with the bytes and a line break, or says that it is missing.
    fn text(&mut self, name: &str) -> io::Result<Option<String>> {
        if name.contains('\n') {
            return Ok(None);
        }
        writeln!(self.names, "{}:{name}", self.commit)?;
        self.names.flush()?;
        let mut answer = String::new();
        self.objects.read_line(&mut answer)?;
        let mut words = answer.trim_end().rsplit(' ');
        let (Some(Ok(size)), Some(kind)) = (words.next().map(str::parse::<u64>), words.next()) else { return Ok(None) };
        let mut content = Vec::new();
        self.objects.by_ref().take(size).read_to_end(&mut content)?;
        self.objects.read_line(&mut String::new())?;
        Ok((kind == "blob").then(|| String::from_utf8_lossy(&content).into_owned()))
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        // it only reads, and has nothing left to do
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The output of a command, or what it says is wrong.
fn git(root: &Path, arguments: &[&str]) -> Result<Result<String, String>, Failure> {
    git::run(root, arguments).map_err(|error| Failure::NoGit { needed_by: "--diff-base", error })
}
