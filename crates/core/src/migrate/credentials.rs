//! Which commands of a step call AWS with a key that the script never names.

use crate::{
    analysis::Analysis,
    facts::{Calls, Credentials, StepFacts, ToolId, ToolUse},
    pipeline::{Step, is_moving_tag},
};

/// Beginnings of the names of variables that other clouds read.
const OTHER_CLOUDS: [&str; 8] =
    ["ARM_", "AZURE_", "GOOGLE_", "GCLOUD_", "GCP_", "DIGITALOCEAN_", "HCLOUD_", "CLOUDFLARE_"];

/// Files that scripts source for programs, not for credentials.
const HARMLESS: [&str; 14] = [
    "activate",
    "nvm",
    ".bashrc",
    ".bash_profile",
    ".profile",
    "/etc/profile",
    "sdkman",
    "ssh-agent",
    "get-login",
    "pyenv",
    "rbenv",
    "cargo/env",
    "brew shellenv",
    "fnm env",
];

/// Where a tool's credentials come from. Variables that the script exports do not reach `after-script`, which has its own
/// shell; files do.
pub(super) fn source(file: &Analysis<'_>, facts: &StepFacts, tool: &ToolUse) -> Credentials {
    let is_own = |order| tool.section == 0 || order >= facts.after_script;
    let set = |name: &str| tool.variable(name).filter(|it| !it.value.is_empty() && is_own(it.order));
    if tool.in_session || set("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some() {
        return Credentials::Session;
    }
    if tool.profile || set("AWS_PROFILE").is_some() || set("AWS_DEFAULT_PROFILE").is_some() {
        return Credentials::Profile;
    }
    if let Some(key) = set(super::names::KEY_ID) {
        let known = key.value.literal().is_some() || key.value.copy_of().is_some();
        let session = set(super::names::SESSION).is_some();
        return if known && !session { Credentials::Keys } else { Credentials::Session };
    }
    if set("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() {
        return Credentials::WebIdentity;
    }
    let configured = facts.configurations.iter().rev().find(|configuration| configuration.order < tool.order);
    if let Some(configured) = configured {
        return if configured.keys { Credentials::Keys } else { Credentials::Profile };
    }
    let mut opaque = facts.opaque.iter().filter(|it| it.value < tool.order && is_own(it.value));
    let sets_nothing = |text: &str| HARMLESS.iter().any(|part| text.contains(part));
    if opaque.any(|it| !sets_nothing(file.source.slice(it.span))) {
        return Credentials::Session;
    }
    Credentials::Outside
}

/// Whether a tool calls AWS itself with credentials. Terraform does unless the step works with another cloud.
pub(super) fn calls_aws(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts, tool: &ToolUse) -> bool {
    if tool.calls_emulator() || facts.calls_emulator() {
        return false;
    }
    if tool.call.calls.needs_credentials() {
        return true;
    }
    let without_backend = file.source.slice(tool.span).contains("-backend=false");
    is_terraform(tool) && tool.call.calls == Calls::Maybe && !without_backend && !has_other_cloud(file, step, facts)
}

/// Whether a tool is Terraform or one of its relatives.
pub(super) fn is_terraform(tool: &ToolUse) -> bool {
    matches!(tool.call.tool.id, ToolId::Terraform | ToolId::OpenTofu | ToolId::Terragrunt)
}

fn has_other_cloud(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts) -> bool {
    let names =
        facts.reads.iter().map(|read| read.name.as_str()).chain(facts.bindings.iter().map(|it| it.name.as_str()));
    let mut names = names.map(|name| name.strip_prefix("TF_VAR_").unwrap_or(name));
    let variables = names.any(|name| OTHER_CLOUDS.iter().any(|prefix| name.to_ascii_uppercase().starts_with(prefix)));
    let image = step.image.or(file.model.image).and_then(|image| image.name);
    let image =
        image.is_some_and(|name| ["google/cloud-sdk", "azure-cli", "doctl"].iter().any(|it| name.value.contains(it)));
    let programs = facts.sections.iter().flat_map(|section| &section.script.commands).any(|command| {
        command.name().is_some_and(|name| matches!(&*name, "gcloud" | "az" | "doctl" | "hcloud" | "oci"))
    });
    variables || image || programs
}

