//! What an open file is checked as.

use std::{ffi::OsStr, path::Path};

use crate::{folder, settings::SETTINGS_FILE};

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
