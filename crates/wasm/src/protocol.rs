//! Writes `web/src/protocol.ts`: the types of what the page sends to the modules and of what they answer.
//!
//! The test fails when the file differs from the Rust types. `SNAPSHOTS=overwrite cargo test -p keyless-wasm` rewrites it.

use std::{
    any::TypeId,
    collections::{BTreeMap, HashSet},
    path::Path,
};

use keyless_core::{
    ide::{completion::Completion, definition::Target, hover::Hover, outline::Outline},
    report::json,
};
use snapbox::{Data, assert_data_eq};
use ts_rs::{Config, TS, TypeVisitor};

use crate::{
    OrError,
    migrate::MigrationAnswer,
    requirements::RequirementsAnswer,
    setup::{SetupAnswer, SetupForm},
    token::TokenClaims,
    trust::{TrustAnswer, TrustRequest},
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/src/protocol.ts");

const HEADER: &str = "\
// What the modules receive and answer. Generated from the Rust types by crates/wasm/src/protocol.rs: do not edit.
// The Rust types have the documentation. Offsets and lengths count bytes of UTF-8; questions.ts adds the editor's offsets.
";

/// The answer of each export, by its name.
#[derive(TS)]
#[expect(dead_code, reason = "only its type is used")]
struct Answers {
    lint: json::File<'static>,
    hover: Option<Hover>,
    completion: Option<Completion>,
    definition: Vec<Target>,
    outline: Outline,
    requirements: RequirementsAnswer,
    migrate: OrError<MigrationAnswer>,
    trust: TrustAnswer<'static>,
    token: OrError<TokenClaims>,
    setup: OrError<SetupAnswer>,
}

/// The argument of the exports that read JSON, by their name.
#[derive(TS)]
#[expect(dead_code, reason = "only its type is used")]
struct Requests {
    trust: TrustRequest,
    setup: SetupForm,
}

/// Collects the declarations of a type and of all types that it uses, each once.
struct Declarations {
    config: Config,
    seen: HashSet<TypeId>,
    /// By name: the order in which types are visited changes from one compilation to the next.
    by_name: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Types of the standard library have no declaration.
        if T::output_path().is_some() {
            self.by_name.insert(T::ident(&self.config), layout(&T::decl(&self.config)));
        }
        T::visit_generics(self);
        T::visit_dependencies(self);
    }
}

/// A declaration without comments, so that rewording documentation does not change the file, and with a line for each
/// field.
fn layout(declaration: &str) -> String {
    let mut code = String::new();
    let mut rest = declaration;
    while let Some((before, after)) = rest.split_once("\n/**") {
        code.push_str(before);
        rest = after.split_once("*/\n").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    let Some((head, fields)) = code.strip_suffix(", };").and_then(|code| code.split_once(" = { ")) else { return code };
    let mut lines = format!("{head} = {{\n  ");
    let mut depth = 0_i32;
    let mut characters = fields.trim_start().chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '{' | '[' | '<' => depth += 1,
            '}' | ']' | '>' => depth -= 1,
            _ => {}
        }
        if character == ',' && depth == 0 {
            lines.push_str(";\n  ");
            while characters.next_if(|next| next.is_whitespace()).is_some() {}
        } else {
            lines.push(character);
        }
    }
    lines + ";\n};"
}

fn protocol() -> String {
    let mut declarations = Declarations { config: Config::new(), seen: HashSet::new(), by_name: BTreeMap::new() };
    declarations.visit::<Answers>();
    declarations.visit::<Requests>();
    let declarations = declarations.by_name.values().map(|declaration| format!("\nexport {declaration}\n"));
    HEADER.to_owned() + &declarations.collect::<String>()
}

#[test]
fn the_pages_types_are_those_of_the_modules() {
    assert_data_eq!(protocol(), Data::read_from(Path::new(FILE), None).raw());
}
