use std::collections::HashSet;

use crate::{
    analysis::{
        Analysis,
        flow::{Reason, Unshared},
        steps::shown,
    },
    facts::files::Resource,
    pipeline::StepId,
    rules::{Findings, rule},
};

rule! {
    /// A Docker image that one step builds and another pushes or saves.
    ///
    /// Every step has its own Docker daemon, which starts without images. Build and push the image in one step, or pass it
    /// as a file with `docker save` and `docker load`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           services: [docker]
    ///           script:
    ///             - docker build --tag example/app:$BITBUCKET_COMMIT .
    ///       - step:
    ///           services: [docker]
    ///           script:
    ///             - docker push example/app:$BITBUCKET_COMMIT
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           services: [docker]
    ///           script:
    ///             - docker build --tag example/app:$BITBUCKET_COMMIT .
    ///             - docker save --output app.tar example/app:$BITBUCKET_COMMIT
    ///           artifacts:
    ///             - app.tar
    ///       - step:
    ///           services: [docker]
    ///           script:
    ///             - docker load --input app.tar
    ///             - docker push example/app:$BITBUCKET_COMMIT
    /// ```
    ///
    /// A step that uses the `docker` cache is not reported, nor is one that loads or pulls images, runs Docker Compose or a
    /// script before, or runs on a self-hosted runner.
    static RULE: "unshared-image", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let mut reported: HashSet<(StepId, Resource)> = HashSet::new();
    file.each_unshared(&mut |Unshared { step, needed, made, reason }| {
        if !matches!(needed.resource, Resource::Image(_)) || !reported.insert((step.id, needed.resource.clone())) {
            return;
        }
        let message = match reason {
            Reason::Sibling => "is built by a step of the same parallel group, but each step has its own Docker daemon",
            _ => "does not exist in this step: each step has its own Docker daemon",
        };
        let by = shown(file.source.slice(file.first_line(made.span)));
        findings
            .report(file.first_line(needed.span), format!("image `{}` {message}", needed.resource))
            .related(file.first_line(made.span), format!("`{by}` makes it here"))
            .help("build and push it in one step, or pass it as an artifact with `docker save` and `docker load`");
    });
}
