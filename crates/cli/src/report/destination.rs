//! Where reports go: each `--format` to its file, and one of them to standard output or to the file of `--output`.

use std::{
    ffi::OsStr,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{
    Arg, Command,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
    error::ErrorKind,
};

use super::{FORMATS, Format, Report};
use crate::{
    failure::Failure,
    streams::{Look, Streams},
};

/// A format, and its own file.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    format: &'static Format,
    file: Option<PathBuf>,
}

/// Reads `FORMAT` or `FORMAT=FILE`.
#[derive(Clone, Debug)]
pub(crate) struct DestinationParser;

impl TypedValueParser for DestinationParser {
    type Value = Destination;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Destination, clap::Error> {
        let text = value.to_str().unwrap_or_default();
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let names = PossibleValuesParser::new(self.possible_values().into_iter().flatten());
        // clap's own reader of names says what is possible and what is similar
        let name = names.parse_ref(command, arg, OsStr::new(name))?;
        match (Format::named(&name), file) {
            (Some(format), None) => Ok(Destination { format, file: None }),
            (Some(format), Some(file)) if !file.is_empty() => Ok(Destination { format, file: Some(file.into()) }),
            _ => {
                let message = format!("`--format {text}` names no file after `=`\n");
                Err(clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command))
            }
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let value = |format: &Format| PossibleValue::new(format.name).help(format.help).aliases(format.alias);
        Some(Box::new(FORMATS.iter().map(value)))
    }
}

/// The destinations of one run.
#[derive(Debug)]
pub(crate) struct Destinations<'a> {
    /// Those with a file.
    files: Vec<(&'static Format, &'a Path)>,
    /// The one on standard output.
    printed: Option<&'static Format>,
}

impl<'a> Destinations<'a> {
    /// Checks that no two reports go to the same place. `output` is the file of a format that names none.
    pub(crate) fn new(given: &'a [Destination], output: Option<&'a Path>) -> Result<Self, Failure> {
        let mut destinations = Self { files: Vec::new(), printed: None };
        for Destination { format, file } in given {
            match (file.as_deref().or(output), destinations.printed) {
                (None, None) => destinations.printed = Some(format),
                (None, Some(printed)) => return Err(Failure::SharedOutput { formats: [printed.name, format.name] }),
                (Some(file), _) => {
                    if let Some((other, _)) = destinations.files.iter().find(|(_, other)| *other == file) {
                        return Err(Failure::SharedFile { path: file.to_owned(), formats: [other.name, format.name] });
                    }
                    destinations.files.push((format, file));
                }
            }
        }
        match output {
            Some(output) if given.iter().all(|destination| destination.file.is_some()) => {
                Err(Failure::UnusedOutput(output.to_owned()))
            }
            _ => Ok(destinations),
        }
    }

    /// Whether the report is only printed, as text.
    pub(crate) fn is_printed_text(&self) -> bool {
        self.files.is_empty() && self.printed.is_some_and(|format| format.name == "text")
    }

    /// Writes the report everywhere. Returns the files that could not be written.
    pub(crate) fn write(&self, report: &Report, streams: &mut Streams<'_>) -> io::Result<Vec<Failure>> {
        if let Some(format) = self.printed {
            format.write(report, streams.look, &mut streams.output)?;
        }
        let mut failures = Vec::new();
        for (format, file) in &self.files {
            failures.extend(write_file(file, |output| format.write(report, Look::default(), output)).err());
        }
        Ok(failures)
    }
}

/// Writes a file as `write` does.
pub(super) fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut text = Vec::new();
    write(&mut text)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::UnwritableFile { path: path.to_owned(), error })
}
