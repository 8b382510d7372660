//! The outline of a pipeline file: pipelines with their stages and steps, and what the file defines for them.

use gen_lsp_types::{DocumentSymbol, SymbolKind};
use keyless_core::{
    ide::{
        layout::{self, Definition, DefinitionKind},
        outline::{self, Group, GroupKind, Pipeline, StepBox},
    },
    text::Span,
};

use super::assistance::Assistance;

impl Assistance<'_> {
    /// The pipelines with their stages and steps, and the definitions.
    pub(crate) fn symbols(&self) -> Vec<DocumentSymbol> {
        let (outline, definitions) = self.ask(|file| (outline::read(file), layout::definitions(file)));
        let definitions = definitions.into_iter().map(|definition| self.definition_symbol(definition));
        let pipelines = outline.pipelines.into_iter().map(|pipeline| self.pipeline(pipeline));
        let mut symbols: Vec<_> = definitions.chain(pipelines).collect();
        symbols.sort_by_key(|symbol| (symbol.selection_range.start.line, symbol.selection_range.start.character));
        symbols
    }

    fn definition_symbol(&self, definition: Definition) -> DocumentSymbol {
        let (kind, detail) = match definition.kind {
            DefinitionKind::Service => (SymbolKind::Class, "service"),
            DefinitionKind::Cache => (SymbolKind::Constant, "cache"),
            DefinitionKind::Anchor => (SymbolKind::Variable, "anchor"),
        };
        let Definition { name, place, extent, .. } = definition;
        self.symbol(name, Some(detail.to_owned()), kind, extent, place, Vec::new())
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
