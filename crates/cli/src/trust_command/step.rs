//! A step of a pipeline file, as the policy will see it.

use std::path::Path;

use keyless_core::{
    analysis::{Analysis, ParsedFile, access, steps::TokenAccess},
    iam::{
        caller::{Caller, Environment},
        request::Request,
    },
    pipeline::{Deployment, Step},
    settings::Settings,
    text::Source,
};

use super::read_text;
use crate::{failure::Failure, inputs::Input, settings::Declared, streams::Streams};

/// Which step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// The pipeline file.
    pub(super) path: &'a Path,
    /// The step's name, or its number in the file from 1.
    pub(super) step: Option<&'a str>,
    /// The environment that it runs in.
    pub(super) deployment: Option<&'a str>,
}

/// The request that the step will make, with what is known of it from elsewhere: `given` before the file, `fallback` after.
pub(super) fn request(
    asked: &Asked<'_>,
    streams: &mut Streams<'_>,
    given: Caller<'_>,
    fallback: Caller<'_>,
) -> Result<Request, Failure> {
    let text = read_text(asked.path, streams)?;
    let settings = settings(asked.path)?;
    let name = asked.path.display().to_string();
    let source = Source::new(&name, &text);
    let parsed = ParsedFile::new(&source);
    let file = Analysis::new(&parsed, &settings);
    let step = find(asked, &file)?;
    let deployment = deployment(asked, &file, step)?;
    let own = access::caller(&file, step, deployment);
    // No environment can be given to a step that is no deployment.
    let given =
        if own.environment == Environment::None { Caller { environment: own.environment, ..given } } else { given };
    Ok(given.or(own).or(fallback).request())
}

fn settings(path: &Path) -> Result<Settings, Failure> {
    let mut failures = Vec::new();
    let found = Declared::default().find(vec![Input::File(path.to_owned())], &mut failures);
    match (found.into_iter().next(), failures.pop()) {
        (_, Some(failure)) => Err(failure),
        (Some((_, settings)), None) => Ok((*settings).clone()),
        (None, None) => Ok(Settings::default()),
    }
}

fn find<'m, 'f>(asked: &Asked<'_>, file: &'m Analysis<'f>) -> Result<&'m Step<'f>, Failure> {
    let unusable = |reason: String| Failure::UnusableStep { path: asked.path.to_owned(), reason };
    let steps: Vec<_> = file.steps().map(|(step, _)| step).enumerate().collect();
    let matching: Vec<_> = steps
        .iter()
        .filter(|(at, step)| match asked.step {
            Some(wanted) => wanted.parse() == Ok(at + 1) || step.name.is_some_and(|name| name.value == wanted),
            None => file.token(step) == TokenAccess::On,
        })
        .collect();
    let list = || {
        let described = steps.iter().map(|(at, step)| match step.name {
            Some(name) => format!("{} `{}`", at + 1, name.value),
            None => format!("{} (line {})", at + 1, file.source.position(file.span(step.node).start).line),
        });
        described.collect::<Vec<_>>().join(", ")
    };
    match (matching.as_slice(), asked.step) {
        ([(_, step)], _) if file.token(step) == TokenAccess::Off => {
            Err(unusable(format!("{} gets no token, it has no `oidc: true`", Analysis::step_name(step))))
        }
        ([(_, step)], _) => Ok(step),
        ([], None) => Err(unusable("no step of it has `oidc: true`".to_owned())),
        ([], Some(wanted)) => Err(unusable(format!("no step `{wanted}` in it; there are: {}", list()))),
        (_, None) => Err(unusable(format!("several steps have `oidc`; name one by --step: {}", list()))),
        (_, Some(wanted)) => Err(unusable(format!("several steps are `{wanted}`; give the number: {}", list()))),
    }
}

fn deployment<'f>(asked: &Asked<'_>, file: &Analysis<'f>, step: &Step<'f>) -> Result<Option<Deployment<'f>>, Failure> {
    let unusable = |reason: String| Failure::UnusableStep { path: asked.path.to_owned(), reason };
    let name = |deployment: &Option<Deployment<'f>>| deployment.map_or("none", |it| it.environment.value);
    let all = file.model.deployments(step);
    let names = all.iter().map(name).collect::<Vec<_>>().join(", ");
    let matching: Vec<_> =
        all.into_iter().filter(|it| asked.deployment.is_none_or(|wanted| name(it) == wanted)).collect();
    match (matching.as_slice(), asked.deployment) {
        ([only], _) => Ok(*only),
        ([], Some(wanted)) => Err(unusable(format!("the step does not run in `{wanted}`, but in: {names}"))),
        _ => Err(unusable(format!("the step runs in several environments; name one by --deployment: {names}"))),
    }
}
