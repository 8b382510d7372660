//! The values of variables, with gaps where the file does not determine them.

use std::fmt;

/// A piece of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Atom {
    /// A literal string.
    Text(String),
    /// A variable that the script does not set: its value comes from Bitbucket's settings or defaults.
    Outside(String),
    /// The directory of the clone, where scripts start: `$BITBUCKET_CLONE_DIR`.
    CloneDirectory,
    /// The user's home directory.
    Home,
    /// The output of a program, or anything else decided only at run time; the number identifies it.
    Unknown(usize),
    /// The output of a program that prints a secret, which only it knows.
    Secret {
        /// Identifies the value.
        site: usize,
        /// What it is, for messages: `a CodeArtifact token`.
        what: &'static str,
    },
    /// All variables of the step, as `env` prints them; the number identifies the value.
    Environment(usize),
}

/// The value of a variable or a word: literal strings with gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    atoms: Vec<Atom>,
}

/// How many pieces a value may have before it counts as unknown, so that `A=$A$A` cannot grow without end.
const LONGEST: usize = 32;

/// How long a literal piece may be, in bytes, before the value counts as unknown.
const LONGEST_TEXT: usize = 4096;

/// Where Bitbucket clones to; `$BITBUCKET_CLONE_DIR` holds it.
const CLONE_DIRECTORY: &str = "/opt/atlassian/pipelines/agent/build";

impl Value {
    /// A literal string.
    pub fn text(text: impl Into<String>) -> Self {
        Self { atoms: vec![Atom::Text(text.into())] }
    }

    /// A single piece.
    pub fn atom(atom: Atom) -> Self {
        Self { atoms: vec![atom] }
    }

