use crate::{
    analysis::Analysis,
    aws::{AccountId, Region, RoleArn},
    facts::{PipeUse, PipeVariable, StepFacts},
    pipes::keyless::{self as own, Form, Variable},
    rules::{Findings, rule},
    spelling::nearest,
    text::Span,
};

rule! {
    /// A value that the pipe rejects, or variables that cannot be used together.
    ///
    /// The pipe checks its variables when it starts, and stops the deployment.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    ///                 COMMAND: depoly
    ///                 SESSION_DURATION: 24h
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    ///                 COMMAND: deploy
    ///                 SESSION_DURATION: 2h
    /// ```
    ///
    /// keyless's own pipe is checked in full, and what a script exports for `keyless exec` like the pipe's variables. A
    /// published pipe is checked where its documentation lists all values of a variable.
    static RULE: "invalid-pipe-variable", Warning, check
}

/// Variables that `keyless exec` reads too.
const OF_A_SESSION: [&Variable; 11] = [
    &own::SESSION_DURATION,
    &own::ROLE_CHAIN,
    &own::SESSION_TAGS,
    &own::ALLOWED_ACCOUNT_IDS,
    &own::CREDENTIALS,
    &own::CODEARTIFACT_DOMAIN_OWNER,
    &own::CODEARTIFACT_REGION,
    &own::CODEARTIFACT_TOOLS,
    &own::CODEARTIFACT_SCOPE,
    &own::CODEARTIFACT_KEEP_PYPI,
    &own::SESSION_POLICY_ARNS,
];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for pipe in facts.pipes.iter().filter(|pipe| pipe.is_keyless()) {
            for given in &pipe.variables {
                let (Some(variable), Some(value)) = (own::find(&given.name), given.value.literal()) else { continue };
                report(variable, &given.name, value, given.span, findings);
            }
            conflicts(pipe, findings);
        }
        for pipe in &facts.pipes {
            published(pipe, findings);
        }
        exported(facts, findings);
    }
}

/// What the script exports for `keyless exec` and `keyless credential-process`.
fn exported(facts: &StepFacts, findings: &mut Findings<'_>) {
    if facts.sessions.is_empty() {
        return;
    }
    for binding in facts.bindings.iter().filter(|binding| binding.exported) {
        let variable =
            OF_A_SESSION.iter().find(|variable| [variable.name, variable.qualified].contains(&binding.name.as_str()));
        if let (Some(variable), Some(value)) = (variable, binding.value.literal()) {
            // Other clouds call a key so; `keyless exec` leaves such a value to the command.
            let is_foreign = binding.name == own::CREDENTIALS.name
                && nearest(value, own::CREDENTIALS.values().iter().copied()).is_none();
            if !is_foreign {
                report(variable, &binding.name, value, binding.span, findings);
            }
        }
    }
}

fn report(variable: &Variable, name: &str, value: &str, span: Span, findings: &mut Findings<'_>) {
    if value.is_empty() {
        return;
    }
    if let Some((problem, help)) = problem(variable, name, value) {
        findings.report(span, problem).help(help);
    }
}

