//! The vocabulary of the table.

use std::hash::{Hash, Hasher};

use crate::documentation;

/// What a value may be. Two shapes are equal if they allow the same values.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    String(StringShape),
    /// A whole number.
    Integer(IntegerShape),
    /// `true` or `false`.
    Boolean,
    /// A list.
    List(ListShape),
    /// A mapping with known keys.
    Object(&'static Object),
    /// A mapping whose keys the author chooses.
    Map(MapShape),
    /// One of several shapes, chosen by what the file holds, and a description of them all: "a string or a mapping".
    OneOf(&'static str, &'static [&'static Shape]),
    /// Any value: Bitbucket does not check it.
    Any,
}

/// Rules for a whole number.
#[derive(Debug, PartialEq, Eq)]
pub struct IntegerShape {
    /// The smallest value allowed.
    pub minimum: i64,
    /// The largest value allowed.
    pub maximum: i64,
    /// Whether sources disagree on the maximum.
    pub maximum_doubtful: bool,
}

/// Rules for a string.
#[derive(Debug, PartialEq, Eq)]
pub struct StringShape {
    /// The only values allowed; any if empty.
    pub enum_values: &'static [&'static str],
    /// The minimum number of characters.
    pub min_length: usize,
    /// The maximum number of characters.
    pub max_length: usize,
    /// What happens to a number or a boolean without quotes.
    pub coercion: Coercion,
}

/// What happens to an unquoted number or boolean where a string is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coercion {
    /// Bitbucket rejects it.
    Rejected,
    /// The schema rejects it, other sources accept it: unconfirmed.
    Doubtful,
    /// It is read as a string.
    Accepted,
}

/// Rules for a list.
#[derive(Debug, PartialEq, Eq)]
pub struct ListShape {
    /// What each item may be.
    pub item: &'static Shape,
    /// The minimum number of items.
    pub min_items: usize,
    /// The maximum number of items.
    pub max_items: usize,
}

/// Rules for a mapping whose keys the author chooses.
#[derive(Debug, PartialEq, Eq)]
pub struct MapShape {
    /// What each key names, with its article: "a service".
    pub what: &'static str,
    /// What each value may be.
    pub value: &'static Shape,
    /// The minimum number of keys.
    pub min_properties: usize,
    /// The maximum number of keys.
    pub max_properties: usize,
}

/// A mapping with known keys.
#[derive(Debug)]
pub struct Object {
    /// Its identity.
    pub id: ObjectId,
    /// What it is, with its article: "a step".
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// Whether Bitbucket's schema allows other keys. Where it does, an unknown key is ignored, so it is a warning.
    pub additional_properties: bool,
}

/// The identity of an [`Object`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectId {
    /// The file itself.
    Root,
    /// `options`
    Options,
    /// `definitions`
    Definitions,
    /// An entry of `definitions.services`.
    Service,
    /// An entry of `definitions.caches`.
    Cache,
    /// `key` of a cache.
    CacheKey,
    /// An entry of `definitions.agents`.
    Agent,
    /// `config` of an agent or an agent task.
    AgentConfig,
    /// `permissions` of an agent or an agent task.
    AgentPermissions,
    /// `permissions.on-ask` as a mapping.
    AgentPermissionRules,
    /// `pipelines`
    Pipelines,
    /// An item of `triggers`.
    Trigger,
    /// An item of a pipeline.
    PipelineItem,
    /// An item of a custom or shared pipeline, which may have `variables`.
    CustomPipelineItem,
    /// An item of `parallel`.
    ParallelGroupItem,
    /// `parallel` as a mapping.
    ParallelGroup,
    /// `stage`
    Stage,
    /// An item of `stage.steps`.
    StageItem,
    /// An item of `variables` of a pipeline.
    PipelineVariable,
    /// A pipeline with `import`.
    ImportedPipeline,
    /// `step`
    Step,
    /// `final`
    FinalStep,
    /// `oidc` as a mapping.
    Oidc,
    /// An item of a script with `pipe`.
    Pipe,
    /// An item of a script with `agent`.
    AgentTask,
    /// `condition` of a step or a stage.
    Condition,
    /// `condition.changesets`
    Changesets,
    /// `artifacts` as a mapping.
    Artifacts,
    /// An item of `artifacts.upload`.
    Upload,
    /// `on-fail`
    OnFail,
    /// `auth`
    Auth,
    /// `auth.system`
    AuthSystem,
    /// `image` as a mapping.
    Image,
    /// `image.aws`
    ImageAws,
    /// `clone`
    Clone,
    /// `runtime`
    Runtime,
    /// `runtime.cloud`
    RuntimeCloud,
    /// `runtime.self-hosted`
    RuntimeSelfHosted,
    /// `runtime.self-hosted.storage` with `aws`.
    StorageInS3,
    /// `runtime.self-hosted.storage` with `gcp`.
    StorageInGcs,
    /// `runtime.self-hosted.storage.aws`
    StorageAws,
    /// `runtime.self-hosted.storage.gcp`
    StorageGcp,
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Object {}

/// Hashes what distinguishes most shapes cheaply; equality compares the rest.
impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Object(object) => object.id.hash(state),
            Self::List(list) => list.item.hash(state),
            Self::Map(map) => map.what.len().hash(state),
            Self::OneOf(what, _) => what.len().hash(state),
            Self::String(_) | Self::Integer(_) | Self::Boolean | Self::Any => {}
        }
    }
}