    /// The pieces.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// The whole value, if all of it is known.
    pub fn literal(&self) -> Option<&str> {
        match self.atoms.as_slice() {
            [] => Some(""),
            [Atom::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it is certainly empty.
    pub fn is_empty(&self) -> bool {
        self.literal() == Some("")
    }

    /// Whether it contains the value of an outside variable.
    pub fn mentions(&self, name: &str) -> bool {
        self.atoms.iter().any(|atom| matches!(atom, Atom::Outside(outside) if outside == name))
    }

    /// Whether it contains a secret that a program printed.
    pub fn holds_secret(&self) -> bool {
        self.atoms.iter().any(|atom| matches!(atom, Atom::Secret { .. }))
    }

    /// Whether it contains all variables of the step.
    pub fn holds_environment(&self) -> bool {
        self.atoms.iter().any(|atom| matches!(atom, Atom::Environment(_)))
    }

    /// Whether it contains the step's OIDC token.
    pub fn holds_token(&self) -> bool {
        self.mentions(super::TOKEN)
    }

    /// Its lines, without the line breaks.
    pub fn lines(&self) -> Vec<Self> {
        let mut lines = vec![Self::default()];
        for atom in &self.atoms {
            let Atom::Text(text) = atom else {
                lines.last_mut().into_iter().for_each(|line| line.atoms.push(atom.clone()));
                continue;
            };
            for (number, part) in text.split('\n').enumerate() {
                if number > 0 {
                    lines.push(Self::default());
                }
                if !part.is_empty() {
                    lines.last_mut().into_iter().for_each(|line| line.atoms.push(Atom::Text(part.to_owned())));
                }
            }
        }
        lines
    }

    /// Key and value of a line such as `key = value`, in which the key is literal.
    pub fn key_and_value(&self) -> Option<(&str, Self)> {
        let (Atom::Text(first), rest) = self.atoms.split_first()? else { return None };
        let (key, start) = first.split_once('=')?;
        let start = start.trim_start();
        let start = if rest.is_empty() { start.trim_end() } else { start };
        let start = (!start.is_empty()).then(|| Atom::Text(start.to_owned()));
        Some((key.trim(), Self { atoms: start.into_iter().chain(rest.iter().cloned()).collect() }))
    }

    /// The outside variable that it is a copy of.
    pub fn copy_of(&self) -> Option<&str> {
        match self.atoms.as_slice() {
            [Atom::Outside(name)] => Some(name),
            _ => None,
        }
    }

    /// Appends pieces; a value that grows too long becomes the unknown value of `site`.
    pub fn extend(&mut self, other: Self, site: usize) {
        for atom in other.atoms {
            match (self.atoms.last_mut(), atom) {
                (Some(Atom::Text(text)), Atom::Text(more)) => text.push_str(&more),
                (_, atom) => self.atoms.push(atom),
            }
        }
        let long = |atom: &Atom| matches!(atom, Atom::Text(text) if text.len() > LONGEST_TEXT);
        if self.atoms.len() > LONGEST || self.atoms.iter().any(long) {
            self.atoms = vec![Atom::Unknown(site)];
        }
    }

    /// The value read as a path in `directory`, with `.` and `..` resolved.
    pub fn path(&self, directory: &Self) -> Path {
        let written = self.to_string();
        let relative = matches!(self.atoms.first(), None | Some(Atom::Text(_))) && !written.starts_with('/');
        let whole = if relative { format!("{directory}/{written}") } else { written };
        let whole = match whole.strip_prefix(CLONE_DIRECTORY) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", Atom::CloneDirectory),
            _ => whole,
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "." => {}
                "" if !parts.is_empty() => {}
                ".." if parts
                    .last()
                    .is_some_and(|last| !last.is_empty() && !last.starts_with('$') && *last != "..") =>
                {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        Path(parts.join("/"))
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Outside(name) => write!(f, "${{{name}}}"),
            Self::CloneDirectory => f.write_str("$BITBUCKET_CLONE_DIR"),
            Self::Home => f.write_str("$HOME"),
            Self::Unknown(site) | Self::Secret { site, .. } | Self::Environment(site) => write!(f, "$({site})"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.atoms.iter().try_for_each(|atom| atom.fmt(f))
    }
}

/// A file's path, absolute if its start is known. Two equal paths are the same file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path(String);

impl Path {
    /// The path relative to the clone directory, for a file in it.
    pub fn in_clone(&self) -> Option<&str> {
        self.0.strip_prefix("$BITBUCKET_CLONE_DIR/")
    }

    /// A path as [`Path::written`] spells it; `None` for an empty one.
    pub(super) fn known(written: &str) -> Option<Self> {
        (!written.is_empty()).then(|| Self(written.to_owned()))
    }

    /// The path and the folders around it, from the inside out.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        let mut end = Some(self.0.len());
        std::iter::from_fn(move || {
            let at = end?;
            end = self.0[..at].rfind('/').filter(|slash| *slash > 0);
            Some(Self(self.0[..at].to_owned()))
        })
    }

    /// Whether it is in a folder.
    pub fn is_in(&self, folder: &Self) -> bool {
        self.0.strip_prefix(&folder.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether one of the folders on its way, or the path itself, ends in this name, such as `build/libs`.
    pub fn has_folder(&self, name: &str) -> bool {
        let mut starts = std::iter::once(0).chain(self.0.match_indices('/').map(|(slash, _)| slash + 1));
        starts.any(|start| {
            let rest = self.0[start..].strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Whether every part of it is known, so that it certainly differs from another known path.
    pub fn is_known(&self) -> bool {
        !self.0.contains("$(") && !self.0.contains("${")
    }

    /// The path as a script would spell it; `None` if a part of it is unknown.
    pub fn written(&self) -> Option<&str> {
        (!self.0.contains("$(")).then_some(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_same_however_they_are_written() {
        let clone = Value::atom(Atom::CloneDirectory);
        for (written, expected) in [
            ("token", "$BITBUCKET_CLONE_DIR/token"),
            ("./a/../token", "$BITBUCKET_CLONE_DIR/token"),
            ("/opt/atlassian/pipelines/agent/build//token", "$BITBUCKET_CLONE_DIR/token"),
            ("../token", "$BITBUCKET_CLONE_DIR/../token"),
            ("/tmp/./x", "/tmp/x"),
            ("/", ""),
        ] {
            assert_eq!(Value::text(written).path(&clone).0, expected, "{written}");
        }
        let mut home = Value::atom(Atom::Home);
        home.extend(Value::text("/.aws/token"), 0);
        assert_eq!(home.path(&clone).written(), Some("$HOME/.aws/token"));
        assert_eq!(home.path(&clone).in_clone(), None);
    }

    #[test]
    fn values_do_not_grow_without_end() {
        let mut value = Value::atom(Atom::Outside("A".to_owned()));
        for site in 0..40 {
            let copy = value.clone();
            value.extend(copy, site);
        }
        assert!(value.atoms().len() <= LONGEST);
    }
}
