//! The files, folders and images that commands make and need.

use std::{borrow::Cow, collections::HashSet, sync::LazyLock};

use super::{CurrentSection, Walk};
use crate::{
    facts::{
        Atom, Path, Value,
        files::{
            BUILD_FOLDERS, BUILD_SCRIPTS, FileProgram, GENERATORS, HARMLESS, MAKE_FOLDERS, Made, Needed,
            PACKAGE_SCRIPTS, PIPE_FILES, PIPE_IMAGES, PROGRAMS, Place, Resource, TerraformRun, Then, VALUED,
            image_names,
        },
    },
    pipeline::Pipe,
    script::{Command, Effect, Invocation, Redirection, RedirectionKind, Word, programs::ProgramIndex},
    text::Span,
};

/// Names of programs, and words that belong to them.
type Words = (&'static [&'static str], &'static [&'static str]);

/// The tables of programs, by program.
struct Tables {
    programs: ProgramIndex<FileProgram>,
    harmless: ProgramIndex<Words>,
    valued: ProgramIndex<Words>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    programs: ProgramIndex::new(PROGRAMS, |row| row.programs),
    harmless: ProgramIndex::new(HARMLESS, |(programs, _)| programs),
    valued: ProgramIndex::new(VALUED, |(programs, _)| programs),
});

/// How many folders a path may consist of.
const DEEPEST: usize = 32;

/// What a command makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A file, or an image.
    File,
    /// A folder with its content.
    Folder,
    /// A folder that it usually makes.
    Usual,
}

/// What is known about the files of a step while its commands are followed.
#[derive(Default)]
pub(super) struct Resources {
    /// Any file may have been made.
    any_file: bool,
    /// Any image may have been made.
    any_image: bool,
    /// A subshell has changed its directory, so relative paths are unknown from here on.
    strayed: bool,
    /// What has been made, or tested for.
    made: HashSet<Resource>,
    /// The folders around it.
    around: HashSet<Path>,
    /// The names of folders that may be anywhere.
    anywhere: Vec<&'static str>,
}

impl Resources {
    /// Whether a program has run that may write any file.
    pub(super) fn writes_unseen(&self) -> bool {
        self.any_file
    }

    fn add(&mut self, resource: Resource) {
        match &resource {
            Resource::File(path) => self.around.extend(path.ancestors().skip(1)),
            Resource::AnyFolder(name) if !self.anywhere.contains(name) => self.anywhere.push(name),
            _ => {}
        }
        self.made.insert(resource);
    }
}

/// The arguments of a program that are not options; those of runners such as `npm run` included.
struct Arguments<'w> {
    positional: Vec<&'w Word>,
}

impl<'w> Arguments<'w> {
    fn new(program: &str, words: &'w [Word]) -> Self {
        let valued: Vec<&str> = TABLES.valued.of(program).flat_map(|(_, options)| *options).copied().collect();
        let mut positional = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let text = word.prefix();
            if matches!(text, "-x" | "--exclude") && program == "zip" {
                break;
            }
            if text.starts_with('-') && text.len() > 1 {
                if valued.contains(&text) && word.literal().is_some_and(|whole| whole == text) {
                    words.next();
                }
            } else {
                positional.push(word);
            }
        }
        Self { positional }
    }

    /// How many words of a subcommand the arguments start with; `None` if they start differently.
    fn begins(&self, subcommand: &str) -> Option<usize> {
        subcommand.split_whitespace().try_fold(0, |count, word| {
            let given = self.positional.get(count)?;
            (given.literal().as_deref() == Some(word)).then_some(count + 1)
        })
    }
}

impl FileProgram {
    /// How many words of its subcommand the arguments of one of its programs start with; `None` if the row does not apply.
    fn fits(&self, invocation: &Invocation<'_>, arguments: &Arguments<'_>) -> Option<usize> {
        if invocation.has_flag(self.unless) {
            return None;
        }
        if self.subcommands.is_empty() {
            return Some(0);
        }
        let build = self.programs.iter().any(|program| matches!(*program, "mvn" | "gradle"));
        self.subcommands.iter().find_map(|subcommand| {
            let anywhere = || {
                arguments
                    .positional
                    .iter()
                    .any(|word| word.literal().is_some_and(|text| text.rsplit(':').next() == Some(subcommand)))
            };
            if build { anywhere().then_some(0) } else { arguments.begins(subcommand) }
        })
    }
}

