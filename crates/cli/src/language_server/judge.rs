//! What is wrong with an open file: the same findings as of `keyless lint` and `keyless trust check`.

use std::{ffi::OsStr, path::Path, sync::Arc};

use keyless_core::{
    diagnostic::{Diagnostic, Severity},
    lint, rules,
    settings::Settings,
    text::{Source, Span},
};

use super::documents::Document;
use crate::{
    failure::Failure,
    folder,
    inputs::Input,
    roles,
    rules_command::INVALID_SETTINGS,
    settings::{Declared, SETTINGS_FILE, read as read_settings},
};

/// What a file is checked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `bitbucket-pipelines.yml`, or a file that such a file may import.
    Pipeline,
    /// A trust policy, or a template with trust policies.
    TrustPolicy,
    /// `keyless.yaml`.
    Settings,
}

/// The action that tells a trust policy for OIDC from other JSON, templates and Terraform.
const ASSUMES: &str = "AssumeRoleWithWebIdentity";

impl Kind {
    /// What a file is, by its name and its text.
    pub(crate) fn of(path: &Path, text: &str) -> Option<Self> {
        let part = |part: Option<&OsStr>| part.and_then(OsStr::to_str).map(str::to_owned).unwrap_or_default();
        let (stem, extension) = (part(path.file_stem()), part(path.extension()));
        let extension = extension.as_str();
        if path.file_name().is_some_and(|name| name == SETTINGS_FILE) {
            Some(Self::Settings)
        } else if matches!(extension, "yml" | "yaml") && folder::is_pipeline(&stem, || text) {
            Some(Self::Pipeline)
        } else if matches!(extension, "json" | "yaml" | "yml" | "template" | "tf") && text.contains(ASSUMES) {
            Some(Self::TrustPolicy)
        } else {
            None
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_name_and_text() {
        for (path, text, kind) in [
            ("/r/bitbucket-pipelines.yml", "", Some(Kind::Pipeline)),
            ("/r/bitbucket-pipelines.yaml", "", Some(Kind::Pipeline)),
            ("/r/shared-pipelines.yml", "export: true\n", Some(Kind::Pipeline)),
            ("/r/azure-pipelines.yml", "pool: x\n", None),
            ("/r/keyless.yaml", "", Some(Kind::Settings)),
            ("/r/role.json", "{\"Action\": \"sts:AssumeRoleWithWebIdentity\"}", Some(Kind::TrustPolicy)),
            ("/r/role.tf", "actions = [\"sts:AssumeRoleWithWebIdentity\"]", Some(Kind::TrustPolicy)),
            ("/r/package.json", "{}", None),
            ("/r/README.md", "sts:AssumeRoleWithWebIdentity", None),
        ] {
            assert_eq!(Kind::of(Path::new(path), text), kind, "{path}");
        }
    }
}
