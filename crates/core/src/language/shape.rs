//! The vocabulary of the table.

use std::hash::{Hash, Hasher};

/// What a value may be. Two shapes are equal if they allow the same values.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text(Text),
    /// A whole number.
    Integer(Integer),
    /// `true` or `false`.
    Boolean,
    /// A list.
    List(List),
    /// A map of known keys.
    Object(&'static Object),
    /// A map of names that the author chooses.
    Names(Names),
    /// One of several forms, told apart by what the file holds. The text names them together: "text or a map".
    Either(&'static str, &'static [&'static Shape]),
    /// Anything at all: Bitbucket does not look.
    Any,
}

/// Rules for a whole number.
#[derive(Debug, PartialEq, Eq)]
pub struct Integer {
    /// The smallest allowed.
    pub least: i64,
    /// The largest allowed.
    pub most: i64,
    /// Whether sources disagree on the largest.
    pub most_doubtful: bool,
}

/// Rules for text.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    /// The only words allowed; any when empty.
    pub words: &'static [&'static str],
    /// The fewest characters allowed.
    pub shortest: usize,
    /// The most characters allowed.
    pub longest: usize,
    /// What becomes of a number or a boolean without quotes.
    pub numbers: Numbers,
}

/// What becomes of an unquoted number or boolean where text is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Bitbucket refuses it.
    Refused,
    /// The schema refuses it, other sources accept it: unconfirmed.
    Doubtful,
    /// It is read as text.
    Accepted,
}

/// Rules for a list.
#[derive(Debug, PartialEq, Eq)]
pub struct List {
    /// What each item may be.
    pub item: &'static Shape,
    /// The fewest items.
    pub fewest: usize,
    /// The most items.
    pub most: usize,
}

/// Rules for a map of free names.
#[derive(Debug, PartialEq, Eq)]
pub struct Names {
    /// What a name stands for, with its article: "a service".
    pub what: &'static str,
    /// What each value may be.
    pub value: &'static Shape,
    /// The fewest names.
    pub fewest: usize,
    /// The most names.
    pub most: usize,
}

/// A map of known keys.
#[derive(Debug)]
pub struct Object {
    /// Its identity.
    pub id: ObjectId,
    /// What it is, with its article: "a step".
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// Whether Bitbucket's schema refuses other keys. Where it does not, an unknown key is ignored, so it is a warning.
    pub closed: bool,
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
            Self::Names(names) => names.what.len().hash(state),
            Self::Either(what, _) => what.len().hash(state),
            Self::Text(_) | Self::Integer(_) | Self::Boolean | Self::Any => {}
        }
    }
}

/// A key and its value.
#[derive(Debug)]
pub struct Key {
    /// The key as it is written.
    pub name: &'static str,
    /// What it may hold.
    pub shape: &'static Shape,
    /// One line about it.
    pub doc: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Why one may doubt the entry.
    pub doubt: Option<&'static str>,
}

impl Key {
    pub(super) const fn new(name: &'static str, shape: &'static Shape, doc: &'static str) -> Self {
        Self { name, shape, doc, required: false, doubt: None }
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
    /// What it allows, as words for a message: "a whole number from 1 to 720".
    pub fn allowed(&self) -> String {
        match self {
            Self::Text(Text { words: [], .. }) => "text".to_owned(),
            Self::Text(Text { words, .. }) => {
                words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            Self::Integer(Integer { least, most: i64::MAX, .. }) => format!("a whole number from {least} up"),
            Self::Integer(Integer { least, most, .. }) => format!("a whole number from {least} to {most}"),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Object(_) => "a map".to_owned(),
            Self::Names(names) => format!("a map with {} under each name", names.what),
            Self::Either(what, _) => (*what).to_owned(),
            Self::Any => "anything".to_owned(),
        }
    }

    /// The objects that this shape holds directly.
    pub(super) fn objects(&self, found: &mut Vec<&'static Object>) {
        match self {
            Self::Object(object) => found.push(object),
            Self::List(list) => list.item.objects(found),
            Self::Names(names) => names.value.objects(found),
            Self::Either(_, forms) => forms.iter().rev().for_each(|form| form.objects(found)),
            Self::Text(_) | Self::Integer(_) | Self::Boolean | Self::Any => {}
        }
    }
}

/// Text of any kind; an unquoted number is refused.
pub(super) static TEXT: Shape = text(Numbers::Refused);
/// Text where an unquoted number may or may not be read.
pub(super) static LOOSE_TEXT: Shape = text(Numbers::Doubtful);
/// Text where an unquoted number is read as text.
pub(super) static TEXT_OR_NUMBER: Shape = text(Numbers::Accepted);
/// `true` or `false`.
pub(super) static BOOLEAN: Shape = Shape::Boolean;
/// A list of at least one text.
pub(super) static TEXTS: Shape = list(&TEXT, 1, usize::MAX);
/// A list of texts that may be empty.
pub(super) static SOME_TEXTS: Shape = list(&TEXT, 0, usize::MAX);
/// Whatever the author likes.
pub(super) static ANY: Shape = Shape::Any;

const fn text(numbers: Numbers) -> Shape {
    Shape::Text(Text { words: &[], shortest: 0, longest: usize::MAX, numbers })
}

/// A whole number with no upper end.
pub(super) const fn integer_from(least: i64) -> Shape {
    Shape::Integer(Integer { least, most: i64::MAX, most_doubtful: false })
}

/// A whole number whose upper end is documented, and absent from the schema.
pub(super) const fn integer_or_so(least: i64, most: i64) -> Shape {
    Shape::Integer(Integer { least, most, most_doubtful: true })
}

pub(super) const fn short_text(longest: usize) -> Shape {
    Shape::Text(Text { words: &[], shortest: 0, longest, numbers: Numbers::Refused })
}

pub(super) const fn words(words: &'static [&'static str]) -> Shape {
    Shape::Text(Text { words, shortest: 0, longest: usize::MAX, numbers: Numbers::Refused })
}

pub(super) const fn list(item: &'static Shape, fewest: usize, most: usize) -> Shape {
    Shape::List(List { item, fewest, most })
}

pub(super) const fn names(what: &'static str, value: &'static Shape) -> Shape {
    Shape::Names(Names { what, value, fewest: 0, most: usize::MAX })
}

/// A map with at least one name.
pub(super) const fn some_names(what: &'static str, value: &'static Shape, most: usize) -> Shape {
    Shape::Names(Names { what, value, fewest: 1, most })
}

/// Text of at least one character.
pub(super) const fn some_text(longest: usize) -> Shape {
    Shape::Text(Text { words: &[], shortest: 1, longest, numbers: Numbers::Refused })
}