impl Walk<'_> {
    /// Notes what a command needs and makes; called before its effects on the shell.
    pub(super) fn files(
        &mut self,
        current: &CurrentSection<'_>,
        command: &Command,
        invocation: Option<&Invocation<'_>>,
    ) {
        for redirection in &command.redirections {
            if redirection.kind == RedirectionKind::Input {
                self.need_file(current, command, &redirection.target, true);
            }
        }
        if let Some(invocation) = invocation {
            let span = current.section.place(invocation.span);
            let invocation = invocation.clone().through_runner();
            match invocation.program.as_ref() {
                // `mkdir -p` and `touch` may find what the repository contains.
                "test" | "[" | "[[" | "rm" | "touch" | "mkdir"
                    if invocation.program != "mkdir" || has_letter(&invocation, 'p') =>
                {
                    for word in invocation.arguments {
                        if let Some(resource) = self.file(current, word) {
                            self.resources.add(resource);
                        }
                    }
                }
                "mkdir" => {
                    for word in invocation.arguments.iter().filter(|word| !word.prefix().starts_with('-')) {
                        self.make_word(current, word, Kind::Folder, span);
                    }
                }
                "cp" | "mv" => self.copy(current, command, &invocation, span),
                "tar" | "bsdtar" => self.tar(current, command, &invocation, span),
                "gzip" | "gunzip" | "pigz" | "xz" | "unxz" | "bzip2" | "bunzip2" | "zstd" | "unzstd" => {
                    self.gzip(current, command, &invocation, span);
                }
                "docker" | "podman" | "nerdctl" => self.docker(current, command, &invocation, span),
                "terraform" | "tofu" | "terragrunt" => self.terraform(current, command, &invocation, span),
                _ => self.program(current, command, &invocation, span),
            }
        }
        for redirection in command.redirections.iter().filter(|redirection| makes_file(redirection)) {
            let span = current.section.place(command.span);
            self.make_word(current, &redirection.target, Kind::File, span);
        }
        self.resources.strayed |=
            command.context.subshell && command.effects().iter().any(|effect| matches!(effect, Effect::Enter(_)));
    }

    fn program(&mut self, current: &CurrentSection<'_>, command: &Command, invocation: &Invocation<'_>, span: Span) {
        let arguments = Arguments::new(&invocation.program, invocation.arguments);
        if invocation.path.contains('/') && !invocation.path.starts_with('/') {
            self.need_path(command, &Value::text(&*invocation.path), span, true);
        }
        if invocation.program == "tee" {
            for word in &arguments.positional {
                self.make_word(current, word, Kind::File, span);
            }
        }
        if invocation.program == "aws" {
            for word in invocation.arguments {
                let file = ["fileb://", "file://"].iter().find_map(|prefix| word.strip_prefix(prefix));
                if let Some(file) = file {
                    self.need_file(current, command, &file, true);
                }
            }
        }
        self.package_script(current, command, invocation, &arguments, span);
        let mut rows = TABLES.programs.of(&invocation.program);
        let Some((row, skipped)) = rows.find_map(|row| Some((row, row.fits(invocation, &arguments)?))) else {
            self.other_program(current, command, invocation, &arguments);
            return;
        };
        let positional = &arguments.positional[skipped..];
        // A folder that is entered may be in the repository.
        let certain = !matches!(invocation.program.as_ref(), "cd" | "pushd");
        for place in row.needs {
            for word in words_at(*place, invocation, positional) {
                self.need_file(current, command, &word, certain);
            }
            if let Place::Fixed(name) = place {
                self.need_path(command, &Value::text(*name), span, true);
            }
        }
        // A download into the clone.
        let remote = |word: &&Word| word.parts.len() == 1 && word.prefix().contains(':');
        let (from, to) = positional.split_last().map_or((&[][..], None), |(to, from)| (from, Some(to)));
        if row.needs.contains(&Place::AllButLast) || row.needs == [Place::First] && invocation.program == "aws" {
            let pulls =
                from.iter().any(|word| remote(word) || word.literal().is_none()) && to.is_some_and(|to| !remote(to));
            self.resources.any_file |= pulls;
        }
        for place in row.makes {
            match place {
                Place::Fixed(name) => {
                    let value = self.in_project(current, invocation, name, span);
                    self.make_path(&value, Kind::Folder, span);
                }
                Place::Usual(name) => self.make_path(&Value::text(*name), Kind::Usual, span),
                Place::Anywhere(name) => self.make(Resource::AnyFolder(name), Kind::Folder, span),
                _ => {
                    let folder = MAKE_FOLDERS.contains(&invocation.program.as_ref());
                    for word in words_at(*place, invocation, positional) {
                        self.make_word(current, &word, if folder { Kind::Folder } else { Kind::File }, span);
                    }
                }
            }
        }
        if row.then == Then::Anything {
            self.resources.any_file = true;
            self.resources.any_image |= invocation.program.ends_with("sh");
        } else if invocation.program == "curl" && has_letter(invocation, 'O') {
            self.resources.any_file = true;
        }
    }

    /// `npm run build` and the like, which usually make one of a few folders.
    fn package_script(
        &mut self,
        current: &CurrentSection<'_>,
        command: &Command,
        invocation: &Invocation<'_>,
        arguments: &Arguments<'_>,
        span: Span,
    ) {
        let program = invocation.program.as_ref();
        if !matches!(program, "npm" | "yarn" | "pnpm" | "bun") {
            return;
        }
        let mut words = arguments.positional.iter().filter_map(|word| word.literal());
        let first = words.next();
        let script = match first.as_deref() {
            None if program == "yarn" => {
                let value = self.in_project(current, invocation, "node_modules", span);
                self.make_path(&value, Kind::Folder, span);
                return;
            }
            Some("run" | "run-script") => words.next(),
            Some("test" | "t" | "start") => Some("test".into()),
            Some(_) if program != "npm" => first,
            _ => None,
        };
        let Some(script) = script else { return };
        let needs = PACKAGE_SCRIPTS.iter().any(|name| script.starts_with(name));
        if needs {
            let value = self.in_project(current, invocation, "node_modules", span);
            self.need_path(command, &value, span, true);
        }
        let elsewhere = invocation.arguments.iter().any(|word| word.prefix().contains("out"));
        if !BUILD_SCRIPTS.iter().any(|name| script.starts_with(name)) || elsewhere {
            return;
        }
        for name in BUILD_FOLDERS {
            let value = self.in_project(current, invocation, name, span);
            self.make_path(&value, Kind::Usual, span);
        }
    }

    /// A file of the project that a package manager works on.
    fn in_project(&self, current: &CurrentSection<'_>, invocation: &Invocation<'_>, name: &str, span: Span) -> Value {
        let manager = matches!(invocation.program.as_ref(), "npm" | "yarn" | "pnpm" | "bun");
        let folder = ["--prefix", "--cwd", "-C", "--dir"].iter().find_map(|name| invocation.option(name));
        let Some(folder) = folder.filter(|_| manager) else { return Value::text(name) };
        let mut value = self.evaluate(&folder, Some(current), span.start);
        value.extend(Value::text(format!("/{name}")), span.start);
        value
    }

    /// A program that is not in the table: it may need its arguments, and unless it is known to be harmless, it may make
    /// anything.
    fn other_program(
        &mut self,
        current: &CurrentSection<'_>,
        command: &Command,
        invocation: &Invocation<'_>,
        arguments: &Arguments<'_>,
    ) {
        let program = invocation.program.as_ref();
        let version = invocation.arguments.len() == 1
            && matches!(invocation.arguments[0].prefix(), "--version" | "-v" | "-V" | "version" | "-version");
        let harmless = version
            || TABLES
                .harmless
                .of(program)
                .any(|(_, subcommands)| subcommands.iter().any(|subcommand| arguments.begins(subcommand).is_some()))
            || program == "yarn" && arguments.positional.is_empty();
        if harmless {
            return;
        }
        let script = invocation.path.contains('/') || program.contains('.');
        if script && !GENERATORS.iter().any(|word| program.contains(word)) {
            for word in &arguments.positional {
                self.need_file(current, command, word, false);
            }
        }
        self.resources.any_file = true;
        self.resources.any_image = true;
    }

    fn tar(&mut self, current: &CurrentSection<'_>, command: &Command, invocation: &Invocation<'_>, span: Span) {
        let words = invocation.arguments;
        // `tar czf x.tgz dist` and `tar -czf x.tgz dist`.
        let letters = words.first().map_or("", |word| word.prefix().trim_start_matches('-'));
        let creates = letters.contains('c') && !letters.starts_with('-') || invocation.has_flag(&["-c", "--create"]);
        let archive = invocation
            .option("--file")
            .or_else(|| invocation.option("-f"))
            .or_else(|| letters.ends_with('f').then(|| words.get(1).cloned()).flatten());
        let extracts = !creates && (letters.contains('x') || invocation.has_flag(&["-x", "--extract", "--get"]));
        match archive {
            Some(archive) if creates => {
                if archive.prefix() != "-" {
                    self.make_word(current, &archive, Kind::File, span);
                }
                let moved = invocation.has_flag(&["-C", "--directory"]);
                let sources = words.iter().skip(1).filter(|word| **word != archive && !word.prefix().starts_with('-'));
                for source in sources.filter(|_| !moved) {
                    self.need_file(current, command, source, true);
                }
            }
            Some(archive) if archive.prefix() != "-" => self.need_file(current, command, &archive, true),
            _ => {}
        }
        self.resources.any_file |= extracts || !creates && !letters.contains('t');
    }

    /// `gzip` and its like, which replace a file.
    fn gzip(&mut self, current: &CurrentSection<'_>, command: &Command, invocation: &Invocation<'_>, span: Span) {
        let program = invocation.program.as_ref();
        let suffix = match program {
            "xz" | "unxz" => ".xz",
            "bzip2" | "bunzip2" => ".bz2",
            "zstd" | "unzstd" => ".zst",
            _ => ".gz",
        };
        let unpacks = has_letter(invocation, 'd') || invocation.has_flag(&["--decompress"]);
        let unpacks = unpacks || ["gunzip", "unxz", "bunzip2", "unzstd"].contains(&program);
        let prints = has_letter(invocation, 'c') || invocation.has_flag(&["--stdout", "--to-stdout"]);
        for word in invocation.arguments.iter().filter(|word| !word.prefix().starts_with('-')) {
            self.need_file(current, command, word, true);
            if prints {
                continue;
            }
            let mut value = self.evaluate(word, Some(current), span.start);
            if !unpacks {
                value.extend(Value::text(suffix), span.start);
                self.make_path(&value, Kind::File, span);
            } else if let Some(inner) = value.literal().and_then(|text| text.strip_suffix(suffix)) {
                self.make_path(&Value::text(inner), Kind::File, span);
            } else {
                self.resources.any_file = true;
            }
        }
    }

    fn docker(&mut self, current: &CurrentSection<'_>, command: &Command, invocation: &Invocation<'_>, span: Span) {
        let arguments = Arguments::new(&invocation.program, invocation.arguments);
        let mut words: Vec<Option<Cow<'_, str>>> = arguments.positional.iter().map(|word| word.literal()).collect();
        let mut skipped = 1;
        if words.first().is_some_and(|word| matches!(word.as_deref(), Some("image" | "buildx" | "container"))) {
            words.remove(0);
            skipped = 2;
        }
        let rest = arguments.positional.get(skipped..).unwrap_or_default();
        let subcommand = words.first().cloned().flatten().unwrap_or_default();
        match &*subcommand {
            "build" | "bake" => {
                let pushed = invocation.has_flag(&["--push"]);
                let names = ["-t", "--tag"];
                for (index, word) in invocation.arguments.iter().enumerate() {
                    let long = word.strip_prefix("--tag=");
                    let name = match long {
                        Some(name) => Some(name),
                        None if names.contains(&word.prefix()) => invocation.arguments.get(index + 1).cloned(),
                        None => None,
                    };
                    if let Some(name) = name {
                        self.make_image(current, &name, pushed, span);
                    }
                }
                for output in ["-o", "--output"].iter().filter_map(|name| invocation.option(name)?.to_literal()) {
                    let to = output.split(',').find_map(|part| part.strip_prefix("dest="));
                    let folder = to.is_none() && !output.contains('=');
                    if let Some(to) = to.or_else(|| folder.then_some(&*output)) {
                        let folder = folder || output.contains("type=local");
                        self.make_path(&Value::text(to), if folder { Kind::Folder } else { Kind::File }, span);
                    }
                }
                self.resources.any_image |= subcommand == "bake";
            }
            "tag" => {
                if let [from, to] = rest {
                    self.need_image(current, command, from);
                    self.make_image(current, to, false, span);
                }
            }
            "push" => {
                if let ([image], false) = (rest, invocation.has_flag(&["-a", "--all-tags"])) {
                    self.need_image(current, command, image);
                    self.make_image(current, image, true, span);
                }
            }
            "save" | "export" => {
                for image in rest.iter().filter(|_| subcommand == "save") {
                    self.need_image(current, command, image);
                }
                for word in words_at(Place::Option("-o"), invocation, &[]).into_iter().chain(words_at(
                    Place::Option("--output"),
                    invocation,
                    &[],
                )) {
                    self.make_word(current, &word, Kind::File, span);
                }
            }
            "load" => {
                for name in ["-i", "--input"] {
                    for word in words_at(Place::Option(name), invocation, &[]) {
                        self.need_file(current, command, &word, true);
                    }
                }
                self.resources.any_image = true;
            }
            "import" => {
                for word in rest.iter().take(1) {
                    self.need_file(current, command, word, true);
                }
                self.resources.any_image = true;
            }
            "pull" => {
                for image in rest {
                    self.make_image(current, image, false, span);
                }
            }
            "cp" => {
                if let [from, to] = rest {
                    if !to.prefix().contains(':') && to.literal().is_some_and(|to| to != "." && !to.ends_with('/')) {
                        self.make_word(current, to, Kind::Folder, span);
                    }
                    if !from.prefix().contains(':') {
                        self.need_file(current, command, from, true);
                    }
                }
                self.resources.any_file = true;
            }
            "run" | "exec" | "create" | "start" => {
                for word in words_at(Place::Option("--env-file"), invocation, &[]) {
                    self.need_file(current, command, &word, true);
                }
                self.resources.any_file = true;
            }
            "login" | "logout" | "images" | "version" | "info" | "ps" | "inspect" | "logs" | "rmi" | "rm" | "ls" => {}
            _ => {
                self.resources.any_file = true;
                self.resources.any_image = true;
            }
        }
    }

    fn terraform(&mut self, current: &CurrentSection<'_>, command: &Command, invocation: &Invocation<'_>, span: Span) {
        let arguments = Arguments::new(&invocation.program, invocation.arguments);
        let words = &arguments.positional;
        let skipped = words.iter().take_while(|word| matches!(word.prefix(), "run" | "run-all" | "stack")).count();
        let Some(subcommand) = words.get(skipped).and_then(|word| word.literal()) else { return };
        if invocation.has_flag(&["-help", "--help"]) {
            return;
        }
        let chdir = invocation.arguments.iter().find_map(|word| word.strip_prefix("-chdir="));
        let directory = match &chdir {
            Some(to) => self.evaluate(to, Some(current), span.start).path(&self.directory),
            None => Value::default().path(&self.directory),
        };
        let below = |name: &Value| {
            let mut value = Value::atom(Atom::CloneDirectory);
            let inside = directory.in_clone().map_or_else(String::new, |inside| format!("/{inside}"));
            value.extend(Value::text(format!("{inside}/")), span.start);
            value.extend(name.clone(), span.start);
            value
        };
        let known = directory.is_known()
            && (directory.in_clone().is_some() || directory.written() == Some("$BITBUCKET_CLONE_DIR"));
        if !known {
            self.resources.any_file |= subcommand == "init";
            return;
        }
        let state = below(&Value::text(".terraform"));
        let elsewhere = self.variables.contains_key("TF_DATA_DIR");
        match &*subcommand {
            "init" => self.make_path(&state, Kind::Folder, span),
            "plan" | "apply" | "destroy" | "refresh" | "import" | "output" | "state" | "validate" | "show"
            | "console" | "workspace" | "taint" | "untaint" | "test"
                if invocation.program != "terragrunt" && !elsewhere =>
            {
                self.need_path(command, &state, span, true);
            }
            _ => {}
        }
        let saved = match &*subcommand {
            "plan" => {
                let out = invocation.option("-out").or_else(|| invocation.option("--out"));
                if let Some(out) = &out {
                    let value = self.evaluate(out, Some(current), span.start);
                    self.make_path(&below(&value), Kind::File, span);
                }
                out.is_some()
            }
            "apply" | "show" => {
                let plan = words.get(skipped + 1);
                if let Some(plan) = plan {
                    let value = self.evaluate(plan, Some(current), span.start);
                    self.need_path(command, &below(&value), current.section.place(plan.span), true);
                }
                plan.is_some()
            }
            _ => return,
        };
        if subcommand == "show" {
            return;
        }
        let mut files: Vec<String> = Vec::new();
        for (index, word) in invocation.arguments.iter().enumerate() {
            let file = match word.strip_prefix("-var-file=") {
                Some(file) => Some(file),
                None if word.prefix() == "-var-file" => invocation.arguments.get(index + 1).cloned(),
                None => None,
            };
            files.extend(file.map(|file| self.evaluate(&file, Some(current), span.start).to_string()));
        }
        let same = files.iter().all(|file| !file.contains("$("));
        self.facts.terraform.push(TerraformRun {
            applies: subcommand == "apply",
            saved,
            configuration: same.then_some((directory, files)),
            span,
            order: self.order,
        });
    }

    /// The files and images that a pipe needs.
    pub(super) fn files_of_pipe(&mut self, pipe: &Pipe<'_>) {
        let Some(used) = self.facts.pipes.last() else { return };
        let named = |names: &[&str]| -> Vec<(Value, Span)> {
            let variables = used.variables.iter().filter(|variable| names.contains(&variable.name.as_str()));
            variables.map(|variable| (variable.value.clone(), variable.span)).collect()
        };
        let (files, images) = (named(&PIPE_FILES), named(&PIPE_IMAGES));
        for (value, span) in files {
            // A URL of a template is remote.
            if !value.to_string().contains("://") {
                let path = value.path(&Value::atom(Atom::CloneDirectory));
                self.need(file_resource(&path), true, span);
            }
        }
        for (value, span) in images {
            if value.to_string().contains("$(") || self.resources.any_image {
                continue;
            }
            let (_, name) = image_names(&value.to_string());
            self.need(Some(Resource::Image(name)), true, span);
        }
        let harmless = pipe.name().starts_with("atlassian/")
            && !["run", "build", "download", "clone"].iter().any(|word| pipe.name().contains(word));
        self.resources.any_file |= !harmless;
        self.resources.any_image |= !harmless;
    }

    fn need_file(&mut self, current: &CurrentSection<'_>, command: &Command, word: &Word, certain: bool) {
        if has_fallback(current, command) {
            return;
        }
        let span = current.section.place(word.span);
        let value = self.evaluate(word, Some(current), span.start);
        self.need_path(command, &value, span, certain);
    }

    fn need_path(&mut self, command: &Command, value: &Value, span: Span, certain: bool) {
        let written = value.to_string();
        if written.is_empty() || written == "-" || written.contains(':') || self.resources.strayed {
            return;
        }
        if !command.context.conditional {
            let path = value.path(&self.directory);
            self.need(file_resource(&path), certain, span);
        }
    }

    fn need(&mut self, resource: Option<Resource>, certain: bool, span: Span) {
        let Some(resource) = resource else { return };
        let any = match &resource {
            Resource::File(_) | Resource::AnyFolder(_) => self.resources.any_file,
            Resource::Image(_) | Resource::Pushed(_) => self.resources.any_image,
        };
        if !any && !self.is_made(&resource) {
            self.facts.needed.push(Needed { resource, certain, span, order: self.order });
        }
    }

    /// Whether the step has made a file, or a folder around it or something in it.
    fn is_made(&self, resource: &Resource) -> bool {
        let Resource::File(path) = resource else { return self.resources.made.contains(resource) };
        path.ancestors().any(|ancestor| self.resources.made.contains(&Resource::File(ancestor)))
            || self.resources.around.contains(path)
            || self.resources.anywhere.iter().any(|name| path.has_folder(name))
    }

    fn file(&self, current: &CurrentSection<'_>, word: &Word) -> Option<Resource> {
        let value = self.evaluate(word, Some(current), current.section.place(word.span).start);
        file_resource(&value.path(&self.directory))
    }

    fn make_word(&mut self, current: &CurrentSection<'_>, word: &Word, kind: Kind, span: Span) {
        let value = self.evaluate(word, Some(current), span.start);
        self.make_path(&value, kind, span);
    }

    fn make_path(&mut self, value: &Value, kind: Kind, span: Span) {
        let path = value.path(&self.directory);
        match file_resource(&path).filter(|_| !self.resources.strayed) {
            Some(resource) => self.make(resource, kind, span),
            // A file of an unknown name, unless it is plainly outside the clone.
            None => self.resources.any_file |= path.written().is_none_or(|path| !path.starts_with('/')),
        }
    }

    fn make(&mut self, resource: Resource, kind: Kind, span: Span) {
        self.resources.add(resource.clone());
        let (certain, folder) = (kind != Kind::Usual, kind != Kind::File);
        self.facts.made.push(Made { resource, certain, folder, span, order: self.order });
    }

    /// `cp` and `mv`, whose last argument may be a folder that exists.
    fn copy(&mut self, current: &CurrentSection<'_>, command: &Command, invocation: &Invocation<'_>, span: Span) {
        let arguments = Arguments::new(&invocation.program, invocation.arguments);
        let Some((to, from)) = arguments.positional.split_last() else { return };
        for word in from {
            self.need_file(current, command, word, true);
        }
        let target = self.evaluate(to, Some(current), span.start);
        match file_resource(&target.path(&self.directory)) {
            Some(resource) => self.resources.add(resource),
            None => self.make_path(&target, Kind::File, span),
        }
        let written = target.to_string();
        for word in from {
            let mut value = target.clone();
            if from.len() > 1 || written.ends_with('/') || written == "." {
                let name = self.evaluate(word, Some(current), span.start).to_string();
                let name = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
                value.extend(Value::text(format!("/{name}")), span.start);
            }
            if !value.to_string().contains(['*', '?']) {
                self.make_path(&value, Kind::File, span);
            }
        }
    }

    fn need_image(&mut self, current: &CurrentSection<'_>, command: &Command, word: &Word) {
        let span = current.section.place(word.span);
        let written = self.evaluate(word, Some(current), span.start).to_string();
        // A name with a part that only the run decides may be any image.
        if !written.contains("$(") && !command.context.conditional {
            self.need(Some(Resource::Image(image_names(&written).0)), true, span);
        }
    }

    fn make_image(&mut self, current: &CurrentSection<'_>, word: &Word, pushed: bool, span: Span) {
        let written = self.evaluate(word, Some(current), span.start).to_string();
        if written.contains("$(") {
            self.resources.any_image = true;
            return;
        }
        let (full, name) = image_names(&written);
        if pushed {
            self.make(Resource::Pushed(full), Kind::File, span);
        } else {
            self.make(Resource::Image(full), Kind::File, span);
            self.make(Resource::Image(name), Kind::File, span);
        }
    }
}

