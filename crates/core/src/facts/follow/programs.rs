//! What programs do: AWS tools, and those that write files or run code.

use super::{CurrentSection, Walk, output::reaches_log};
use crate::{
    facts::{
        AWS_VARIABLES, Assumption, Atom, Binding, Configuration, DeployerUse, Install, Print, ProfileSetting, Session,
        SessionSource, TOKEN, ToolUse, Value, installs, is_key_id, keyless, profiles, tools,
    },
    script::{
        Command, Invocation, OnFailure, Word,
        programs::{TestTarget, deployer},
    },
    text::{Span, Spanned},
};

/// Programs that start a Kubernetes cluster for tests.
const CLUSTERS: [&str; 6] = ["kind", "minikube", "k3d", "k3s", "microk8s", "ct"];

/// The start of the variables that point AWS tools at an emulator.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

fn is_local(url: &str) -> bool {
    ["localhost", "127.0.0.1", "localstack", "host.docker.internal"].iter().any(|host| url.contains(host))
}

impl Walk<'_> {
    pub(super) fn invocation(
        &mut self,
        current: &CurrentSection<'_>,
        index: usize,
        command: &Command,
        invocation: &Invocation<'_>,
        printed: &Value,
    ) {
        let span = current.section.place(invocation.span);
        match invocation.program.as_ref() {
            "tee" => {
                for word in invocation.arguments.iter().filter(|word| !word.prefix().starts_with('-')) {
                    self.write(current, command, word, printed.clone(), invocation.has_flag(&["-a", "--append"]));
                }
            }
            "cp" | "mv" => {
                let paths: Vec<&Word> =
                    invocation.arguments.iter().filter(|word| !word.prefix().starts_with('-')).collect();
                if let [from, to] = paths.as_slice() {
                    let from = self.evaluate(from, Some(current), span.start).path(&self.directory);
                    let content = self.files.get(&from).cloned().unwrap_or(Value::atom(Atom::Unknown(span.start)));
                    self.write(current, command, to, content, false);
                }
            }
            _ => {}
        }
        for word in invocation.code() {
            let (content, span) = (self.evaluate(word, Some(current), span.start), current.section.place(word.span));
            if content.atoms().iter().any(|atom| matches!(atom, Atom::Outside(_))) {
                self.facts.evaluations.push(Print { content, span, order: self.order });
            }
        }
        let session = keyless::session(invocation);
        // The command may be given the token of another step.
        let own_token = invocation.environment.iter().any(|assignment| assignment.name == TOKEN);
        if let Some(source) = session.filter(|_| !own_token && !self.variables.contains_key(TOKEN)) {
            let conditional = command.context.conditional;
            self.facts.sessions.push(Session { source, span, order: self.order, conditional });
        }
        self.deployer(command, invocation, span);
        self.install(command, invocation, current, span);
        let Some(call) = tools::recognise(invocation) else { return };
        if call.tool.id == tools::ToolId::AwsCli {
            self.aws(current, command, invocation, &call, span);
        }
        if call.tool.id == tools::ToolId::Serverless && call.subcommand.starts_with("config credentials") {
            let key = ["--key", "-k"].iter().find_map(|name| invocation.option(name));
            let keys = key.is_some_and(|word| word.literal().is_none_or(|literal| is_key_id(&literal)));
            self.facts.configurations.push(Configuration { keys, span, order: self.order });
        }
        let set = AWS_VARIABLES.iter().filter_map(|name| self.variables.get(*name).cloned());
        let mut variables: Vec<Binding> = set.collect();
        for assignment in &invocation.environment {
            if AWS_VARIABLES.contains(&assignment.name.as_str()) {
                variables.push(Binding {
                    name: assignment.name.clone(),
                    value: self.evaluate(&assignment.value, Some(current), span.start),
                    exported: true,
                    partial: false,
                    span: current.section.place(assignment.span),
                    order: self.order,
                });
            }
        }
        self.facts.tools.push(ToolUse {
            call,
            span,
            order: self.order,
            section: current.number,
            command: index,
            variables,
            profile: invocation.has_flag(&["--profile", "--aws-profile"]),
            region: invocation.has_flag(&["--region"]),
            endpoint: invocation.option("--endpoint-url").map(|word| self.evaluate(&word, Some(current), span.start)),
            in_session: session == Some(SessionSource::Exec),
        });
    }

    /// A profile whose credentials come from `keyless credential-process`.
    pub(super) fn profile(&mut self, command: &Command, span: Span) {
        let conditional = command.context.conditional;
        self.facts.sessions.push(Session { source: SessionSource::Profile, span, order: self.order, conditional });
    }

    /// Notes a command that changes a running system, unless it runs only sometimes or against something that the step
    /// has started.
    fn deployer(&mut self, command: &Command, invocation: &Invocation<'_>, span: Span) {
        if CLUSTERS.contains(&invocation.program.as_ref()) {
            self.starts_cluster = true;
        }
        let invocation = invocation.clone().through_runner();
        let Some((deployer, change)) = deployer(&invocation.program, invocation.arguments) else { return };
        let tested = match deployer.in_tests {
            TestTarget::Service => true,
            TestTarget::Cluster => self.starts_cluster,
            TestTarget::Emulator => {
                let endpoint = |name: &str, value: &Value| name.starts_with(ENDPOINT) && is_local(&value.to_string());
                self.variables.iter().any(|(name, binding)| endpoint(name, &binding.value))
            }
        };
        if !tested && !command.context.conditional {
            self.facts.deployers.push(DeployerUse { deployer, change, span, order: self.order });
        }
    }

    /// Notes what installs packages, and where.
    fn install(&mut self, command: &Command, invocation: &Invocation<'_>, current: &CurrentSection<'_>, span: Span) {
        let Some((clean, named)) = installs::recognize(invocation) else { return };
        let inner = self.subshell_directory.as_ref().filter(|_| command.context.subshell);
        let here = inner.unwrap_or(&self.directory);
        let named = named.map_or(Value::text("."), |word| self.evaluate(&word, Some(current), span.start));
        let directory = Some(named.path(here)).filter(|path| path.is_known() && path.written().is_some());
        let conditional = command.context.conditional || command.on_failure == OnFailure::Captured;
        self.facts.installs.push(Install { clean, directory, conditional, span, order: self.order });
    }

    /// What `aws sts assume-role…` and `aws configure` mean for the commands after them.
    fn aws(
        &mut self,
        current: &CurrentSection<'_>,
        command: &Command,
        invocation: &Invocation<'_>,
        call: &tools::ToolCall,
        span: Span,
    ) {
        let mut words = call.subcommand.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("sts"), Some(name), _) if name.starts_with("assume-role") => {
                let option = |name: &str| {
                    let word = invocation.option(name)?;
                    Some(Spanned::new(
                        self.evaluate(&word, Some(current), span.start),
                        current.section.place(word.span),
                    ))
                };
                self.facts.assumptions.push(Assumption {
                    span,
                    order: self.order,
                    web_identity: name == "assume-role-with-web-identity",
                    printed: reaches_log(&current.section.script, command),
                    duration: option("--duration-seconds"),
                    role: option("--role-arn"),
                    session_name: option("--role-session-name"),
                });
            }
            (Some("configure"), Some("set"), Some(key)) => {
                let placeholder = || {
                    let value = invocation.arguments.last().and_then(Word::literal);
                    value.is_some_and(|value| !value.starts_with("AKIA") && !value.starts_with("ASIA"))
                };
                let keys = key.ends_with("aws_access_key_id") && !placeholder();
                let profile = invocation.option("--profile").and_then(|word| word.to_literal());
                let (profile, name) = profiles::configured(key, profile.as_deref());
                let at = invocation.arguments.iter().position(|word| word.literal().as_deref() == Some(key));
                if let Some(word) = at.and_then(|at| invocation.arguments.get(at + 1)) {
                    let value = self.evaluate(word, Some(current), span.start);
                    self.facts.profiles.push(ProfileSetting {
                        profile: profile.to_owned(),
                        key: name.to_owned(),
                        value,
                        file: None,
                        span,
                        order: self.order,
                    });
                }
                let process = key.ends_with("credential_process");
                let own = |word: &Word| word.literal().is_some_and(|text| keyless::is_credential_process(&text));
                if process && invocation.arguments.iter().any(own) {
                    self.profile(command, span);
                }
                if keys
                    || !key.ends_with("region") && !key.ends_with("output") && !key.ends_with("aws_secret_access_key")
                {
                    self.facts.configurations.push(Configuration { keys, span, order: self.order });
                }
            }
            _ => {}
        }
    }
}
