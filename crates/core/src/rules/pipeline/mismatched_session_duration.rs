use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    text::Spanned,
};

rule! {
    /// A role session that is shorter, or much longer, than the step's `max-time`.
    ///
    /// A session requested with `--duration-seconds` is not renewed: commands after its end fail with `ExpiredToken`. A
    /// session that far outlives the step only helps someone who finds its credentials.
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
    ///
    /// Only steps that set `max-time`, directly or through `options`, are checked.
    static RULE: "mismatched-session-duration", Hint, check
}

/// A session may last this many times as long as the step before it is reported.
const MAXIMUM_RATIO: i64 = 4;

/// The shortest session that STS issues, in seconds.
const SHORTEST_SESSION: i64 = 900;

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some(minutes) = step.max_time.or(file.model.options.max_time) else { continue };
        for &Spanned { ref value, span } in
            facts.assumptions.iter().filter_map(|assumption| assumption.duration.as_ref())
        {
            let Some(seconds) = value.literal().and_then(|text| text.parse::<i64>().ok()) else { continue };
            let too_short = seconds < minutes * 60;
            let too_long = seconds > minutes * 60 * MAXIMUM_RATIO && seconds > SHORTEST_SESSION;
            if too_short || too_long {
                let message = format!("the session lasts {} minutes, but the step may run for {minutes}", seconds / 60);
                let wanted = (minutes * 60).max(SHORTEST_SESSION);
                findings.report(span, message).help(format!("use `--duration-seconds {wanted}`"));
            }
        }
    }
}
