use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// A Bitbucket app password, which Bitbucket no longer accepts.
    ///
    /// Atlassian disabled app passwords in July 2026, so every request that uses one fails. Use an API token with the
    /// account's email address, or a repository or workspace access token.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - curl --user "$BITBUCKET_USERNAME:$BITBUCKET_APP_PASSWORD" https://api.bitbucket.org/2.0/user
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - 'curl --header "Authorization: Bearer $BITBUCKET_ACCESS_TOKEN" https://api.bitbucket.org/2.0/user'
    /// ```
    ///
    /// Source: <https://community.atlassian.com/forums/x/ba-p/3237429>.
    static RULE: "removed-app-password", Warning, check
}

const NAME: &str = "BITBUCKET_APP_PASSWORD";

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        let reads = facts.reads.iter().filter(|read| read.name == NAME).map(|read| read.span);
        // `NAME: $NAME` in a pipe's `variables` is one finding, at the name.
        let named: Vec<(Span, Span)> = facts
            .pipes
            .iter()
            .filter_map(|pipe| pipe.variable(NAME).map(|variable| (variable.key, variable.span)))
            .collect();
        let keys = named.iter().map(|(key, _)| *key);
        let reads = reads.filter(|span| !named.iter().any(|(_, value)| value.contains(*span)));
        for span in keys.chain(reads) {
            findings
                .report(span, "app passwords are no longer accepted by Bitbucket")
                .help("use an API token with the account's email address, or a repository access token")
                .one_cause();
        }
    }
}
