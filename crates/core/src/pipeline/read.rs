//! Reads the model from the tree.

use std::collections::HashMap;

use super::{
    Artifacts, Definitions, Deployment, Download, File, Group, Image, Imported, Item, ItemKind, Named, Oidc, Options,
    Pipe, Pipeline, Role, Runtime, ScriptItem, Service, Stage, Start, Step, StepId, Text, Upload, Use, Variable,
};
use crate::{
    language::is_step,
    text::Spanned,
    yaml::{Field, Kind, Meaning, NodeId, Scalar, Tree},
};

/// Reads the model of a document.
pub fn read(tree: &Tree) -> File<'_> {
    let mut reader = Reader { tree, file: File::default(), known: HashMap::new() };
    if let Some(root) = tree.root() {
        reader.root(tree.resolve(root));
    }
    reader.file
}

struct Reader<'t> {
    tree: &'t Tree,
    file: File<'t>,
    /// The steps found so far, by their mapping, so that an alias resolves to a known step.
    known: HashMap<NodeId, StepId>,
}

/// The fields of one mapping, looked up by name.
struct Fields<'t> {
    tree: &'t Tree,
    fields: Vec<Field>,
}

impl<'t> Fields<'t> {
    fn of(tree: &'t Tree, id: NodeId) -> Self {
        Self { tree, fields: tree.fields(id) }
    }

    fn field(&self, name: &str) -> Option<Field> {
        self.fields.iter().rev().find(|field| self.tree.text(field.key) == Some(name)).copied()
    }

    fn value(&self, name: &str) -> Option<NodeId> {
        self.field(name).map(|field| self.tree.resolve(field.value))
    }

    fn text(&self, name: &str) -> Option<Text<'t>> {
        text(self.tree, self.value(name)?)
    }

    fn texts(&self, name: &str) -> Vec<Text<'t>> {
        self.value(name).map_or_else(Vec::new, |value| texts(self.tree, value))
    }

    fn meaning(&self, name: &str) -> Option<Meaning> {
        self.tree.scalar(self.value(name)?).map(Scalar::meaning)
    }

    fn integer(&self, name: &str) -> Option<i64> {
        match self.meaning(name) {
            Some(Meaning::Integer(number)) => number,
            _ => None,
        }
    }

    fn boolean(&self, name: &str) -> Option<bool> {
        match self.meaning(name) {
            Some(Meaning::Boolean(value)) => Some(value),
            _ => None,
        }
    }

    fn spanned<T>(&self, name: &str, read: impl Fn(&Self, &str) -> Option<T>) -> Option<Spanned<T>> {
        Some(Spanned::new(read(self, name)?, self.tree.span(self.value(name)?)))
    }

    fn map(&self, name: &str) -> Option<Self> {
        let value = self.value(name)?;
        matches!(self.tree.kind(value), Kind::Mapping(_)).then(|| Self::of(self.tree, value))
    }

    /// The names under a key with their values.
    fn named(&self, name: &str) -> Vec<Named<'t>> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let fields = self.tree.fields(value);
        fields.iter().filter_map(|field| Some(Named { name: text(self.tree, field.key)?, node: field.value })).collect()
    }
}

fn text(tree: &Tree, id: NodeId) -> Option<Text<'_>> {
    tree.text(id).map(|value| Text { value, node: tree.resolve(id) })
}

/// A string or a list of strings.
fn texts(tree: &Tree, id: NodeId) -> Vec<Text<'_>> {
    match tree.kind(id) {
        Kind::Sequence(items) => items.iter().filter_map(|item| text(tree, *item)).collect(),
        _ => text(tree, id).into_iter().collect(),
    }
}

