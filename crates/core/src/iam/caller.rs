//! A Bitbucket step before it runs, as IAM will see it: the claims of its token and its source address, as far as known.
//!
//! Source of the token's format:
//! <https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/>

use super::{
    partial::{Partial, Piece},
    request::{Entry, Request},
};
use crate::{
    ip_ranges,
    oidc::{AUDIENCE, Issuer, Uuid},
};

/// What is known about a step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller<'c> {
    /// The workspace's name in URLs.
    pub workspace: Option<&'c str>,
    /// The workspace's UUID.
    pub workspace_uuid: Option<Uuid>,
    /// The repository's UUID.
    pub repository_uuid: Option<Uuid>,
    /// Its deployment environment.
    pub environment: Environment,
    /// Whether its token has custom audiences in addition to the workspace's.
    pub custom_audiences: bool,
    /// Its source address.
    pub address: Address,
}

/// The deployment environment of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// Unknown whether it has one.
    #[default]
    Unknown,
    /// None.
    None,
    /// One, with its UUID if known.
    Deployment(Option<Uuid>),
}

/// The address of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// Any.
    #[default]
    Unknown,
    /// Not one of those that Atlassian publishes.
    Unlisted,
}

/// A step's UUID is different in every run; this one represents all of them.
const ANY_STEP: &str = "{00000000-0000-4000-8000-000000000000}";

impl Caller<'_> {
    /// Takes unknown values from another caller.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            workspace: self.workspace.or(other.workspace),
            workspace_uuid: self.workspace_uuid.or(other.workspace_uuid),
            repository_uuid: self.repository_uuid.or(other.repository_uuid),
            environment: if self.environment == Environment::Unknown { other.environment } else { self.environment },
            custom_audiences: self.custom_audiences || other.custom_audiences,
            address: if self.address == Address::Unknown { other.address } else { self.address },
        }
    }

    /// The step's request for a role session.
    pub fn request(&self) -> Request {
        let issuer = self.workspace.and_then(|workspace| Issuer::of_workspace(workspace).ok());
        let mut request = Request::new(issuer.map(Issuer::provider_name).as_deref());
        request.claims(&[("aud", self.audience()), ("sub", self.subject())]);
        if self.address == Address::Unlisted {
            let published = ip_ranges::BITBUCKET.iter().filter_map(|block| ip_ranges::network(block)).collect();
            request.set("aws:SourceIp", Entry::Partial(Partial::AddressOutside(published)));
        }
        request
    }

    /// AWS does not document how it compares the list that a token with custom audiences has.
    fn audience(&self) -> Entry {
        if self.custom_audiences {
            return Entry::Unknown;
        }
        entry(vec![known(AUDIENCE), uuid(self.workspace_uuid, "workspace")])
    }

    fn subject(&self) -> Entry {
        let mut pieces = vec![known("{"), uuid(self.repository_uuid, "repository")];
        match self.environment {
            Environment::Unknown => return Entry::Unknown,
            Environment::None => {}
            Environment::Deployment(environment) => {
                pieces.extend([known("}:{"), uuid(environment, "environment")]);
            }
        }
        pieces.push(Piece::Known(format!("}}:{ANY_STEP}")));
        entry(pieces)
    }
}

fn known(text: &str) -> Piece {
    Piece::Known(text.to_owned())
}

fn uuid(uuid: Option<Uuid>, name: &'static str) -> Piece {
    uuid.map_or(Piece::Uuid(name), |uuid| Piece::Known(uuid.bare()))
}

/// A value, in full if all of it is known.
fn entry(pieces: Vec<Piece>) -> Entry {
    let known: Option<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Known(text) => Some(text.as_str()),
            Piece::Uuid(_) => None,
        })
        .collect();
    known.map_or_else(|| Entry::Partial(Partial::Text(pieces)), Entry::Value)
}
