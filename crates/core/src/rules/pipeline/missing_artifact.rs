use std::collections::{HashMap, HashSet};

use crate::{
    analysis::{
        Analysis,
        flow::{Reason, Unshared},
        steps::shown,
    },
    diagnostic::Severity,
    facts::{
        Path,
        files::{Made, Resource},
    },
    pipeline::{Download, StepId},
    rules::{Findings, rule},
    text::Span,
    yaml::NodeId,
};

rule! {
    /// A file that one step makes and another uses, although no artifact passes it on.
    ///
    /// Every step starts with a fresh clone in a fresh container. What an earlier step has built, packed or downloaded is
    /// gone, unless an artifact or a cache contains it, so the command fails or works with an old file from the repository.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - npm ci
    ///             - npm run build
    ///       - step:
    ///           deployment: staging
    ///           script:
    ///             - aws s3 sync dist s3://example-bucket
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - npm ci
    ///             - npm run build
    ///           artifacts:
    ///             - dist/**
    ///       - step:
    ///           deployment: staging
    ///           script:
    ///             - aws s3 sync dist s3://example-bucket
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - parallel:
    ///           - step:
    ///               script:
    ///                 - tar czf site.tgz public
    ///               artifacts:
    ///                 - site.tgz
    ///           - step:
    ///               script:
    ///                 - scp site.tgz deploy@example.com:/srv/
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - tar czf site.tgz public
    ///           artifacts:
    ///             - site.tgz
    ///       - step:
    ///           script:
    ///             - scp site.tgz deploy@example.com:/srv/
    /// ```
    ///
    /// Only what is certain is reported: a command of the file makes it, and in the other step nothing before its use may
    /// have made or downloaded it. After a script or a `make` nothing is reported. Steps on self-hosted runners are left out.
    /// Packages that only another step installs with npm are a hint, because a package script may do without them.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/use-artifacts-in-steps>.
    static RULE: "missing-artifact", Warning, check
}

/// A file that does not reach the steps which use it.
struct Lost {
    severity: Severity,
    message: String,
    help: String,
    /// Where it is used first.
    used: Span,
    /// Where other steps use it.
    others: Vec<Span>,
    made: Span,
    not_downloaded: Option<NodeId>,
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let mut steps: HashSet<(StepId, Resource)> = HashSet::new();
    let mut known: HashMap<(Span, Resource, Option<NodeId>), usize> = HashMap::new();
    let mut all: Vec<Lost> = Vec::new();
    file.each_unshared(&mut |Unshared { step, needed, made, reason }| {
        let Resource::File(path) = &needed.resource else { return };
        let written = path.in_clone().or(path.written()).unwrap_or_default();
        // `undefined-artifact` says that an artifact of another type cannot be downloaded by its name.
        if reason == Reason::Scoped && matches!(step.artifacts.download, Download::Named(_)) {
            return;
        }
        // These have their own rules.
        if written.ends_with(".terraform") || written.ends_with("cdk.out") || is_source(written) {
            return;
        }
        if !made.certain && may_be_source(made, written, needed.certain)
            || !steps.insert((step.id, made.resource.clone()))
        {
            return;
        }
        let not_downloaded = match reason {
            Reason::NotDownloaded(node) => Some(node),
            _ => None,
        };
        let used = file.first_line(needed.span);
        if let Some(index) = known.get(&(made.span, made.resource.clone(), not_downloaded)) {
            all[*index].others.push(used);
            return;
        }
        known.insert((made.span, made.resource.clone(), not_downloaded), all.len());
        let (message, help) = explained(reason, &made.resource, path, written);
        // A package script may do without packages.
        let severity = if written.ends_with("node_modules") { Severity::Hint } else { Severity::Warning };
        all.push(Lost {
            severity,
            message,
            help,
            used,
            others: Vec::new(),
            made: file.first_line(made.span),
            not_downloaded,
        });
    });
    for lost in all {
        let by = shown(file.source.slice(lost.made));
        let finding = findings.report_as(lost.severity, lost.used, lost.message);
        finding.related(lost.made, format!("`{by}` makes it here")).help(lost.help);
        if let Some(node) = lost.not_downloaded {
            finding.related(file.span(node), "no artifacts are downloaded");
        }
        for other in lost.others {
            finding.related(other, "also used here");
        }
    }
}