impl<'t> Reader<'t> {
    fn root(&mut self, root: NodeId) {
        let tree = self.tree;
        if !matches!(tree.kind(root), Kind::Mapping(_)) {
            return;
        }
        let fields = Fields::of(tree, root);
        self.file.root = Some(root);
        self.file.image = fields.value("image").map(|image| read_image(tree, image));
        self.file.export = fields.value("export").filter(|_| fields.boolean("export") == Some(true));
        if let Some(options) = fields.map("options") {
            self.file.options = Options {
                docker: options.boolean("docker") == Some(true),
                size: options.text("size"),
                max_time: options.integer("max-time"),
                runtime: options.value("runtime").map(|runtime| read_runtime(tree, runtime)),
                runs_on: options.texts("runs-on"),
                oidc: options.value("oidc").map(|oidc| read_oidc(tree, oidc)),
            };
        }
        let definitions = fields.map("definitions");
        if let Some(definitions) = &definitions {
            self.file.definitions = read_definitions(tree, definitions);
        }
        if let Some(pipelines) = fields.map("pipelines") {
            // In document order, so that the first use of a step is also first in the file.
            for field in pipelines.fields.clone() {
                let start = match tree.text(field.key) {
                    Some("default") => {
                        if let Some(name) = text(tree, field.key) {
                            self.pipeline(Start::Default, name, field.value);
                        }
                        continue;
                    }
                    Some("branches") => Start::Branches,
                    Some("tags") => Start::Tags,
                    Some("pull-requests") => Start::PullRequests,
                    Some("custom") => Start::Custom,
                    Some("merge-queues") => {
                        self.merge_queues(field);
                        continue;
                    }
                    _ => continue,
                };
                self.section(start, tree.fields(field.value));
            }
        }
        if let Some(shared) = definitions.as_ref().and_then(|definitions| definitions.map("pipelines")) {
            self.section(Start::Shared, shared.fields);
        }
        for event in fields.named("triggers") {
            for trigger in tree.items(event.node) {
                self.file.triggered.extend(Fields::of(tree, *trigger).texts("pipelines"));
            }
        }
        self.unused_steps();
    }

    fn section(&mut self, start: Start, fields: Vec<Field>) {
        for field in fields {
            if let Some(name) = text(self.tree, field.key) {
                self.pipeline(start, name, field.value);
            }
        }
    }

    /// The form of `merge-queues` is not documented: steps, or a mapping that leads to them.
    fn merge_queues(&mut self, field: Field) {
        let is_mapping = |field: &Field| matches!(self.tree.kind(field.value), Kind::Mapping(_));
        let fields = if is_mapping(&field) { self.tree.fields(field.value) } else { vec![field] };
        let (sections, pipelines): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|field| is_mapping(field) && self.tree.field(field.value, "import").is_none());
        self.section(Start::MergeQueues, pipelines);
        for section in sections {
            self.section(Start::MergeQueues, self.tree.fields(section.value));
        }
    }

    fn pipeline(&mut self, start: Start, name: Text<'t>, body: NodeId) {
        let import = match self.tree.kind(body) {
            Kind::Mapping(_) => Fields::of(self.tree, body).text("import"),
            _ => None,
        };
        let number = self.file.pipelines.len();
        let items = self.tree.items(body).iter().enumerate();
        let items = items.map(|(index, site)| self.item(number, index, *site)).collect();
        self.file.pipelines.push(Pipeline { start, name, body: self.tree.resolve(body), items, import });
    }

    fn item(&mut self, pipeline: usize, item: usize, site: NodeId) -> Item<'t> {
        let fields = Fields::of(self.tree, site);
        let at = Use { pipeline, item, parallel: false, stage: false, site };
        for (name, field) in ["step", "final", "parallel", "stage", "variables"].map(|name| (name, fields.field(name)))
        {
            let Some(field) = field else { continue };
            let kind = match name {
                "step" => self.step(field, Role::Step, at).map(ItemKind::Step),
                "final" => self.step(field, Role::Final, at).map(ItemKind::Final),
                "parallel" => Some(ItemKind::Parallel(self.group(field.value, Use { parallel: true, ..at }))),
                "stage" => Some(ItemKind::Stage(self.stage(field.value, Use { stage: true, ..at }))),
                _ => Some(ItemKind::Variables(self.variables(field.value))),
            };
            return Item { site, key: Some(field.key), kind: kind.unwrap_or(ItemKind::Unknown) };
        }
        Item { site, key: None, kind: ItemKind::Unknown }
    }

    fn group(&mut self, value: NodeId, at: Use) -> Group {
        let node = self.tree.resolve(value);
        let list = match self.tree.kind(node) {
            Kind::Mapping(_) => Fields::of(self.tree, node).value("steps"),
            _ => Some(node),
        };
        Group { node, steps: list.map_or_else(Vec::new, |list| self.steps(list, at)) }
    }

    fn stage(&mut self, value: NodeId, at: Use) -> Stage<'t> {
        let fields = Fields::of(self.tree, value);
        Stage {
            node: self.tree.resolve(value),
            name: fields.text("name"),
            deployment: read_deployment(&fields),
            trigger: fields.text("trigger"),
            condition: fields.value("condition"),
            steps: fields.value("steps").map_or_else(Vec::new, |list| self.steps(list, at)),
        }
    }

    fn steps(&mut self, list: NodeId, at: Use) -> Vec<StepId> {
        let tree = self.tree;
        let items = tree.items(list).iter();
        items
            .filter_map(|item| Some((item, tree.field(*item, "step")?)))
            .filter_map(|(item, field)| {
                let site = if self.is_alias(at.site) { at.site } else { *item };
                self.step(field, Role::Step, Use { site, ..at })
            })
            .collect()
    }

    fn variables(&self, list: NodeId) -> Vec<Variable<'t>> {
        let items = self.tree.items(list).iter().map(|item| Fields::of(self.tree, *item));
        items
            .filter_map(|fields| {
                Some(Variable {
                    name: fields.text("name")?,
                    default: fields.text("default"),
                    allowed: fields.field("allowed-values").map(|field| (field.key, texts(self.tree, field.value))),
                })
            })
            .collect()
    }

    /// The step under a `step` or `final` key; `None` if that is not a mapping.
    fn step(&mut self, field: Field, role: Role, at: Use) -> Option<StepId> {
        let node = self.tree.resolve(field.value);
        if !matches!(self.tree.kind(node), Kind::Mapping(_)) {
            return None;
        }
        let id = self.step_at(node, Some(field.key), role);
        // `- <<: *item` has the step of another item.
        let merged = !self.tree.span(at.site).contains(self.tree.span(node)) && !self.is_alias(field.value);
        let site = if self.is_alias(at.site) || merged { at.site } else { field.value };
        self.file.steps[id.0].uses.push(Use { site, ..at });
        Some(id)
    }

    fn is_alias(&self, id: NodeId) -> bool {
        matches!(self.tree.node(id).kind, Kind::Alias(_))
    }

    fn step_at(&mut self, node: NodeId, key: Option<NodeId>, role: Role) -> StepId {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        let id = StepId(self.file.steps.len());
        self.known.insert(node, id);
        let fields = Fields::of(self.tree, node);
        let step = read_step(self.tree, &fields, id, node, key, role);
        self.file.steps.push(step);
        id
    }

    /// Steps that are only anchored. Those that are merged into others are parts of steps, not steps.
    fn unused_steps(&mut self) {
        let tree = self.tree;
        for anchor in tree.anchors().iter().filter(|anchor| anchor.uses.is_empty()) {
            let body = match tree.field(anchor.node, "step") {
                Some(field) => Some((tree.resolve(field.value), Some(field.key))),
                None => tree.field(anchor.node, "script").map(|_| (anchor.node, None)),
            };
            if let Some((node, key)) = body.filter(|(node, _)| matches!(tree.kind(*node), Kind::Mapping(_))) {
                self.step_at(node, key, Role::Step);
            }
        }
    }
}

