//! The language table as a reference page.

use std::fmt::Write as _;

use super::{Object, Shape, objects};

/// Every object of the language with its keys, as Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Pipeline file reference\n\n\
         Every key of `bitbucket-pipelines.yml` that keyless knows. Keys marked \\* are required. If sources disagree about a \
         key, its row says so, and keyless reports problems with it as warnings, never as errors.\n",
    );
    for object in objects() {
        section(&mut page, object);
    }
    page
}

fn section(page: &mut String, object: &Object) {
    let others = if object.additional_properties { "ignores" } else { "rejects" };
    // Writing to a string cannot fail.
    let _ = write!(page, "\n## {}\n\nBitbucket {others} other keys.\n\n", heading(object.name));
    page.push_str("| Key | Value | Description |\n|---|---|---|\n");
    for key in object.keys {
        let required = if key.required { " \\*" } else { "" };
        let doubt = key.doubt.map_or(String::new(), |doubt| format!(" ({doubt})"));
        let _ = writeln!(page, "| `{}`{required} | {} | {}{doubt} |", key.name, holds(key.shape), key.doc);
    }
}

/// `a step` as a title: `A step`.
fn heading(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The allowed values, with the limits that a message omits.
fn holds(shape: &Shape) -> String {
    match shape {
        Shape::List(list) => {
            let limit =
                if list.max_items == usize::MAX { String::new() } else { format!("at most {} ", list.max_items) };
            match holds(list.item).strip_prefix("a string") {
                Some(length) => format!("a list of {limit}strings{length}"),
                None => format!("a list of {limit}items, each {}", holds(list.item)),
            }
        }
        Shape::String(string) if string.max_length < usize::MAX => {
            format!("a string of at most {} characters", string.max_length)
        }
        Shape::Object(object) => object.name.to_owned(),
        Shape::Map(map) if map.max_properties < usize::MAX => {
            format!("{}, at most {}", shape.allowed(), map.max_properties)
        }
        other => other.allowed(),
    }
}
