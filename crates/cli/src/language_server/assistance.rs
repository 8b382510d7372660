//! What an editor asks about a pipeline file, in the editor's form.

use std::{collections::HashMap, fs, rc::Rc, sync::Arc};

use gen_lsp_types::{
    CodeLens, Command, CompletionItem, CompletionItemKind, DocumentLink, Documentation, FoldingRange, FoldingRangeKind,
    Hover, InlayHint, InsertTextFormat, InsertTextMode, Location, MarkupContent, MarkupKind, Position, Range, TextEdit,
    Uri, WorkspaceEdit,
};
use keyless_core::{
    analysis::Analysis,
    ide::{
        completion::{self, ChoiceKind},
        hover, imports, layout,
        merged::{self, Merged},
        names::{self, RenameError},
        snippets,
    },
    text::{Source, Span},
};

use super::{
    actions::Abilities,
    analyst::Analyst,
    documents::{Document, address},
    positions::Lines,
};
use crate::rules_command;

/// A pipeline file that an editor asks about.
pub(crate) struct Assistance<'d> {
    document: &'d Document,
    source: Source<'d>,
    analyst: Rc<Analyst>,
    abilities: Abilities,
}

impl<'d> Assistance<'d> {
    /// A pipeline with what has read it.
    pub(crate) fn new(document: &'d Document, analyst: Rc<Analyst>, abilities: Abilities) -> Self {
        Self { document, source: Source::new("bitbucket-pipelines.yml", &document.text), analyst, abilities }
    }