fn read_step<'t>(
    tree: &'t Tree,
    fields: &Fields<'t>,
    id: StepId,
    node: NodeId,
    key: Option<NodeId>,
    role: Role,
) -> Step<'t> {
    Step {
        id,
        node,
        key,
        role,
        uses: Vec::new(),
        name: fields.text("name"),
        is_child_pipeline: fields.text("type").is_some_and(|kind| kind.value == "pipeline"),
        custom: fields.text("custom"),
        script_key: fields.field("script").map(|field| field.key),
        script: fields.value("script").map_or_else(Vec::new, |script| read_script(tree, script)),
        after_script: fields.value("after-script").map_or_else(Vec::new, |script| read_script(tree, script)),
        oidc: fields.value("oidc").map(|oidc| read_oidc(tree, oidc)),
        deployment: read_deployment(fields),
        trigger: fields.text("trigger"),
        condition: fields.value("condition"),
        image: fields.value("image").map(|image| read_image(tree, image)),
        size: fields.text("size"),
        max_time: fields.integer("max-time"),
        runtime: fields.value("runtime").map(|runtime| read_runtime(tree, runtime)),
        runs_on: fields.texts("runs-on"),
        services: fields.texts("services"),
        caches: fields.texts("caches"),
        artifacts: fields.value("artifacts").map_or_else(Artifacts::default, |value| read_artifacts(tree, value)),
        clone_disabled: fields.map("clone").is_some_and(|clone| clone.boolean("enabled") == Some(false)),
        output_variables: fields.texts("output-variables"),
        input_variables: fields.named("input-variables").into_iter().map(|named| named.name).collect(),
    }
}

