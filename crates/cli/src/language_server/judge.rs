//! What is wrong with an open file: the same findings as of `keyless lint` and `keyless trust check`.

use std::sync::Arc;

use keyless_core::{
    diagnostic::{Diagnostic, Severity},
    lint, rules,
    settings::Settings,
    text::{Source, Span},
};

use super::{documents::Document, kind::Kind};
use crate::{
    failure::Failure,
    inputs::Input,
    roles,
    rules_command::INVALID_SETTINGS,
    settings::{Declared, read as read_settings},
};

/// The findings of an open file, in text order.
pub(crate) fn findings(document: &Document) -> Vec<Diagnostic> {
    let name = document.name();
    let source = Source::new(&name, &document.text);
    match document.kind() {
        None => Vec::new(),
        Some(Kind::Settings) => read_settings(&source).err().unwrap_or_default(),
        Some(kind) => match check(document, kind, &source) {
            Ok(findings) => findings,
            Err(failure) => vec![unchecked(&failure)],
        },
    }
}

/// The settings that hold for a file; `None` if they exclude it.
///
/// # Errors
/// The settings are invalid or cannot be read.
pub(crate) fn settings(document: &Document) -> Result<Option<Arc<Settings>>, Failure> {
    let Some(path) = &document.path else { return Ok(Some(Arc::default())) };
    let mut failures = Vec::new();
    // found, not named: what `paths` excludes has no findings
    let input = Input::File { path: path.clone(), found: true };
    let found = Declared::default().lookup().find(vec![input], false, &mut failures).pop();
    match failures.pop() {
        Some(failure) => Err(failure),
        None => Ok(found.map(|(_, settings)| settings)),
    }
}

fn check(document: &Document, kind: Kind, source: &Source<'_>) -> Result<Vec<Diagnostic>, Failure> {
    let Some(settings) = settings(document)? else { return Ok(Vec::new()) };
    Ok(match kind {
        Kind::TrustPolicy => rules::trust::findings_with(source, &settings),
        Kind::Pipeline | Kind::Settings => lint::lint_with_roles(source, &settings, &roles::of(&settings, None)?),
    })
}

/// The one finding of a file that could not be checked.
fn unchecked(failure: &Failure) -> Diagnostic {
    let mut finding =
        Diagnostic::new(INVALID_SETTINGS, Severity::Error, Span::at(0), format!("not checked: {failure}"));
    finding.help("correct the settings first");
    finding
}
