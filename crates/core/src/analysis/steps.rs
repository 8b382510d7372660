//! Questions of rules about the steps of an [`Analysis`].

use crate::{
    analysis::{Analysis, access::Access},
    diagnostic::{Edit, REPEATED, StepPlace},
    facts::{ScriptSection, StepFacts},
    pipeline::{Oidc, Step, Text, Use, glob, means_oidc},
    script::Invocation,
    text::Span,
};

/// Whether a step gets an OIDC token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAccess {
    /// `oidc: true`, or a mapping with `audiences`.
    On,
    /// No.
    Off,
    /// Something in the file may or may not give it one; another rule reports that.
    Unsure,
}

/// A program that a step starts.
pub(crate) struct Started<'s, 'f> {
    /// The step.
    pub step: &'s Step<'f>,
    /// Its facts.
    pub facts: &'s StepFacts,
    /// The list that contains the command.
    pub section: &'s ScriptSection,
    /// The program.
    pub invocation: Invocation<'s>,
}

impl<'f> Analysis<'f> {
    /// The steps that a pipeline runs, with their facts. A step that a syntax error cut short is left out: what seems
    /// to be missing from it may be in the rest.
    pub fn steps(&self) -> impl Iterator<Item = (&Step<'f>, &StepFacts)> {
        let used = self.model.steps.iter().filter(|step| !step.uses.is_empty());
        let whole = used.filter(|step| !self.tree.node(step.node).incomplete);
        whole.filter_map(|step| Some((step, self.facts.of(step.id)?)))
    }

    /// Calls `visit` for every command that starts a program, in the order of the steps.
    pub(crate) fn each_program(&self, visit: &mut dyn FnMut(Started<'_, 'f>)) {
        for (step, facts) in self.steps() {
            for section in &facts.sections {
                for command in &section.script.commands {
                    if let Some(invocation) = command.invocation() {
                        visit(Started { step, facts, section, invocation });
                    }
                }
            }
        }
    }

    /// Whether a step gets an OIDC token.
    pub fn token(&self, step: &Step<'_>) -> TokenAccess {
        self.tokens.get(step.id.0).copied().unwrap_or(TokenAccess::Unsure)
    }

    /// What [`Self::token`] answers.
    pub(super) fn read_token(&self, step: &Step<'_>) -> TokenAccess {
        let named = |oidc: &Option<Oidc<'_>>| !matches!(oidc, None | Some(Oidc::Enabled(false, _)));
        let misspelt = || {
            self.tree.fields(step.node).iter().any(|field| {
                let name = self.text(field.key);
                name != "oidc" && means_oidc(name)
            })
        };
        match &step.oidc {
            Some(Oidc::Enabled(true, _) | Oidc::Audiences(..)) => TokenAccess::On,
            Some(Oidc::Unreadable(_)) => TokenAccess::Unsure,
            None if named(&self.model.options.oidc) || misspelt() => TokenAccess::Unsure,
            Some(Oidc::Enabled(false, _)) | None => TokenAccess::Off,
        }
    }

    /// The access that the trust policies of the roles give a step.
    pub fn access(&self, step: &Step<'_>) -> Option<&Access> {
        self.access.get(step.id.0)
    }

    /// The artifact or cache that includes a self.
    pub fn kept(&self, step: &Step<'f>, path: &str) -> Option<(&'static str, Text<'f>)> {
        let artifact = step.artifacts.paths.iter().find(|pattern| {
            let pattern = pattern.value.trim_start_matches("./");
            glob::matches(pattern, path)
        });
        let cache = || {
            let caches = self.model.definitions.caches.iter();
            let used = caches.filter(|cache| step.caches.iter().any(|used| used.value == cache.name.value));
            used.map(|cache| (cache.name, self.tree.text(cache.node).unwrap_or_default())).find(|(_, folder)| {
                let folder = folder.trim_start_matches("./").trim_end_matches('/');
                folder == "."
                    || !folder.is_empty() && path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        artifact.map(|text| ("an artifact", *text)).or_else(|| cache().map(|(name, _)| ("part of a cache", name)))
    }

    /// The environments that the pipelines run a step in; `None` for a use without one.
    pub fn environments(&self, step: &Step<'f>) -> Vec<Option<&'f str>> {
        let deployments = self.model.deployments(step);
        deployments.into_iter().map(|deployment| deployment.map(|it| it.environment.value)).collect()
    }

    /// The environment of one use of a step.
    pub fn environment(&self, step: &Step<'f>, at: &Use) -> Option<&'f str> {
        self.model.deployment(step, at).map(|deployment| deployment.environment.value)
    }

    /// A step as the subject of a finding.
    pub fn step_place(&self, step: &Step<'_>) -> StepPlace {
        StepPlace {
            whole: self.span(step.node),
            place: step.place(self.tree),
            name: step.name.map(|name| name.value.to_owned()),
            index: step.id.0,
        }
    }

    /// Where to report what is wrong in some uses of a step: at the definition if all uses are wrong, otherwise at the
    /// first wrong use, with the other places and their labels.
    pub fn wrong_uses(
        &self,
        step: &Step<'_>,
        definition: Span,
        wrong: impl Fn(&Use) -> bool,
    ) -> (Span, Vec<(Span, &'static str)>) {
        let place = |at: &Use| match at.site {
            site if site == step.node => step.place(self.tree),
            site => self.first_line(self.span(site)),
        };
        let mut places = step.uses.iter().filter(|at| wrong(at)).map(place);
        match places.next().filter(|_| !step.uses.iter().all(&wrong)) {
            None => (definition, Vec::new()),
            Some(first) => {
                let others = places.map(|place| (place, REPEATED));
                (first, others.chain([(definition, "defined here")]).collect())
            }
        }
    }

    /// The name of a step in messages: `step "Deploy"`.
    pub fn step_name(step: &Step<'_>) -> String {
        step.name.map_or_else(|| "this step".to_owned(), |name| format!("step `{}`", name.value))
    }

    /// The edit that inserts a line at the top of a step written as a block; `None` for `{…}`.
    pub fn first_line_of_step(&self, step: &Step<'_>, line: &str) -> Option<Edit> {
        let span = self.span(step.node);
        let column = self.source.position(span.start).column;
        let before = self.source.line(self.source.position(span.start).line)?;
        let indent = self.source.slice(Span::new(before.start, span.start));
        let block = !self.source.slice(span).starts_with('{') && !span.is_empty();
        // `step: &anchor` and `- step:` are on separate lines; anything else before the first key is a flow mapping.
        (block && indent.trim().is_empty())
            .then(|| Edit { span: Span::at(span.start), replacement: format!("{line}\n{}", " ".repeat(column - 1)) })
    }
}

/// A command shortened for a message: its first words without line breaks.
pub(crate) fn shown(command: &str) -> String {
    const LONGEST: usize = 40;
    let line = command.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let mut short = String::new();
    for word in line.split(' ') {
        if short.chars().count() + word.chars().count() > LONGEST {
            break;
        }
        short.push_str(word);
        short.push(' ');
    }
    format!("{short}…")
}
