//! Which package managers may use which repository of CodeArtifact.

use keyless_core::{
    aws::{AccountId, Region},
    spelling::nearest,
};

use crate::{
    mistake::{Combination, Mistake},
    packages::{TOOLS, Tool},
    reader::Reader,
    variables as v,
};

/// A login to CodeArtifact.
#[derive(Clone, Debug)]
pub struct PackageSettings {
    /// The domain.
    pub domain: String,
    /// The account of the domain, when it is not the role's.
    pub owner: Option<AccountId>,
    /// The repository.
    pub repository: String,
    /// The region of the domain, when it is not the one that is deployed to.
    pub region: Option<Region>,
    /// The scope of npm packages that come from the repository; none means all packages.
    pub scope: Option<String>,
    /// The package managers.
    pub tools: Vec<&'static Tool>,
}

impl PackageSettings {
    pub(super) fn read_from(reader: &mut Reader<'_>) -> Option<Self> {
        let domain = reader.text(&v::CODEARTIFACT_DOMAIN);
        let owner = reader.parsed(&v::CODEARTIFACT_DOMAIN_OWNER, AccountId::parse, Mistake::Account);
        let repository = reader.text(&v::CODEARTIFACT_REPOSITORY);
        let region = reader.parsed(&v::CODEARTIFACT_REGION, Region::parse, Mistake::Region);
        let scope = reader.parsed(&v::CODEARTIFACT_SCOPE, scope, Mistake::Scope);
        let before = reader.mistakes.len();
        let tools = reader.parsed_list(&v::CODEARTIFACT_TOOLS, tool, |_, mistake| mistake);
        let are_named = !tools.is_empty() || reader.mistakes.len() > before;
        match (domain, repository, are_named) {
            (Some(domain), Some(repository), true) => Some(Self { domain, owner, repository, region, scope, tools }),
            (None, None, false) => None,
            _ => {
                reader.mistakes.push(Mistake::Combination(Combination::HalfOfCodeArtifact));
                None
            }
        }
    }
}

fn tool(text: &str) -> Result<&'static Tool, Mistake> {
    TOOLS.iter().find(|tool| tool.name == text).ok_or_else(|| {
        let allowed: Vec<_> = TOOLS.iter().map(|tool| tool.name).collect();
        let nearest = nearest(text, allowed.iter().copied());
        Mistake::Choice { variable: v::CODEARTIFACT_TOOLS.name, found: text.to_owned(), allowed, nearest }
    })
}

/// A scope with its `@`, as npm writes it.
fn scope(text: &str) -> Result<String, String> {
    let name = text.strip_prefix('@').unwrap_or(text);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    if !name.is_empty() && name.chars().all(allowed) { Ok(format!("@{name}")) } else { Err(text.to_owned()) }
}
