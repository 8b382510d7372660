//! Pipes that are given a stored key, or take one from Bitbucket's settings.

use super::{
    Class, Context, Draft, Form,
    edit::Changes,
    names::{KEY_ID, SECRET, role_for},
};
use crate::{
    diagnostic::Edit,
    facts::{Login, PipeUse, PipeVariable, ROLE_VARIABLE, StepFacts, Value, is_key_id},
    pipeline::{Pipe, Step},
    pipes::{
        Version,
        keyless::{IAM, IAM_WITH_STORED_KEYS, TRUST_POLICY},
    },
    text::Span,
    yaml::{Kind, NodeId},
};

/// Versions that public copies show to ignore the role: the newest of them for each pipe.
const IGNORE_ROLE: [(&str, Version); 5] = [
    ("atlassian/aws-cloudfront-invalidate", Version { major: 0, minor: 4, patch: 1 }),
    ("atlassian/aws-code-deploy", Version { major: 0, minor: 5, patch: 3 }),
    ("atlassian/aws-ecs-deploy", Version { major: 1, minor: 0, patch: 0 }),
    ("atlassian/aws-lambda-deploy", Version { major: 0, minor: 2, patch: 1 }),
    ("atlassian/aws-s3-deploy", Version { major: 0, minor: 3, patch: 2 }),
];

/// What is known about a pipe's version and roles.
enum Reading {
    Knows,
    /// It may not know the role.
    Unknown(&'static str),
    /// It ignores the role; the lowest version that does not, if one is known.
    Ignores(Option<Version>),
}

pub(super) fn drafts<'f>(context: &Context<'_, 'f>, step: &Step<'f>, facts: &StepFacts, drafts: &mut Vec<Draft>) {
    // The pipes of the model and of the facts are in the same order.
    for (pipe, used) in step.pipes().zip(&facts.pipes) {
        drafts.extend(draft(context, pipe, used));
    }
}

/// A variable that holds a key, and not a placeholder.
fn key<'p>(pipe: &'p PipeUse, name: &str) -> Option<&'p PipeVariable> {
    pipe.variable(name).filter(|variable| {
        let value = &variable.value;
        !value.is_empty()
            && (value.literal().is_none_or(is_key_id)
                || name == SECRET && pipe.variable(KEY_ID).is_some_and(|id| id.value.literal().is_some_and(is_key_id)))
    })
}

