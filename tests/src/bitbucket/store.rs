//! What the API keeps of one repository.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Settings, VALUE,
    access::{Login, Refused, refused},
};
use crate::step;

/// The main branch.
pub const MAIN: &str = "main";

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVariable {
    /// The level: `workspace`, `repository`, or the UUID of a deployment environment.
    pub level: String,
    /// Its UUID, with braces.
    pub uuid: String,
    /// Its name.
    pub key: String,
    /// Its value, also that of a secured one: the API never returns it.
    pub value: String,
    /// Whether it is secured.
    pub secured: bool,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPullRequest {
    /// Its number.
    pub id: usize,
    /// The source branch.
    pub source: String,
    /// The destination branch.
    pub destination: String,
    /// Its description.
    pub description: String,
    /// Whether it is open.
    pub open: bool,
}

type Files = BTreeMap<String, String>;

/// The repository `acme/shop`.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) variables: Vec<StoredVariable>,
    environments: Vec<(&'static str, &'static str)>,
    others: Vec<&'static str>,
    /// The commits' files, by their hashes.
    commits: BTreeMap<String, Files>,
    /// The branches' last commits.
    pub(super) branches: BTreeMap<String, String>,
    pub(super) pull_requests: Vec<StoredPullRequest>,
    /// How many UUIDs and hashes were given.
    count: usize,
}

