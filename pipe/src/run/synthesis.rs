//! The synthesis before the command: without credentials, or with the session where the settings say so. Afterwards, the command
//! uses the assembly.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use keyless_session::{
    Login, SharedSession,
    child::{ChildEnvironment, Signals, end_orphans},
    log,
};

use super::{Job, THE_CDK, run_child};
use crate::{
    assembly,
    cdk::{self, Lookups, configuration},
    checks,
    failure::Failure,
    settings::{Command, Settings, Synth},
    summary,
    tools::Tools,
};

/// What follows.
#[derive(Debug)]
pub(super) enum Next {
    /// The command with the session and the settings as they are.
    AsIs,
    /// The command with the session and a finished assembly.
    WithAssembly(Box<Settings>),
    /// Nothing: the exit code.
    End(u8),
}

impl Job<'_> {
    /// Synthesizes the app without credentials, as far as the settings say so; commands that need no more than that are done then.
    /// The app gets account and region in the variables in which the CDK passes them.
    pub(super) async fn synthesize_isolated(
        &self,
        signals: &mut Signals,
        login: Option<&Login>,
    ) -> Result<Next, Failure> {
        let Settings { session, invocation, synth, assembly, .. } = self.settings;
        if *synth == Synth::Session || !invocation.command.needs_app() {
            return Ok(Next::AsIs);
        }
        let mut variables = ChildEnvironment::of_a_pipe(self.environment);
        self.complete(&mut variables, login);
        variables
            .give_region(&session.region)
            .set("CDK_DEFAULT_ACCOUNT", session.last_role().account().as_str())
            .set("CDK_DEFAULT_REGION", session.region.name());
        if assembly.is_some() {
            return if invocation.command.needs_session() {
                Ok(Next::WithAssembly(Box::new(self.settings.clone())))
            } else {
                self.finish(signals, None, variables).await.map(Next::End)
            };
        }
        let tools = Tools::look_at(self.tools()).map_err(Failure::Folder)?;
        let next = self.synthesize(signals, None, &variables, Lookups::Forbidden).await;
        end_orphans().await.map_err(Failure::LeftBehind)?;
        if let (Ok(Next::WithAssembly(_)), Some(changed)) = (&next, tools.changed()) {
            return Err(Failure::Changed(changed.to_owned()));
        }
        next
    }

    /// Synthesizes the app with the session, if it was not synthesized before. With `ALLOWED_ACCOUNT_IDS`, nothing is looked up
    /// before the accounts of the lookups are checked too.
    pub(super) async fn synthesize_with(
        &self,
        signals: &mut Signals,
        shared: &SharedSession<'_>,
        variables: &ChildEnvironment,
    ) -> Result<Next, Failure> {
        let Settings { session, invocation, assembly, .. } = self.settings;
        if assembly.is_some() || !invocation.command.needs_app() || !invocation.command.needs_session() {
            return Ok(Next::AsIs);
        }
        let restricted = !session.allowed_accounts.is_empty() && invocation.command.calls_accounts_of_stacks();
        let lookups = if restricted { Lookups::Forbidden } else { Lookups::Allowed };
        self.synthesize(signals, Some(shared), variables, lookups).await
    }

    /// Synthesizes the app and checks its assembly. A synthesis with a session and without lookups is repeated with lookups where
    /// values are missing.
    async fn synthesize(
        &self,
        signals: &mut Signals,
        shared: Option<&SharedSession<'_>>,
        variables: &ChildEnvironment,
        mut lookups: Lookups,
    ) -> Result<Next, Failure> {
        let output = cdk::output(self.settings, self.configuration);
        let folder = self.project.folder.join(&output);
        let command = self.settings.invocation.command;
        // A command that needs no session is its own synthesis.
        let alone = !command.needs_session();
        let started = Instant::now();
        loop {
            // The manifest of an earlier synthesis says nothing about this one.
            match fs::remove_file(folder.join("manifest.json")) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Failure::Assembly(error.to_string()));
                }
                _ => {}
            }
            let mut cdk = if alone {
                self.command(variables.clone()).0
            } else {
                let (arguments, extra) = cdk::synthesis(self.settings, &output, lookups);
                self.cdk(arguments, extra, variables.clone())
            };
            let (code, run_log) = run_child(&mut cdk, THE_CDK.to_owned(), signals, shared).await?;
            let contents = assembly::read(&folder);
            if let Ok(contents) = &contents {
                checks::check(self.settings, contents)?;
                if contents.stacks.is_empty() && command == Command::Deploy {
                    return Err(Failure::NothingDeployed);
                }
                if code != 0 && lookups == Lookups::Forbidden && !contents.missing.is_empty() {
                    let keys: Vec<&str> = contents.missing.iter().map(|lookup| lookup.key.as_str()).collect();
                    log::row(format_args!("context to look up in allowed accounts: {}", keys.join(", ")));
                    lookups = Lookups::Allowed;
                    continue;
                }
            }
            if run_log.selected_nothing() {
                return Err(Failure::NothingSelected);
            }
            if code != 0 {
                let failed = if alone { command } else { Command::Synth };
                summary::failed(failed, &run_log, code, started.elapsed(), self.settings.session.last_role().account());
                return Ok(Next::End(code));
            }
            contents.map_err(Failure::Assembly)?;
            let took = log::duration(started.elapsed());
            if alone {
                log::success(format_args!("{} done in {took}", command.name()));
                return Ok(Next::End(code));
            }
            if shared.is_none() {
                log::success(format_args!("synthesized without credentials in {took}"));
            }
            return Ok(Next::WithAssembly(Box::new(cdk::with_assembly(self.settings, output))));
        }
    }

    /// The files that decide what runs with the session.
    fn tools(&self) -> Vec<PathBuf> {
        let home = self.environment.get_os("HOME").map(Path::new);
        let mut files = configuration::files(&self.project.folder, home);
        files.extend(self.project.cdk.files());
        files.push(self.project.node.clone());
        files
    }
}
