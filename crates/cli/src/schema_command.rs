//! `keyless schema`.

use std::io;

use clap::ValueEnum;

use crate::{outcome::Outcome, settings, streams::Streams};

/// What has a published schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Described {
    /// keyless.yaml
    Settings,
}

/// Prints the JSON Schema.
pub(crate) fn print(described: Described, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let schema = match described {
        Described::Settings => settings::SCHEMA,
    };
    streams.output.write_all(schema.as_bytes())?;
    Ok(Outcome::Clean)
}
