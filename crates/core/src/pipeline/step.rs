//! A step and its parts.

use crate::{
    pipeline::{Named, Use},
    spelling,
    text::{Span, Spanned},
    yaml::{NodeId, Tree},
};

/// The index of a step in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub usize);

/// A string of the file with its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'t> {
    /// The value.
    pub value: &'t str,
    /// The scalar that holds it, aliases followed.
    pub node: NodeId,
}

impl Text<'_> {
    /// Its span.
    pub fn span(&self, tree: &Tree) -> Span {
        tree.span(self.node)
    }
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A regular step.
    Step,
    /// The final step.
    Final,
}

/// One container running one script.
#[derive(Clone, Debug)]
pub struct Step<'t> {
    /// Its index.
    pub id: StepId,
    /// Its mapping.
    pub node: NodeId,
    /// The `step` or `final` key under which it was first found; `None` for an anchored step that nothing uses.
    pub key: Option<NodeId>,
    /// Its kind.
    pub role: Role,
    /// Where pipelines run it; empty for a step that is only anchored.
    pub uses: Vec<Use>,
    /// `name`
    pub name: Option<Text<'t>>,
    /// `type: pipeline`: it runs a custom pipeline instead of a script.
    pub is_child_pipeline: bool,
    /// `custom`, the pipeline that such a step runs.
    pub custom: Option<Text<'t>>,
    /// `script`, if the key exists, even if it is empty.
    pub script_key: Option<NodeId>,
    /// The items of `script`.
    pub script: Vec<ScriptItem<'t>>,
    /// The items of `after-script`.
    pub after_script: Vec<ScriptItem<'t>>,
    /// `oidc`
    pub oidc: Option<Oidc<'t>>,
    /// `deployment` or `environment` of the step itself; its stage may have one instead.
    pub deployment: Option<Deployment<'t>>,
    /// `trigger`
    pub trigger: Option<Text<'t>>,
    /// `condition`
    pub condition: Option<NodeId>,
    /// `image`
    pub image: Option<Image<'t>>,
    /// `size`
    pub size: Option<Text<'t>>,
    /// `max-time`, in minutes.
    pub max_time: Option<i64>,
    /// `runtime`
    pub runtime: Option<Runtime<'t>>,
    /// `runs-on`
    pub runs_on: Vec<Text<'t>>,
    /// `services`
    pub services: Vec<Text<'t>>,
    /// `caches`
    pub caches: Vec<Text<'t>>,
    /// `artifacts`
    pub artifacts: Artifacts<'t>,
    /// `clone: {enabled: false}`
    pub clone_disabled: bool,
    /// The names under `output-variables` that are strings.
    pub output_variables: Vec<Text<'t>>,
    /// Names under `input-variables`.
    pub input_variables: Vec<Text<'t>>,
}

impl<'t> Step<'t> {
    /// The items of `script` and `after-script`, in the order in which they run.
    pub fn script_items(&self) -> impl Iterator<Item = &ScriptItem<'t>> {
        self.script.iter().chain(&self.after_script)
    }

    /// The pipes in its scripts.
    pub fn pipes(&self) -> impl Iterator<Item = &Pipe<'t>> {
        self.script_items().filter_map(|item| match item {
            ScriptItem::Pipe(pipe) => Some(pipe),
            ScriptItem::Command(_) | ScriptItem::Other(_) => None,
        })
    }

    /// Whether it has to be started manually: `trigger: manual`.
    pub fn is_manual(&self) -> bool {
        self.trigger.is_some_and(|trigger| trigger.value == MANUAL)
    }

    /// Whether it names a service.
    pub fn uses_service(&self, name: &str) -> bool {
        self.services.iter().any(|service| service.value == name)
    }

    /// Whether the step requests a token: `oidc: true`, or a mapping with `audiences`.
    pub fn has_token(&self) -> bool {
        matches!(self.oidc, Some(Oidc::Enabled(true, _) | Oidc::Audiences(..)))
    }

    /// The span to report for the step as a whole: its name, the key above it, or its first line.
    pub fn place(&self, tree: &Tree) -> Span {
        match (self.key, self.name) {
            (Some(key), _) => tree.span(key),
            (None, Some(name)) => name.span(tree),
            (None, None) => Span::at(tree.span(self.node).start),
        }
    }
}

/// The language of a step's scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `sh` or `bash`.
    Shell,
    /// PowerShell.
    PowerShell,
}

/// One item of a script.
#[derive(Clone, Debug)]
pub enum ScriptItem<'t> {
    /// Shell commands, on one or more lines.
    Command(Command<'t>),
    /// A pipe.
    Pipe(Pipe<'t>),
    /// An agent task, or something that is neither.
    Other(NodeId),
}

/// Shell commands.
pub type Command<'t> = Text<'t>;

/// A pipe with its variables.
#[derive(Clone, Debug)]
pub struct Pipe<'t> {
    /// Its mapping.
    pub node: NodeId,
    /// The reference, such as `atlassian/aws-s3-deploy:2.0.1` or `docker://account/image:tag`.
    pub reference: Text<'t>,
    /// The key of each variable, and the node of its value (a string or a list).
    pub variables: Vec<Named<'t>>,
}

