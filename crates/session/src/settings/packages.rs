//! The login to CodeArtifact: which package managers, to which repository.

use keyless_core::{
    aws::{AccountId, Region},
    pipes::keyless as v,
};

use crate::{
    invalid_setting::InvalidSetting,
    package_managers::{PACKAGE_MANAGERS, PackageManager},
    reader::Reader,
};

/// A login to CodeArtifact.
#[derive(Clone, Debug)]
pub struct PackageSettings {
    /// The domain.
    pub domain: String,
    /// The domain's account, if not the role's.
    pub owner: Option<AccountId>,
    /// The repository.
    pub repository: String,
    /// The domain's region, if not the session's.
    pub region: Option<Region>,
    /// The scope of the npm packages in the repository; without one it serves all packages.
    pub scope: Option<String>,
    /// Whether pip and uv search PyPI too.
    pub keep_pypi: bool,
    /// The package managers.
    pub tools: Vec<&'static PackageManager>,
}

impl PackageSettings {
    pub(super) fn read_from(reader: &mut Reader<'_>) -> Option<Self> {
        let domain = reader.string(&v::CODEARTIFACT_DOMAIN);
        let owner = reader.parsed(&v::CODEARTIFACT_DOMAIN_OWNER, AccountId::parse, InvalidSetting::Account);
        let repository = reader.string(&v::CODEARTIFACT_REPOSITORY);
        let region = reader.parsed(&v::CODEARTIFACT_REGION, Region::parse, InvalidSetting::Region);
        let scope = reader.of_form(&v::CODEARTIFACT_SCOPE, "a scope such as @acme", scope);
        let keep_pypi = reader.boolean(&v::CODEARTIFACT_KEEP_PYPI, false);
        let before = reader.invalid.len();
        let tools = reader.parsed_list(&v::CODEARTIFACT_TOOLS, tool, |_, invalid| invalid);
        let are_named = !tools.is_empty() || reader.invalid.len() > before;
        match (domain, repository, are_named) {
            (Some(domain), Some(repository), true) => {
                Some(Self { domain, owner, repository, region, scope, keep_pypi, tools })
            }
            (None, None, false) => None,
            _ => {
                reader.invalid.push(InvalidSetting::IncompleteCodeArtifact);
                None
            }
        }
    }
}

fn tool(text: &str) -> Result<&'static PackageManager, InvalidSetting> {
    PACKAGE_MANAGERS.iter().find(|tool| tool.name == text).ok_or_else(|| {
        let allowed = PACKAGE_MANAGERS.iter().map(|tool| tool.name).collect();
        InvalidSetting::choice(v::CODEARTIFACT_TOOLS.name, text, allowed)
    })
}

/// A scope with its `@`, as npm writes it.
fn scope(text: &str) -> Option<String> {
    v::scope(text).map(|name| format!("@{name}"))
}
