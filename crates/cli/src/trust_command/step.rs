//! The request that a step of a pipeline file will make.

use std::path::Path;

use keyless_core::{
    analysis::{Analysis, ParsedFile, access, steps::TokenAccess},
    iam::{
        caller::{Caller, Environment},
        request::Request,
    },
    pipeline::{Deployment, Step},
    settings::Settings,
    spelling,
    text::Source,
};

use super::read_text;
use crate::{failure::Failure, inputs::Input, settings::Declared, streams::Streams};

/// The selected step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selection<'a> {
    /// The pipeline file.
    pub(super) path: &'a Path,
    /// The step's name, or its number in the file from 1.
    pub(super) step: Option<&'a str>,
    /// The deployment environment.
    pub(super) deployment: Option<&'a str>,
}

/// The request that the step will make; `given` overrides the file, `fallback` completes it.
pub(super) fn request(
    selection: &Selection<'_>,
    streams: &mut Streams<'_>,
    given: Caller<'_>,
    fallback: Caller<'_>,
) -> Result<Request, Failure> {
    let text = read_text(selection.path, streams)?;
    let settings = settings(selection.path)?;
    let name = selection.path.display().to_string();
    let source = Source::new(&name, &text);
    let parsed = ParsedFile::new(&source);
    let file = Analysis::new(&parsed, &settings);
    let step = find(selection, &file)?;
    let deployment = deployment(selection, &file, step)?;
    let own = access::caller(&file, step, deployment);
    // A step without `deployment` has no environment, whatever is given.
    let given =
        if own.environment == Environment::None { Caller { environment: own.environment, ..given } } else { given };
    Ok(given.or(own).or(fallback).request())
}

fn settings(path: &Path) -> Result<Settings, Failure> {
    let mut failures = Vec::new();
    let found = Declared::default().lookup().find(
        vec![Input::File { path: path.to_owned(), found: false }],
        false,
        &mut failures,
    );
    match (found.into_iter().next(), failures.pop()) {
        (_, Some(failure)) => Err(failure),
        (Some((_, settings)), None) => Ok((*settings).clone()),
        (None, None) => Ok(Settings::default()),
    }
}

fn find<'m, 'f>(selection: &Selection<'_>, file: &'m Analysis<'f>) -> Result<&'m Step<'f>, Failure> {
    let unusable = |reason: String| Failure::UnusableStep { path: selection.path.to_owned(), reason };
    let steps: Vec<_> = file.steps().map(|(step, _)| step).enumerate().collect();
    let matching: Vec<_> = steps
        .iter()
        .filter(|(at, step)| match selection.step {
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
    match (matching.as_slice(), selection.step) {
        ([(_, step)], _) if file.token(step) == TokenAccess::Off => {
            Err(unusable(format!("{} has no `oidc: true`, so it gets no token", Analysis::step_name(step))))
        }
        ([(_, step)], _) => Ok(step),
        ([], None) => Err(unusable("no step has `oidc: true`".to_owned())),
        ([], Some(wanted)) => Err(unusable(format!("unknown step `{wanted}`; the steps are: {}", list()))),
        (_, None) => Err(unusable(format!("several steps have `oidc`; select one with --step: {}", list()))),
        (_, Some(wanted)) => Err(unusable(format!("several steps are named `{wanted}`; use the number: {}", list()))),
    }
}

fn deployment<'f>(
    selection: &Selection<'_>,
    file: &Analysis<'f>,
    step: &Step<'f>,
) -> Result<Option<Deployment<'f>>, Failure> {
    let unusable = |reason: String| Failure::UnusableStep { path: selection.path.to_owned(), reason };
    let name = |deployment: &Option<Deployment<'f>>| deployment.map_or("none", |it| it.environment.value);
    let all = file.model.deployments(step);
    let names = all.iter().map(name).collect::<Vec<_>>().join(", ");
    let matching: Vec<_> =
        all.into_iter().filter(|it| selection.deployment.is_none_or(|wanted| name(it) == wanted)).collect();
    match (matching.as_slice(), selection.deployment) {
        ([only], _) => Ok(*only),
        ([], Some(wanted)) => {
            let nearest = spelling::nearest(wanted, names.split(", "));
            let meant = nearest.map(|nearest| format!("did you mean `{nearest}`? ")).unwrap_or_default();
            Err(unusable(format!("the step does not run in `{wanted}`; {meant}its environments are: {names}")))
        }
        _ => Err(unusable(format!("the step runs in several environments; select one with --deployment: {names}"))),
    }
}