/// The message and the help.
fn explained(reason: Reason, made: &Resource, path: &Path, written: &str) -> (String, String) {
    match reason {
        Reason::NotPassed if path.in_clone().is_none() => (
            format!("`{written}` does not exist in this step: each step has its own container"),
            "write it to the clone directory and pass it as an artifact".to_owned(),
        ),
        Reason::NotPassed if written == "node_modules" || written.ends_with("/node_modules") => (
            "packages that another step installs do not reach this step".to_owned(),
            "install them in this step too, and use the cache `node`".to_owned(),
        ),
        Reason::NotPassed => (
            format!("`{written}` does not reach this step: no artifact of an earlier step contains it"),
            format!("add `{}` to the `artifacts` of the step that makes it", pattern(made, written)),
        ),
        Reason::Scoped => (
            format!("`{written}` does not reach this step: only artifacts of type `shared` do"),
            "remove `type` from that artifact, or use `type: shared`".to_owned(),
        ),
        Reason::NotDownloaded(_) => (
            format!("`{written}` does not reach this step, because it downloads no artifacts"),
            "remove `download: false`, or name the artifact in `download`".to_owned(),
        ),
        Reason::Sibling => (
            format!("`{written}` is made by a step of the same parallel group and does not reach this one"),
            "move this step after the parallel group".to_owned(),
        ),
    }
}

/// The pattern of an artifact that contains what was made.
fn pattern(made: &Resource, needed: &str) -> String {
    let name = match made {
        Resource::File(path) => path.in_clone().unwrap_or(needed).to_owned(),
        Resource::AnyFolder(name) => {
            let at = needed.find(name).map_or(needed.len(), |at| at + name.len());
            needed[..at].to_owned()
        }
        Resource::Image(_) | Resource::Pushed(_) => needed.to_owned(),
    };
    let last = name.rsplit('/').next().unwrap_or(&name);
    if last.trim_start_matches('.').contains('.') { name } else { format!("{name}/**") }
}

/// Files that a repository contains, and that a step changes only for itself.
fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let manifest = matches!(
        name,
        "package.json"
            | "package-lock.json"
            | "yarn.lock"
            | "pnpm-lock.yaml"
            | "composer.json"
            | "pom.xml"
            | "Dockerfile"
            | "Makefile"
            | "Gemfile"
            | "requirements.txt"
            | "pyproject.toml"
            | "Cargo.toml"
            | "go.mod"
            | ".npmrc"
            | ".env"
    );
    let code = [".md", ".tf", ".py", ".ts", ".java", ".go", ".rb", ".cs", ".php", ".tfvars"];
    manifest || code.iter().any(|extension| name.ends_with(extension))
}

/// Whether something in a folder that a command only usually makes may be in the repository: `build` may also be a folder
/// of scripts and settings.
fn may_be_source(made: &Made, needed: &str, certain: bool) -> bool {
    let Resource::File(folder) = &made.resource else { return false };
    let folder = folder.in_clone().unwrap_or_default();
    let common = ["build", "out", "www", "public", "site"].iter().any(|name| folder.rsplit('/').next() == Some(name));
    let ends_in = |extensions: &[&str]| extensions.iter().any(|extension| needed.ends_with(extension));
    match needed == folder {
        true => common && !certain,
        false if common => !ends_in(&BUILT),
        false => ends_in(&SOURCES),
    }
}

/// Endings of files that a build makes.
const BUILT: [&str; 10] = [".html", ".js", ".mjs", ".css", ".map", ".zip", ".tgz", ".apk", ".aab", ".wasm"];

/// Endings of files that people write.
const SOURCES: [&str; 7] = [".sh", ".py", ".rb", ".pl", ".ps1", ".yml", ".yaml"];