fn draft<'f>(context: &Context<'_, 'f>, pipe: &Pipe<'f>, used: &PipeUse) -> Option<Draft> {
    let (id, secret) = (key(used, KEY_ID), key(used, SECRET));
    let has_session = used.variable("AWS_SESSION_TOKEN").is_some_and(|token| !token.value.is_empty());
    let source = id.and_then(|id| id.value.copy_of()).unwrap_or(KEY_ID);
    let keys = || [id, secret].into_iter().flatten().filter_map(|it| it.value.copy_of()).map(str::to_owned).collect();
    let mut draft =
        Draft { span: id.or(secret).map_or(used.span, |it| it.key), keys: keys(), ..Draft::new(Form::Pipe) };
    if used.is_keyless() {
        let from = used.setting(&TRUST_POLICY).and_then(|from| from.value.literal());
        let reads_policy = from.is_some_and(|from| [IAM, IAM_WITH_STORED_KEYS].contains(&from));
        return (reads_policy && id.is_some() && !has_session).then(|| {
            draft.manual(
                "the pipe reads the trust policy with the key; keep the policy in a file and set `TRUST_POLICY` to it",
            )
        });
    }
    let takes_role = used.known.is_some_and(|known| known.login == Login::RoleOrKeys)
        || used.published.is_some_and(|published| published.login.oidc_variable == Some("ROLE_ARN"));
    if !takes_role {
        return other(used, draft);
    }
    let variable = used.published.and_then(|published| published.login.oidc_variable).unwrap_or(ROLE_VARIABLE);
    if variable == "PIPELINE_EXECUTION_ROLE" {
        return id.map(|_| draft.manual("the pipe assumes another role with the key; its trust policy names the user, not the identity provider"));
    }
    let role = used.role();
    let misnamed =
        used.variable("AWS_ROLE_ARN").filter(|it| role.is_none() && variable != "AWS_ROLE_ARN" && !it.value.is_empty());
    let dummy = [KEY_ID, SECRET].iter().any(|name| used.variable(name).is_some()) && id.is_none() && secret.is_none();
    if has_session || dummy || role.is_some() && id.is_none() && secret.is_none() {
        return None;
    }
    if id.is_none() && secret.is_none() {
        draft.form = Form::PipeDefaults;
        if used.docker {
            // An image gets nothing from Bitbucket's settings.
            return None;
        }
        draft.keys = vec![KEY_ID.to_owned(), SECRET.to_owned()];
    }
    let line = format!("{variable}: ${}", role_for(source, &context.general));
    let mapping = context.file.tree.field(pipe.node, "variables").map(|field| context.file.tree.resolve(field.value));
    // an entry without a value is replaced too: a second one with the same name would be invalid
    let is_empty_role = |mapping: NodeId| {
        let entries = context.file.tree.fields(mapping);
        role.is_none() && entries.iter().any(|entry| context.file.text(entry.key) == variable)
    };
    let mut names = vec![KEY_ID, SECRET];
    names.extend(mapping.filter(|mapping| is_empty_role(*mapping)).map(|_| variable));
    let edits = match mapping {
        Some(mapping) if id.is_some() || secret.is_some() || misnamed.is_some() || names.len() > 2 => {
            let rename = misnamed.map(|it| Edit { span: it.key, replacement: variable.to_owned() });
            let line = (role.is_none() && misnamed.is_none()).then_some(line);
            let edits = replace(context, mapping, &names, line);
            edits.map(|edits| edits.into_iter().chain(rename).collect())
        }
        Some(mapping) => first(context, mapping, line),
        None => Some(below(context, pipe, &line)),
    };
    let Some(edits) = edits else {
        return Some(draft.manual("the layout of its `variables` cannot be edited"));
    };
    draft.touches = edits.iter().map(|edit| edit.span).collect();
    draft.touches.push(used.span);
    draft.edits = edits;
    draft.oidc = true;
    let by_literal = id.is_some_and(|id| id.value.literal().is_some());
    match version(used) {
        Reading::Knows if by_literal => {
            draft.class = Class::Unsafe;
            super::KEY_IN_FILE.clone_into(&mut draft.reason);
        }
        Reading::Knows if misnamed.is_some() => {
            draft.class = Class::Unsafe;
            draft.reason = format!("`AWS_ROLE_ARN` is ignored by the pipe, which reads `{variable}`");
        }
        Reading::Knows => {
            draft.class = Class::Safe;
            "the pipe takes the role instead of the keys".clone_into(&mut draft.reason);
        }
        Reading::Unknown(reason) => {
            draft.class = Class::Unsafe;
            reason.clone_into(&mut draft.reason);
        }
        Reading::Ignores(Some(least)) => {
            let version = used.version.map(|version| version.to_string()).unwrap_or_default();
            let reference = context.file.source.slice(used.span);
            let at = reference.rfind(&version).map(|at| used.span.start + at)?;
            draft.edits.push(Edit { span: Span::new(at, at + version.len()), replacement: least.to_string() });
            draft.class = Class::Unsafe;
            draft.reason =
                format!("version {version} ignores the role, and {least} may have other defaults: read its changelog");
        }
        Reading::Ignores(None) => {
            return Some(
                draft.manual("this version ignores the role; change to a version that knows `AWS_OIDC_ROLE_ARN` first"),
            );
        }
    }
    Some(draft)
}

