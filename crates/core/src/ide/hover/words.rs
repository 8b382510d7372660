//! Documentation of what a value names: pipes, roles, rules, anchors, services, caches and deployment environments.

use crate::{
    analysis::Analysis,
    aws::RoleArn,
    oidc::{Uuid, default_audience},
    pipeline::{Deployment, Oidc, Step},
    pipes::{Reference, catalogue, catalogue::LoginKind, keyless},
    rules::{pipeline as rules, trust},
    text::Span,
};

use super::{Hover, touches};
use crate::ide::{
    merged,
    names::{self, Named},
};

/// How many lines of what an alias stands for are shown.
const SHOWN: usize = 40;

/// How many variables of a pipe are listed.
const LISTED: usize = 12;

fn hover(span: Span, name: impl Into<String>, lines: Vec<String>) -> Hover {
    Hover { offset: span.start, length: span.len(), name: name.into(), of: None, lines, yaml: None }
}

/// The pipe that `pipe:` names.
pub(super) fn pipe(file: &Analysis<'_>, offset: usize) -> Option<Hover> {
    let mut pipes = file.model.steps.iter().flat_map(Step::pipes);
    let pipe = pipes.find(|pipe| touches(file.tree.span(pipe.reference.node), offset))?;
    let reference = Reference::parse(pipe.reference.value);
    let mut lines = Vec::new();
    if keyless::is_keyless(&reference) {
        lines.push("keyless's pipe: assumes a role with the step's token, then runs the CDK or a command".to_owned());
        let required = keyless::VARIABLES.iter().filter(|variable| variable.required).map(|variable| variable.name);
        lines.extend(list("always needed", required));
    } else {
        let known = catalogue::find(&reference)?;
        lines.push(format!("`{}`, a published pipe", known.name));
        lines.extend(known.newest.map(|newest| format!("newest version known to keyless: {newest}")));
        lines.extend(known.replaced_by.map(|other| format!("replaced by `{other}`")));
        lines.extend(login(known.login.kind).map(str::to_owned));
        lines.extend(known.login.oidc_variable.map(|variable| format!("its role: `{variable}`")));
        let required = known.variables.iter().filter(|variable| variable.required == catalogue::Required::Always);
        lines.extend(list("always needed", required.map(|variable| variable.name)));
        lines.extend(list("variables", known.variables.iter().map(|variable| variable.name)));
    }
    Some(hover(file.tree.span(pipe.reference.node), pipe.reference.value, lines))
}

fn list<'n>(title: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let names: Vec<_> = names.collect();
    let shown: Vec<_> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > LISTED { format!(" and {} more", names.len() - LISTED) } else { String::new() };
    (!names.is_empty()).then(|| format!("{title}: {}{more}", shown.join(", ")))
}

const fn login(kind: LoginKind) -> Option<&'static str> {
    match kind {
        LoginKind::RoleOrKeys => Some("logs in with a role and the step's token, or with stored keys"),
        LoginKind::Role => Some("logs in with a role and the step's token"),
        LoginKind::Token => Some("logs in with the step's token"),
        LoginKind::Keys => Some("logs in with stored keys"),
        LoginKind::ApiToken => Some("logs in with an API token"),
        LoginKind::None | LoginKind::Unknown => None,
    }
}

/// A rule or group in a comment that suppresses it.
pub(super) fn suppressed_rule(file: &Analysis<'_>, offset: usize) -> Option<Hover> {
    let mut names = file.suppressions.valid.iter().flat_map(|suppression| &suppression.names);
    let name = names.find(|name| touches(name.span, offset))?;
    let of_pipelines = rules::rule(name.value).map(crate::rules::Rule::summary);
    let lines = match of_pipelines.or_else(|| trust::rule(name.value).map(crate::rules::Rule::summary)) {
        Some(summary) => vec![summary],
        None => list("a group of rules", rules::rules_of(name.value)?.iter().map(|rule| rule.id.as_str()))
            .into_iter()
            .collect(),
    };
    Some(hover(name.span, name.value, lines))
}

