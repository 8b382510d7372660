use crate::{
    analysis::{Analysis, steps::TokenAccess},
    facts::{StepFacts, TOKEN, Value},
    pipes::catalogue::LoginKind,
    rules::{Findings, rule},
    script::{Command, Expansion, Part},
};

rule! {
    /// The OIDC token is sent to Bitbucket or another Atlassian service, which does not accept it.
    ///
    /// The token identifies the step to other services, such as AWS. Bitbucket's API and Git over HTTPS answer it with
    /// 401. They accept an access token of the repository, project or workspace, or an API token with the account's
    /// email address.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   pull-requests:
    ///     '**':
    ///       - step:
    ///           oidc: true
    ///           script:
    ///             - |
    ///               curl -f -H "Authorization: Bearer $BITBUCKET_STEP_OIDC_TOKEN" \
    ///                 "https://api.bitbucket.org/2.0/repositories/$BITBUCKET_REPO_FULL_NAME/pullrequests/$BITBUCKET_PR_ID"
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   pull-requests:
    ///     '**':
    ///       - step:
    ///           script:
    ///             - |
    ///               curl -f -H "Authorization: Bearer $REPOSITORY_ACCESS_TOKEN" \
    ///                 "https://api.bitbucket.org/2.0/repositories/$BITBUCKET_REPO_FULL_NAME/pullrequests/$BITBUCKET_PR_ID"
    /// ```
    ///
    /// Source: answers of Bitbucket's staff on <https://community.atlassian.com>.
    static RULE: "misdirected-token", Warning, check
}

/// Hosts of Atlassian, whose subdomains count too.
const HOSTS: [&str; 4] = ["bitbucket.org", "atlassian.net", "api.atlassian.com", "id.atlassian.com"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.token(step) == TokenAccess::Off {
            continue;
        }
        for section in &facts.sections {
            for command in &section.script.commands {
                let token = command.expansions().into_iter().find(|expansion| is_token(facts, expansion));
                let Some((token, host)) = token.zip(host(facts, command)) else { continue };
                if command.prints_to_log() && matches!(command.name().as_deref(), Some("echo" | "printf")) {
                    continue;
                }
                findings
                    .report(section.place(token.span), format!("`{host}` does not accept the step's OIDC token"))
                    .help("use an access token of the repository, stored as a secured variable");
            }
        }
        for pipe in &facts.pipes {
            let Some(published) = pipe.published.filter(|pipe| pipe.login.kind == LoginKind::ApiToken) else {
                continue;
            };
            for variable in pipe.variables.iter().filter(|variable| variable.value.holds_token()) {
                if published.variable(&variable.name).is_some_and(|known| known.secret) {
                    findings
                        .report(variable.span, format!("`{}` does not accept the step's OIDC token", pipe.name))
                        .help("use an API token or an access token, stored as a secured variable");
                }
            }
        }
    }
}

fn is_token(facts: &StepFacts, expansion: &Expansion) -> bool {
    expansion.name == TOKEN || held(facts, expansion).is_some_and(Value::holds_token)
}

/// The last value that the script gives to a variable.
fn held<'s>(facts: &'s StepFacts, expansion: &Expansion) -> Option<&'s Value> {
    facts.bindings.iter().rev().find(|binding| binding.name == expansion.name).map(|binding| &binding.value)
}

/// The host of Atlassian that a command calls: that of a URL which is an argument.
fn host(facts: &StepFacts, command: &Command) -> Option<&'static str> {
    command.words.iter().find_map(|word| {
        let texts = word.parts.iter().map(|part| match part {
            Part::Text { text, .. } => text.as_str(),
            Part::Variable(expansion) => held(facts, expansion).and_then(Value::literal).unwrap_or_default(),
            _ => "",
        });
        host_of(&texts.collect::<String>())
    })
}

fn host_of(url: &str) -> Option<&'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    HOSTS.into_iter().find(|known| host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}
