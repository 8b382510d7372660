//! Checks a file against the table.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use super::{
    root::{PIPELINES, ROOT},
    shape::{Coercion, Key, Object, ObjectId, Shape, StringShape},
    step::STEP,
};
use crate::yaml::{Field, Kind, Meaning, NodeId, Scalar, Tree};

/// A violation of the table.
#[derive(Clone, Debug)]
pub struct Violation {
    /// What is violated, and where.
    pub kind: ViolationKind,
    /// Sources disagree on whether it is wrong, so it is not an error.
    pub doubtful: bool,
}

/// How a file violates the table.
#[derive(Clone, Debug)]
pub enum ViolationKind {
    /// A key that the object does not have.
    UnknownKey {
        /// The object.
        object: &'static Object,
        /// The mapping that contains the key.
        map: NodeId,
        /// The key.
        key: NodeId,
        /// Its value.
        value: NodeId,
    },
    /// A key that the object must have.
    MissingKey {
        /// The object.
        object: &'static Object,
        /// The mapping without the key.
        map: NodeId,
        /// The key whose value the mapping is, if any.
        under: Option<NodeId>,
        /// What is missing.
        key: &'static Key,
    },
    /// A value of another type.
    WrongType {
        /// What is allowed.
        shape: &'static Shape,
        /// The value.
        value: NodeId,
        /// The key of the value, if it has one.
        key: Option<NodeId>,
    },
    /// `yes`, `no`, `on` or `off` where a boolean is expected.
    AmbiguousBoolean {
        /// The value.
        value: NodeId,
        /// What it means in YAML 1.1.
        means: bool,
    },
    /// A step among the services or caches, where Bitbucket does not look for steps.
    ParkedStep {
        /// Its name there.
        key: NodeId,
        /// The step, or the list or mapping of steps.
        value: NodeId,
    },
    /// A section of `pipelines`, such as `custom`, inside another section.
    NestedSection {
        /// The key of the inner section.
        key: NodeId,
        /// The key of the outer section.
        outer: NodeId,
    },
    /// A string that is not among those allowed.
    UnknownValue {
        /// The values allowed.
        enum_values: &'static [&'static str],
        /// Everything that is allowed, if that is more than those values: "a whole number, or `full`".
        alternatives: Option<&'static str>,
        /// The value.
        value: NodeId,
        /// The key of the value, if it has one.
        key: Option<NodeId>,
    },
    /// A number outside its limits, both of which are allowed.
    OutOfRange {
        /// The value.
        value: NodeId,
        /// The key of the value, if it has one.
        key: Option<NodeId>,
        /// The smallest value allowed.
        minimum: i64,
        /// The largest value allowed.
        maximum: i64,
    },
    /// A string shorter or longer than allowed.
    WrongLength {
        /// The value.
        value: NodeId,
        /// The key of the value, if it has one.
        key: Option<NodeId>,
        /// How many characters it has.
        length: usize,
        /// The minimum number of characters.
        min_length: usize,
        /// The maximum number of characters.
        max_length: usize,
    },
    /// A list or a mapping with too few or too many entries.
    WrongCount {
        /// The list or mapping.
        value: NodeId,
        /// The key of the value, if it has one.
        key: Option<NodeId>,
        /// How many entries it has.
        count: usize,
        /// The minimum number of entries.
        minimum: usize,
        /// The maximum number of entries.
        maximum: usize,
    },
}

/// All violations of the table in a document, each once, however many aliases lead there.
///
/// A missing document is not a violation. If a syntax error cut a mapping short, no key is reported as missing from it.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut checker = Checker {
        tree,
        found: Vec::new(),
        first_shapes: HashMap::new(),
        other_shapes: HashSet::new(),
        keys: HashSet::new(),
    };
    if let Some(root) = tree.root() {
        checker.value(root, None, &ROOT_SHAPE);
        checker.unused_steps();
    }
    checker.found
}

/// Objects of which none has a `script` or a `step`.
const HOLDS_NO_STEPS: [ObjectId; 2] = [ObjectId::Service, ObjectId::Cache];

/// Whether a value under `definitions` is a step, holds one under `step`, or is a list or a mapping of them.
pub fn is_step(tree: &Tree, value: NodeId) -> bool {
    let has_step = |id| tree.field(id, "script").is_some() || tree.field(id, "step").is_some();
    has_step(value)
        || tree.items(value).iter().any(|item| has_step(*item))
        || tree.fields(value).iter().any(|field| has_step(field.value))
}

static ROOT_SHAPE: Shape = Shape::Object(&ROOT);
static STEP_SHAPE: Shape = Shape::Object(&STEP);

struct Checker<'t> {
    tree: &'t Tree,
    found: Vec<Violation>,
    /// Values already checked, with their shape: aliases and merges lead to the same value many times.
    first_shapes: HashMap<NodeId, &'static Shape>,
    /// What few values need, as hashing a shape takes long: the shapes after the first.
    other_shapes: HashSet<(NodeId, &'static Shape)>,
    keys: HashSet<(NodeId, ObjectId)>,
}

