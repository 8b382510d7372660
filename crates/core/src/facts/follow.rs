//! Following a step's commands in order.

mod claims;
mod effects;
mod evaluate;
mod files;
mod output;
mod programs;

use std::collections::{HashMap, HashSet};

use super::{
    Atom, Binding, Facts, Order, Path, PipeUse, PipeVariable, Print, Read, ScriptSection, StepFacts, Value, pipes,
};
use crate::{
    pipeline::{self, Named, Pipe, ScriptItem, Step},
    pipes::{Reference, catalogue},
    script::{Command, Expansion, Operator, Output, RedirectionKind, Word},
    text::{Span, Spanned},
    yaml::{Kind, NodeId, OffsetMap, Tree},
};

/// Reads the facts of every step; `text` is the source of `tree`.
pub fn read(text: &str, tree: &Tree, file: &pipeline::File<'_>) -> Facts {
    Facts { steps: file.steps.iter().map(|step| follow(text, tree, file, step)).collect() }
}

fn follow(text: &str, tree: &Tree, file: &pipeline::File<'_>, step: &Step<'_>) -> StepFacts {
    let language = file.script_language(step);
    let sections = [&step.script, &step.after_script].map(|items| ScriptSection::new(text, tree, items, language));
    let mut walk = Walk {
        text,
        tree,
        variables: HashMap::new(),
        files: HashMap::new(),
        copies: HashSet::new(),
        directory: Value::atom(Atom::CloneDirectory),
        subshell_directory: None,
        exports_all: false,
        starts_cluster: false,
        resources: files::Resources::default(),
        facts: StepFacts {
            step: step.id,
            sections: [ScriptSection::default(), ScriptSection::default()],
            bindings: Vec::new(),
            reads: Vec::new(),
            templates: Vec::new(),
            writes: Vec::new(),
            prints: Vec::new(),
            traces: Vec::new(),
            tools: Vec::new(),
            deployers: Vec::new(),
            made: Vec::new(),
            needed: Vec::new(),
            terraform: Vec::new(),
            writes_unseen: false,
            installs: Vec::new(),
            pipes: Vec::new(),
            assumptions: Vec::new(),
            profiles: Vec::new(),
            sessions: Vec::new(),
            evaluations: Vec::new(),
            configurations: Vec::new(),
            opaque: Vec::new(),
            after_script: Order::CONTAINERS,
        },
        order: Order::CONTAINERS,
    };
    walk.containers(file, step);
    for (number, (section, items)) in sections.iter().zip([&step.script, &step.after_script]).enumerate() {
        if number == 1 {
            // Another shell in the same container and directory; variables exported by the script may be lost.
            walk.facts.after_script = walk.order.next();
            walk.facts.writes_unseen = walk.resources.writes_unseen();
            walk.directory = Value::atom(Atom::CloneDirectory);
        }
        walk.section(number, section, items);
    }
    walk.facts.sections = sections;
    walk.facts
}

struct Walk<'f> {
    text: &'f str,
    tree: &'f Tree,
    /// What the script has set so far.
    variables: HashMap<String, Binding>,
    /// The files that it has written so far.
    files: HashMap<Path, Value>,
    /// Those of them that are copies of files in the repository, or consist of what the script says.
    copies: HashSet<Path>,
    /// The working directory.
    directory: Value,
    /// That of the subshell, if `cd` has changed it there.
    subshell_directory: Option<Value>,
    /// `set -a`
    exports_all: bool,
    /// Whether it has started a Kubernetes cluster.
    starts_cluster: bool,
    /// What it has made so far.
    resources: files::Resources,
    facts: StepFacts,
    order: Order,
}

/// A section of the script while its commands are followed.
struct CurrentSection<'l> {
    number: usize,
    section: &'l ScriptSection,
    /// What is piped into a command, by its number.
    piped: HashMap<usize, Value>,
}

