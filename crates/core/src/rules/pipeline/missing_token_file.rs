use crate::{
    analysis::{
        Analysis,
        steps::{TokenAccess, shown},
    },
    facts::{Binding, Credentials, FileWrite, Path, StepFacts, TOKEN, Value},
    rules::{Findings, rule},
};

rule! {
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` names a file that is never written, or is written too late or elsewhere.
    ///
    /// Bitbucket provides the token in `BITBUCKET_STEP_OIDC_TOKEN`. AWS SDKs read it from a file, which the script must
    /// write before the first AWS command.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - aws s3 sync dist s3://bucket
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > web-identity-token
    ///           - aws s3 sync dist s3://bucket
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///           - aws s3 sync dist s3://bucket
    /// ```
    ///
    /// A step that runs code which the file does not show, such as a script of the repository, is not reported when
    /// nothing in the file writes the token.
    static RULE: "missing-token-file", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.token(step) != TokenAccess::On {
            continue;
        }
        let bindings = facts.bindings.iter().filter(|binding| binding.name == "AWS_WEB_IDENTITY_TOKEN_FILE");
        for binding in bindings.filter(|binding| !binding.partial && !binding.value.is_empty()) {
            one(file, facts, binding, findings);
        }
    }
}

fn one(file: &Analysis<'_>, facts: &StepFacts, binding: &Binding, findings: &mut Findings<'_>) {
    let path = path_of(facts, binding);
    let user = facts.tools.iter().find(|tool| {
        tool.call.calls.needs_credentials()
            && facts.credentials(tool) == Credentials::WebIdentity
            && tool.variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some_and(|used| used.order == binding.order)
    });
    let written = facts.writes.iter().filter(|write| write.path == path).min_by_key(|write| write.order);
    match (written, user) {
        (Some(write), Some(user)) if write.order > user.order => {
            let command = shown(file.source.slice(user.span));
            findings
                .report(write.span, format!("the token is written after `{command}` reads it"))
                .related(user.span, "the token is read here")
                .help("write the token before the first AWS command");
        }
        (Some(_), _) => {}
        (None, _) if may_be_written_unseen(facts) => {}
        (None, _) => {
            let shown_path = path.written().map_or_else(|| "the file".to_owned(), |path| format!("`{path}`"));
            let elsewhere = facts.writes.iter().find(|write| write.content.holds_token());
            match elsewhere {
                Some(FileWrite { path: other, .. }) if !other.is_known() || !path.is_known() => {}
                Some(write) => {
                    let other =
                        write.path.written().map_or_else(|| "another file".to_owned(), |path| format!("`{path}`"));
                    let message = format!("the token is written to {other}, but AWS tools read {shown_path}");
                    findings
                        .report(write.span, message)
                        .related(binding.span, "the file that AWS tools read")
                        .help("write the token to `\"$AWS_WEB_IDENTITY_TOKEN_FILE\"`")
                        .one_cause();
                }
                None => {
                    let finding = findings.report(binding.span, format!("{shown_path} is never written"));
                    if let Some(user) = user {
                        finding.related(user.span, "the token is read here");
                    }
                    finding.one_cause().help(
                        "write the token to it: `echo \"$BITBUCKET_STEP_OIDC_TOKEN\" > \"$AWS_WEB_IDENTITY_TOKEN_FILE\"`",
                    );
                }
            }
        }
    }
}

/// The file that a binding names. A relative path is resolved from the clone directory, where scripts start.
fn path_of(facts: &StepFacts, binding: &Binding) -> Path {
    let same = facts.writes.iter().find(|write| write.path == binding.value.path(&clone_directory()));
    same.map_or_else(|| binding.value.path(&clone_directory()), |write| write.path.clone())
}

fn clone_directory() -> Value {
    Value::atom(crate::facts::Atom::CloneDirectory)
}

/// Programs that run code from outside the file.
const RUNNERS: [&str; 19] = [
    "ant", "bash", "bun", "composer", "docker", "go", "gradle", "make", "mvn", "node", "npm", "php", "pnpm", "python",
    "python3", "ruby", "sh", "task", "yarn",
];

/// Whether code from outside the file may write the token: a script, or a program that receives the token.
fn may_be_written_unseen(facts: &StepFacts) -> bool {
    !facts.opaque.is_empty()
        || facts.sections.iter().flat_map(|section| &section.script.commands).any(|command| {
            let Some(invocation) = command.invocation() else { return !command.words.is_empty() };
            let own = invocation.path.contains('/') && !invocation.path.starts_with("/usr/");
            let receives_token =
                invocation.arguments.iter().flat_map(|word| word.expansions()).any(|read| read.name == TOKEN);
            let printed = matches!(invocation.program.as_ref(), "echo" | "printf");
            own || RUNNERS.contains(&invocation.program.as_ref()) || receives_token && !printed
        })
}