/// What an anchor, a service, a cache or an environment is.
pub(super) fn name(file: &Analysis<'_>, offset: usize) -> Option<Hover> {
    let (named, span) = names::named_at(file, offset)?;
    let text = file.source.slice(span);
    match named {
        Named::Anchor(index) => {
            let anchor = file.tree.anchors().get(index)?;
            let line = file.source.position(anchor.span.start).line;
            let uses = anchor.uses.len();
            let lines =
                vec![format!("defined in line {line}, used {uses} {}", if uses == 1 { "time" } else { "times" })];
            let yaml = Some(merged::write(file.source, file.tree, anchor.node, 0, SHOWN));
            Some(Hover { yaml, ..hover(span, text, lines) })
        }
        Named::Service(name) => {
            let service = file.model.definitions.services.iter().find(|service| service.name.value == name);
            let image =
                service.and_then(|service| service.image?.name).map(|image| format!("image: `{}`", image.value));
            let doc = if service.is_some() { "a service, started next to the step" } else { "Bitbucket's own service" };
            Some(hover(span, text, [Some(doc.to_owned()), image].into_iter().flatten().collect()))
        }
        Named::Cache(name) => {
            let own = file.model.definitions.caches.iter().find(|cache| cache.name.value == name);
            let folder = own.and_then(|cache| file.tree.text(cache.node)).map(|path| format!("folder: `{path}`"));
            let doc = if own.is_some() { "a cache of this file" } else { "a cache that Bitbucket defines" };
            Some(hover(span, text, [Some(doc.to_owned()), folder].into_iter().flatten().collect()))
        }
        Named::Environment(name) => Some(hover(span, text, environment(file, name))),
        Named::Pipeline(_) | Named::Variable(_) | Named::Artifact(_) => None,
    }
}

fn environment(file: &Analysis<'_>, name: &str) -> Vec<String> {
    let mut lines = vec!["a deployment environment of Bitbucket's settings".to_owned()];
    if let Some(settings) = file.settings.environments.get(name) {
        lines.extend(settings.uuid.map(|uuid| format!("UUID in keyless.yaml: `{}`", braced(&uuid.bare()))));
    }
    let users = file.model.steps.iter().filter(|step| {
        let mut deployments = file.model.deployments(step).into_iter().flatten();
        deployments.any(|deployment| deployment.environment.value == name)
    });
    let users = users.count();
    lines.push(format!("{users} {} in it", if users == 1 { "step runs" } else { "steps run" }));
    lines
}

/// A role's ARN, and the token with which the step around it asks for the role.
pub(super) fn role(file: &Analysis<'_>, offset: usize) -> Option<Hover> {
    let text = file.source.text();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || ":/+=,.@_-".contains(letter);
    let start = text[..offset].rfind(|letter| !is_part(letter)).map_or(0, |at| at + 1);
    let end = text[offset..].find(|letter| !is_part(letter)).map_or(text.len(), |length| offset + length);
    let span = Span::new(start, end);
    let role = RoleArn::parse(file.source.slice(span)).ok()?;
    let mut lines = vec![format!("role `{}` of account {}", role.name(), role.account())];
    let around = file.model.steps.iter().filter(|step| file.tree.span(step.node).contains(span));
    if let Some(step) = around.min_by_key(|step| file.tree.span(step.node).len()) {
        lines.extend(token(file, step));
    }
    Some(hover(span, role.name(), lines))
}

/// What Bitbucket writes into the token of a step, as far as the file and `keyless.yaml` tell, and what the roles make of it.
pub(super) fn token(file: &Analysis<'_>, step: &Step<'_>) -> Vec<String> {
    if !step.has_token() {
        return vec!["the step gets no token: it has no `oidc: true`".to_owned()];
    }
    let settings = file.settings;
    let uuid = |known: Option<Uuid>, what: &str| braced(&known.map_or_else(|| format!("{what} UUID"), Uuid::bare));
    let repository = uuid(settings.repository_uuid, "repository");
    let subject = |deployment: Option<Deployment<'_>>| {
        let name = deployment.map(|deployment| deployment.environment.value);
        let known = name.and_then(|name| settings.environments.get(name)).and_then(|environment| environment.uuid);
        let environment = name.map(|_| format!("{}:", uuid(known, "environment"))).unwrap_or_default();
        format!("`sub` of its token: `{repository}:{environment}{{step UUID}}`")
    };
    let mut lines: Vec<String> = file.model.deployments(step).into_iter().map(subject).collect();
    lines.dedup();
    let audience = match (&step.oidc, settings.workspace_uuid) {
        (Some(Oidc::Audiences(..)), _) => "`aud`: the list in `oidc`".to_owned(),
        (_, Some(workspace)) => format!("`aud`: `{}`", default_audience(workspace)),
        (_, None) => "`aud`: `ari:cloud:bitbucket::workspace/{workspace UUID}`".to_owned(),
    };
    lines.push(audience);
    if let Some(access) = file.access.get(step.id.0) {
        if access.admitted {
            lines.push("the trust policies in keyless.yaml accept it".to_owned());
        }
        lines.extend(
            access.refusal.as_ref().map(|reason| format!("the trust policies in keyless.yaml refuse it: {reason}")),
        );
    }
    lines
}

fn braced(text: &str) -> String {
    format!("{{{text}}}")
}
