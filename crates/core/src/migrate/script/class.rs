//! The class of the edits of a script, and why it is this one.

use super::{Section, commands::Removal};
use crate::{
    facts::{ToolId, ToolUse},
    migrate::{
        Class, Form, KEY_IN_FILE, With,
        credentials::{is_terraform, unseen},
        key_files::KeyFile,
        names::{KEY_ID, SECRET},
    },
    settings::Known,
};

impl Section<'_, '_> {
    /// The class of the edits, and why.
    pub(super) fn class(
        &self,
        removals: &[Removal],
        implicit: &[&ToolUse],
        tools: &[&ToolUse],
        key_file: Option<&KeyFile>,
        self_hosted: bool,
    ) -> (Class, String) {
        let file = self.context.file;
        let is_unsafe = |reason: String| (Class::Unsafe, reason);
        if self.context.options.with == With::Exec {
            return is_unsafe("the image of the step must contain `keyless`".to_owned());
        }
        if removals.iter().any(|removal| removal.is_literal) {
            return is_unsafe(KEY_IN_FILE.to_owned());
        }
        if self.number == 1 {
            return is_unsafe("`after-script` has its own shell, where the keys of the settings are back".to_owned());
        }
        if self_hosted {
            return is_unsafe(
                "a self-hosted runner may have its own role, and shares `/tmp` with other steps".to_owned(),
            );
        }
        if removals.iter().any(|removal| removal.form == Form::Serverless) {
            return is_unsafe(
                "needs Serverless 1.67.1 or later; `provider.profile`, `--aws-profile` and ~/.aws/credentials take precedence over the token file"
                    .to_owned(),
            );
        }
        if removals.iter().any(|removal| removal.form == Form::CredentialsFile) {
            return is_unsafe("other tools may read the credentials file or name its profiles".to_owned());
        }
        if key_file.is_some() || removals.iter().any(|removal| removal.form == Form::ShellFile) {
            return is_unsafe(
                "each step gets its own token instead of a key from a file; artifacts of earlier runs keep the key for 14 days"
                    .to_owned(),
            );
        }
        if self.assumptions().next().is_some() {
            return is_unsafe(
                "the key assumes another role: let that role trust the new one, or better the identity provider; a session of a chained role ends after an hour"
                    .to_owned(),
            );
        }
        if tools.iter().any(|tool| tool.call.tool.id == ToolId::AwsCli && tool.call.subcommand == "ecr get-login") {
            return is_unsafe(
                "`aws ecr get-login` exists in AWS CLI v1 only: with v2, use `get-login-password`".to_owned(),
            );
        }
        if removals.iter().any(|removal| removal.conditional) {
            return is_unsafe("the keys depend on a condition in the script".to_owned());
        }
        if let Some((_, command)) = unseen(self.facts, self.number).next() {
            return is_unsafe(format!("`{command}` is not in the file and may read the key variables by name"));
        }
        if tools.iter().any(|tool| is_terraform(tool)) {
            return is_unsafe("provider or backend blocks may hold `access_key`, `profile` or `shared_credentials_file`: look at the .tf files".to_owned());
        }
        let named = removals.iter().any(|removal| removal.form == Form::Profile);
        let plain = |tool: &&ToolUse| matches!(tool.call.tool.id, ToolId::AwsCli | ToolId::DockerWithEcr);
        if named && !tools.iter().all(plain) {
            return is_unsafe(
                "only the AWS CLI and boto3 are known to use a profile with a token file; the CDK does not".to_owned(),
            );
        }
        if let Some(tool) = tools.iter().find(|tool| !plain(tool) && tool.call.tool.id != ToolId::Cdk) {
            return is_unsafe(format!(
                "{} may find other credentials first, or be too old for a token file",
                tool.call.tool.name
            ));
        }
        if removals.iter().any(|removal| removal.form == Form::Configure) && !tools.iter().all(plain) {
            return is_unsafe(
                "tools of Node.js prefer keys in ~/.aws/credentials, where a cache or an image may keep them"
                    .to_owned(),
            );
        }
        if let Some(tool) = implicit.first() {
            let declared = file.environments(self.step).into_iter().all(|environment| {
                [KEY_ID, SECRET].iter().all(|name| file.settings.known(name, environment) == Known::Defined)
            });
            let absent = file.environments(self.step).into_iter().any(|environment| {
                matches!(
                    file.settings.known(KEY_ID, environment),
                    crate::settings::Known::Missing | crate::settings::Known::OtherEnvironments(_)
                )
            });
            if absent {
                return is_unsafe(format!(
                    "{} needs keys, but the known settings have none for this step: it may find them elsewhere",
                    tool.call.tool.name
                ));
            }
            if !declared || !tools.iter().all(plain) {
                return is_unsafe(format!(
                    "the keys are inferred from {}: only Bitbucket's settings can prove them",
                    tool.call.tool.name
                ));
            }
        }
        (Class::Safe, "the role takes the place of the key for the same commands".to_owned())
    }
}
