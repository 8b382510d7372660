use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// `aws sts assume-role…` whose output, temporary credentials, goes to the build log.
    ///
    /// Everyone with read access to the repository can read the log. The output is also lost: later commands still use
    /// the previous credentials. With `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`, AWS tools assume the role
    /// themselves and renew the session.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - aws sts assume-role-with-web-identity --role-arn "$AWS_ROLE_ARN" --role-session-name build
    ///             --web-identity-token "$BITBUCKET_STEP_OIDC_TOKEN"
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
    ///           - aws sts get-caller-identity
    /// ```
    static RULE: "printed-credentials", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for assumption in facts.assumptions.iter().filter(|assumption| assumption.printed) {
            let help = if assumption.web_identity {
                "write the token to a file outside the clone, export `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`, and remove this command"
            } else {
                "capture the output: `CREDENTIALS=$(aws sts assume-role …)`"
            };
            findings
                .report(
                    file.first_line(assumption.span),
                    "temporary credentials are printed to the build log, and later commands do not use them",
                )
                .help(help);
        }
    }
}
