//! The expressions of a file: where they are, and what they can refer to.

use std::collections::HashSet;

use crate::{
    expression::Context,
    pipeline::{File, ItemKind, Pipeline, Text},
    yaml::{Meaning, NodeId, Scalar, Tree},
};

/// An expression in its scalar.
#[derive(Clone, Copy, Debug)]
pub struct WrittenExpression<'t> {
    /// Its text and its node.
    pub text: Text<'t>,
    /// Where it is evaluated.
    pub context: Context,
}

/// All expressions of a file, each once: `condition.state` of steps and stages, and `condition` of triggers.
///
/// Source: <https://support.atlassian.com/bitbucket-cloud/docs/expression-language>.
pub fn expressions<'t>(tree: &'t Tree, file: &File<'t>) -> Vec<WrittenExpression<'t>> {
    let stages = file.pipelines.iter().flat_map(|pipeline| &pipeline.items).filter_map(|item| match &item.kind {
        ItemKind::Stage(stage) => stage.condition,
        _ => None,
    });
    let conditions = file.steps.iter().filter_map(|step| step.condition).chain(stages);
    let evaluated_at_start =
        conditions.filter_map(|condition| Some((tree.field(condition, "state")?.value, Context::State)));
    let events = file.root.and_then(|root| tree.field(root, "triggers")).map(|triggers| tree.fields(triggers.value));
    let triggers = events.into_iter().flatten().flat_map(|event| tree.items(event.value));
    let triggers = triggers.filter_map(|trigger| Some((tree.field(*trigger, "condition")?.value, Context::Trigger)));
    let mut seen: HashSet<NodeId> = HashSet::new();
    let scalars = evaluated_at_start.chain(triggers).filter_map(|(value, context)| {
        let node = tree.resolve(value);
        // `state: true` is a boolean, whose type the language table reports.
        let scalar = tree.scalar(node).filter(|scalar| Scalar::meaning(scalar) == Meaning::Text)?;
        Some(WrittenExpression { text: Text { value: &scalar.value, node }, context })
    });
    scalars.filter(|expression| seen.insert(expression.text.node)).collect()
}

/// The variables that a file declares, sorted: those that custom pipelines ask for, and the input and output variables of
/// steps.
pub fn declared_variables<'t>(file: &File<'t>) -> Vec<&'t str> {
    let asked = file.pipelines.iter().flat_map(Pipeline::variables).map(|variable| variable.name);
    let passed = file.steps.iter().flat_map(|step| step.output_variables.iter().chain(&step.input_variables)).copied();
    let mut names: Vec<_> = asked.chain(passed).map(|name| name.value).collect();
    names.sort_unstable();
    names.dedup();
    names
}
