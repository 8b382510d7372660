//! The lines of the log about a login.

use super::verdict::{Found, Verdict};
use crate::{
    log,
    package_managers::{PackageManager, Registry},
};

/// A package manager, its registry, and whether it is logged in.
pub(super) type Judged<'a> = (&'a PackageManager, Registry<'a>, Verdict);

/// Logs what became of every package manager. `repository` is the name of the repository with its domain.
pub(super) fn report(judged: &[Judged<'_>], repository: &str) {
    success(judged, |verdict| matches!(verdict, Verdict::LoggedIn(_)), "logged in to", repository);
    success(
        judged,
        |verdict| matches!(verdict, Verdict::Configured(why) if why.is_empty()),
        "configured for",
        repository,
    );
    for (tool, registry, verdict) in judged {
        line(tool, registry, verdict, repository);
    }
}

/// One line for all that are in the same state.
fn success(judged: &[Judged<'_>], is_so: fn(&Verdict) -> bool, state: &str, repository: &str) {
    let names: Vec<&str> = judged.iter().filter(|(.., verdict)| is_so(verdict)).map(|(tool, ..)| tool.name).collect();
    if !names.is_empty() {
        log::success(format_args!("{} {state} CodeArtifact {repository} until the session ends", names.join(", ")));
    }
}

/// A line for one of them, if there is more to say.
fn line(tool: &PackageManager, registry: &Registry<'_>, verdict: &Verdict, repository: &str) {
    let name = tool.name;
    match verdict {
        Verdict::LoggedIn(except) => {
            for (scope, found) in except {
                log::row(format_args!("{name} takes packages of {scope} from {}", found.shown()));
            }
        }
        Verdict::Configured(why) if why.is_empty() => {}
        Verdict::Configured(why) => log::success(format_args!(
            "{name} configured for CodeArtifact {repository} until the session ends, not verified: {why}"
        )),
        Verdict::Unanswered(why) => {
            log::warning(format_args!("{name} is configured for CodeArtifact {repository}, but not verified: {why}"));
        }
        Verdict::Shared(further) => {
            let further: Vec<String> = further.iter().map(Found::shown).collect();
            log::warning(format_args!(
                "{name} is configured for CodeArtifact {repository}, but also asks {} for the names of its packages; {}",
                further.join(", "),
                advice(name)
            ));
        }
        Verdict::Unnamed => log::warning(format_args!(
            "{name} is configured for CodeArtifact {repository}, but pyproject.toml has no source `codeartifact` with its \
             URL; add [[tool.poetry.source]] with name = \"codeartifact\" and url = \"{}\"",
            registry.simple_url()
        )),
        Verdict::Kept(path, needed) => {
            log::warning(format_args!("{name} is not logged in: ~/{path} exists and was left as it is; {needed}"));
        }
        // Reported as the error that ends the run.
        Verdict::Elsewhere(..) => {}
    }
}

/// How to keep a package manager from asking others.
fn advice(tool: &str) -> &'static str {
    match tool {
        "pip" => "remove it: pip installs the highest version that any index has",
        "uv" => "remove it, or add `explicit = true` to it",
        "poetry" => "set `priority = \"primary\"` for the source `codeartifact`, and no other source to `primary`",
        _ => "remove it",
    }
}

impl Found {
    /// The URL, and where it is set.
    pub(super) fn shown(&self) -> String {
        let origin = self.origin.as_ref().map(|origin| format!(" (set in {origin})"));
        format!("{}{}", self.url, origin.unwrap_or_default())
    }
}
