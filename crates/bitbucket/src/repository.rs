//! Repositories: their UUIDs, deployment environments, files, branches and pull requests.

use serde::Deserialize;
use serde_json::json;

use crate::{
    client::{Bitbucket, Call},
    error::BitbucketError,
    scope::{PIPELINE_READ, PULL_REQUEST_READ, PULL_REQUEST_WRITE, REPOSITORY_READ, REPOSITORY_WRITE},
    slugs::RepositorySlugs,
};

/// A repository.
#[derive(Debug, Deserialize)]
pub struct Repository {
    /// With braces.
    pub uuid: String,
    /// The workspace that owns it.
    pub workspace: Workspace,
    /// Its main branch; a repository without commits has none.
    pub mainbranch: Option<Named>,
}

/// A workspace.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    /// With braces.
    pub uuid: String,
}

/// Something with a name.
#[derive(Debug, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// A deployment environment.
#[derive(Clone, Debug, Deserialize)]
pub struct DeploymentEnvironment {
    /// As people see it.
    pub name: String,
    slug: Option<String>,
    /// With braces.
    pub uuid: String,
}

impl DeploymentEnvironment {
    /// What `deployment` in a pipeline is set to.
    pub fn deployment(&self) -> &str {
        self.slug.as_deref().unwrap_or(&self.name)
    }

    /// Whether `deployment: name` in a pipeline refers to it. Bitbucket creates `Production`, and pipelines write `production`.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.slug.as_deref() == Some(name)
    }
}

/// A commit with one file, for a branch that may be new.
#[derive(Clone, Copy, Debug)]
pub struct FileCommit<'c> {
    /// The branch.
    pub branch: &'c str,
    /// The hash of the commit that it follows.
    pub parent: &'c str,
    /// The path in the repository.
    pub path: &'c str,
    /// The file's content.
    pub content: &'c str,
    /// The commit's message.
    pub message: &'c str,
}

/// A pull request to open.
#[derive(Clone, Copy, Debug)]
pub struct NewPullRequest<'p> {
    /// The branch with the change.
    pub source: &'p str,
    /// The branch that it is for.
    pub destination: &'p str,
    /// Its title.
    pub title: &'p str,
    /// Its description, in Markdown.
    pub description: &'p str,
}

#[derive(Deserialize)]
struct Branch {
    target: Commit,
}

#[derive(Deserialize)]
struct Commit {
    hash: String,
}

/// An open pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number in the repository.
    pub id: u64,
    /// Its page.
    pub url: String,
}

#[derive(Deserialize)]
struct PullRequestAnswer {
    id: u64,
    links: Links,
}

impl From<PullRequestAnswer> for PullRequest {
    fn from(answer: PullRequestAnswer) -> Self {
        Self { id: answer.id, url: answer.links.html.href }
    }
}

/// A repository in a list.
#[derive(Deserialize)]
struct Listed {
    slug: String,
}

#[derive(Deserialize)]
struct Links {
    html: Link,
}

#[derive(Deserialize)]
struct Link {
    href: String,
}

impl Bitbucket {
    /// A repository.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn repository(&self, slugs: &RepositorySlugs) -> Result<Repository, BitbucketError> {
        self.read(Call::get(&path(slugs, ""), REPOSITORY_READ)).await
    }

    /// The slugs of a workspace's repositories that the token may see, those changed last first.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn repositories(&self, workspace: &str) -> Result<Vec<String>, BitbucketError> {
        let path = format!("/repositories/{workspace}?fields=values.slug,next&sort=-updated_on");
        let listed = self.list::<Listed>(&path, REPOSITORY_READ).await?;
        Ok(listed.into_iter().map(|repository| repository.slug).collect())
    }

    /// The deployment environments of a repository.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn environments(&self, slugs: &RepositorySlugs) -> Result<Vec<DeploymentEnvironment>, BitbucketError> {
        self.list(&path(slugs, "/environments"), PIPELINE_READ).await
    }

    /// The hash of a branch's last commit; `None` if the branch does not exist.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn branch_head(&self, slugs: &RepositorySlugs, branch: &str) -> Result<Option<String>, BitbucketError> {
        let path = path(slugs, &format!("/refs/branches/{}", escaped(branch)));
        match self.read::<Branch>(Call::get(&path, REPOSITORY_READ)).await {
            Ok(branch) => Ok(Some(branch.target.hash)),
            Err(BitbucketError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A file at a commit, given by its hash; `None` if the file does not exist.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn file(
        &self,
        slugs: &RepositorySlugs,
        commit: &str,
        file: &str,
    ) -> Result<Option<String>, BitbucketError> {
        let file: Vec<String> = file.split('/').map(escaped).collect();
        let path = path(slugs, &format!("/src/{}/{}", escaped(commit), file.join("/")));
        match self.call(Call::get(&path, REPOSITORY_READ)).await {
            Ok(text) => Ok(Some(text)),
            Err(BitbucketError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Commits a file. The branch is created if there is none.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn commit_file(&self, slugs: &RepositorySlugs, commit: &FileCommit<'_>) -> Result<(), BitbucketError> {
        let FileCommit { branch, parent, path: file, content, message } = *commit;
        // A field that starts with a slash is a file, so that none can be taken for another field.
        let file = format!("/{file}");
        let pairs = [("branch", branch), ("parents", parent), ("message", message), (&file, content)];
        let body: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        let path = path(slugs, "/src");
        let body = Some(("application/x-www-form-urlencoded", body.join("&")));
        self.call(Call { method: "POST", path: &path, scope: REPOSITORY_WRITE, body }).await.map(drop)
    }

    /// The command that deletes a branch.
    pub fn deletion_of_branch(&self, slugs: &RepositorySlugs, branch: &str) -> String {
        self.curl("DELETE", &path(slugs, &format!("/refs/branches/{}", escaped(branch))))
    }

    /// An open pull request between two branches.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn open_pull_request(
        &self,
        slugs: &RepositorySlugs,
        source: &str,
        destination: &str,
    ) -> Result<Option<PullRequest>, BitbucketError> {
        let query =
            format!("source.branch.name=\"{source}\" AND destination.branch.name=\"{destination}\" AND state=\"OPEN\"");
        let path = path(slugs, &format!("/pullrequests?q={}", escaped(&query)));
        let found: Vec<PullRequestAnswer> = self.list(&path, PULL_REQUEST_READ).await?;
        Ok(found.into_iter().next().map(PullRequest::from))
    }

    /// Opens a pull request.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn create_pull_request(
        &self,
        slugs: &RepositorySlugs,
        request: &NewPullRequest<'_>,
    ) -> Result<PullRequest, BitbucketError> {
        let branch = |name: &str| json!({ "branch": { "name": name } });
        let body = json!({
            "title": request.title,
            "description": request.description,
            "source": branch(request.source),
            "destination": branch(request.destination),
        });
        let path = path(slugs, "/pullrequests");
        let opened: PullRequestAnswer = self.read(Call::json("POST", &path, PULL_REQUEST_WRITE, &body)).await?;
        Ok(opened.into())
    }

    /// The command that declines a pull request.
    pub fn decline_of_pull_request(&self, slugs: &RepositorySlugs, request: &PullRequest) -> String {
        self.curl("POST", &path(slugs, &format!("/pullrequests/{}/decline", request.id)))
    }
}

fn path(slugs: &RepositorySlugs, rest: &str) -> String {
    format!("/repositories/{}/{}{rest}", slugs.workspace, slugs.repository)
}

/// Percent-encodes everything but letters, digits, `-`, `_`, `.` and `~`.
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}
