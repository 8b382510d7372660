//! What an editor asks about a pipeline file, in the editor's form.

use std::{collections::HashMap, sync::Arc};

use gen_lsp_types::{
    CodeLens, Command, CompletionItem, CompletionItemKind, DocumentLink, DocumentSymbol, Documentation, FoldingRange,
    FoldingRangeKind, Hover, InlayHint, Location, MarkupContent, MarkupKind, Position, Range, SymbolKind, TextEdit,
    WorkspaceEdit,
};
use keyless_core::{
    analysis::{Analysis, ParsedFile},
    ide::{
        completion::{self, ChoiceKind},
        hover, layout,
        names::{self, RenameError},
        outline::{self, Group, GroupKind, Pipeline, StepBox},
    },
    settings::Settings,
    text::{Source, Span},
};

use super::{
    documents::Document,
    judge,
    kind::Kind,
    positions::{Encoding, Lines},
};

/// A pipeline file that an editor asks about.
pub(crate) struct Assistance<'d> {
    document: &'d Document,
    source: Source<'d>,
    settings: Arc<Settings>,
    encoding: Encoding,
}

impl<'d> Assistance<'d> {
    /// `None` if the file is no pipeline.
    pub(crate) fn new(document: &'d Document, encoding: Encoding) -> Option<Self> {
        document.kind().filter(|kind| *kind == Kind::Pipeline)?;
        let settings = judge::settings(document).ok().flatten().unwrap_or_default();
        Some(Self { document, source: Source::new("bitbucket-pipelines.yml", &document.text), settings, encoding })
    }

    fn lines(&self) -> Lines<'_> {
        Lines::new(&self.source, self.encoding)
    }

    fn ask<R>(&self, question: impl FnOnce(&Analysis<'_>) -> R) -> R {
        question(&Analysis::new(&ParsedFile::new(&self.source), &self.settings))
    }

    /// The documentation at a position.
    pub(crate) fn hover(&self, position: Position) -> Option<Hover> {
        let found = self.ask(|file| hover::at(file, self.lines().offset(position)))?;
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

    /// The definition of a name, or its uses at the definition.
    pub(crate) fn definition(&self, position: Position) -> Vec<Location> {
        self.locations(self.ask(|file| names::definition(file, self.lines().offset(position))))
    }

    /// All uses of a name.
    pub(crate) fn references(&self, position: Position, with_definition: bool) -> Vec<Location> {
        self.locations(self.ask(|file| names::references(file, self.lines().offset(position), with_definition)))
    }

    fn locations(&self, spans: Vec<Span>) -> Vec<Location> {
        let location = |span| Location::new(self.document.uri.clone(), self.lines().range(span));
        spans.into_iter().map(location).collect()
    }

    /// The name at a position, if it can be renamed.
    pub(crate) fn renamable(&self, position: Position) -> Result<Range, RenameError> {
        let span = self.ask(|file| names::renamable(file, self.lines().offset(position)))?;
        Ok(self.lines().range(span))
    }

    /// The changes that rename what is at a position.
    pub(crate) fn rename(&self, position: Position, name: &str) -> Result<WorkspaceEdit, RenameError> {
        let edits = self.ask(|file| names::rename(file, self.lines().offset(position), name))?;
        let edits = edits.into_iter().map(|edit| TextEdit::new(self.lines().range(edit.span), edit.replacement));
        let changes = HashMap::from([(self.document.uri.clone(), edits.collect())]);
        Ok(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
    }

    /// The pipelines with their stages and steps.
    pub(crate) fn symbols(&self) -> Vec<DocumentSymbol> {
        self.ask(outline::read).pipelines.into_iter().map(|pipeline| self.pipeline(pipeline)).collect()
    }

    /// What can be hidden.
    pub(crate) fn folds(&self) -> Vec<FoldingRange> {
        let line = |line: usize| u32::try_from(line - 1).unwrap_or(u32::MAX);
        let fold = |fold: layout::Fold| FoldingRange {
            start_line: line(fold.first),
            end_line: line(fold.last),
            kind: fold.is_comment.then_some(FoldingRangeKind::Comment),
            ..FoldingRange::default()
        };
        self.ask(layout::folds).into_iter().map(fold).collect()
    }

    /// What leads to a page.
    pub(crate) fn links(&self) -> Vec<DocumentLink> {
        let link = |link: layout::Link| DocumentLink {
            range: self.lines().range(link.span),
            target: Some(link.url.into()),
            ..DocumentLink::default()
        };
        self.ask(layout::links).into_iter().map(link).collect()
    }

    /// The values that steps in a range inherit.
    pub(crate) fn hints(&self, range: Range) -> Vec<InlayHint> {
        let asked = self.lines().span(range);
        let remarks = self.ask(layout::inherited);
        let inside = remarks.into_iter().filter(|remark| asked.start <= remark.offset && remark.offset <= asked.end);
        let hint = |remark: layout::Remark| {
            let position = self.lines().position(remark.offset);
            InlayHint {
                padding_left: Some(true),
                ..InlayHint::new(position, remark.text.into(), None, None, None, None, None, None)
            }
        };
        inside.map(hint).collect()
    }

    /// What steps need, above each of them.
    pub(crate) fn lenses(&self) -> Vec<CodeLens> {
        let lens = |remark: layout::Remark| CodeLens {
            range: self.lines().range(Span::at(remark.offset)),
            // a command without a name is a text that cannot be clicked
            command: Some(Command { title: remark.text, ..Command::default() }),
            data: None,
        };
        self.ask(layout::needs).into_iter().map(lens).collect()
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