/// A version that is too old for the token file, as a reason; `None` if it is not, or unknown.
///
/// Sources: <https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts-minimum-sdk.html>; botocore
/// 1.12.200 is that of AWS CLI 1.16.232; hashicorp/terraform#24480 for Terraform.
pub(super) fn too_old(file: &Analysis<'_>, step: &Step<'_>, tools: &[&ToolUse], script: &str) -> Option<String> {
    let older = |text: &str, least: [u32; 3]| {
        let mut numbers = text
            .split('.')
            .map(|part| part.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().parse().ok());
        let mut next = || numbers.next().flatten();
        let (major, minor, patch) = (next()?, next().unwrap_or(0), next().unwrap_or(0));
        ([major, minor, patch] < least).then_some(())
    };
    let image = step.image.or(file.model.image).and_then(|image| image.name).map_or("", |name| name.value);
    let pinned = |package: &str| {
        script.split(package).nth(1).map(|rest| rest.split([' ', '\'', '"', '\n']).next().unwrap_or_default())
    };
    if let Some(version) = pinned("awscli==")
        && older(version, [1, 16, 232]).is_some()
    {
        return Some(format!("AWS CLI {version} cannot use a token file; it needs 1.16.232 or later"));
    }
    if let Some(tag) = image.strip_prefix("hashicorp/terraform:").filter(|tag| !is_moving_tag(tag))
        && tools.iter().any(|tool| is_terraform(tool))
        && older(tag, [0, 13, 0]).is_some()
    {
        return Some(format!("the S3 backend of Terraform {tag} cannot use a token file; it needs 0.13 or later"));
    }
    if let Some(version) = pinned("serverless@")
        && older(version, [1, 67, 1]).is_some()
    {
        return Some(format!("Serverless {version} cannot use a token file; it needs 1.67.1 or later"));
    }
    None
}

/// Programs that may contain commands that the file does not show.
const OPAQUE: [&str; 22] = [
    "make",
    "just",
    "task",
    "npm",
    "yarn",
    "pnpm",
    "bun",
    "sh",
    "bash",
    "python",
    "python3",
    "node",
    "ruby",
    "php",
    "go",
    "gradle",
    "gradlew",
    "mvn",
    "mvnw",
    "ansible-playbook",
    "rake",
    "fab",
];

/// Subcommands of them that only build and install, which need no keys.
const HARMLESS_COMMANDS: [&str; 12] =
    ["ci", "install", "i", "add", "test", "build", "version", "lint", "fmt", "vet", "clean", "audit"];

/// The commands of a section whose own commands are not in the file, by their text: `./deploy.sh`, `make deploy`.
pub(super) fn unseen(facts: &StepFacts, section: usize) -> impl Iterator<Item = (usize, String)> + use<'_> {
    facts.sections[section].script.commands.iter().enumerate().filter_map(move |(index, command)| {
        let invocation = command.invocation()?;
        if facts.tools.iter().any(|tool| tool.section == section && tool.command == index) {
            return None;
        }
        let mut arguments = invocation.literals().map(|(_, text)| text).filter(|text| !text.starts_with('-'));
        let first = arguments.next().unwrap_or_default();
        let is_script = invocation.path.contains('/')
            && !invocation.path.starts_with('/')
            && !invocation.path.contains("node_modules");
        let is_opaque = OPAQUE.contains(&&*invocation.program)
            && (is_script_runner(&invocation.program) || !HARMLESS_COMMANDS.contains(&&*first))
            && !(first == "run"
                && arguments.next().is_some_and(|name| {
                    HARMLESS_COMMANDS.contains(&&*name) || name.starts_with("build") || name.starts_with("test")
                }))
            && !first.is_empty()
            && invocation.inline_script().is_none();
        (is_script || is_opaque).then(|| {
            let text = facts.sections[section].script.slice(invocation.span);
            (index, crate::analysis::steps::shown(text))
        })
    })
}

fn is_script_runner(program: &str) -> bool {
    matches!(
        program,
        "sh" | "bash" | "python" | "python3" | "node" | "ruby" | "php" | "make" | "just" | "task" | "rake" | "fab"
    )
}
