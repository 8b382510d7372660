//! Hover, completion, definitions and symbols of a pipeline file, in an editor's form.

use gen_lsp_types::{
    CompletionItem, CompletionItemKind, DocumentSymbol, Documentation, Hover, Location, MarkupContent, MarkupKind,
    Position, SymbolKind, TextEdit,
};
use keyless_core::{
    analysis::{Analysis, ParsedFile},
    ide::{
        completion::{self, ChoiceKind},
        definition, hover,
        outline::{self, Group, GroupKind, Pipeline, StepBox},
    },
    settings::Settings,
    text::{Source, Span},
};

use super::{
    documents::Document,
    judge::Kind,
    positions::{Encoding, Lines},
};

/// A pipeline file that an editor asks about.
pub(crate) struct Assistance<'d> {
    document: &'d Document,
    source: Source<'d>,
    encoding: Encoding,
}

impl<'d> Assistance<'d> {
    /// `None` if the file is no pipeline.
    pub(crate) fn new(document: &'d Document, encoding: Encoding) -> Option<Self> {
        document.kind().filter(|kind| *kind == Kind::Pipeline)?;
        Some(Self { document, source: Source::new("bitbucket-pipelines.yml", &document.text), encoding })
    }

    fn lines(&self) -> Lines<'_> {
        Lines::new(&self.source, self.encoding)
    }

    /// The documentation at a position.
    pub(crate) fn hover(&self, position: Position) -> Option<Hover> {
        let (parsed, settings) = (ParsedFile::new(&self.source), Settings::default());
        let found = hover::at(&Analysis::new(&parsed, &settings), self.lines().offset(position))?;
        let title = match found.of {
            Some(object) => format!("**{}**, a key of {object}", found.name),
            None => format!("**{}**", found.name),
        };
        let text = [vec![title], found.lines].concat().join("\n\n");
        let range = self.lines().range(Span::new(found.offset, found.offset + found.length));
        Some(Hover::new(MarkupContent::new(MarkupKind::Markdown, text).into(), Some(range)))
    }

    /// What can be typed at a position.
    pub(crate) fn completion(&self, position: Position) -> Vec<CompletionItem> {
        let Some(found) = completion::at(&self.document.text, self.lines().offset(position)) else { return Vec::new() };
        let range = self.lines().range(Span::new(found.offset, found.offset + found.length));
        let item = |choice: completion::Choice| CompletionItem {
            kind: Some(match choice.kind {
                ChoiceKind::Key => CompletionItemKind::Property,
                ChoiceKind::Value => CompletionItemKind::Value,
                ChoiceKind::Name => CompletionItemKind::Constant,
                ChoiceKind::Alias => CompletionItemKind::Reference,
            }),
            documentation: Some(Documentation::String(choice.doc.to_owned())),
            text_edit: Some(TextEdit::new(range, choice.insert.unwrap_or_else(|| choice.label.clone())).into()),
            label: choice.label,
            ..CompletionItem::default()
        };
        found.options.into_iter().map(item).collect()
    }

    /// The anchor of an alias, or the uses of an anchor.
    pub(crate) fn definition(&self, position: Position) -> Vec<Location> {
        let parsed = ParsedFile::new(&self.source);
        let found = definition::at(parsed.tree(), self.lines().offset(position));
        let place = |target: definition::Target| Span::new(target.offset, target.offset + target.length);
        let location = |target| Location::new(self.document.uri.clone(), self.lines().range(place(target)));
        found.into_iter().map(location).collect()
    }

    /// The pipelines with their stages and steps.
    pub(crate) fn symbols(&self) -> Vec<DocumentSymbol> {
        let (parsed, settings) = (ParsedFile::new(&self.source), Settings::default());
        let outline = outline::read(&Analysis::new(&parsed, &settings));
        outline.pipelines.into_iter().map(|pipeline| self.pipeline(pipeline)).collect()
    }

    fn pipeline(&self, pipeline: Pipeline) -> DocumentSymbol {
        let name = match &pipeline.name {
            Some(name) => format!("{}: {name}", pipeline.start),
            None => pipeline.start.to_owned(),
        };
        let children: Vec<_> = pipeline.groups.into_iter().flat_map(|group| self.group(group)).collect();
        self.symbol(name, None, SymbolKind::Module, pipeline.place.into(), pipeline.place.into(), children)
    }

    /// A stage or parallel group with its steps; a step by itself stands for its group.
    fn group(&self, group: Group) -> Vec<DocumentSymbol> {
        let named = match group.kind {
            GroupKind::Step | GroupKind::Final => None,
            GroupKind::Parallel => Some("parallel".to_owned()),
            GroupKind::Stage => Some(group.name.unwrap_or_else(|| "stage".to_owned())),
        };
        let steps: Vec<_> = group.steps.into_iter().map(|step| self.step(step)).collect();
        match (named, steps.first().map(|step| step.range)) {
            (Some(name), Some(_)) => {
                vec![self.around(name, group.environment, steps)]
            }
            _ => steps,
        }
    }

    /// A symbol that covers others and has no text of its own.
    fn around(&self, name: String, detail: Option<String>, children: Vec<DocumentSymbol>) -> DocumentSymbol {
        let start = children.first().map_or_else(Span::default, |step| self.lines().span(step.range));
        let end = children.last().map_or_else(Span::default, |step| self.lines().span(step.range));
        self.symbol(name, detail, SymbolKind::Namespace, start.cover(end), Span::at(start.start), children)
    }

    fn step(&self, step: StepBox) -> DocumentSymbol {
        let (extent, place) = (step.extent.into(), step.place.into());
        self.symbol(step.name, step.environment, SymbolKind::Function, extent, place, Vec::new())
    }

    fn symbol(
        &self,
        name: String,
        detail: Option<String>,
        kind: SymbolKind,
        whole: Span,
        place: Span,
        children: Vec<DocumentSymbol>,
    ) -> DocumentSymbol {
        // an editor rejects a symbol whose range does not cover its name and its children
        let below = children.iter().map(|child| self.lines().span(child.range));
        let whole = below.fold(whole.cover(place), Span::cover);
        let children = (!children.is_empty()).then_some(children);
        // an empty name is an error in the protocol
        let name = if name.trim().is_empty() { "(unnamed)".to_owned() } else { name };
        DocumentSymbol::new(
            name,
            detail,
            kind,
            None,
            None,
            self.lines().range(whole),
            self.lines().range(place),
            children,
        )
    }
}
