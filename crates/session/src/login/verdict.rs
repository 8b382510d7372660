//! Whether a package manager is logged in, judged by what it says.

use std::{fs, path::Path};

use keyless_aws::Environment;

use super::question::{Place, Said};
use crate::package_managers::{PackageManager, Registry, Source, same, without_credentials};

/// Whether a package manager is logged in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It takes packages from the repository, except those of these scopes.
    LoggedIn(Vec<(String, Found)>),
    /// It has what it needs, and cannot be asked whether it uses it: why, unless no such tool can be asked.
    Configured(String),
    /// It could be asked, and did not answer.
    Unanswered(String),
    /// It asks others for the same packages.
    Shared(Vec<Found>),
    /// The project does not name the repository.
    Unnamed,
    /// A file in the home folder was left as it is: what has to be in it.
    Kept(&'static str, String),
    /// It takes packages from somewhere else: from where, and what to do about it.
    Elsewhere(Found, String),
}

/// A registry in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Without credentials.
    pub(super) url: String,
    /// The file or the variable that names it.
    pub(super) origin: Option<String>,
}

/// What judges a package manager.
pub(super) struct Judge<'a> {
    pub(super) tool: &'a PackageManager,
    pub(super) registry: &'a Registry<'a>,
    pub(super) place: &'a Place<'a>,
    /// The app's folder, to which files in messages are relative.
    pub(super) app: &'a Path,
    /// The step's variables.
    pub(super) environment: &'a Environment,
    /// The file of this tool that was left as it is, and what has to be in it.
    pub(super) kept: Option<(&'static str, String)>,
}

