//! What programs do that no shell knows: those that ask, those that change a running system, and those that a step is
//! there for.

mod deployers;
mod index;
mod prompts;
mod tasks;

pub use deployers::{Change, DEPLOYERS, Deployer, TestTarget, deployer};
pub(crate) use index::ProgramIndex;
pub use prompts::{PROMPTS, Prompt, Trigger, prompt};
pub use tasks::{Importance, importance};

use super::{Part, Word};

/// The arguments that are neither options nor their values, `None` for one that only the run can tell.
///
/// `valued` are the options that take the next argument as their value.
fn positional<'w>(arguments: &'w [Word], valued: &[&str]) -> Vec<Option<&'w str>> {
    let mut found = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let text = word.prefix();
        if text == "--" {
            found.extend(words.map(plain));
            break;
        }
        if text.starts_with('-') && text.len() > 1 {
            if valued.contains(&text) && plain(word).is_some() {
                words.next();
            }
        } else {
            found.push(plain(word));
        }
    }
    found
}

/// A word that is one piece of plain text.
fn plain(word: &Word) -> Option<&str> {
    match word.parts.as_slice() {
        [Part::Text { text, .. }] => Some(text),
        _ => None,
    }
}

/// Whether an argument may hold options that cannot be seen, such as `$ARGS` without quotes.
fn may_hide_options(arguments: &[Word]) -> bool {
    arguments.iter().any(|word| match word.parts.first() {
        Some(Part::Variable(expansion)) => !expansion.quoted || expansion.name == "@",
        Some(Part::Substitution { .. }) => true,
        _ => false,
    })
}

/// Whether one of the flags is given: alone, with `=value`, or a single letter among others such as `-qy`.
fn given(arguments: &[Word], flags: &[&str]) -> bool {
    arguments.iter().any(|word| {
        let text = word.prefix();
        let name = text.split_once('=').map_or(text, |(name, _)| name);
        let cluster = text.strip_prefix('-').filter(|letters| {
            letters.len() > 1 && letters.len() <= 4 && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
        });
        flags.iter().any(|flag| {
            let letter = flag.strip_prefix('-').filter(|letter| letter.len() == 1);
            *flag == name || cluster.zip(letter).is_some_and(|(letters, letter)| letters.contains(letter))
        })
    })
}

#[cfg(test)]
mod tests;