    pub(super) fn lines(&self) -> Lines<'_> {
        Lines::new(&self.source, self.abilities.encoding)
    }

    pub(super) fn ask<R: Send + 'static>(&self, question: impl FnOnce(&Analysis<'_>) -> R + Send + 'static) -> R {
        self.analyst.ask(question)
    }

    /// The same for a question about a position.
    fn ask_at<R: Send + 'static>(
        &self,
        position: Position,
        question: impl FnOnce(&Analysis<'_>, usize) -> R + Send + 'static,
    ) -> R {
        let offset = self.lines().offset(position);
        self.ask(move |file| question(file, offset))
    }

    /// The documentation at a position.
    pub(crate) fn hover(&self, position: Position) -> Option<Hover> {
        let found = self.ask_at(position, hover::at)?;
        let title = match found.of {
            Some(object) => format!("**{}**, a key of {object}", found.name),
            None => format!("**{}**", found.name),
        };
        let yaml = found.yaml.map(|yaml| format!("```yaml\n{yaml}```"));
        let parts: Vec<String> = [title].into_iter().chain(found.lines).chain(yaml).collect();
        let text = parts.join("\n\n");
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
                ChoiceKind::Variable => CompletionItemKind::Variable,
                ChoiceKind::Pipe => CompletionItemKind::Module,
            }),
            documentation: Some(Documentation::String(choice.doc.into_owned())),
            text_edit: Some(TextEdit::new(range, choice.insert.unwrap_or_else(|| choice.label.clone())).into()),
            label: choice.label,
            ..CompletionItem::default()
        };
        let snippet = |snippet: &snippets::Snippet| CompletionItem {
            label: snippet.label.to_owned(),
            kind: Some(CompletionItemKind::Snippet),
            documentation: Some(Documentation::String(snippet.doc.to_owned())),
            insert_text_format: Some(InsertTextFormat::Snippet),
            insert_text_mode: Some(InsertTextMode::AdjustIndentation),
            text_edit: Some(TextEdit::new(range, snippet.body.to_owned()).into()),
            // below the keys themselves
            sort_text: Some(format!("~{}", snippet.label)),
            ..CompletionItem::default()
        };
        let fitting = if self.abilities.takes_snippets { snippets::at(&found) } else { &[] };
        found.options.into_iter().map(item).chain(fitting.iter().map(snippet)).collect()
    }

    /// The definition of a name, or its uses at the definition; it may be in a file that is imported.
    pub(crate) fn definition(&self, position: Position) -> Vec<Location> {
        let found = self.locations(self.ask_at(position, names::definition));
        if found.is_empty() { self.imported(position).into_iter().collect() } else { found }
    }

    /// The file or the pipeline in it that an import at a position leads to.
    fn imported(&self, position: Position) -> Option<Location> {
        let (path, pipeline) = self.ask_at(position, |file, offset| {
            let touched = |span: Span| span.start <= offset && offset <= span.end;
            let import = imports::imports(file).into_iter().find(|import| touched(import.span))?;
            Some((import.path.to_owned(), import.pipeline.map(str::to_owned)))
        })?;
        let path = self.document.beside(&path)?;
        let text = fs::read_to_string(&path).ok()?;
        let imported = Document::new(address(&path), 0, text);
        let source = Source::new("", &imported.text);
        let analyst = Analyst::new(&imported, Arc::default());
        let place = pipeline.and_then(|name| analyst.ask(move |file| imports::pipeline(file, &name)));
        let range = Lines::new(&source, self.abilities.encoding).range(place.unwrap_or_default());
        Some(Location::new(imported.uri, range))
    }

    /// All uses of a name.
    pub(crate) fn references(&self, position: Position, with_definition: bool) -> Vec<Location> {
        self.locations(self.ask_at(position, move |file, offset| names::references(file, offset, with_definition)))
    }

    fn locations(&self, spans: Vec<Span>) -> Vec<Location> {
        let location = |span| Location::new(self.document.uri.clone(), self.lines().range(span));
        spans.into_iter().map(location).collect()
    }

    /// The name at a position, if it can be renamed.
    pub(crate) fn renamable(&self, position: Position) -> Result<Range, RenameError> {
        let span = self.ask_at(position, names::renamable)?;
        Ok(self.lines().range(span))
    }

    /// The changes that rename what is at a position.
    pub(crate) fn rename(&self, position: Position, name: String) -> Result<WorkspaceEdit, RenameError> {
        let edits = self.ask_at(position, move |file, offset| names::rename(file, offset, &name))?;
        let edits = edits.into_iter().map(|edit| TextEdit::new(self.lines().range(edit.span), edit.replacement));
        let changes = HashMap::from([(self.document.uri.clone(), edits.collect())]);
        Ok(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
    }

    /// The step at a position as Bitbucket reads it.
    pub(crate) fn merged_step(&self, position: Position) -> Option<Merged> {
        self.ask_at(position, merged::step)
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

    /// What leads to a page or to another file: pipes, images, rules that a comment names, imports.
    pub(crate) fn links(&self) -> Vec<DocumentLink> {
        let (pages, files) = self.ask(|file| {
            let named = file.suppressions.valid.iter().flat_map(|suppression| &suppression.names);
            let id = |name: &str| rules_command::all().map(|rule| rule.id).find(|id| id.as_str() == name);
            let rules = named.filter_map(|name| Some((name.span, rules_command::page(id(name.value)?))));
            let pages = layout::links(file).into_iter().map(|link| (link.span, link.url));
            let files = imports::imports(file).into_iter().map(|import| (import.span, import.path.to_owned()));
            (pages.chain(rules).collect::<Vec<_>>(), files.collect::<Vec<_>>())
        });
        let files = files.into_iter().filter_map(|(span, path)| Some((span, address(&self.document.beside(&path)?))));
        let link = |(span, target): (Span, Uri)| DocumentLink {
            range: self.lines().range(span),
            target: Some(target),
            ..DocumentLink::default()
        };
        pages.into_iter().map(|(span, url)| (span, Uri::from(url))).chain(files).map(link).collect()
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

    /// What steps need, and what the trust policies make of their tokens, above each of them.
    pub(crate) fn lenses(&self) -> Vec<CodeLens> {
        let lens = |remark: layout::Remark| CodeLens {
            range: self.lines().range(Span::at(remark.offset)),
            // a command without a name is a text that cannot be clicked
            command: Some(Command { title: remark.text, ..Command::default() }),
            data: None,
        };
        let remarks = self.ask(|file| [layout::needs(file), layout::verdicts(file)].concat());
        remarks.into_iter().map(lens).collect()
    }
}