/// The file or folder of a path: in the clone or in `/tmp`, where every step starts with nothing. A pattern stands for its
/// folder.
fn file_resource(path: &Path) -> Option<Resource> {
    // Each folder on the way is a key, so the number of them is bounded.
    let written = path.written().filter(|written| written.matches('/').count() <= DEEPEST)?;
    if path.in_clone().is_none() && !written.starts_with("/tmp/") {
        return None;
    }
    let path = match written.find(['*', '?', '[']) {
        Some(at) => Path::known(&written[..written[..at].rfind('/')?])?,
        None => path.clone(),
    };
    (path.in_clone().is_some() || written.starts_with("/tmp/")).then_some(Resource::File(path))
}

/// Whether the command may fail: `cat VERSION || echo 0`. What follows a deployment is rather `|| exit 1`.
fn has_fallback(current: &CurrentSection<'_>, command: &Command) -> bool {
    let whole = command.redirections.iter().fold(command.span, |span, redirection| span.cover(redirection.span));
    let rest = current.section.script.after(whole).trim_start();
    rest.strip_prefix("||").is_some_and(|rest| {
        let word = rest.trim_start();
        ["echo", "printf", "true", ":", "test"].iter().any(|fallback| word.starts_with(fallback))
    })
}

/// Whether a redirection makes a file. What is appended to may be in the repository.
fn makes_file(redirection: &Redirection) -> bool {
    matches!(redirection.kind, RedirectionKind::Output | RedirectionKind::OutputAndErrors)
        && !redirection.target.prefix().starts_with("/dev/")
}

