//! A `script` list as shell, with its spans in the file.

use crate::{
    pipeline::{Language, ScriptItem},
    script::{Command, Script},
    text::Span,
    yaml::{OffsetMap, Tree},
};

/// The commands of `script` or `after-script`.
#[derive(Clone, Debug, Default)]
pub struct ScriptSection {
    /// What was read.
    pub script: Script,
    /// By item: how offsets in its text become offsets in the file. `None` for a pipe.
    pub(super) maps: Vec<Option<OffsetMap>>,
    /// One span for all of it, if the script itself is not in the file.
    pub(super) whole: Option<Span>,
}

impl ScriptSection {
    pub(super) fn new(text: &str, tree: &Tree, items: &[ScriptItem<'_>], language: Language) -> Self {
        let shell = items.iter().map(|item| match item {
            ScriptItem::Command(command) => command.value,
            ScriptItem::Pipe(_) | ScriptItem::Other(_) => "",
        });
        let maps = items.iter().map(|item| match item {
            ScriptItem::Command(command) => OffsetMap::new(text, tree, command.node),
            ScriptItem::Pipe(_) | ScriptItem::Other(_) => None,
        });
        let script = match language {
            Language::Shell => Script::parse(shell),
            Language::PowerShell => Script::parse_powershell(shell),
        };
        Self { script, maps: maps.collect(), whole: None }
    }

    /// The span in the file of a range of the script.
    pub fn place(&self, span: Span) -> Span {
        if let Some(whole) = self.whole {
            return whole;
        }
        let (item, inside) = self.script.locate(span);
        self.maps.get(item).and_then(Option::as_ref).map_or(Span::default(), |map| map.span(inside))
    }

    /// The item that contains a command.
    pub(crate) fn item(&self, command: &Command) -> usize {
        self.script.locate(command.span).0
    }
}
