//! Who may do what: tokens with their scopes (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#scopes>).

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::Method;
use serde_json::{Value, json};

/// The token that may do everything.
pub const TOKEN: &str = "token-of-the-tests-4f1c";
/// A token that lacks the scope for pipelines, and so for deployment environments.
pub const WITHOUT_PIPELINES: &str = "repositories-of-the-tests-27aa";
/// A token that may read everything, and change nothing.
pub const READ_ONLY: &str = "readings-of-the-tests-c03d";
/// A token of the repository: it may do everything there, and see nothing of the workspace.
pub const OF_REPOSITORY: &str = "shop-of-the-tests-88e1";
/// A user's email and API token; the user can do everything except what needs an administrator of the workspace.
pub const PERSON: (&str, &str) = ("dev@example.com", "person-of-the-tests-9b2e");

const ALL: [&str; 6] =
    ["repository", "repository:write", "pullrequest", "pullrequest:write", "pipeline", "pipeline:variable"];

/// A login.
pub(super) struct Login {
    scopes: &'static [&'static str],
    /// Whether it may see the workspace's settings.
    pub(super) of_workspace: bool,
}

/// A refusal: the status and the body.
pub(super) type Refused = (u16, Value);

/// A refusal with a message.
pub(super) fn refused(status: u16, message: &str) -> Refused {
    (status, json!({ "type": "error", "error": { "message": message } }))
}

impl Login {
    /// The login of a header.
    pub(super) fn of(authorization: &str) -> Result<Self, Refused> {
        let person = format!("Basic {}", STANDARD.encode(format!("{}:{}", PERSON.0, PERSON.1)));
        let bearer = authorization.strip_prefix("Bearer ");
        let (scopes, of_workspace): (&[&str], bool) = match bearer {
            Some(TOKEN) => (&ALL, true),
            Some(WITHOUT_PIPELINES) => (&ALL[..4], false),
            Some(READ_ONLY) => (&["repository", "pullrequest", "pipeline"], true),
            Some(OF_REPOSITORY) => (&ALL, false),
            None if authorization == person => (&ALL, false),
            _ => return Err(refused(401, "Token is invalid, expired, or not supported for this endpoint.")),
        };
        Ok(Self { scopes, of_workspace })
    }

    /// Refuses a call that needs another scope, and names it. No scope implies another.
    pub(super) fn check(&self, method: &Method, path: &str) -> Result<(), Refused> {
        let writes = *method != Method::GET;
        let required = if path.contains("/variables") || path.ends_with("/environments") {
            if writes { "pipeline:variable" } else { "pipeline" }
        } else if path.contains("/pullrequests") {
            if writes { "pullrequest:write" } else { "pullrequest" }
        } else if writes {
            "repository:write"
        } else {
            "repository"
        };
        if !self.scopes.contains(&required) {
            let message = "Your credentials lack one or more required privilege scopes.";
            let detail = json!({ "granted": self.scopes, "required": [required] });
            return Err((403, json!({ "type": "error", "error": { "message": message, "detail": detail } })));
        }
        if path.starts_with("/workspaces/") && !self.of_workspace {
            return Err(refused(403, "Forbidden"));
        }
        Ok(())
    }
}