impl<'t> Pipe<'t> {
    /// The reference without its version.
    pub fn name(&self) -> &'t str {
        self.split().0
    }

    /// The version, if the reference has one.
    pub fn version(&self) -> Option<&'t str> {
        self.split().1
    }

    /// The value of one of its variables.
    pub fn variable(&self, name: &str) -> Option<NodeId> {
        self.variables.iter().find(|variable| variable.name.value == name).map(|variable| variable.node)
    }

    fn split(&self) -> (&'t str, Option<&'t str>) {
        let reference = self.reference.value;
        let name_start = reference.rfind('/').map_or(0, |slash| slash + 1);
        match reference[name_start..].find([':', '@']) {
            Some(at) => (&reference[..name_start + at], Some(&reference[name_start + at + 1..])),
            None => (reference, None),
        }
    }
}

/// `oidc`, with the node of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oidc<'t> {
    /// `true` or `false`.
    Enabled(bool, NodeId),
    /// A mapping with `audiences`.
    Audiences(Vec<Text<'t>>, NodeId),
    /// Neither: a string such as `"true"`, a number, null.
    Unreadable(NodeId),
}

impl Oidc<'_> {
    /// The node of its value.
    pub const fn node(&self) -> NodeId {
        match self {
            Self::Enabled(_, node) | Self::Audiences(_, node) | Self::Unreadable(node) => *node,
        }
    }
}

/// The environment of a step or a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployment<'t> {
    /// The environment's name.
    pub environment: Text<'t>,
    /// `deployment` records the deployment and adds the environment to the token's `sub`; `environment` provides
    /// only its variables (<https://www.atlassian.com/blog/bitbucket/evolving-deployments>).
    pub recorded: bool,
}

/// A Docker image.
#[derive(Clone, Copy, Debug)]
pub struct Image<'t> {
    /// The string or the mapping.
    pub node: NodeId,
    /// Its name, with tag or digest.
    pub name: Option<Text<'t>>,
    /// `aws.oidc-role`
    pub oidc_role: Option<Text<'t>>,
}

/// `runtime`.
#[derive(Clone, Copy, Debug)]
pub struct Runtime<'t> {
    /// Its mapping.
    pub node: NodeId,
    /// `cloud.atlassian-ip-ranges`
    pub atlassian_ip_ranges: Option<Spanned<bool>>,
    /// `cloud.version`
    pub version: Option<Text<'t>>,
    /// `cloud.platform`
    pub platform: Option<Text<'t>>,
    /// `cloud.arch`
    pub arch: Option<Text<'t>>,
    /// `self-hosted.storage.aws.oidc-role`
    pub storage_oidc_role: Option<Text<'t>>,
}

/// `artifacts`, in either form.
#[derive(Clone, Debug, Default)]
pub struct Artifacts<'t> {
    /// The paths kept for later steps, those of named artifacts included.
    pub paths: Vec<Text<'t>>,
    /// The named artifacts.
    pub uploads: Vec<Upload<'t>>,
    /// What the step downloads.
    pub download: Download<'t>,
}

/// A named artifact.
#[derive(Clone, Debug)]
pub struct Upload<'t> {
    /// `name`
    pub name: Option<Text<'t>>,
    /// `paths`
    pub paths: Vec<Text<'t>>,
    /// `type`; only `shared`, the default, reaches other steps.
    pub kind: Option<Text<'t>>,
}

impl Upload<'_> {
    /// Whether later steps can download it.
    pub fn is_shared(&self) -> bool {
        self.kind.is_none_or(|kind| kind.value == "shared")
    }
}

/// `artifacts.download`.
#[derive(Clone, Debug, Default)]
pub enum Download<'t> {
    /// All artifacts of earlier steps: the default.
    #[default]
    All,
    /// `false`, with its node.
    Nothing(NodeId),
    /// The artifacts with these names.
    Named(Vec<Text<'t>>),
}

/// The value of `trigger` for a step or a stage that waits.
pub(super) const MANUAL: &str = "manual";

/// Tags of images and pipes that are moved to new versions by convention.
const MOVING_TAGS: [&str; 9] = ["latest", "edge", "main", "master", "develop", "dev", "nightly", "stable", "next"];

/// Whether a tag of an image or a pipe moves to new versions by convention.
pub fn is_moving_tag(tag: &str) -> bool {
    MOVING_TAGS.contains(&tag)
}

/// Whether a key is `oidc` or a misspelling of it.
pub fn means_oidc(name: &str) -> bool {
    // longer names are out at once: every key of every step is checked
    name.len() <= 2 * "oidc".len() && spelling::nearest(name, ["oidc"]).is_some()
}