impl Checker<'_> {
    /// Whether a value is checked against a shape for the first time.
    fn is_new(&mut self, id: NodeId, shape: &'static Shape) -> bool {
        match self.first_shapes.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(shape);
                true
            }
            Entry::Occupied(entry) => *entry.get() != shape && self.other_shapes.insert((id, shape)),
        }
    }

    fn value(&mut self, site: NodeId, key: Option<NodeId>, shape: &'static Shape) {
        let id = self.tree.resolve(site);
        let node = self.tree.node(id);
        if matches!(node.kind, Kind::Alias(_)) || !self.is_new(id, shape) {
            return;
        }
        if node.incomplete && self.tree.is_null(id) {
            return;
        }
        match shape {
            Shape::Any => {}
            // Bitbucket fills it in before it checks the file.
            _ if self.tree.scalar(id).is_some_and(Scalar::has_template) => {}
            Shape::OneOf(what, forms) => match self.form(id, forms) {
                Some(form) => {
                    let found = self.found.len();
                    self.value(id, key, form);
                    for violation in &mut self.found[found..] {
                        if let ViolationKind::UnknownValue { value, alternatives, .. } = &mut violation.kind
                            && *value == id
                        {
                            *alternatives = Some(what);
                        }
                    }
                }
                None => self.wrong_type(shape, id, key),
            },
            Shape::String(string) => self.string(string, shape, id, key),
            Shape::Boolean => match self.tree.scalar(id).map(Scalar::meaning) {
                Some(Meaning::Boolean(_)) => {}
                Some(Meaning::YesNo(means)) => self.report(ViolationKind::AmbiguousBoolean { value: id, means }),
                _ => self.wrong_type(shape, id, key),
            },
            Shape::Integer(rules) => match self.tree.scalar(id).map(Scalar::meaning) {
                Some(Meaning::Integer(Some(number))) if (rules.minimum..=rules.maximum).contains(&number) => {}
                Some(Meaning::Integer(number)) => {
                    let (minimum, maximum) = (rules.minimum, rules.maximum);
                    self.report(ViolationKind::OutOfRange { value: id, key, minimum, maximum });
                    let above = number.is_none_or(|number| number > rules.maximum);
                    self.doubt_since(self.found.len() - 1, above && rules.maximum_doubtful);
                }
                _ => self.wrong_type(shape, id, key),
            },
            Shape::List(list) => {
                let Kind::Sequence(items) = &self.tree.node(id).kind else { return self.wrong_type(shape, id, key) };
                let minimum = if self.tree.node(id).incomplete { 0 } else { list.min_items };
                self.count(id, key, items.len(), minimum, list.max_items);
                for item in items.clone() {
                    self.value(item, None, list.item);
                }
            }
            Shape::Map(map) => {
                let Kind::Mapping(_) = &self.tree.node(id).kind else { return self.wrong_type(shape, id, key) };
                let fields = self.tree.fields(id);
                let minimum = if self.tree.node(id).incomplete { 0 } else { map.min_properties };
                self.count(id, key, fields.len(), minimum, map.max_properties);
                for field in fields {
                    if let Some(section) = self.section(field, map.value) {
                        if let Some(outer) = key {
                            self.report(ViolationKind::NestedSection { key: field.key, outer });
                        }
                        self.value(field.value, Some(field.key), section);
                    } else if HOLDS_NO_STEPS.iter().any(|id| map.value.allows_object(*id))
                        && is_step(self.tree, field.value)
                    {
                        self.report(ViolationKind::ParkedStep { key: field.key, value: field.value });
                        self.parked(field.value);
                    } else {
                        self.value(field.value, Some(field.key), map.value);
                    }
                }
            }
            Shape::Object(object) => self.object(object, shape, id, key),
        }
    }

    fn object(&mut self, object: &'static Object, shape: &'static Shape, id: NodeId, under: Option<NodeId>) {
        let Kind::Mapping(_) = &self.tree.node(id).kind else { return self.wrong_type(shape, id, under) };
        let fields = self.tree.fields(id);
        for field in &fields {
            let name = self.tree.text(field.key).unwrap_or_default();
            if let Some(key) = object.key(name) {
                let found = self.found.len();
                self.value(field.value, Some(field.key), key.shape);
                // No problem with a doubtful entry is an error.
                self.doubt_since(found, key.doubt.is_some());
            } else if self.keys.insert((field.key, object.id)) && !self.holds_anchors(object, field.value) {
                self.report(ViolationKind::UnknownKey { object, map: id, key: field.key, value: field.value });
            }
        }
        if self.tree.node(id).incomplete {
            return;
        }
        for key in object.keys.iter().filter(|key| key.required) {
            if !fields.iter().any(|field| self.tree.text(field.key) == Some(key.name)) {
                self.report(ViolationKind::MissingKey { object, map: id, under, key });
            }
        }
    }

    fn report(&mut self, kind: ViolationKind) {
        self.found.push(Violation { kind, doubtful: false });
    }

    fn doubt_since(&mut self, index: usize, doubtful: bool) {
        for violation in &mut self.found[index..] {
            violation.doubtful |= doubtful;
        }
    }

    /// At the top level and in `definitions`, a key may be there only for its anchors.
    fn holds_anchors(&self, object: &'static Object, value: NodeId) -> bool {
        matches!(object.id, ObjectId::Root | ObjectId::Definitions) && self.tree.first_anchor_in(value).is_some()
    }

    /// The section of `pipelines` that an entry of another section is, if its key and its value say so: a mapping of
    /// names to pipelines. A pipeline is a list, or a mapping with `import`.
    fn section(&self, field: Field, expected: &'static Shape) -> Option<&'static Shape> {
        let key = self.tree.text(field.key)?;
        let inner = self.tree.fields(field.value);
        let sections = || PIPELINES.keys.iter().filter(|section| matches!(section.shape, Shape::Map(_)));
        let nested = expected.allows_object(ObjectId::ImportedPipeline)
            && !inner.is_empty()
            && inner.iter().all(|field| matches!(self.tree.kind(field.value), Kind::Sequence(_)));
        sections().find(|section| nested && section.name == key).map(|section| section.shape)
    }

    /// Checks the steps in an entry for which [`is_step`] holds.
    fn parked(&mut self, value: NodeId) {
        let id = self.tree.resolve(value);
        if self.tree.field(id, "script").is_some() {
            self.value(id, None, &STEP_SHAPE);
        } else if let Some(field) = self.tree.field(id, "step") {
            self.value(field.value, Some(field.key), &STEP_SHAPE);
        } else {
            let fields = self.tree.fields(id).into_iter().map(|field| field.value);
            for part in fields.chain(self.tree.items(id).to_vec()) {
                if is_step(self.tree, part) {
                    self.parked(part);
                }
            }
        }
    }

    /// The form of a `OneOf` that the value is meant to have.
    fn form(&self, id: NodeId, forms: &'static [&'static Shape]) -> Option<&'static Shape> {
        let meaning = self.tree.scalar(id).map(Scalar::meaning);
        let fits = |form: &Shape| match form {
            Shape::Any => true,
            Shape::List(_) => matches!(self.tree.node(id).kind, Kind::Sequence(_)),
            Shape::Map(_) => matches!(self.tree.node(id).kind, Kind::Mapping(_)),
            Shape::Object(object) => {
                // Several objects are distinguished by the first key of each.
                let first = object.keys.first().map_or("", |key| key.name);
                matches!(self.tree.node(id).kind, Kind::Mapping(_))
                    && (forms.iter().filter(|form| matches!(form, Shape::Object(_))).count() == 1
                        || self.tree.field(id, first).is_some())
            }
            Shape::String(_) => matches!(meaning, Some(meaning) if meaning != Meaning::Null),
            Shape::Boolean => matches!(meaning, Some(Meaning::Boolean(_) | Meaning::YesNo(_))),
            Shape::Integer(_) => matches!(meaning, Some(Meaning::Integer(_))),
            Shape::OneOf(..) => false,
        };
        forms.iter().copied().find(|form| fits(form))
    }

    fn string(&mut self, string: &'static StringShape, shape: &'static Shape, id: NodeId, key: Option<NodeId>) {
        let Some(scalar) = self.tree.scalar(id) else { return self.wrong_type(shape, id, key) };
        match scalar.meaning() {
            Meaning::Null => return self.wrong_type(shape, id, key),
            Meaning::Text | Meaning::YesNo(_) => {}
            Meaning::Boolean(_) | Meaning::Integer(_) | Meaning::Float => match string.coercion {
                Coercion::Accepted => {}
                Coercion::Rejected => return self.wrong_type(shape, id, key),
                Coercion::Doubtful => {
                    self.report(ViolationKind::WrongType { shape, value: id, key });
                    self.doubt_since(self.found.len() - 1, true);
                }
            },
        }
        let enum_values = string.enum_values;
        if !enum_values.is_empty() && !enum_values.contains(&scalar.value.as_str()) {
            self.report(ViolationKind::UnknownValue { enum_values, alternatives: None, value: id, key });
        }
        let length = scalar.value.chars().count();
        let (min_length, max_length) = (string.min_length, string.max_length);
        if !(min_length..=max_length).contains(&length) {
            self.report(ViolationKind::WrongLength { value: id, key, length, min_length, max_length });
        }
    }

    fn count(&mut self, value: NodeId, key: Option<NodeId>, count: usize, minimum: usize, maximum: usize) {
        if !(minimum..=maximum).contains(&count) {
            self.report(ViolationKind::WrongCount { value, key, count, minimum, maximum });
        }
    }

    fn wrong_type(&mut self, shape: &'static Shape, value: NodeId, key: Option<NodeId>) {
        if !(self.tree.node(value).incomplete && self.tree.is_null(value)) {
            self.report(ViolationKind::WrongType { shape, value, key });
        }
    }

    /// An anchored step that no pipeline uses is still checked: it would fail as soon as someone uses it.
    fn unused_steps(&mut self) {
        for anchor in self.tree.anchors() {
            let unused = anchor.uses.is_empty() && !self.first_shapes.contains_key(&anchor.node);
            if unused && self.tree.field(anchor.node, "script").is_some() {
                self.value(anchor.node, None, &STEP_SHAPE);
            }
        }
    }
}
