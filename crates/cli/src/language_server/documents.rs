//! The files that an editor has open.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};
use keyless_core::text::Source;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{
    kind::Kind,
    positions::{Encoding, Lines},
};

/// An open file.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// Its address, as the editor writes it.
    pub(crate) uri: Uri,
    /// The editor's number of this text.
    pub(crate) version: i32,
    /// Its text.
    pub(crate) text: Arc<str>,
    /// Where it is stored; `None` for a text without a file.
    pub(crate) path: Option<PathBuf>,
}

impl Document {
    /// A file that was opened.
    pub(crate) fn new(uri: Uri, version: i32, text: String) -> Self {
        let path = path_of(&uri);
        Self { uri, version, text: text.into(), path }
    }

    /// What it is called in messages.
    pub(crate) fn name(&self) -> String {
        self.path.as_deref().map_or_else(|| self.uri.0.clone(), |path| path.display().to_string())
    }

    /// The file at a path from the top of the repository, which is where this file is or above.
    pub(crate) fn beside(&self, path: &str) -> Option<PathBuf> {
        let above = self.path.as_deref()?.ancestors().skip(1);
        let mut inside = true;
        let folders = above.take_while(|folder| std::mem::replace(&mut inside, !folder.join(".git").exists()));
        folders.map(|folder| folder.join(path)).find(|file| file.is_file())
    }

    /// What it is checked as; `None` for a file of another kind.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let name = self.path.as_deref().map_or_else(|| Path::new(&self.uri.0), Path::new);
        Kind::of(name, &self.text)
    }

    /// Makes the editor's changes, one after the other.
    fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>, encoding: Encoding) {
        let mut text = self.text.to_string();
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => text = whole.text,
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let span = Lines::new(&Source::new("", &text), encoding).span(part.range);
                    text.replace_range(span.start..span.end, &part.text);
                }
            }
        }
        self.version = version;
        self.text = text.into();
    }
}

/// All open files by their addresses.
#[derive(Debug, Default)]
pub(crate) struct Documents(HashMap<Uri, Document>);

impl Documents {
    /// Notes a file that was opened.
    pub(crate) fn open(&mut self, document: Document) -> &Document {
        let uri = document.uri.clone();
        self.0.entry(uri).insert_entry(document).into_mut()
    }

    /// Changes a file; `None` if it is not open.
    pub(crate) fn change(
        &mut self,
        uri: &Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Option<&Document> {
        let document = self.0.get_mut(uri)?;
        document.change(version, changes, encoding);
        Some(document)
    }

    /// Forgets a file that was closed.
    pub(crate) fn close(&mut self, uri: &Uri) {
        self.0.remove(uri);
    }

    /// An open file.
    pub(crate) fn get(&self, uri: &Uri) -> Option<&Document> {
        self.0.get(uri)
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Document> {
        self.0.values()
    }
}

/// The `file:` address of a path.
pub(crate) fn address(path: &Path) -> Uri {
    /// What addresses leave as it is.
    const WRITTEN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');
    let path = path.to_string_lossy().replace('\\', "/");
    let root = if path.starts_with('/') { "" } else { "/" };
    Uri::from(format!("file://{root}{}", utf8_percent_encode(&path, WRITTEN)))
}

/// The path in a `file:` address.
fn path_of(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.0.strip_prefix("file://")?;
    let path = &rest[rest.find('/')?..];
    let path = percent_decode_str(path).decode_utf8().ok()?;
    // `/c:/folder` on Windows
    let has_drive = path.as_bytes().get(2) == Some(&b':') && cfg!(windows);
    Some(PathBuf::from(if has_drive { &path[1..] } else { &*path }))
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::{Position, Range, TextDocumentContentChangePartial};

    use super::*;

    fn part(start: (u32, u32), end: (u32, u32), text: &str) -> TextDocumentContentChangeEvent {
        let range = Range::new(Position::new(start.0, start.1), Position::new(end.0, end.1));
        TextDocumentContentChangePartial { range, text: text.to_owned(), ..TextDocumentContentChangePartial::default() }
            .into()
    }

    #[test]
    fn changes_are_made_one_after_the_other() {
        let mut documents = Documents::default();
        let uri = Uri::from("file:///clone/bitbucket-pipelines.yml");
        documents.open(Document::new(uri.clone(), 1, "a: 🚀\r\nb: 2\r\n".to_owned()));
        let changes = vec![part((0, 3), (0, 5), "1"), part((1, 0), (1, 0), "c: 3\n"), part((9, 0), (9, 0), "end")];
        let document = documents.change(&uri, 2, changes, Encoding::Utf16).unwrap();
        assert_eq!((&*document.text, document.version), ("a: 1\r\nc: 3\nb: 2\r\nend", 2));
        documents.close(&uri);
        assert!(documents.get(&uri).is_none());
        assert!(documents.change(&uri, 3, Vec::new(), Encoding::Utf16).is_none());
    }

    #[test]
    fn addresses_of_files_are_paths() {
        for (uri, path) in [
            ("file:///a%20b/bitbucket-pipelines.yml", Some("/a b/bitbucket-pipelines.yml")),
            ("file://host/share/x.yml", Some("/share/x.yml")),
            ("untitled:Untitled-1", None),
            ("file://", None),
        ] {
            assert_eq!(path_of(&Uri::from(uri)).as_deref(), path.map(Path::new), "{uri}");
        }
    }

    #[test]
    fn a_path_and_its_address_lead_to_each_other() {
        let path = Path::new("/a b/ü#?/ci-pipelines.yml");
        assert_eq!(address(path).0, "file:///a%20b/%C3%BC%23%3F/ci-pipelines.yml");
        assert_eq!(path_of(&address(path)).as_deref(), Some(path));
    }
}
