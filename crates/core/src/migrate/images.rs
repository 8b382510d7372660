//! Private images, and the storage of self-hosted runners, that are accessed with a stored key.

use super::{Class, Context, Draft, Form, names::role_for, pipes::replace};
use crate::{pipeline::Step, yaml::NodeId};

pub(super) fn drafts<'f>(context: &Context<'_, 'f>, step: &Step<'f>, drafts: &mut Vec<Draft>) {
    let tree = context.file.tree;
    let below = |node: NodeId, name: &str| tree.field(node, name).map(|field| tree.resolve(field.value));
    for image in context.file.model.images_of(step) {
        let reason = "a step of any branch pulls the image, so the role needs pull rights only; every known example has a \
                      literal ARN in `oidc-role`, so write it there if the variable is not accepted";
        drafts.extend(below(image.node, "aws").and_then(|aws| draft(context, aws, Form::Image, reason)));
    }
    let runtime = step.runtime.or(context.file.model.options.runtime);
    let storage = runtime.and_then(|runtime| below(below(runtime.node, "self-hosted")?, "storage"));
    let reason = "the storage of self-hosted runners takes `oidc-role` according to the schema only";
    drafts.extend(storage.and_then(|it| below(it, "aws")).and_then(|aws| draft(context, aws, Form::Storage, reason)));
}

fn draft(context: &Context<'_, '_>, aws: NodeId, form: Form, reason: &str) -> Option<Draft> {
    let tree = context.file.tree;
    let id = tree.field(aws, "access-key")?;
    let variable = |node| {
        let text = tree.text(node)?.strip_prefix('$')?;
        Some(text.trim_matches(['{', '}']).to_owned())
    };
    let secret = tree.field(aws, "secret-key").map(|field| field.value);
    let keys: Vec<String> = [Some(id.value), secret].into_iter().flatten().filter_map(variable).collect();
    let role = role_for(&variable(id.value).unwrap_or_default(), &context.general);
    let line = tree.field(aws, "oidc-role").is_none().then(|| format!("oidc-role: ${role}"));
    let mut draft = Draft { span: tree.span(id.key), keys, oidc: true, class: Class::Unsafe, ..Draft::new(form) };
    reason.clone_into(&mut draft.reason);
    let Some(edits) = replace(context, aws, &["access-key", "secret-key"], line) else {
        return Some(draft.manual("the layout of `aws` cannot be edited"));
    };
    draft.touches = edits.iter().map(|edit| edit.span).collect();
    draft.touches.push(draft.span);
    draft.edits = edits;
    Some(draft)
}
