//! What applies to a step once its stage, `options` and `definitions` are taken into account.

use super::{Deployment, File, Image, ItemKind, Language, Service, Start, Step, Text, Use};
use crate::text::Spanned;

impl<'t> File<'t> {
    /// The services under `definitions` that a step names.
    pub fn services_of(&self, step: &Step<'t>) -> impl Iterator<Item = &Service<'t>> {
        self.definitions.services.iter().filter(|service| step.uses_service(service.name.value))
    }

    /// The images that a step pulls: its own or the file's, and those of its services.
    pub fn images_of(&self, step: &Step<'t>) -> impl Iterator<Item = Image<'t>> {
        let services = self.services_of(step).filter_map(|service| service.image);
        step.image.or(self.image).into_iter().chain(services)
    }

    /// Whether a step runs on a self-hosted runner.
    pub fn on_self_hosted_runner(&self, step: &Step<'t>) -> bool {
        !step.runs_on.is_empty() || !self.options.runs_on.is_empty()
    }

    /// The language of a step's scripts: PowerShell on Windows, a shell elsewhere.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/kb/bitbucket-runners-comparison>.
    pub fn script_language(&self, step: &Step<'t>) -> Language {
        let labels = if step.runs_on.is_empty() { &self.options.runs_on } else { &step.runs_on };
        let is_windows = |label: &Text<'_>| {
            label.value.get(.."windows".len()).is_some_and(|start| start.eq_ignore_ascii_case("windows"))
        };
        let platform = |runtime: Option<super::Runtime<'t>>| runtime.and_then(|runtime| runtime.platform);
        let platform = platform(step.runtime).or(platform(self.options.runtime));
        let windows = labels.iter().any(is_windows) || platform.is_some_and(|platform| platform.value == "windows");
        if windows { Language::PowerShell } else { Language::Shell }
    }

    /// `size`, if set.
    pub fn size(&self, step: &Step<'t>) -> Option<Text<'t>> {
        step.size.or(self.options.size)
    }

    /// `runtime.cloud.version`, if set.
    pub fn runtime_version(&self, step: &Step<'t>) -> Option<Text<'t>> {
        let of = |runtime: Option<super::Runtime<'t>>| runtime.and_then(|runtime| runtime.version);
        of(step.runtime).or(of(self.options.runtime))
    }

    /// `runtime.cloud.atlassian-ip-ranges`, if set.
    pub fn atlassian_ip_ranges(&self, step: &Step<'t>) -> Option<Spanned<bool>> {
        let of = |runtime: Option<super::Runtime<'t>>| runtime.and_then(|runtime| runtime.atlassian_ip_ranges);
        of(step.runtime).or(of(self.options.runtime))
    }

    /// What starts the pipelines that run a step, each once.
    pub fn starts(&self, step: &Step<'t>) -> Vec<Start> {
        let mut starts = Vec::new();
        for at in &step.uses {
            let start = self.pipelines[at.pipeline].start;
            if !starts.contains(&start) {
                starts.push(start);
            }
        }
        starts
    }

    /// The environment of one use of a step, its own or that of its stage.
    pub fn deployment(&self, step: &Step<'t>, at: &Use) -> Option<Deployment<'t>> {
        match self.pipelines[at.pipeline].items.get(at.item).map(|item| &item.kind) {
            Some(ItemKind::Stage(stage)) => step.deployment.or(stage.deployment),
            _ => step.deployment,
        }
    }

    /// The environments that a step runs in, its own or that of its stage, each once; `None` for a use without one.
    pub fn deployments(&self, step: &Step<'t>) -> Vec<Option<Deployment<'t>>> {
        let mut found: Vec<Option<Deployment<'t>>> = Vec::new();
        for deployment in step.uses.iter().map(|at| self.deployment(step, at)) {
            let same = |known: &Option<Deployment<'t>>| {
                known.map(|known| known.environment.value) == deployment.map(|new| new.environment.value)
            };
            if !found.iter().any(same) {
                found.push(deployment);
            }
        }
        found
    }
}
