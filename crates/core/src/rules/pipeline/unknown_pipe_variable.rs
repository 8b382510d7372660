use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    facts::{PipeUse, PipeVariable},
    pipes::keyless,
    rules::{Findings, rule},
    spelling,
};

rule! {
    /// A variable that the pipe does not have, probably misspelled.
    ///
    /// A pipe ignores variables that it does not know: it runs without the setting, or with its default. keyless's own
    /// pipe stops and names the variable.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    ///                 STAKCS: Shop
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    ///                 STACKS: Shop
    /// ```
    ///
    /// keyless's own pipe and published pipes are checked. For a published pipe, a name is reported if it is almost the
    /// name of a variable that is not given, or if the whole list of that version's variables is known.
    static RULE: "unknown-pipe-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for pipe in &facts.pipes {
            for variable in &pipe.variables {
                let meant = meant(pipe, variable);
                if meant.is_none() && !certainly_lacks(pipe, &variable.name) {
                    continue;
                }
                let message = format!("unknown variable `{}` of `{}`", variable.name, pipe.name);
                let finding = findings.report(variable.key, message);
                match meant {
                    Some(meant) => {
                        finding.help(format!("did you mean `{meant}`?"));
                        if file.source.slice(variable.key) == variable.name {
                            let edit = Edit { span: variable.key, replacement: meant.to_owned() };
                            finding.fix(format!("change it to `{meant}`"), Safety::Unsafe, vec![edit]);
                        }
                    }
                    None => {
                        finding.help("remove it, or use a variable from the pipe's documentation");
                    }
                }
            }
        }
    }
}

fn certainly_lacks(pipe: &PipeUse, name: &str) -> bool {
    pipe.published
        .is_some_and(|published| published.variables_key.is_none() && published.lacks_variable(pipe.version, name))
}

/// The variable that a name was probably meant to be.
fn meant(pipe: &PipeUse, variable: &PipeVariable) -> Option<&'static str> {
    let name = variable.name.as_str();
    if pipe.is_keyless() {
        // The app's own: named so, or similar to a variable that is given.
        let own = pipe.setting(&keyless::APP_VARIABLES);
        let is_named =
            own.is_some_and(|own| own.value.literal().is_none_or(|list| list.split([' ', ',']).any(|own| own == name)));
        return keyless::misspelled(name)
            .filter(|_| !is_named)
            .filter(|meant| keyless::find(meant).is_none_or(|meant| pipe.setting(meant).is_none()));
    }
    let published = pipe.published.filter(|published| published.variables_key.is_none())?;
    if name == "DEBUG" || published.variable(name).is_some() || published.accepts_any(name) {
        return None;
    }
    let nearest = published.nearest_variable(name)?;
    let lacks = published.lacks_variable(pipe.version, name);
    (lacks || pipe.variable(nearest).is_none() && spelling::is_typo(name, nearest)).then_some(nearest)
}