/// Whether a letter is given as an option, also among others: `-sSLO`.
fn has_letter(invocation: &Invocation<'_>, letter: char) -> bool {
    invocation.arguments.iter().any(|word| {
        let text = word.prefix();
        text.starts_with('-') && !text.starts_with("--") && text.contains(letter)
    })
}

/// The arguments at a place.
fn words_at(place: Place, invocation: &Invocation<'_>, positional: &[&Word]) -> Vec<Word> {
    let owned = |words: &[&Word]| words.iter().map(|word| (*word).clone()).collect::<Vec<_>>();
    match place {
        Place::First => owned(positional.get(..1).unwrap_or_default()),
        Place::All => owned(positional),
        Place::AllButFirst => owned(positional.get(1..).unwrap_or_default()),
        Place::AllButLast => owned(positional.split_last().map_or(&[], |(_, rest)| rest)),
        Place::Last => owned(positional.split_last().map_or(&[], |(last, _)| std::slice::from_ref(last))),
        Place::Option(name) => {
            let clustered = name.strip_prefix('-').filter(|letter| letter.len() == 1).and_then(|letter| {
                // `curl -sSLo file`
                let at = invocation.arguments.iter().position(|word| {
                    let text = word.prefix();
                    text.len() > 2 && text.starts_with('-') && !text.starts_with("--") && text.ends_with(letter)
                })?;
                invocation.arguments.get(at + 1).filter(|_| invocation.program == "curl").cloned()
            });
            invocation.option(name).or(clustered).into_iter().collect()
        }
        Place::AtFile(name) => {
            let value = invocation.option(name);
            let file = value.and_then(|value| {
                let whole = value.literal()?;
                let (before, file) = whole.split_once('@')?;
                (before.is_empty() || before.ends_with('='))
                    .then(|| value.strip_prefix(&format!("{before}@")))?
                    .filter(|_| !file.is_empty())
            });
            file.into_iter().collect()
        }
        Place::Fixed(_) | Place::Anywhere(_) | Place::Usual(_) => Vec::new(),
    }
}
