use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    facts::{Atom, TOKEN, Value, is_secret_name},
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
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - printenv > .env
    ///           - cat .env
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - cat .env.example >> .env
    ///           - cut -d= -f1 .env
    /// ```
    ///
    /// Variables and files that contain such a value are followed within the step. A file whose content is unknown is
    /// reported if its name says that it contains secrets, such as `.env`, `~/.aws/credentials` or `id_rsa`. A decoded
    /// variable is not masked either. A variable that is named like a secret is a hint.
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
            } else if let Some(name) = named_secret(&print.content) {
                let message =
                    format!("`{name}` is printed to the build log, which masks it only if it is a secured variable");
                findings
                    .report_as(Severity::Hint, file.first_line(print.span), message)
                    .help("remove this command")
                    .one_cause();
            }
        }
    }
}

/// A variable from Bitbucket's settings that is named like a secret.
fn named_secret(content: &Value) -> Option<&str> {
    content.atoms().iter().find_map(|atom| match atom {
        Atom::Outside(name) if is_secret_name(name) && name != TOKEN => Some(name.as_str()),
        _ => None,
    })
}
