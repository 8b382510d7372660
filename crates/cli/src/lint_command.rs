//! `keyless lint`.

use std::{collections::HashMap, io, sync::Arc};

use keyless_core::lint;

use crate::{args::Lint, checking, inputs, roles, run::Outcome, streams::Streams};

/// Lints what `arguments` name and reports it.
pub(crate) fn run(arguments: &Lint, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let Lint { paths, declared, trust_policy, role, reporting } = arguments;
    let (inputs, mut failures) = inputs::find(paths, &mut streams.input, &reporting.stdin_filename);
    let inputs = declared.find(inputs, &mut failures);
    let given = trust_policy.as_deref().map(|path| (path, role.as_deref()));
    // Settings are shared between the inputs that they hold for, and so are their roles.
    let mut by_settings = HashMap::new();
    let inputs: Vec<_> = inputs
        .into_iter()
        .filter_map(|(input, settings)| {
            let read = || roles::of(&settings, given).map(Arc::new).map_err(|failure| failures.push(failure)).ok();
            let roles = by_settings.entry(Arc::as_ptr(&settings)).or_insert_with(read).clone()?;
            Some((input, (settings, roles)))
        })
        .collect();
    checking::run(
        &inputs,
        failures,
        &|source, (settings, roles)| lint::lint_with_roles(source, settings, roles),
        reporting,
        streams,
    )
}
