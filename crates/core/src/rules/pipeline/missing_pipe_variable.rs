use crate::{
    analysis::Analysis,
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
    ///           - pipe: docker://keyless/pipe:0.1.0
    ///             variables:
    ///               AWS_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    /// ```
    ///
    /// keyless's own pipe, Atlassian's AWS pipes and other published pipes whose documentation says what is required are
    /// checked. Variables that may come from Bitbucket's settings, such as the region, are reported only for `docker://`:
    /// then Bitbucket passes nothing but the `variables`.
    static RULE: "missing-pipe-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for pipe in &facts.pipes {
            let missing = missing(pipe);
            // A misspelled name may be the missing one.
            let known = |name: &str| keyless::is_pipe_variable(name) || is_published(pipe, name);
            let misspelled = |name: &str| {
                let mut unknown = pipe.variables.iter().filter(|given| !known(&given.name));
                unknown.any(|given| spelling::nearest(&given.name, [name]).is_some())
            };
            let missing: Vec<_> =
                missing.into_iter().filter(|names| !names.iter().any(|name| misspelled(name))).collect();
            if !missing.is_empty() {
                let names: Vec<_> = missing
                    .iter()
                    .map(|names| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or "))
                    .collect();
                let (noun, pronoun) = if names.len() == 1 { ("variable", "it") } else { ("variables", "them") };
                let message = format!("missing required {noun} {} of `{}`", names.join(" and "), pipe.name);
                findings.report(pipe.span, message).help(format!("add {pronoun} to the pipe's `variables`"));
            }
        }
    }
}

fn is_published(pipe: &PipeUse, name: &str) -> bool {
    pipe.published.is_some_and(|published| published.variable(name).is_some())
}

/// The required variables that are not given; of each group, one is enough.
fn missing(pipe: &PipeUse) -> Vec<Vec<&'static str>> {
    let given = |name: &str| pipe.variable(name).is_some();
    if pipe.is_keyless() {
        let required = keyless::VARIABLES.iter().filter(|variable| variable.required && pipe.docker);
        let missing = required.filter(|variable| pipe.setting(variable).is_none());
        return missing.map(|variable| vec![variable.name]).collect();
    }
    let listed = pipe.known.map_or(&[][..], |known| known.required);
    let mut missing: Vec<Vec<&'static str>> =
        listed.iter().filter(|name| !given(name)).map(|name| vec![*name]).collect();
    let published = pipe.published.filter(|published| published.variables_key.is_none());
    let Some(published) = published.filter(|published| published.is_read(pipe.version)) else { return missing };
    let is_older_name = |name: &str| {
        published.variables.iter().any(|variable| variable.renamed_to == Some(name) && given(variable.name))
    };
    for variable in &published.variables {
        let literal = |name: &str| pipe.variable(name).and_then(|given| given.value.literal());
        let needed = match variable.required {
            Required::Always => true,
            Required::FromSettings => pipe.docker,
            Required::When(Condition::Is(name, value)) => literal(name) == Some(value),
            Required::When(Condition::Absent(_) | Condition::IsNot(..) | Condition::Other)
            | Required::Likely
            | Required::Optional
            | Required::Unknown => false,
        };
        let known = missing.iter().flatten().any(|name| *name == variable.name);
        // With a role, keys are not needed.
        let key = variable.secret && published.login.oidc_variable.is_some_and(given);
        if needed && !known && !key && !given(variable.name) && !is_older_name(variable.name) {
            missing.push(vec![variable.name]);
        }
    }
    for group in &published.one_of {
        if !group.iter().any(|name| given(name)) {
            missing.push(group.clone());
        }
    }
    missing
}