impl Store {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut store = Self::default();
        let environments = settings.environments.iter();
        store.environments = environments.clone().map(|(name, uuid, _)| (*name, *uuid)).collect();
        let levels = [("workspace", &settings.workspace), ("repository", &settings.repository)];
        store.others = settings.others.iter().map(|(slug, _)| *slug).collect();
        let levels = levels.map(|(level, names)| (level.to_owned(), names)).into_iter();
        let levels = levels.chain(environments.map(|(_, uuid, names)| ((*uuid).to_owned(), names)));
        let others = settings.others.iter().map(|(slug, names)| (format!("acme/{slug}"), names));
        for (level, names) in levels.chain(others) {
            for name in names {
                let secured = name.starts_with('!');
                let (key, value) =
                    name.trim_start_matches('!').split_once('=').unwrap_or((name.trim_start_matches('!'), VALUE));
                store.add(&level, key, value, secured);
            }
        }
        if let Some(text) = &settings.pipeline {
            let files = [("bitbucket-pipelines.yml".to_owned(), text.clone())].into();
            store.commit(MAIN, files);
        }
        store
    }

    fn add(&mut self, level: &str, key: &str, value: &str, secured: bool) -> StoredVariable {
        self.count += 1;
        let uuid = format!("{{00000000-0000-4000-9000-{:012x}}}", self.count);
        let (level, key, value) = (level.to_owned(), key.to_owned(), value.to_owned());
        let variable = StoredVariable { level, uuid, key, value, secured };
        self.variables.push(variable.clone());
        variable
    }

    fn commit(&mut self, branch: &str, files: Files) {
        self.count += 1;
        let hash = format!("{:040x}", self.count);
        self.commits.insert(hash.clone(), files);
        self.branches.insert(branch.to_owned(), hash);
    }

    /// A file of a branch.
    pub(super) fn file(&self, branch: &str, path: &str) -> Option<&str> {
        self.commits.get(self.branches.get(branch)?)?.get(path).map(String::as_str)
    }

    pub(super) fn repository(&self) -> Value {
        json!({
            "type": "repository",
            "slug": "shop",
            "uuid": step::REPOSITORY_UUID,
            "workspace": { "slug": "acme", "uuid": step::WORKSPACE_UUID },
            "mainbranch": if self.branches.contains_key(MAIN) { json!({ "type": "branch", "name": MAIN }) } else { Value::Null },
        })
    }

    /// The repositories that a login sees: a repository's token only its own.
    pub(super) fn repositories(&self, login: &Login) -> Vec<Value> {
        let others = self.others.iter().filter(|_| login.of_workspace);
        others.chain(&["shop"]).map(|slug| json!({ "slug": slug })).collect()
    }

    pub(super) fn environments(&self) -> Vec<Value> {
        let environment =
            |(name, uuid): &(&str, &str)| json!({ "name": name, "slug": name.to_lowercase(), "uuid": uuid });
        self.environments.iter().map(environment).collect()
    }

    /// Whether there is a level of variables.
    pub(super) fn has_level(&self, level: &str) -> bool {
        matches!(level, "workspace" | "repository")
            || self.others.iter().any(|slug| level.strip_prefix("acme/") == Some(slug))
            || self.environments.iter().any(|(_, uuid)| *uuid == level)
    }

    pub(super) fn list(&self, level: &str) -> Vec<Value> {
        self.variables.iter().filter(|variable| variable.level == level).map(shown).collect()
    }

    /// Creates a variable. There can be one of a name at a level
    /// (`variable-service.variable.duplicate`).
    pub(super) fn create(&mut self, level: &str, body: &Value) -> Result<Value, Refused> {
        let (key, value, secured) = fields(body)?;
        if self.variables.iter().any(|variable| variable.level == level && variable.key == key) {
            return Err(refused(409, "variable-service.variable.duplicate"));
        }
        Ok(shown(&self.add(level, key, value, secured)))
    }

    pub(super) fn update(&mut self, level: &str, uuid: &str, body: &Value) -> Result<Value, Refused> {
        let (key, value, secured) = fields(body)?;
        let variable = self.variables.iter_mut().find(|it| it.level == level && it.uuid == uuid);
        let variable = variable.ok_or_else(|| refused(404, "Variable not found"))?;
        if variable.secured && !secured {
            // Not documented. Nothing may rely on it.
            return Err(refused(400, "A secured variable stays secured."));
        }
        (variable.key, variable.value, variable.secured) = (key.to_owned(), value.to_owned(), secured);
        Ok(shown(variable))
    }

    pub(super) fn delete(&mut self, level: &str, uuid: &str) -> Result<(), Refused> {
        let at = self.variables.iter().position(|it| it.level == level && it.uuid == uuid);
        self.variables.remove(at.ok_or_else(|| refused(404, "Variable not found"))?);
        Ok(())
    }

    pub(super) fn branch(&self, name: &str) -> Result<Value, Refused> {
        let hash = self.branches.get(name).ok_or_else(|| refused(404, "Branch not found"))?;
        Ok(json!({ "type": "branch", "name": name, "target": { "type": "commit", "hash": hash } }))
    }

    /// `/src/COMMIT/PATH`
    pub(super) fn source(&self, at: &str) -> Result<String, Refused> {
        let found = at.split_once('/').and_then(|(commit, path)| self.commits.get(commit)?.get(path));
        found.cloned().ok_or_else(|| refused(404, "No such file or directory"))
    }

    /// A commit by a form: fields that start with a slash are files
    /// (<https://developer.atlassian.com/cloud/bitbucket/rest/api-group-source/>).
    pub(super) fn commit_form(&mut self, form: &[u8]) -> Result<(), Refused> {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(form).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let field = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let branch = field("branch").ok_or_else(|| refused(400, "branch is missing"))?;
        let parent = field("parents").ok_or_else(|| refused(400, "parents is missing"))?;
        if self.branches.get(&branch).is_some_and(|head| *head != parent) {
            return Err(refused(409, "the branch has moved"));
        }
        let mut files = self.commits.get(&parent).cloned().ok_or_else(|| refused(400, "no such parent"))?;
        let new = pairs.iter().filter_map(|(name, value)| Some((name.strip_prefix('/')?.to_owned(), value.clone())));
        files.extend(new);
        self.commit(&branch, files);
        Ok(())
    }

    pub(super) fn open_pull_requests(&self, query: &str) -> Vec<Value> {
        let asked = |request: &&StoredPullRequest| {
            query.contains(&format!("source.branch.name=\"{}\"", request.source))
                && query.contains(&format!("destination.branch.name=\"{}\"", request.destination))
                && request.open == query.contains("state=\"OPEN\"")
        };
        self.pull_requests.iter().filter(asked).map(pull_request).collect()
    }

    pub(super) fn open_pull_request(&mut self, body: &Value) -> Result<Value, Refused> {
        let branch = |end: &str| body[end]["branch"]["name"].as_str().unwrap_or_default().to_owned();
        let (source, destination) = (branch("source"), branch("destination"));
        if !self.branches.contains_key(&source)
            || !self.branches.contains_key(&destination)
            || !body["title"].is_string()
        {
            return Err(refused(400, "title, source and destination are needed"));
        }
        let description = body["description"].as_str().unwrap_or_default().to_owned();
        let request =
            StoredPullRequest { id: self.pull_requests.len() + 1, source, destination, description, open: true };
        self.pull_requests.push(request.clone());
        Ok(pull_request(&request))
    }
}

fn fields(body: &Value) -> Result<(&str, &str, bool), Refused> {
    let missing = || refused(400, "key and value are needed");
    let text = |name: &str| body[name].as_str().ok_or_else(missing);
    Ok((text("key")?, text("value")?, body["secured"].as_bool().unwrap_or_default()))
}

/// A variable as the API returns it: without the value of a secured one.
fn shown(variable: &StoredVariable) -> Value {
    let StoredVariable { uuid, key, value, secured, .. } = variable;
    let mut shown = json!({ "type": "pipeline_variable", "uuid": uuid, "key": key, "secured": secured });
    if !secured {
        shown["value"] = json!(value);
    }
    shown
}

fn pull_request(request: &StoredPullRequest) -> Value {
    let url = format!("https://bitbucket.org/acme/shop/pull-requests/{}", request.id);
    json!({ "type": "pullrequest", "id": request.id, "links": { "html": { "href": url } } })
}