fn version(used: &PipeUse) -> Reading {
    let Some(version) = used.version else {
        return Reading::Unknown(
            "the version of the pipe is not fixed: an old one would ignore the role and use the keys",
        );
    };
    let Some(published) = used.published else {
        return Reading::Unknown("it is not known which versions of the pipe take a role");
    };
    let login = published.login;
    let ignores = IGNORE_ROLE.iter().any(|(name, newest)| published.name == *name && version <= *newest);
    if ignores || login.too_old_for_role(version).is_some() {
        return Reading::Ignores(login.oidc_since.or(login.oidc_seen_at));
    }
    if !login.accepts_role(version) {
        return Reading::Unknown(
            "it is not known whether this version takes a role: an old one would ignore it and use the keys",
        );
    }
    if used.docker {
        return Reading::Unknown(
            "the image may be a copy of another version: an old one would ignore the role and use the keys",
        );
    }
    Reading::Knows
}

/// A pipe that is not known to take a role.
fn other(used: &PipeUse, draft: Draft) -> Option<Draft> {
    let is_key = |value: &Value| {
        [KEY_ID, SECRET].iter().any(|name| value.mentions(name)) || value.literal().is_some_and(is_key_id)
    };
    let variable = used.variables.iter().find(|variable| {
        is_key(&variable.value) || variable.name.ends_with("AWS_ACCESS_KEY_ID") && variable.value.copy_of().is_some()
    })?;
    if used.variable("AWS_SESSION_TOKEN").is_some_and(|token| !token.value.is_empty()) {
        return None;
    }
    let keys = variable.value.copy_of().map(str::to_owned).into_iter().collect();
    let draft = Draft { span: variable.key, keys, form: Form::OtherPipe, ..draft };
    Some(draft.manual("the pipe is not known to take a role: use another pipe, or its tool in the script"))
}

/// Replaces the entries of these names by one line, in place of the first; removes them without a line.
pub(super) fn replace(
    context: &Context<'_, '_>,
    mapping: NodeId,
    names: &[&str],
    line: Option<String>,
) -> Option<Vec<Edit>> {
    let tree = context.file.tree;
    let mut by_mapping: Vec<(NodeId, Changes)> = Vec::new();
    let mut line = line;
    let mut keys: Vec<NodeId> =
        names.iter().filter_map(|name| tree.field(mapping, name)).map(|field| field.key).collect();
    keys.sort_unstable();
    for key in keys {
        let owner = tree.node(key).parent?;
        let Kind::Mapping(entries) = &tree.node(owner).kind else { return None };
        let number = entries.iter().position(|entry| entry.key == key)?;
        if !by_mapping.iter().any(|(known, _)| *known == owner) {
            by_mapping.push((owner, Changes::default()));
        }
        let (_, changes) = by_mapping.iter_mut().find(|(known, _)| *known == owner)?;
        changes.removed.insert(number);
        changes.inserted.extend(line.take().map(|line| (number, vec![line])));
    }
    let mut edits = Vec::new();
    for (owner, changes) in &by_mapping {
        let Kind::Mapping(entries) = &tree.node(*owner).kind else { return None };
        if changes.removed.len() == entries.len() && changes.inserted.is_empty() {
            return None;
        }
        edits.extend(context.document.edit_mapping(*owner, changes)?);
    }
    Some(edits)
}

/// Adds a variable before the others.
fn first(context: &Context<'_, '_>, mapping: NodeId, line: String) -> Option<Vec<Edit>> {
    let mut changes = Changes::default();
    changes.inserted.insert(0, vec![line]);
    context.document.edit_mapping(mapping, &changes).filter(|edits| !edits.is_empty())
}

/// Adds `variables` to a pipe without them.
fn below(context: &Context<'_, '_>, pipe: &Pipe<'_>, line: &str) -> Vec<Edit> {
    let document = &context.document;
    let reference = pipe.reference.span(context.file.tree);
    if document.is_flow(pipe.node) {
        return vec![Edit { span: Span::at(reference.end), replacement: format!(", variables: {{{line}}}") }];
    }
    let column = context.file.source.position(context.file.span(pipe.node).start).column - 1;
    let indent = " ".repeat(column);
    let at = document.line_end(reference.end);
    let newline = document.newline;
    let start = if document.text[..at].ends_with('\n') { "" } else { newline };
    let replacement = format!("{start}{indent}variables:{newline}{indent}  {line}{newline}");
    vec![Edit { span: Span::at(at), replacement }]
}