/// A key and its value.
#[derive(Debug)]
pub struct Key {
    /// The key's name in the file.
    pub name: &'static str,
    /// The values it allows.
    pub shape: &'static Shape,
    /// One-line description, without a period.
    pub doc: &'static str,
    /// Whether it is required.
    pub required: bool,
    /// Why the entry is not certain.
    pub doubt: Option<&'static str>,
}

impl Key {
    pub(super) const fn new(name: &'static str, shape: &'static Shape, doc: &'static str) -> Self {
        Self { name, shape, doc: documentation::of(doc), required: false, doubt: None }
    }

    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) const fn doubt(mut self, why: &'static str) -> Self {
        self.doubt = Some(why);
        self
    }
}

impl Object {
    /// One of its keys.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The names of its keys.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.keys.iter().map(|key| key.name)
    }
}

impl Shape {
    /// What it allows, as part of a message: "a whole number between 1 and 720".
    pub fn allowed(&self) -> String {
        match self {
            Self::String(StringShape { enum_values: [], .. }) => "a string".to_owned(),
            Self::String(StringShape { enum_values, .. }) => {
                let values: Vec<_> = enum_values.iter().map(|value| format!("`{value}`")).collect();
                if values.len() > 1 { format!("one of {}", values.join(", ")) } else { values.concat() }
            }
            Self::Integer(IntegerShape { minimum, maximum: i64::MAX, .. }) => {
                format!("a whole number of at least {minimum}")
            }
            Self::Integer(IntegerShape { minimum, maximum, .. }) => {
                format!("a whole number between {minimum} and {maximum}")
            }
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Object(_) => "a mapping".to_owned(),
            Self::Map(map) => format!("a mapping with {} for each name", map.what),
            Self::OneOf(what, _) => (*what).to_owned(),
            Self::Any => "anything".to_owned(),
        }
    }

    /// Whether a value may be a mapping of this kind.
    pub fn allows_object(&self, id: ObjectId) -> bool {
        match self {
            Self::Object(object) => object.id == id,
            Self::OneOf(_, forms) => forms.iter().any(|form| form.allows_object(id)),
            _ => false,
        }
    }

    /// The objects that this shape holds directly.
    pub(super) fn objects(&self, found: &mut Vec<&'static Object>) {
        match self {
            Self::Object(object) => found.push(object),
            Self::List(list) => list.item.objects(found),
            Self::Map(map) => map.value.objects(found),
            Self::OneOf(_, forms) => forms.iter().rev().for_each(|form| form.objects(found)),
            Self::String(_) | Self::Integer(_) | Self::Boolean | Self::Any => {}
        }
    }
}

/// A string; an unquoted number is rejected.
pub(super) static STRING: Shape = string(Coercion::Rejected);
/// A string where an unquoted number may or may not be accepted.
pub(super) static STRING_OR_DOUBTFUL_NUMBER: Shape = string(Coercion::Doubtful);
/// A string where an unquoted number is accepted.
pub(super) static STRING_OR_NUMBER: Shape = string(Coercion::Accepted);
/// `true` or `false`.
pub(super) static BOOLEAN: Shape = Shape::Boolean;
/// A list of at least one string.
pub(super) static NON_EMPTY_STRINGS: Shape = list(&STRING, 1, usize::MAX);
/// A list of strings that may be empty.
pub(super) static STRINGS: Shape = list(&STRING, 0, usize::MAX);
/// Any value.
pub(super) static ANY: Shape = Shape::Any;

const fn string(coercion: Coercion) -> Shape {
    Shape::String(StringShape { enum_values: &[], min_length: 0, max_length: usize::MAX, coercion })
}

pub(super) const fn string_up_to(max_length: usize) -> Shape {
    Shape::String(StringShape { enum_values: &[], min_length: 0, max_length, coercion: Coercion::Rejected })
}

pub(super) const fn non_empty_string_up_to(max_length: usize) -> Shape {
    Shape::String(StringShape { enum_values: &[], min_length: 1, max_length, coercion: Coercion::Rejected })
}

pub(super) const fn string_enum(enum_values: &'static [&'static str]) -> Shape {
    Shape::String(StringShape { enum_values, min_length: 0, max_length: usize::MAX, coercion: Coercion::Rejected })
}

/// A whole number without a maximum.
pub(super) const fn integer_from(minimum: i64) -> Shape {
    Shape::Integer(IntegerShape { minimum, maximum: i64::MAX, maximum_doubtful: false })
}

/// A whole number whose maximum is documented, but not in the schema.
pub(super) const fn integer_up_to_doubtful(minimum: i64, maximum: i64) -> Shape {
    Shape::Integer(IntegerShape { minimum, maximum, maximum_doubtful: true })
}

pub(super) const fn list(item: &'static Shape, min_items: usize, max_items: usize) -> Shape {
    Shape::List(ListShape { item, min_items, max_items })
}

pub(super) const fn map(what: &'static str, value: &'static Shape) -> Shape {
    Shape::Map(MapShape { what, value, min_properties: 0, max_properties: usize::MAX })
}

pub(super) const fn non_empty_map(what: &'static str, value: &'static Shape, max_properties: usize) -> Shape {
    Shape::Map(MapShape { what, value, min_properties: 1, max_properties })
}
