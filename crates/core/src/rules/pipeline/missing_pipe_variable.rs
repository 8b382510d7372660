use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    facts::PipeUse,
    pipes::{
        catalogue::{Condition, Required},
        keyless,
    },
    rules::{Findings, rule},
    spelling,
};

rule! {
    /// A pipe without a variable that it requires.
    ///
    /// The pipe fails immediately and names the missing variable.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - pipe: atlassian/aws-s3-deploy:2.0.1
    ///             variables:
    ///               AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///               S3_BUCKET: bucket
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - pipe: atlassian/aws-s3-deploy:2.0.1
    ///             variables:
    ///               AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///               S3_BUCKET: bucket
    ///               LOCAL_PATH: dist
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///             variables:
    ///               AWS_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    /// ```
    ///
    /// keyless's own pipe, Atlassian's AWS pipes and other published pipes whose documentation says what is required are
    /// checked. Variables that may come from Bitbucket's settings, such as the region, are reported only for `docker://`:
    /// then Bitbucket passes nothing but the `variables`. It is a hint where only the use of a pipe shows what it requires,
    /// or where the version is newer than its documentation.
    static RULE: "missing-pipe-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for pipe in &facts.pipes {
            let (certain, likely) = missing(pipe);
            // A misspelled name may be the missing one.
            let known = |name: &str| keyless::is_pipe_variable(name) || is_published(pipe, name);
            let misspelled = |name: &str| {
                let mut unknown = pipe.variables.iter().filter(|given| !known(&given.name));
                unknown.any(|given| spelling::nearest(&given.name, [name]).is_some())
            };
            let named = |missing: Vec<Group>| {
                let left = missing.into_iter().filter(|names| !names.iter().any(|name| misspelled(name)));
                let quoted = |name: &&str| format!("`{name}`");
                left.map(|names| names.iter().map(quoted).collect::<Vec<_>>().join(" or ")).collect::<Vec<_>>()
            };
            let (certain, likely) = (named(certain), named(likely));
            let it = |names: &[String]| if names.len() == 1 { "it" } else { "them" };
            if !certain.is_empty() {
                let noun = if certain.len() == 1 { "variable" } else { "variables" };
                let message = format!("missing required {noun} {} of `{}`", certain.join(" and "), pipe.name);
                findings.report(pipe.span, message).help(format!("add {} to the pipe's `variables`", it(&certain)));
            } else if !likely.is_empty() {
                let message = format!("`{}` probably requires {}", pipe.name, likely.join(" and "));
                findings
                    .report_as(Severity::Hint, pipe.span, message)
                    .help(format!("add {} to the pipe's `variables`", it(&likely)));
            }
        }
    }
}

fn is_published(pipe: &PipeUse, name: &str) -> bool {
    pipe.published.is_some_and(|published| published.variable(name).is_some())
}

/// Variables of which one is enough.
type Group = Vec<&'static str>;

/// The variables that are not given: those that are certainly required, and those that probably are, because only usage
/// shows it or the version is newer than what was read.
fn missing(pipe: &PipeUse) -> (Vec<Group>, Vec<Group>) {
    let given = |name: &str| pipe.variable(name).is_some();
    if pipe.is_keyless() {
        let required = keyless::VARIABLES.iter().filter(|variable| variable.required && pipe.docker);
        let missing = required.filter(|variable| pipe.setting(variable).is_none());
        return (missing.map(|variable| vec![variable.name]).collect(), Vec::new());
    }
    let listed = pipe.known.map_or(&[][..], |known| known.required);
    let mut certain: Vec<Group> = listed.iter().filter(|name| !given(name)).map(|name| vec![*name]).collect();
    let mut likely = Vec::new();
    let Some(published) = pipe.published.filter(|published| published.variables_key.is_none()) else {
        return (certain, likely);
    };
    let is_read = published.is_read(pipe.version);
    let is_older_name = |name: &str| {
        published.variables.iter().any(|variable| variable.renamed_to == Some(name) && given(variable.name))
    };
    for variable in &published.variables {
        let literal = |name: &str| pipe.variable(name).and_then(|given| given.value.literal());
        let certainly = match variable.required {
            Required::Always if is_read => true,
            Required::FromSettings if is_read && pipe.docker => true,
            Required::When(Condition::Is(name, value)) if is_read && literal(name) == Some(value) => true,
            Required::Always | Required::Likely if pipe.version.is_some() => false,
            _ => continue,
        };
        let known = certain.iter().flatten().any(|name| *name == variable.name);
        // With a role, keys are not needed.
        let key = variable.secret && published.login.oidc_variable.is_some_and(given);
        if !known && !key && !given(variable.name) && !is_older_name(variable.name) {
            let missing = if certainly { &mut certain } else { &mut likely };
            missing.push(vec![variable.name]);
        }
    }
    let groups = published.one_of.iter().filter(|group| is_read && !group.iter().any(|name| given(name)));
    certain.extend(groups.cloned());
    (certain, likely)
}
