use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// A session that ends before the step may, or that outlives it by far.
    ///
    /// A session that the script asks for by `--duration-seconds` is not renewed: commands after its end fail with
    /// `ExpiredToken`. One that is longer than the step's `max-time` is of use only to whoever finds the credentials. Only steps
    /// and options that set `max-time` are compared.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         max-time: 60
    ///         script:
    ///           - CREDENTIALS=$(aws sts assume-role-with-web-identity --role-arn "$AWS_ROLE_ARN" --role-session-name build
    ///             --web-identity-token "$BITBUCKET_STEP_OIDC_TOKEN" --duration-seconds 900)
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         max-time: 15
    ///         script:
    ///           - CREDENTIALS=$(aws sts assume-role-with-web-identity --role-arn "$AWS_ROLE_ARN" --role-session-name build
    ///             --web-identity-token "$BITBUCKET_STEP_OIDC_TOKEN" --duration-seconds 900)
    /// ```
    static RULE: "mismatched-session-duration", Hint, check
}

/// Sessions up to this many times as long as the step are no finding: 15 minutes is the shortest that STS gives.
const GENEROUS: i64 = 4;

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some(minutes) = step.max_time.or(file.model.options.max_time) else { continue };
        for (value, span) in facts.assumptions.iter().filter_map(|assumption| assumption.duration.as_ref()) {
            let Some(seconds) = value.literal().and_then(|text| text.parse::<i64>().ok()) else { continue };
            if seconds < minutes * 60 {
                let message =
                    format!("the session ends after {} minutes, and the step may run for {minutes}", seconds / 60);
                report(*span, message, findings);
            } else if seconds > minutes * 60 * GENEROUS && seconds > 900 {
                let message =
                    format!("the session lives for {} minutes, and the step for {minutes} at most", seconds / 60);
                report(*span, message, findings);
            }
        }
    }
}

fn report(span: Span, message: String, findings: &mut Findings<'_>) {
    findings.report(span, message).help("make `--duration-seconds` the step's `max-time` times 60");
}
