//! What pipelines can use from `definitions`.

use crate::{
    pipeline::{Image, Text},
    text::Spanned,
    yaml::NodeId,
};

/// The only predefined service.
pub const BUILT_IN_SERVICE: &str = "docker";

/// Bitbucket's predefined caches.
/// Source: <https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/>.
pub const PREDEFINED_CACHES: [&str; 9] =
    ["composer", "docker", "dotnetcore", "gradle", "ivy2", "maven", "node", "pip", "sbt"];

/// `definitions`.
#[derive(Clone, Debug, Default)]
pub struct Definitions<'t> {
    /// The services, in order.
    pub services: Vec<Service<'t>>,
    /// The caches, in order.
    pub caches: Vec<Named<'t>>,
    /// The import sources, in order.
    pub imports: Vec<Imported<'t>>,
    /// The agents, in order.
    pub agents: Vec<Named<'t>>,
}

/// A name and its definition.
#[derive(Clone, Copy, Debug)]
pub struct Named<'t> {
    /// The key.
    pub name: Text<'t>,
    /// The value.
    pub node: NodeId,
}

/// A container that runs next to a step.
#[derive(Clone, Copy, Debug)]
pub struct Service<'t> {
    /// Its name.
    pub name: Text<'t>,
    /// Its mapping.
    pub node: NodeId,
    /// Its image.
    pub image: Option<Image<'t>>,
    /// Its memory in megabytes, if set.
    pub memory: Option<Spanned<i64>>,
    /// `type: docker`
    pub is_docker: bool,
}

/// A file of another repository.
#[derive(Clone, Copy, Debug)]
pub struct Imported<'t> {
    /// The name that `import: pipeline@name` uses.
    pub name: Text<'t>,
    /// Where it is imported from, if that is a string.
    pub source: Option<Text<'t>>,
}

/// The predefined cache of npm packages, and its folder in the clone.
/// Source: <https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/>.
pub const NODE_CACHE: (&str, &str) = ("node", "node_modules");
