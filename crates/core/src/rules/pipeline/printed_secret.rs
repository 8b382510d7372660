use crate::{
    analysis::Analysis,
    facts::Atom,
    rules::{Findings, rule},
};

rule! {
    /// A secret or token from outside Bitbucket that is printed to the build log.
    ///
    /// Bitbucket masks only the values of its own secured variables. What a command gets from Secrets Manager, the
    /// Parameter Store, CodeArtifact or another service is not masked, and everyone with read access to the repository
    /// can read the log.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           deployment: test
    ///           script:
    ///             - aws secretsmanager get-secret-value --secret-id app --query SecretString --output text > .env
    ///             - cat .env
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           deployment: test
    ///           script:
    ///             - aws secretsmanager get-secret-value --secret-id app --query SecretString --output text > .env
    ///             - wc -l .env
    /// ```
    ///
    /// Variables and files that contain such a value are followed within the step.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>.
    static RULE: "printed-secret", Warning, check, explained_by ["printed-credentials"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for print in &facts.prints {
            let what = print.content.atoms().iter().find_map(|atom| match atom {
                Atom::Secret { what, .. } => Some(*what),
                _ => None,
            });
            if let Some(what) = what {
                findings
                    .report(file.first_line(print.span), format!("{what} is printed to the build log"))
                    .help("remove this command, or keep its output in a variable or a file");
            }
        }
    }
}
