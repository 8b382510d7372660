use crate::{
    analysis::{Analysis, steps::shown},
    diagnostic::{Edit, Safety, Severity},
    facts::AWS_VARIABLES,
    rules::{Findings, rule},
    settings::Known,
    text::Span,
};

rule! {
    /// A variable for AWS tools that is set without `export`.
    ///
    /// Programs see only exported variables, so the tool runs as if the variable were not set.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
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
    /// A variable that is already set in Bitbucket stays exported and is not reported if `keyless.yaml` declares it.
    static RULE: "unexported-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let environments = file.environments(step);
        for binding in facts.bindings.iter().filter(|binding| !binding.exported && !binding.value.is_empty()) {
            let Some(name) = AWS_VARIABLES.iter().find(|name| **name == binding.name) else { continue };
            let user = facts.tools.iter().find(|tool| {
                tool.call.calls.needs_credentials()
                    && tool.variable(name).is_some_and(|used| used.order == binding.order && !used.exported)
            });
            let Some(user) = user else { continue };
            if environments.iter().any(|environment| file.settings.known(name, *environment) == Known::Defined) {
                continue;
            }
            let command = shown(file.source.slice(user.span));
            // The script writes this file itself, so the variable is hardly set in Bitbucket as well.
            let severity = if *name == "AWS_WEB_IDENTITY_TOKEN_FILE" { Severity::Error } else { Severity::Warning };
            let finding = findings.report_as(
                severity,
                binding.span,
                format!("`{name}` is not exported, so `{command}` cannot read it"),
            );
            let edit = Edit { span: Span::at(binding.span.start), replacement: "export ".to_owned() };
            finding.related(user.span, "runs without the variable").help(format!("use `export {name}=…`")).fix(
                "add `export`",
                Safety::Safe,
                vec![edit],
            );
        }
    }
}
