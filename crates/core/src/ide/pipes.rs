//! Documentation of the variables of pipes.

use crate::{
    pipes::{Reference, catalogue, keyless},
    yaml::{NodeId, Tree},
};

/// A variable of a pipe.
pub(super) struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it does; may be empty.
    pub doc: &'static str,
    /// Its default.
    pub default: Option<&'static str>,
    /// Its values, if they are known.
    pub values: Vec<&'static str>,
    /// Whether it is always needed.
    pub required: bool,
}

/// The variables of the pipe whose `variables` a mapping is.
pub(super) fn variables(tree: &Tree, map: NodeId) -> Vec<Variable> {
    let above = tree.node(map).parent.filter(|pipe| {
        tree.fields(*pipe).iter().any(|field| field.value == map && tree.text(field.key) == Some("variables"))
    });
    let Some(text) = above.and_then(|pipe| tree.text(tree.field(pipe, "pipe")?.value)) else { return Vec::new() };
    let reference = Reference::parse(text);
    if keyless::is_keyless(&reference) {
        return keyless::VARIABLES.iter().map(|variable| own(variable)).collect();
    }
    let published = catalogue::find(&reference);
    published.map(|pipe| pipe.variables.iter().map(of_published).collect()).unwrap_or_default()
}

fn own(variable: &'static keyless::Variable) -> Variable {
    Variable {
        name: variable.name,
        doc: variable.help,
        default: variable.default,
        values: variable.values().to_vec(),
        required: variable.required,
    }
}

fn of_published(variable: &'static catalogue::Variable) -> Variable {
    Variable {
        name: variable.name,
        doc: variable.documentation,
        default: variable.default,
        values: variable.values.clone(),
        required: variable.required == catalogue::Required::Always,
    }
}