impl Walk<'_> {
    /// Variables in the settings of the step's image and services.
    fn containers(&mut self, file: &pipeline::File<'_>, step: &Step<'_>) {
        let image = step.image.as_ref().or(file.image.as_ref()).map(|image| image.node);
        for node in image.into_iter().chain(file.services_of(step).map(|service| service.node)) {
            self.settings(node);
        }
    }

    fn settings(&mut self, node: NodeId) {
        match self.tree.kind(node) {
            Kind::Mapping(_) => self.tree.fields(node).iter().for_each(|field| self.settings(field.value)),
            Kind::Sequence(items) => items.clone().into_iter().for_each(|item| self.settings(item)),
            Kind::Scalar(_) => drop(self.template(node)),
            Kind::Alias(_) => {}
        }
    }

    /// A scalar outside a script in which variables are expanded.
    fn template(&mut self, node: NodeId) -> Value {
        let node = self.tree.resolve(node);
        let Some(text) = self.tree.text(node) else {
            let items = self.tree.items(node).to_vec();
            let mut value = Value::default();
            for (number, item) in items.into_iter().enumerate() {
                let site = self.tree.span(node).start;
                if number > 0 {
                    value.extend(Value::text(" "), site);
                }
                value.extend(self.template(item), site);
            }
            return value;
        };
        let word = Word::template(text);
        let map = OffsetMap::new(self.text, self.tree, node);
        for expansion in word.expansions() {
            let span = map.as_ref().map_or_else(|| self.tree.span(node), |map| map.span(expansion.span));
            self.note_read(expansion, span, false);
        }
        self.evaluate(&word, None, self.tree.span(node).start)
    }

    fn section(&mut self, number: usize, section: &ScriptSection, items: &[ScriptItem<'_>]) {
        let mut current = CurrentSection { number, section, piped: HashMap::new() };
        let mut pipes = items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| match item {
                ScriptItem::Pipe(pipe) => Some((index, pipe)),
                ScriptItem::Command(_) | ScriptItem::Other(_) => None,
            })
            .peekable();
        for (index, command) in section.script.commands.iter().enumerate() {
            let item = section.item(command);
            while let Some((_, pipe)) = pipes.next_if(|(at, _)| *at < item) {
                self.pipe(pipe);
            }
            self.command(&mut current, index, command);
        }
        for (_, pipe) in pipes {
            self.pipe(pipe);
        }
    }

    fn pipe(&mut self, pipe: &Pipe<'_>) {
        self.order = self.order.next();
        let variables = pipe.variables.iter().map(|Named { name, node }| PipeVariable {
            name: name.value.to_owned(),
            key: name.span(self.tree),
            value: self.template(*node),
            span: self.tree.span(self.tree.resolve(*node)),
        });
        let variables = variables.collect();
        let reference = Reference::parse(pipe.reference.value);
        self.facts.pipes.push(PipeUse {
            known: pipes::known(&reference),
            published: catalogue::find(&reference),
            docker: reference.docker,
            version: reference.fixed_version(),
            name: pipe.name().to_owned(),
            span: pipe.reference.span(self.tree),
            order: self.order,
            variables,
        });
        self.files_of_pipe(pipe);
    }

    fn note_read(&mut self, expansion: &Expansion, span: Span, tested: bool) {
        if expansion.is_special() {
            return;
        }
        if expansion.operator == Operator::Template {
            self.facts.templates.push(Spanned::new(expansion.name.clone(), span));
            return;
        }
        let optional = tested
            || matches!(expansion.operator, Operator::Default(_) | Operator::Assign(_) | Operator::Alternative(_));
        self.facts.reads.push(Read {
            name: expansion.name.clone(),
            span,
            order: self.order,
            optional,
            set_before: self.variables.contains_key(&expansion.name),
        });
    }

    fn command(&mut self, current: &mut CurrentSection<'_>, index: usize, command: &Command) {
        self.order = self.order.next();
        if !command.context.subshell {
            self.subshell_directory = None;
        }
        let tested = matches!(command.name().as_deref(), Some("[" | "[[" | "test"));
        for expansion in command.expansions() {
            self.note_read(expansion, current.section.place(expansion.span), tested);
        }
        let invocation = command.invocation();
        let printed = self.printed(current, index, command, invocation.as_ref());
        if let Output::Pipe(to) = command.context.output {
            let site = current.section.place(command.span).start;
            current.piped.entry(to).or_default().extend(printed.clone(), site);
        }
        let outside = printed.atoms().iter().any(|atom| matches!(atom, Atom::Outside(_)));
        if (outside || printed.holds_secret()) && command.prints_to_log() {
            let span = current.section.place(command.span);
            self.facts.prints.push(Print { content: printed.clone(), span, order: self.order });
        }
        for redirection in &command.redirections {
            use RedirectionKind::{Append, Output, OutputAndErrors};
            if matches!(redirection.kind, Output | Append | OutputAndErrors) && redirection.descriptor == 1 {
                self.write(current, command, &redirection.target, printed.clone(), redirection.kind == Append);
            }
        }
        if current.number == 0 {
            self.files(current, command, invocation.as_ref());
        }
        if let Some(invocation) = &invocation {
            self.invocation(current, index, command, invocation, &printed);
        }
        for effect in command.effects() {
            self.effect(current, command, effect);
        }
    }
}
