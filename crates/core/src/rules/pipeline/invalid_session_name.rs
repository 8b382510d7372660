use crate::{
    analysis::Analysis,
    aws::{SessionName, session_name::SessionNameError},
    facts::{Atom, StepFacts, Value},
    pipeline::{Start, Step},
    pipes::keyless::SESSION_NAME,
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// The name of a role session with a character that STS rejects.
    ///
    /// A session's name has 2 to 64 letters, digits and `_+=,.@-`. With a `/`, as in the full name of a repository or in
    /// the name of a branch, STS rejects the call: `1 validation error detected: Value … at 'roleSessionName' failed to
    /// satisfy constraint`. UUIDs of Bitbucket have braces, which are not allowed either.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: test
    ///           script:
    ///             - export AWS_ROLE_ARN=$TEST_ROLE AWS_ROLE_SESSION_NAME="$BITBUCKET_REPO_FULL_NAME#$BITBUCKET_BUILD_NUMBER"
    ///             - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///             - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///             - aws s3 sync dist s3://bucket
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: test
    ///           script:
    ///             - export AWS_ROLE_ARN=$TEST_ROLE AWS_ROLE_SESSION_NAME="$BITBUCKET_REPO_SLUG-$BITBUCKET_BUILD_NUMBER"
    ///             - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///             - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///             - aws s3 sync dist s3://bucket
    /// ```
    ///
    /// The name of a branch is reported only where the step runs for a branch whose name may contain a `/`.
    ///
    /// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>.
    static RULE: "invalid-session-name", Warning, check
}

/// Default variables whose values always contain a character that is not allowed, and that character
/// (<https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>).
const NEVER_VALID: [(&str, char); 12] = [
    ("BITBUCKET_REPO_FULL_NAME", '/'),
    ("BITBUCKET_GIT_HTTP_ORIGIN", '/'),
    ("BITBUCKET_GIT_SSH_ORIGIN", '/'),
    ("BITBUCKET_SSH_KEY_FILE", '/'),
    ("BITBUCKET_REPO_UUID", '{'),
    ("BITBUCKET_REPO_OWNER_UUID", '{'),
    ("BITBUCKET_PROJECT_UUID", '{'),
    ("BITBUCKET_PIPELINE_UUID", '{'),
    ("BITBUCKET_STEP_UUID", '{'),
    ("BITBUCKET_STEP_TRIGGERER_UUID", '{'),
    ("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID", '{'),
    ("BITBUCKET_TRIGGER_PIPELINE_UUID", '{'),
];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let mut reported: Vec<Span> = Vec::new();
        for (value, span) in names(facts) {
            let Some(problem) = problem(file, step, value) else { continue };
            if !reported.contains(&span) {
                reported.push(span);
                findings
                    .report(span, format!("invalid session name: {problem}"))
                    .help("use a name such as `$BITBUCKET_REPO_SLUG-$BITBUCKET_BUILD_NUMBER`");
            }
        }
    }
}

/// The names of sessions that a step sets.
fn names(facts: &StepFacts) -> Vec<(&Value, Span)> {
    const VARIABLE: &str = "AWS_ROLE_SESSION_NAME";
    let options = facts.assumptions.iter().filter_map(|assumption| assumption.session_name.as_ref());
    let options = options.map(|name| (&name.value, name.span));
    let bindings = facts.bindings.iter().filter(|binding| binding.name == VARIABLE && binding.exported);
    let tools = facts.tools.iter().filter_map(|tool| tool.variable(VARIABLE));
    let bindings = bindings.chain(tools).map(|binding| (&binding.value, binding.span));
    let of_keyless = facts
        .bindings
        .iter()
        .filter(|binding| binding.name == SESSION_NAME.name && binding.exported && !facts.sessions.is_empty());
    let of_keyless = of_keyless.map(|binding| (&binding.value, binding.span));
    let profiles = facts.profiles.iter().filter(|setting| setting.key == "role_session_name");
    let profiles = profiles.map(|setting| (&setting.value, setting.span));
    let pipes = facts.pipes.iter().filter(|pipe| pipe.is_keyless()).filter_map(|pipe| pipe.setting(&SESSION_NAME));
    let pipes = pipes.map(|variable| (&variable.value, variable.span));
    options.chain(bindings).chain(of_keyless).chain(profiles).chain(pipes).collect()
}

fn problem(file: &Analysis<'_>, step: &Step<'_>, value: &Value) -> Option<String> {
    if let Some(text) = value.literal() {
        return SessionName::parse(text).err().filter(|_| !text.is_empty()).map(|error| error.to_string());
    }
    // `BITBUCKET_COMMIT` has 40 characters.
    let length: usize = value
        .atoms()
        .iter()
        .map(|atom| match atom {
            Atom::Text(text) => text.len(),
            Atom::Outside(name) if name == "BITBUCKET_COMMIT" => 40,
            _ => 0,
        })
        .sum();
    if let Err(SessionNameError::Length(length)) = SessionName::parse(&"x".repeat(length.max(2))) {
        return Some(format!("it has at least {length} characters, and 64 are allowed"));
    }
    value.atoms().iter().find_map(|atom| match atom {
        Atom::Text(text) => {
            // Alone, a part of a name may be too short.
            let invalid =
                |c: char| matches!(SessionName::parse(&format!("{c}{c}")), Err(SessionNameError::Character(_)));
            text.chars().find(|c| invalid(*c)).map(|c| SessionNameError::Character(c).to_string())
        }
        Atom::Outside(name) => match NEVER_VALID.iter().find(|(known, _)| known == name) {
            Some((_, character)) => Some(format!("`{name}` contains `{character}`, which is not allowed")),
            None => may_have_slash(file, step, name).then(|| format!("`{name}` may contain `/`, which is not allowed")),
        },
        Atom::CloneDirectory | Atom::Home => Some("it contains `/`, which is not allowed".to_owned()),
        Atom::Unknown(_) | Atom::Secret { .. } | Atom::Environment(_) => None,
    })
}

/// Whether the branch or tag in a variable may have a `/` in its name, in one of the pipelines that run the step.
fn may_have_slash(file: &Analysis<'_>, step: &Step<'_>, name: &str) -> bool {
    let pattern_may = |pattern: &str| pattern.contains('/') || pattern.contains("**");
    step.uses.iter().any(|at| {
        let pipeline = &file.model.pipelines[at.pipeline];
        match (name, pipeline.start) {
            ("BITBUCKET_BRANCH", Start::Branches | Start::PullRequests) | ("BITBUCKET_TAG", Start::Tags) => {
                pattern_may(pipeline.name.value)
            }
            ("BITBUCKET_BRANCH", Start::Default | Start::Custom) => true,
            _ => false,
        }
    })
}