/// What is wrong with a value, and what to do.
fn problem(variable: &Variable, name: &str, value: &str) -> Option<(String, String)> {
    let choice = |found: &str, allowed: &[&'static str]| {
        let help = nearest(found, allowed.iter().copied())
            .map_or_else(|| format!("use one of {}", quoted(allowed)), |nearest| format!("did you mean `{nearest}`?"));
        (format!("invalid value `{found}` for `{name}`"), help)
    };
    // Items that are quoted may contain spaces; they are left to the pipe.
    let words = || value.split_whitespace().filter(|_| !value.contains(['\'', '"', '\\']));
    let items = || words().flat_map(own::at_commas);
    match variable.form {
        Form::Choice(allowed) => (!allowed.contains(&value)).then(|| choice(value, allowed)),
        Form::Items(allowed) => items().find(|item| !allowed.contains(item)).map(|item| choice(item, allowed)),
        Form::Parsed(form) => (!(form.accepts)(value)).then(|| {
            let expected = form.expected;
            (format!("`{name}` must be {expected}, found `{value}`"), format!("use {expected}"))
        }),
        Form::Pairs => words().find(|item| item.split_once('=').is_none_or(|(key, _)| key.is_empty())).map(|item| {
            let message = format!("`{name}` must be a list of `key=value`, found `{item}`");
            (message, "separate the pairs by spaces, or use a YAML list".to_owned())
        }),
        Form::Roles => items().find_map(|item| {
            let error = RoleArn::parse(item.split_once('#').map_or(item, |(arn, _)| arn)).err()?;
            Some((format!("`{name}`: {error}"), "use role ARNs, separated by spaces".to_owned()))
        }),
        Form::Accounts => items().find_map(|item| {
            let error = AccountId::parse(item).err()?;
            Some((format!("`{name}`: {error}"), "use account IDs of 12 digits, in quotes".to_owned()))
        }),
        // Regions and roles with these names are checked wherever they are set.
        Form::Region if !name.starts_with("AWS_") => Region::parse(value)
            .err()
            .map(|error| (format!("`{name}`: {error}"), "use a region such as `eu-west-1`".to_owned())),
        Form::Any | Form::Region | Form::Role | Form::SessionName => None,
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn both(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

/// Variables of keyless's own pipe that cannot be used together.
fn conflicts(pipe: &PipeUse, findings: &mut Findings<'_>) {
    let literal = |variable: &Variable| pipe.setting(variable).and_then(|given| given.value.literal());
    let command = pipe.setting(&own::COMMAND).map_or(Some("deploy"), |given| given.value.literal());
    let not_deploy = command.is_some_and(|command| command != "deploy" && own::COMMAND.values().contains(&command));
    let hotswap = pipe.setting(&own::HOTSWAP).filter(|given| given.value.literal().is_some_and(|mode| mode != "false"));
    let method = pipe.setting(&own::METHOD);
    if let Some(given) = pipe.setting(&own::COMMAND).filter(|_| command == Some("exec"))
        && pipe.setting(&own::EXTRA_ARGS).is_none()
    {
        findings
            .report(given.span, "`COMMAND: exec` needs a command to run")
            .help("set `EXTRA_ARGS` to the command and its arguments");
    }
    if let (Some(hotswap), Some(method)) = (hotswap, method) {
        findings
            .report(hotswap.key, "`HOTSWAP` cannot be used with `METHOD`, because hotswapping bypasses CloudFormation")
            .related(method.key, "`METHOD` is set here")
            .help("remove one of them");
    }
    for given in [hotswap, method, pipe.setting(&own::OUTPUTS_FILE)].into_iter().flatten().filter(|_| not_deploy) {
        let finding = findings.report(given.key, format!("`{}` can only be used with `COMMAND: deploy`", given.name));
        if let Some(command) = pipe.setting(&own::COMMAND) {
            finding.related(command.span, "the command is set here");
        }
        finding.help(format!("remove `{}`", given.name));
    }
    if let (Some(policy), Some(source @ (own::IAM | own::IAM_WITH_STORED_KEYS))) =
        (pipe.setting(&own::TRUST_POLICY), literal(&own::TRUST_POLICY))
    {
        let lacks = |name: &&str| pipe.variable(name).is_none_or(|key| key.value.is_empty());
        let missing: Vec<_> = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].into_iter().filter(lacks).collect();
        if !missing.is_empty() {
            findings
                .report(policy.span, format!("`TRUST_POLICY: {source}` needs {}", both(&missing)))
                .help("set `TRUST_POLICY` to a file with the policy, or pass a key that is only allowed `iam:GetRole`");
        }
    }
    session_tags(pipe, findings);
    code_artifact(pipe, findings);
    accounts(pipe, findings);
    let (first, second) =
        (pipe.variable(own::AWS_ROLE_ARN.name), own::AWS_ROLE_ARN.alias.and_then(|name| pipe.variable(name)));
    if let (Some(used), Some(ignored)) = (first, second)
        && !used.value.is_empty()
        && !ignored.value.is_empty()
        && used.value != ignored.value
    {
        findings
            .report(ignored.key, format!("`{}` is ignored, because `{}` is set", ignored.name, used.name))
            .related(used.key, "this one is used")
            .help(format!("remove `{}`", ignored.name));
    }
}

/// Only the last role of a chain takes session tags.
fn session_tags(pipe: &PipeUse, findings: &mut Findings<'_>) {
    // In its other form the pipe gets what is missing from Bitbucket's settings.
    let lacks = |variable: &Variable| pipe.docker && pipe.setting(variable).is_none();
    for (given, needed) in [(&own::SESSION_TAGS, &own::ROLE_CHAIN), (&own::TRANSITIVE_TAG_KEYS, &own::SESSION_TAGS)] {
        if let Some(given) = pipe.setting(given).filter(|_| lacks(needed)) {
            findings
                .report(given.key, format!("`{}` needs `{}`", given.name, needed.name))
                .help(format!("set `{}`, or remove `{}`", needed.name, given.name));
        }
    }
}

/// The login to CodeArtifact needs three variables.
fn code_artifact(pipe: &PipeUse, findings: &mut Findings<'_>) {
    let needed = [&own::CODEARTIFACT_DOMAIN, &own::CODEARTIFACT_REPOSITORY, &own::CODEARTIFACT_TOOLS];
    let given: Vec<&PipeVariable> = needed.iter().filter_map(|variable| pipe.setting(variable)).collect();
    let missing: Vec<_> =
        needed.iter().filter(|variable| pipe.setting(variable).is_none()).map(|variable| variable.name).collect();
    // In its other form the pipe gets what is missing from Bitbucket's settings.
    if let Some(first) = given.first().filter(|_| !missing.is_empty() && pipe.docker) {
        let message = format!("the login to CodeArtifact needs {} too", both(&missing));
        findings.report(first.key, message).help("set all three variables or none");
    }
}

/// The role must be in an allowed account.
fn accounts(pipe: &PipeUse, findings: &mut Findings<'_>) {
    let Some(allowed) = pipe.setting(&own::ALLOWED_ACCOUNT_IDS) else { return };
    let role = pipe.setting(&own::ROLE_CHAIN).or_else(|| pipe.setting(&own::AWS_ROLE_ARN));
    let (Some(list), Some(role)) = (allowed.value.literal(), role) else { return };
    let assumed = role.value.literal().and_then(|roles| roles.split_whitespace().last()?.split('#').next());
    let Some(Ok(arn)) = assumed.map(RoleArn::parse) else { return };
    let listed: Vec<_> = list.split_whitespace().filter_map(|item| AccountId::parse(item).ok()).collect();
    if !listed.is_empty() && !listed.contains(arn.account()) {
        findings
            .report(allowed.span, format!("account {} of the role is not in `ALLOWED_ACCOUNT_IDS`", arn.account()))
            .related(role.span, "the role is set here")
            .help("add the account, or use a role in one of these accounts");
    }
}

/// Values that are not among those that a published pipe's documentation lists.
fn published(pipe: &PipeUse, findings: &mut Findings<'_>) {
    let Some(published) = pipe.published.filter(|published| published.is_read(pipe.version)) else { return };
    for given in &pipe.variables {
        let known = published.variable(&given.name).filter(|variable| variable.values_closed);
        let (Some(known), Some(value)) = (known, given.value.literal()) else { continue };
        if value.is_empty() || known.values.contains(&value) {
            continue;
        }
        let help = nearest(value, known.values.iter().copied()).map_or_else(
            || format!("use one of {}", quoted(&known.values)),
            |nearest| format!("did you mean `{nearest}`?"),
        );
        findings.report(given.span, format!("invalid value `{value}` for `{}`", given.name)).help(help);
    }
}

#[cfg(test)]
mod tests {
    use crate::{lint::lint, settings::Settings, text::Source};

    /// The findings for variables of the pipe, in addition to role and region.
    fn findings(variables: &str) -> String {
        let text = format!(
            "pipelines:
  default:
    - step:
        oidc: true
        deployment: test
        trigger: manual
        script:
          - pipe: docker://keyless/pipe:0.1.0
            variables: {{AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/deploy', AWS_REGION: eu-west-1, {variables}}}
"
        );
        let found = lint(&Source::new("bitbucket-pipelines.yml", &text), &Settings::default());
        let found = found.iter().filter(|finding| finding.rule.as_str() == "invalid-pipe-variable");
        found.map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn values_are_checked_as_the_pipe_does() {
        let mut wrong = Vec::new();
        for (variables, expected) in [
            ("COMMAND: deploy, HOTSWAP: fallback, CONCURRENCY: '4', STACKS: Shop, DEBUG: 'true'", ""),
            ("COMMAND: $COMMAND, CONTEXT: 'a=b c=d', ROLLBACK: ''", ""),
            ("COMMAND: depoly", "invalid value `depoly` for `COMMAND`"),
            ("COMMAND: exec", "`COMMAND: exec` needs a command to run"),
            ("COMMAND: exec, EXTRA_ARGS: terraform apply", ""),
            ("CONCURRENCY: '0'", "`CONCURRENCY` must be a number from 1 to 64, found `0`"),
            (
                "CDK_VERSION: latest",
                "`CDK_VERSION` must be an exact version of the CDK CLI 2, such as 2.1148.1, found `latest`",
            ),
            ("CONTEXT: 'a=b c'", "`CONTEXT` must be a list of `key=value`, found `c`"),
            ("CONTEXT: ['a=b', 'c=d']", ""),
            (
                "SESSION_DURATION: 5m",
                "`SESSION_DURATION` must be a duration from 15m to 12h (seconds, or a number with m or h), found `5m`",
            ),
            (
                "HOTSWAP: only, METHOD: direct",
                "`HOTSWAP` cannot be used with `METHOD`, because hotswapping bypasses CloudFormation",
            ),
            ("COMMAND: diff, OUTPUTS_FILE: out.json", "`OUTPUTS_FILE` can only be used with `COMMAND: deploy`"),
            ("TRUST_POLICY: iam", "`TRUST_POLICY: iam` needs `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"),
            ("TRUST_POLICY: iam, AWS_ACCESS_KEY_ID: $ID, AWS_SECRET_ACCESS_KEY: $SECRET", ""),
            ("TRUST_POLICY: iam-with-stored-keys, AWS_ACCESS_KEY_ID: $ID, AWS_SECRET_ACCESS_KEY: $SECRET", ""),
            (
                "TRUST_POLICY: iam-with-stored-keys, AWS_ACCESS_KEY_ID: $ID",
                "`TRUST_POLICY: iam-with-stored-keys` needs `AWS_SECRET_ACCESS_KEY`",
            ),
            ("TRUST_POLICY: policy.json", ""),
            ("ROLE_CHAIN: $CHAIN, SESSION_TAGS: team=shop, TRANSITIVE_TAG_KEYS: team", ""),
            ("SESSION_TAGS: team=shop", "`SESSION_TAGS` needs `ROLE_CHAIN`"),
            ("ROLE_CHAIN: $CHAIN, TRANSITIVE_TAG_KEYS: team", "`TRANSITIVE_TAG_KEYS` needs `SESSION_TAGS`"),
            ("ROLE_CHAIN: $CHAIN, SESSION_TAGS: shop", "`SESSION_TAGS` must be a list of `key=value`, found `shop`"),
            (
                "CODEARTIFACT_DOMAIN: acme, CODEARTIFACT_TOOLS: npm",
                "the login to CodeArtifact needs `CODEARTIFACT_REPOSITORY` too",
            ),
            (
                "CODEARTIFACT_DOMAIN: acme, CODEARTIFACT_REPOSITORY: r, CODEARTIFACT_TOOLS: npm mavn",
                "invalid value `mavn` for `CODEARTIFACT_TOOLS`",
            ),
            ("ALLOWED_ACCOUNT_IDS: '222222222222'", "account 123456789012 of the role is not in `ALLOWED_ACCOUNT_IDS`"),
            ("ALLOWED_ACCOUNT_IDS: '123456789012 222222222222'", ""),
            ("AWS_OIDC_ROLE_ARN: $OTHER", "`AWS_OIDC_ROLE_ARN` is ignored, because `AWS_ROLE_ARN` is set"),
        ] {
            let found = findings(variables);
            if found != expected {
                wrong.push(format!("{variables}: {found}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
