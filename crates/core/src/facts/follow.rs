//! Following a step's commands in order.

use std::collections::HashMap;

use super::{
    AWS_VARIABLES, Assumption, Atom, Binding, Configuration, Facts, FileWrite, Listing, Moment, Path, PipeUse,
    PipeVariable, Print, Read, StepFacts, ToolUse, Trace, Value, pipes, tools,
};
use crate::{
    pipeline::{self, Pipe, ScriptItem, Step},
    script::{Command, Effect, Expansion, Invocation, Operator, Output, Part, RedirectionKind, Script, Word},
    source::Span,
    yaml::{Kind, NodeId, OffsetMap, Tree},
};

/// Programs that pass their input on, so that what goes in is taken to come out.
const FILTERS: [&str; 10] = ["base64", "cat", "cut", "grep", "head", "jq", "sed", "tail", "tee", "tr"];

/// Reads the facts of every step; `text` is the text that `tree` was read from.
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
            // Another shell in the same container, at the same place; what the script exported may be gone.
            walk.facts.after_script = walk.moment + 1;
            walk.directory = Value::atom(Atom::CloneDirectory);
        }
        walk.listing(number, listing, items);
    }
    walk.facts.listings = listings;
    walk.facts
}

/// Whether what a command prints ends in the log, also through `tee`, `jq` and other filters.
fn reaches_log(script: &Script, command: &Command) -> bool {
    let mut command = command;
    while let (None, Output::Pipe(to)) = (command.output_redirection(), command.place.output) {
        let Some(next) = script.commands.get(to) else { return false };
        if !next.invocation().is_some_and(|next| FILTERS.contains(&next.program.as_str())) {
            return false;
        }
        command = next;
    }
    command.prints_to_log()
}

