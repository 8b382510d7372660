//! Which stacks of an assembly a run is about.

use crate::{
    assembly::{Contents, Expansion, Stack, selected},
    settings::Settings,
};

/// The stacks that the command calls: those that are named and those that the CDK adds to them.
pub(crate) fn called<'a>(settings: &Settings, contents: &'a Contents) -> Vec<&'a Stack> {
    let is_pattern = |word: &&String| !word.starts_with('-') && !word.contains([':', '=']);
    let more = settings.extra_args.iter().filter(is_pattern);
    // Without STACKS all are selected, whatever EXTRA_ARGS adds.
    let patterns: Vec<String> = match settings.stacks.as_slice() {
        [] => Vec::new(),
        stacks => stacks.iter().chain(more).cloned().collect(),
    };
    let expansion = if settings.exclusively { Expansion::Exclusively } else { settings.invocation.command.expansion() };
    selected(&contents.stacks, &patterns, expansion)
}