/// The items of a script. A script that is a string instead of a list is read as one command, so that the rest of the
/// file is still understood.
fn read_script(tree: &Tree, script: NodeId) -> Vec<ScriptItem<'_>> {
    let item = |id: NodeId| {
        let node = tree.resolve(id);
        if let Some(text) = text(tree, node) {
            return ScriptItem::Command(text);
        }
        let fields = Fields::of(tree, node);
        match fields.text("pipe") {
            Some(reference) => ScriptItem::Pipe(Pipe { node, reference, variables: fields.named("variables") }),
            None => ScriptItem::Other(node),
        }
    };
    match tree.kind(script) {
        Kind::Sequence(items) => items.iter().map(|id| item(*id)).collect(),
        Kind::Scalar(_) if !tree.is_null(script) => vec![item(script)],
        _ => Vec::new(),
    }
}

fn read_oidc(tree: &Tree, value: NodeId) -> Oidc<'_> {
    let node = tree.resolve(value);
    match tree.kind(node) {
        Kind::Scalar(scalar) => match scalar.meaning() {
            Meaning::Boolean(enabled) => Oidc::Enabled(enabled, node),
            _ => Oidc::Unreadable(node),
        },
        Kind::Mapping(_) => Oidc::Audiences(Fields::of(tree, node).texts("audiences"), node),
        _ => Oidc::Unreadable(node),
    }
}

fn read_deployment<'t>(fields: &Fields<'t>) -> Option<Deployment<'t>> {
    let recorded = fields.text("deployment").map(|environment| Deployment { environment, recorded: true });
    recorded.or_else(|| fields.text("environment").map(|environment| Deployment { environment, recorded: false }))
}

fn read_image(tree: &Tree, value: NodeId) -> Image<'_> {
    let node = tree.resolve(value);
    let fields = Fields::of(tree, node);
    Image {
        node,
        name: text(tree, node).or_else(|| fields.text("name")),
        oidc_role: fields.map("aws").and_then(|aws| aws.text("oidc-role")),
    }
}

fn read_runtime(tree: &Tree, value: NodeId) -> Runtime<'_> {
    let node = tree.resolve(value);
    let fields = Fields::of(tree, node);
    let cloud = fields.map("cloud");
    let cloud = cloud.as_ref();
    let storage = fields.map("self-hosted").and_then(|hosted| hosted.map("storage"));
    Runtime {
        node,
        atlassian_ip_ranges: cloud.and_then(|cloud| cloud.spanned("atlassian-ip-ranges", Fields::boolean)),
        version: cloud.and_then(|cloud| cloud.text("version")),
        platform: cloud.and_then(|cloud| cloud.text("platform")),
        arch: cloud.and_then(|cloud| cloud.text("arch")),
        storage_oidc_role: storage.and_then(|storage| storage.map("aws")).and_then(|aws| aws.text("oidc-role")),
    }
}

fn read_artifacts(tree: &Tree, value: NodeId) -> Artifacts<'_> {
    if let Kind::Sequence(_) = tree.kind(value) {
        return Artifacts { paths: texts(tree, value), ..Artifacts::default() };
    }
    let fields = Fields::of(tree, value);
    let mut paths = fields.texts("paths");
    let mut uploads = Vec::new();
    for upload in fields.value("upload").map_or(&[][..], |upload| tree.items(upload)) {
        let upload = Fields::of(tree, *upload);
        let upload = Upload { name: upload.text("name"), paths: upload.texts("paths"), kind: upload.text("type") };
        paths.extend(upload.paths.iter().copied());
        uploads.push(upload);
    }
    let download = match (fields.value("download"), fields.boolean("download")) {
        (Some(node), Some(false)) => Download::Nothing(node),
        (Some(node), None) if matches!(tree.kind(node), Kind::Sequence(_)) => Download::Named(texts(tree, node)),
        _ => Download::All,
    };
    Artifacts { paths, uploads, download }
}

fn read_definitions<'t>(tree: &'t Tree, fields: &Fields<'t>) -> Definitions<'t> {
    let named = |section: &str| fields.named(section).into_iter().filter(|named| !is_step(tree, named.node));
    let services = named("services").map(|Named { name, node }| {
        let service = Fields::of(tree, node);
        Service {
            name,
            node: tree.resolve(node),
            image: service.value("image").map(|image| read_image(tree, image)),
            memory: service.spanned("memory", Fields::integer),
            is_docker: service.text("type").is_some_and(|kind| kind.value == "docker"),
        }
    });
    let imports = fields.named("imports").into_iter().map(|Named { name, node }| Imported {
        name,
        source: text(tree, node).or_else(|| Fields::of(tree, node).text("import")),
    });
    Definitions {
        services: services.collect(),
        caches: named("caches").collect(),
        imports: imports.collect(),
        agents: fields.named("agents"),
    }
}