struct Walk<'f> {
    text: &'f str,
    tree: &'f Tree,
    /// What the script has set so far.
    variables: HashMap<String, Binding>,
    /// What it has written so far.
    files: HashMap<Path, Value>,
    /// Where it stands.
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
        let used = |name: &str| step.services.iter().any(|service| service.value == name);
        let services = file.definitions.services.iter().filter(|service| used(service.name.value));
        for node in image.into_iter().chain(services.map(|service| service.node)) {
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

    /// A text of the file in which variables are expanded, outside a script.
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
        let variables = pipe.variables.iter().map(|(name, node)| PipeVariable {
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

    /// What a command prints.
    fn printed(
        &self,
        place: &Place<'_>,
        index: usize,
        command: &Command,
        invocation: Option<&Invocation<'_>>,
    ) -> Value {
        let site = place.listing.place(command.span).start;
        let unknown = || Value::atom(Atom::Unknown(site));
        let Some(invocation) = invocation else { return Value::default() };
        let program = invocation.program.as_str();
        let input = || {
            let here = command.redirections.iter().rev().find(|redirection| {
                matches!(redirection.kind, RedirectionKind::HereDocument | RedirectionKind::HereString)
            });
            let here = here.map(|redirection| self.evaluate(&redirection.target, Some(place), site));
            here.or_else(|| place.piped.get(&index).cloned())
        };
        match program {
            "echo" | "printf" => {
                let mut value = Value::default();
                for word in invocation.arguments.iter().filter(|word| !word.prefix().starts_with('-')) {
                    if !value.atoms().is_empty() {
                        value.extend(Value::text(" "), site);
                    }
                    value.extend(self.evaluate(word, Some(place), site), site);
                }
                value
            }
            "pwd" => self.directory.clone(),
            "printenv" if invocation.arguments.len() == 1 => {
                let name = invocation.arguments[0].prefix();
                let held = self.variables.get(name).map(|binding| binding.value.clone());
                held.unwrap_or_else(|| Value::atom(Atom::Outside(name.to_owned())))
            }
            filter if FILTERS.contains(&filter) => {
                let file = || {
                    let word = invocation.arguments.iter().find(|word| !word.prefix().starts_with('-'))?;
                    self.files.get(&self.evaluate(word, Some(place), site).path(&self.directory)).cloned()
                };
                input().or_else(file).unwrap_or_else(unknown)
            }
            _ => unknown(),
        }
    }

    fn write(&mut self, place: &Place<'_>, target: &Word, content: Value, append: bool) {
        let span = place.listing.place(target.span);
        let path = self.evaluate(target, Some(place), span.start).path(&self.directory);
        if path.written().is_some_and(|path| path.starts_with("$HOME/.aws/")) {
            let keys = content.to_string().contains("aws_access_key_id");
            self.facts.configurations.push(Configuration { keys, span, moment: self.moment });
        }
        let mut whole = content.clone();
        if append {
            // What stood there before is not known unless the script wrote it.
            let unknown = || Value::atom(Atom::Unknown(span.start));
            whole = self.files.get(&path).cloned().unwrap_or_else(unknown);
            whole.extend(Value::text("\n"), span.start);
            whole.extend(content.clone(), span.start);
        }
        self.files.insert(path.clone(), whole);
        self.facts.writes.push(FileWrite { path, content, span, moment: self.moment });
    }

    fn invocation(
        &mut self,
        place: &Place<'_>,
        index: usize,
        command: &Command,
        invocation: &Invocation<'_>,
        printed: &Value,
    ) {
        let span = place.listing.place(invocation.span);
        match invocation.program.as_str() {
            "tee" => {
                for word in invocation.arguments.iter().filter(|word| !word.prefix().starts_with('-')) {
                    self.write(place, word, printed.clone(), invocation.has_flag(&["-a", "--append"]));
                }
            }
            "cp" | "mv" => {
                let paths: Vec<&Word> =
                    invocation.arguments.iter().filter(|word| !word.prefix().starts_with('-')).collect();
                if let [from, to] = paths.as_slice() {
                    let from = self.evaluate(from, Some(place), span.start).path(&self.directory);
                    let content = self.files.get(&from).cloned().unwrap_or(Value::atom(Atom::Unknown(span.start)));
                    self.write(place, to, content, false);
                }
            }
            _ => {}
        }
        for word in invocation.code() {
            let (content, span) = (self.evaluate(word, Some(place), span.start), place.listing.place(word.span));
            if content.atoms().iter().any(|atom| matches!(atom, Atom::Outside(_))) {
                self.facts.evaluations.push(Print { content, span, moment: self.moment });
            }
        }
        let Some(call) = tools::recognise(invocation) else { return };
        if call.tool.programs.contains(&"aws") {
            self.aws(place, command, invocation, &call, span);
        }
        let set = AWS_VARIABLES.iter().filter_map(|name| self.variables.get(*name).cloned());
        let mut variables: Vec<Binding> = set.collect();
        for assignment in &invocation.environment {
            if AWS_VARIABLES.contains(&assignment.name.as_str()) {
                variables.push(Binding {
                    name: assignment.name.clone(),
                    value: self.evaluate(&assignment.value, Some(place), span.start),
                    exported: true,
                    partial: false,
                    span: place.listing.place(assignment.span),
                    moment: self.moment,
                });
            }
        }
        self.facts.tools.push(ToolUse {
            call,
            span,
            moment: self.moment,
            listing: place.number,
            command: index,
            variables,
            profile: invocation.has_flag(&["--profile", "--aws-profile"]),
            region: invocation.has_flag(&["--region"]),
        });
    }

    /// What `aws sts assume-role…` and `aws configure` mean for the commands after them.
    fn aws(
        &mut self,
        place: &Place<'_>,
        command: &Command,
        invocation: &Invocation<'_>,
        call: &tools::ToolCall,
        span: Span,
    ) {
        let mut words = call.subcommand.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("sts"), Some(name), _) if name.starts_with("assume-role") => {
                let option = |name: &str| {
                    let word = invocation.option(name)?;
                    Some((self.evaluate(&word, Some(place), span.start), place.listing.place(word.span)))
                };
                self.facts.assumptions.push(Assumption {
                    span,
                    moment: self.moment,
                    web_identity: name == "assume-role-with-web-identity",
                    printed: reaches_log(&place.listing.script, command),
                    duration: option("--duration-seconds"),
                    role: option("--role-arn"),
                });
            }
            (Some("configure"), Some("set"), Some(key)) => {
                let keys = key.ends_with("aws_access_key_id");
                if keys
                    || !key.ends_with("region") && !key.ends_with("output") && !key.ends_with("aws_secret_access_key")
                {
                    self.facts.configurations.push(Configuration { keys, span, moment: self.moment });
                }
            }
            _ => {}
        }
    }

    fn effect(&mut self, place: &Place<'_>, command: &Command, effect: Effect) {
        let moment = self.moment;
        let partial = command.place.conditional || command.place.subshell;
        match effect {
            Effect::Set { name, value, append, exported, span } => {
                let span = place.listing.place(span);
                let mut held = match (append, self.variables.get(&name)) {
                    (true, Some(before)) => before.value.clone(),
                    (true, None) => Value::atom(Atom::Outside(name.clone())),
                    (false, _) => Value::default(),
                };
                let value = value.map_or(Value::atom(Atom::Unknown(span.start)), |word| {
                    self.evaluate(&word, Some(place), span.start)
                });
                held.extend(value, span.start);
                let before = self.variables.get(&name).is_some_and(|before| before.exported);
                let exported = exported || before || self.exports_all;
                self.bind(Binding { name, value: held, exported, partial, span, moment });
            }
            Effect::Export { name, .. } => {
                if let Some(binding) = self.variables.get_mut(&name) {
                    binding.exported = true;
                    let first = self.facts.bindings.partition_point(|other| other.moment < binding.moment);
                    for binding in self.facts.bindings[first..].iter_mut().filter(|other| other.name == name) {
                        binding.exported = true;
                    }
                }
            }
            Effect::Unset(name) => {
                let span = place.listing.place(command.span);
                self.bind(Binding { name, value: Value::default(), exported: false, partial, span, moment });
            }
            Effect::Source(file) => {
                let span = place.listing.place(command.span);
                let path = self.evaluate(&file, Some(place), span.start).path(&self.directory);
                // `printf` and `echo -e` write something else than what they are given.
                let text = self.files.get(&path).and_then(Value::literal).filter(|text| !text.contains(['\\', '%']));
                match text.map(|text| Script::parse([text])) {
                    Some(script) => self.sourced(script, command, span),
                    None => self.facts.opaque.push((span, moment)),
                }
            }
            Effect::Eval => self.facts.opaque.push((place.listing.place(command.span), moment)),
            Effect::ExportAll(on) => self.exports_all = on,
            Effect::Enter(to) if !command.place.subshell => {
                let site = place.listing.place(command.span).start;
                let to = to.filter(|to| to.literal().as_deref() != Some("-") && !command.place.conditional);
                self.directory = match to {
                    Some(word) => {
                        let path = self.evaluate(&word, Some(place), site).path(&self.directory);
                        match (path.in_clone(), path.written()) {
                            (Some(below), _) => {
                                let mut value = Value::atom(Atom::CloneDirectory);
                                value.extend(Value::text(format!("/{below}")), site);
                                value
                            }
                            (None, Some("$BITBUCKET_CLONE_DIR")) => Value::atom(Atom::CloneDirectory),
                            (None, Some(other)) if other.starts_with('/') => Value::text(other),
                            _ => Value::atom(Atom::Unknown(site)),
                        }
                    }
                    None => Value::atom(Atom::Unknown(site)),
                };
            }
            Effect::Trace(on) => {
                self.facts.traces.push(Trace { on, span: place.listing.place(command.span), moment });
            }
            Effect::Enter(_) => {}
        }
    }

    /// What a file that the script wrote does to the shell that sources it.
    fn sourced(&mut self, script: Script, source: &Command, span: Span) {
        let listing = Listing { script, maps: Vec::new(), whole: Some(span) };
        let place = Place { number: 0, listing: &listing, piped: HashMap::new() };
        for command in &listing.script.commands {
            for effect in command.effects() {
                // What it sources in turn is left unread, and what it does in some runs only.
                if matches!(effect, Effect::Source(_)) || command.place != source.place {
                    self.facts.opaque.push((span, self.moment));
                } else {
                    self.effect(&place, source, effect);
                }
            }
        }
    }

    fn bind(&mut self, binding: Binding) {
        self.facts.bindings.push(binding.clone());
        self.variables.insert(binding.name.clone(), binding);
    }

    /// What a word holds. `site` tells this unknown from others.
    fn evaluate(&self, word: &Word, place: Option<&Place<'_>>, site: usize) -> Value {
        let mut value = Value::default();
        for (index, part) in word.parts.iter().enumerate() {
            let piece = match part {
                Part::Text { text, quoted: false } if index == 0 && (text == "~" || text.starts_with("~/")) => {
                    let mut home = Value::atom(Atom::Home);
                    if text.len() > 1 {
                        home.extend(Value::text(&text[1..]), site);
                    }
                    home
                }
                Part::Text { text, .. } => Value::text(text.clone()),
                Part::Variable(expansion) => self.variable(expansion, place, site),
                Part::Substitution { span, commands } => self.substitution(*span, commands.clone(), place, site),
                Part::Other { span, .. } => Value::atom(Atom::Unknown(site + span.start)),
            };
            if !piece.is_empty() || value.atoms().is_empty() {
                value.extend(piece, site);
            }
        }
        value
    }

    fn variable(&self, expansion: &Expansion, place: Option<&Place<'_>>, site: usize) -> Value {
        let held = self.variables.get(&expansion.name).filter(|binding| !binding.partial);
        let partial = self.variables.get(&expansion.name).is_some_and(|binding| binding.partial);
        match &expansion.operator {
            Operator::Other(_) | Operator::Alternative(_) => return Value::atom(Atom::Unknown(site)),
            Operator::Default(word) | Operator::Assign(word) => {
                return match held {
                    Some(binding) if !binding.value.is_empty() => binding.value.clone(),
                    Some(_) => self.evaluate(word, place, site),
                    None if word.literal().is_some_and(|text| text.is_empty()) && !partial => {
                        Value::atom(Atom::Outside(expansion.name.clone()))
                    }
                    None => Value::atom(Atom::Unknown(site)),
                };
            }
            Operator::None | Operator::Require(_) => {}
        }
        match (expansion.name.as_str(), held) {
            (_, Some(binding)) => binding.value.clone(),
            (_, None) if partial || expansion.is_special() => Value::atom(Atom::Unknown(site)),
            ("BITBUCKET_CLONE_DIR", None) => Value::atom(Atom::CloneDirectory),
            ("HOME", None) => Value::atom(Atom::Home),
            ("PWD", None) => self.directory.clone(),
            (name, None) => Value::atom(Atom::Outside(name.to_owned())),
        }
    }

    fn substitution(
        &self,
        span: Span,
        commands: std::ops::Range<usize>,
        place: Option<&Place<'_>>,
        site: usize,
    ) -> Value {
        let unknown = Value::atom(Atom::Unknown(site + span.start));
        let (Some(place), 1) = (place, commands.len()) else { return unknown };
        let Some(command) = place.listing.script.commands.get(commands.start) else { return unknown };
        match command.invocation() {
            Some(invocation) if matches!(invocation.program.as_str(), "pwd" | "echo" | "printf") => {
                self.printed(place, commands.start, command, Some(&invocation))
            }
            _ => unknown,
        }
    }
}
