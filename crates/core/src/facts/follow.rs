//! Following a step's commands in order.

mod effects;
mod evaluate;
mod output;
mod programs;

use std::collections::HashMap;

use super::{Atom, Binding, Facts, Listing, Moment, Path, PipeUse, PipeVariable, Print, Read, StepFacts, Value, pipes};
use crate::{
    pipeline::{self, Named, Pipe, ScriptItem, Step},
    script::{Command, Expansion, Operator, Output, RedirectionKind, Word},
    text::Span,
    yaml::{Kind, NodeId, OffsetMap, Tree},
};

/// Reads the facts of every step; `text` is the source of `tree`.
pub fn read(text: &str, tree: &Tree, file: &pipeline::File<'_>) -> Facts {
    Facts { steps: file.steps.iter().map(|step| follow(text, tree, file, step)).collect() }
}

fn follow(text: &str, tree: &Tree, file: &pipeline::File<'_>, step: &Step<'_>) -> StepFacts {
    let listings = [Listing::new(text, tree, &step.script), Listing::new(text, tree, &step.after_script)];
    let mut walk = Walk {
        text,
        tree,
        variables: HashMap::new(),
        files: HashMap::new(),
        directory: Value::atom(Atom::CloneDirectory),
        exports_all: false,
        facts: StepFacts {
            step: step.id,
            listings: [Listing::default(), Listing::default()],
            bindings: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            prints: Vec::new(),
            traces: Vec::new(),
            tools: Vec::new(),
            pipes: Vec::new(),
            assumptions: Vec::new(),
            evaluations: Vec::new(),
            configurations: Vec::new(),
            opaque: Vec::new(),
            after_script: 0,
        },
        moment: 0,
    };
    walk.containers(file, step);
    for (number, (listing, items)) in listings.iter().zip([&step.script, &step.after_script]).enumerate() {
        if number == 1 {
            // Another shell in the same container and directory; variables exported by the script may be lost.
            walk.facts.after_script = walk.moment + 1;
            walk.directory = Value::atom(Atom::CloneDirectory);
        }
        walk.listing(number, listing, items);
    }
    walk.facts.listings = listings;
    walk.facts
}

struct Walk<'f> {
    text: &'f str,
    tree: &'f Tree,
    /// What the script has set so far.
    variables: HashMap<String, Binding>,
    /// The files that it has written so far.
    files: HashMap<Path, Value>,
    /// The working directory.
    directory: Value,
    /// `set -a`
    exports_all: bool,
    facts: StepFacts,
    moment: Moment,
}

/// A listing while its commands are followed.
struct Place<'l> {
    number: usize,
    listing: &'l Listing,
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
            for item in items {
                value.extend(self.template(item), self.tree.span(node).start);
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

    fn listing(&mut self, number: usize, listing: &Listing, items: &[ScriptItem<'_>]) {
        let mut place = Place { number, listing, piped: HashMap::new() };
        let mut pipes = items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| match item {
                ScriptItem::Pipe(pipe) => Some((index, pipe)),
                ScriptItem::Command(_) | ScriptItem::Other(_) => None,
            })
            .peekable();
        for (index, command) in listing.script.commands.iter().enumerate() {
            let item = listing.item(command);
            while let Some((_, pipe)) = pipes.next_if(|(at, _)| *at < item) {
                self.pipe(pipe);
            }
            self.command(&mut place, index, command);
        }
        for (_, pipe) in pipes {
            self.pipe(pipe);
        }
    }

    fn pipe(&mut self, pipe: &Pipe<'_>) {
        self.moment += 1;
        let variables = pipe.variables.iter().map(|Named { name, node }| PipeVariable {
            name: name.value.to_owned(),
            key: name.span(self.tree),
            value: self.template(*node),
            span: self.tree.span(self.tree.resolve(*node)),
        });
        let variables = variables.collect();
        self.facts.pipes.push(PipeUse {
            known: pipes::known(pipe.name()),
            name: pipe.name().to_owned(),
            span: pipe.reference.span(self.tree),
            moment: self.moment,
            variables,
        });
    }

    fn note_read(&mut self, expansion: &Expansion, span: Span, tested: bool) {
        if expansion.is_special() {
            return;
        }
        let optional = tested
            || matches!(expansion.operator, Operator::Default(_) | Operator::Assign(_) | Operator::Alternative(_));
        self.facts.reads.push(Read {
            name: expansion.name.clone(),
            span,
            moment: self.moment,
            optional,
            set_before: self.variables.contains_key(&expansion.name),
        });
    }

    fn command(&mut self, place: &mut Place<'_>, index: usize, command: &Command) {
        self.moment += 1;
        let tested = matches!(command.name().as_deref(), Some("[" | "[[" | "test"));
        for expansion in command.expansions() {
            self.note_read(expansion, place.listing.place(expansion.span), tested);
        }
        let invocation = command.invocation();
        let printed = self.printed(place, index, command, invocation.as_ref());
        if let Output::Pipe(to) = command.place.output {
            let site = place.listing.place(command.span).start;
            place.piped.entry(to).or_default().extend(printed.clone(), site);
        }
        let outside = printed.atoms().iter().any(|atom| matches!(atom, Atom::Outside(_)));
        if outside && command.prints_to_log() {
            let span = place.listing.place(command.span);
            self.facts.prints.push(Print { content: printed.clone(), span, moment: self.moment });
        }
        for redirection in &command.redirections {
            use RedirectionKind::{Append, Output, OutputAndErrors};
            if matches!(redirection.kind, Output | Append | OutputAndErrors) && redirection.descriptor == 1 {
                self.write(place, &redirection.target, printed.clone(), redirection.kind == Append);
            }
        }
        if let Some(invocation) = &invocation {
            self.invocation(place, index, command, invocation, &printed);
        }
        for effect in command.effects() {
            self.effect(place, command, effect);
        }
    }
}