impl Judge<'_> {
    pub(super) fn verdict(self, said: Said) -> Verdict {
        let sources = match (said, self.kept.clone()) {
            (Said::Sources(sources), _) => sources,
            (_, Some((path, needed))) => return Verdict::Kept(path, needed),
            (Said::Nothing(why), None) => return Verdict::Configured(why),
            (Said::Failure(why), None) => return Verdict::Unanswered(why),
        };
        let Some(first) = sources.first else { return Verdict::Unnamed };
        if !self.registry.is_at(&first.url) {
            let found = self.found(&first);
            let help = self.help(&found);
            return Verdict::Elsewhere(found, help);
        }
        let is_unwanted = |source: &&Source| !self.registry.is_at(&source.url) && !self.registry.is_kept(&source.url);
        let further: Vec<Found> = sources.further.iter().filter(is_unwanted).map(|source| self.found(source)).collect();
        if !further.is_empty() {
            return Verdict::Shared(further);
        }
        let others = sources.scopes.into_iter().filter(|(_, url)| !self.registry.is_at(url));
        Verdict::LoggedIn(others.map(|(scope, url)| (scope, self.found(&Source::of(url)))).collect())
    }

    fn help(&self, found: &Found) -> String {
        let name = self.tool.name;
        match (&self.kept, &found.origin) {
            (Some((path, needed)), _) => format!("~/{path} was left as it is; {needed}"),
            (None, Some(origin)) => format!("remove it from {origin}, or {name} from CODEARTIFACT_TOOLS"),
            (None, None) => {
                let question = self.tool.questions.first().map(super::question::shown).unwrap_or_default();
                format!("`{question}` shows what {name} reads; or remove {name} from CODEARTIFACT_TOOLS")
            }
        }
    }

    fn found(&self, source: &Source) -> Found {
        let origin = source.file.clone().or_else(|| self.variable(&source.url)).or_else(|| self.file(&source.url));
        Found { url: without_credentials(&source.url), origin }
    }

    /// The variable of the step that names a URL.
    fn variable(&self, url: &str) -> Option<String> {
        let is_of_tool = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.starts_with(self.tool.name) || (self.tool.format == "npm" && name.starts_with("npm_config_"))
        };
        let named = |name: &&str| {
            is_of_tool(name)
                && self.environment.get(name).is_some_and(|value| value.split_whitespace().any(|word| same(word, url)))
        };
        self.environment.names().find(named).map(str::to_owned)
    }

    /// The file in the project's folder, above it, or in the home folder that names a URL.
    fn file(&self, url: &str) -> Option<String> {
        let plain = without_credentials(url);
        let plain = plain.split_once("://").map_or(plain.as_str(), |(_, rest)| rest).trim_end_matches('/');
        let folders = self.place.folder.ancestors().chain(self.place.home);
        let paths = folders.flat_map(|folder| self.tool.settings.iter().map(|name| folder.join(name)));
        let mut naming = paths.filter(|path| fs::read_to_string(path).is_ok_and(|text| text.contains(plain)));
        naming.next().map(|path| self.shown(&path))
    }

    fn shown(&self, path: &Path) -> String {
        let in_home = self.place.home.and_then(|home| path.strip_prefix(home).ok());
        match (path.strip_prefix(self.app), in_home) {
            (Ok(relative), _) => relative.display().to_string(),
            (Err(_), Some(relative)) => format!("~/{}", relative.display()),
            (Err(_), None) => path.display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use keyless_aws::PackageToken;

    use super::*;
    use crate::{
        child::ChildEnvironment,
        package_managers::{Answer, PACKAGE_MANAGERS},
    };

    const URL: &str = "https://acme-1.d.codeartifact.eu-west-1.amazonaws.com/npm/shop/";
    const INDEX: &str = "https://acme-1.d.codeartifact.eu-west-1.amazonaws.com/pypi/shop/simple/";
    const NPMJS: &str = "https://registry.npmjs.org/";

    /// The verdict about a tool that answered its question number `question` so, in a folder with some files.
    fn judged(name: &str, question: usize, printed: &[&str], scope: Option<&str>, files: &[(&str, &str)]) -> Verdict {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            fs::write(folder.path().join(file), text).unwrap();
        }
        let environment: Environment = [("UV_INDEX", "https://a.example https://b.example/")].into_iter().collect();
        let tool = PACKAGE_MANAGERS.iter().find(|tool| tool.name == name).unwrap();
        let token = PackageToken::new("TOKEN".to_owned());
        let url = URL.replace("npm", tool.format);
        let registry = Registry { url: &url, token: &token, scope, keep_pypi: false };
        let variables = ChildEnvironment::of_a_step(&environment);
        let place = Place { folder: folder.path().to_owned(), home: None, variables, token: "TOKEN".to_owned() };
        let printed: Vec<String> = printed.iter().map(|printed| (*printed).to_owned()).collect();
        let answer = Answer { printed: &printed, registry: &registry, folder: folder.path(), home: None };
        let said = (tool.questions[question].read)(&answer).map_or(Said::Failure(String::new()), Said::Sources);
        Judge { tool, registry: &registry, place: &place, app: folder.path(), environment: &environment, kept: None }
            .verdict(said)
    }

    fn from(verdict: &Verdict) -> String {
        match verdict {
            Verdict::LoggedIn(except) if except.is_empty() => "logged in".to_owned(),
            Verdict::LoggedIn(except) => {
                let except: Vec<_> =
                    except.iter().map(|(scope, found)| format!("{scope}: {}", found.shown())).collect();
                except.join(", ")
            }
            Verdict::Shared(further) => further.iter().map(Found::shown).collect::<Vec<_>>().join(", "),
            Verdict::Elsewhere(found, _) => format!("instead: {}", found.shown()),
            Verdict::Unnamed => "unnamed".to_owned(),
            Verdict::Configured(_) | Verdict::Unanswered(_) | Verdict::Kept(..) => format!("{verdict:?}"),
        }
    }

    #[test]
    fn npm_and_its_relatives() {
        let own = format!(r#"{{"registry": "{URL}", "@jsr:registry": "https://npm.jsr.io/", "registries": {{}}}}"#);
        let other = format!(r#"{{"registry": "{URL}", "@acme:registry": "https://u:p@npm.example/"}}"#);
        let public = format!(r#"{{"registry": "{NPMJS}", "@acme:registry": "{URL}"}}"#);
        let rc = [(".npmrc", "@acme:registry = //npm.example/")];
        for (tool, printed, scope, expected) in [
            ("npm", &own, None, "logged in"),
            ("pnpm", &own, None, "logged in"),
            ("pnpm", &public, None, "instead: https://registry.npmjs.org/"),
            ("npm", &public, Some("@acme"), "logged in"),
            ("npm", &other, None, "@acme: https://npm.example/ (set in .npmrc)"),
            ("npm", &other, Some("@acme"), "instead: https://npm.example/ (set in .npmrc)"),
            ("npm", &"{}".to_owned(), None, r#"Unanswered("")"#),
        ] {
            assert_eq!(from(&judged(tool, 0, &[printed], scope, &rc)), expected, "{tool} {printed} {scope:?}");
        }
    }

    #[test]
    fn both_kinds_of_yarn() {
        let undefined = r#"{"type":"log","data":"undefined"}"#;
        assert_eq!(from(&judged("yarn", 0, &[undefined, undefined], None, &[])), r#"Unanswered("")"#);
        let (own, public) = (format!("{URL:?}"), format!("{NPMJS:?}"));
        let scopes = format!(r#"{{"acme": {{"npmRegistryServer": {own}}}, "none": {{"npmRegistryServer": null}}}}"#);
        assert_eq!(from(&judged("yarn", 0, &[&own, "undefined\n"], None, &[])), "logged in");
        assert_eq!(from(&judged("yarn", 0, &[&public, &scopes], Some("@acme"), &[])), "logged in");
        assert_eq!(
            from(&judged("yarn", 0, &[&public, "{}"], Some("@acme"), &[])),
            "instead: https://registry.npmjs.org/"
        );
        let list = |npm: &str| {
            format!(
                "{{\"type\":\"info\",\"data\":\"yarn config\"}}\n\
                 {{\"type\":\"inspect\",\"data\":{{\"registry\":\"https://registry.yarnpkg.com\"}}}}\n\
                 {{\"type\":\"info\",\"data\":\"npm config\"}}\n{{\"type\":\"inspect\",\"data\":{npm}}}\n"
            )
        };
        for (npm, scope, expected) in [
            (format!(r#"{{"registry":{own}}}"#), None, "logged in"),
            ("{}".to_owned(), None, "instead: https://registry.yarnpkg.com"),
            (format!(r#"{{"@acme:registry":{own}}}"#), Some("@acme"), "logged in"),
        ] {
            assert_eq!(from(&judged("yarn", 1, &[&list(&npm)], scope, &[])), expected, "{npm}");
        }
    }

    #[test]
    fn bun_by_its_files() {
        for (file, text, scope, expected) in [
            (".npmrc", "registry=https://registry.npmjs.org/", None, "logged in"),
            ("bunfig.toml", "[install]\nregistry = \"https://registry.npmjs.org/\"", None, "logged in"),
            (".npmrc", "@b:registry=https://b.example\n", None, "@b: https://b.example (set in .npmrc)"),
            (".npmrc", "@b:registry=https://b.example\n", Some("@acme"), "logged in"),
            (
                ".npmrc",
                "@acme:registry = https://b.example\n",
                Some("@acme"),
                "instead: https://b.example (set in .npmrc)",
            ),
            ("bunfig.toml", "[install.scopes]\n# acme = \"https://b.example\"", Some("@acme"), "logged in"),
            (
                "bunfig.toml",
                "[install.scopes]\n\"@acme\" = 'https://b.example'",
                Some("@acme"),
                "instead: https://b.example (set in bunfig.toml)",
            ),
            (
                "bunfig.toml",
                "[install]\nscopes.acme = { token = \"$T\", url = \"https://b.example\" }",
                Some("@acme"),
                "instead: https://b.example (set in bunfig.toml)",
            ),
            (
                "bunfig.toml",
                "[install.scopes.acme]\ntoken = \"$T\"\nurl = \"https://b.example\"",
                Some("@acme"),
                "instead: https://b.example (set in bunfig.toml)",
            ),
        ] {
            assert_eq!(from(&judged("bun", 0, &["1.4.5"], scope, &[(file, text)])), expected, "{text}");
        }
    }

    #[test]
    fn pip_by_its_settings_and_requirements() {
        let own = format!(":env:.index-url='{}'\n", INDEX.replace("//", "//aws:TOKEN@"));
        for (printed, files, expected) in [
            (own.clone(), &[][..], "logged in"),
            (format!("{own}global.index-url='https://pypi.org/simple'\n"), &[], "logged in"),
            ("install.index-url='https://p.example'\n".to_owned(), &[], "instead: https://p.example"),
            (String::new(), &[], "instead: https://pypi.org/simple/"),
            (
                format!("{own}global.extra-index-url='https://p.example\\nhttps://u:p@q.example'\n"),
                &[],
                "https://p.example, https://q.example",
            ),
            (format!("{own}:env:.extra-index-url='{INDEX}'\n"), &[], "logged in"),
            (own.clone(), &[("requirements.txt", "flask==3 # -i https://p.example\n")], "logged in"),
            (
                own.clone(),
                &[("requirements-dev.txt", "--index-url=https://p.example # why\nflask\n")],
                "https://p.example (set in requirements-dev.txt)",
            ),
        ] {
            assert_eq!(from(&judged("pip", 0, &[&printed], None, files)), expected, "{printed} {files:?}");
        }
    }

    #[test]
    fn uv_by_the_order_of_its_indexes() {
        let index = |url: &str, explicit: bool, default: bool| {
            format!(
                "                Index {{\n                    name: Some(\n                        IndexName(\n                            \
                 given: Some(\n                                \"{url}\",\n                            ),\n                    \
                 explicit: {explicit},\n                    default: {default},\n                }},\n"
            )
        };
        let settings = |indexes: &[String]| {
            format!(
                "index_locations: IndexLocations {{\n    indexes: [\n{}    ],\n    flat_index: [],\n",
                indexes.concat()
            )
        };
        let own = index(&INDEX.replace("//", "//aws:****@"), false, true);
        let public = "https://pypi.org/simple";
        for (indexes, expected) in [
            (vec![own.clone()], "logged in"),
            (vec![own.clone(), index(public, false, true)], "logged in"),
            (vec![own.clone(), index(public, true, false)], "logged in"),
            (vec![own.clone(), index("https://b.example/", false, false)], "https://b.example/ (set in UV_INDEX)"),
            (vec![index(INDEX, false, false), index(public, false, false), index(public, false, true)], "logged in"),
            (vec![index(public, false, false)], "instead: https://pypi.org/simple"),
            (vec![], "instead: https://pypi.org/simple/"),
        ] {
            assert_eq!(from(&judged("uv", 0, &[&settings(&indexes)], None, &[])), expected, "{indexes:?}");
        }
        assert_eq!(from(&judged("uv", 0, &["GlobalSettings {}"], None, &[])), r#"Unanswered("")"#);
    }

    #[test]
    fn poetry_by_its_sources() {
        let source = |name: &str, url: &str, priority: &str| {
            format!(" name      : {name}    \n url       : {url}    \n priority  : {priority}    \n\n")
        };
        let implicit = "PyPI is implicitly enabled as a primary source. If you wish to disable it, …\n";
        for (printed, expected) in [
            (source("codeartifact", INDEX, "primary"), "logged in"),
            (source("CodeArtifact", INDEX, "explicit") + implicit, "logged in"),
            (source("codeartifact", INDEX, "supplemental") + implicit, "https://pypi.org/simple/"),
            (
                source("codeartifact", INDEX, "primary") + " name      : PyPI\n priority  : primary\n",
                "https://pypi.org/simple/",
            ),
            (source("codeartifact", INDEX, "primary") + &source("b", "https://b.example", "supplemental"), "logged in"),
            (source("other", INDEX, "primary"), "unnamed"),
            (source("codeartifact", "https://b.example", "primary"), "unnamed"),
            ("No sources configured for this project.\n".to_owned() + implicit, "unnamed"),
        ] {
            assert_eq!(from(&judged("poetry", 0, &[&printed], None, &[])), expected, "{printed}");
        }
    }
}
