use crate::{
    analysis::{
        Analysis,
        steps::{TokenAccess, shown},
    },
    diagnostic::Severity,
    facts::{Credentials, StepFacts, ToolId, ToolUse},
    pipeline::Step,
    requirements,
    rules::{Findings, rule},
    settings::Known,
};

rule! {
    /// A variable that a step needs, but that neither the file nor the declared settings provide.
    ///
    /// To exchange the step's token for a session, AWS SDKs read `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`. Most
    /// calls also need `AWS_REGION` or `AWS_DEFAULT_REGION`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///           - aws cloudformation deploy --stack-name app --template-file app.yml
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_ROLE_ARN=arn:aws:iam::123456789012:role/deploy AWS_REGION=eu-west-1
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///           - aws cloudformation deploy --stack-name app --template-file app.yml
    /// ```
    ///
    /// The role and the region usually come from Bitbucket's settings, so without a declaration this is a hint. Declare
    /// in `keyless.yaml` which variables the workspace, the repository and each deployment environment define, and a
    /// missing one becomes an error. Every other variable that a script or a pipe reads is then checked too, as a
    /// warning, because an image can define variables as well.
    static RULE: "missing-variable", Hint, check
}

/// What a tool with a web identity needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    TokenFile,
    Role,
    Region,
}

impl Need {
    /// The variables that provide it; one is enough.
    const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::TokenFile => &["AWS_WEB_IDENTITY_TOKEN_FILE"],
            Self::Role => &["AWS_ROLE_ARN"],
            Self::Region => &["AWS_REGION", "AWS_DEFAULT_REGION"],
        }
    }
}

const KEYS: &[&str] = &["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

/// Services of the AWS CLI that work without a region.
const GLOBAL: [&str; 7] = ["s3", "s3api", "sts", "iam", "route53", "cloudfront", "organizations"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.settings.variables.is_some() {
            undeclared(file, step, facts, findings);
        }
        // A self-hosted runner may have its own role.
        if file.model.on_self_hosted_runner(step) {
            continue;
        }
        let mut reported: Vec<Need> = Vec::new();
        for tool in facts.tools.iter().filter(|tool| tool.call.calls.needs_credentials()) {
            for needed in needs(file, step, facts, tool) {
                if !reported.contains(&needed) && !facts.is_opaque(tool.order) {
                    reported.push(needed);
                    report(file, step, tool, needed, findings);
                }
            }
        }
    }
}

/// What a tool needs and the script does not set.
fn needs(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts, tool: &ToolUse) -> Vec<Need> {
    let set = |need: Need| need.variables().iter().any(|name| tool.variable(name).is_some());
    let web_identity = match facts.credentials(tool) {
        Credentials::WebIdentity => true,
        // The step has a token, and nothing in it provides other credentials.
        Credentials::Outside => {
            // A key that another step reads is available to this one too.
            let keys = file.facts.steps.iter().flat_map(|facts| &facts.reads).any(|read| read.name == KEYS[0]);
            !keys
                && file.token(step) == TokenAccess::On
                && facts.pipes.is_empty()
                && facts.assumptions.is_empty()
                && !declared(file, KEYS)
        }
        _ => false,
    };
    if !web_identity {
        return Vec::new();
    }
    let region = (needs_region(tool) && !facts.configures_region(tool)).then_some(Need::Region);
    [Need::TokenFile, Need::Role].into_iter().chain(region).filter(|need| !set(*need)).collect()
}

fn declared(file: &Analysis<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| matches!(file.settings.known(name, None), Known::Defined | Known::OtherEnvironments(_)))
}

fn needs_region(tool: &ToolUse) -> bool {
    let cli = tool.call.tool.id == ToolId::AwsCli;
    // CDK apps often set the regions of their stacks themselves.
    cli && !tool.region && !GLOBAL.contains(&tool.call.command())
}

fn report(file: &Analysis<'_>, step: &Step<'_>, tool: &ToolUse, need: Need, findings: &mut Findings<'_>) {
    let command = shown(file.source.slice(tool.span));
    let names = need.variables();
    let missing = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    let mut environments = file.environments(step);
    environments.sort_unstable();
    for environment in environments {
        let known: Vec<_> = names.iter().map(|name| file.settings.known(name, environment)).collect();
        if known.contains(&Known::Defined) {
            continue;
        }
        let perhaps = known.contains(&Known::Perhaps);
        let elsewhere = known.iter().find_map(|known| match known {
            Known::OtherEnvironments(environments) => Some(quoted(environments)),
            _ => None,
        });
        // Other uses of the step may be in environments that define it.
        let (place, others) = match &elsewhere {
            Some(_) => file.wrong_uses(step, tool.span, |at| file.environment(step, at) == environment),
            None => (tool.span, Vec::new()),
        };
        let (message, help) = match (elsewhere, environment) {
            (Some(elsewhere), None) => (
                format!(
                    "`{command}` needs {missing}, which is only defined for {elsewhere}, but this step has no \
                     `deployment`"
                ),
                "add `deployment:` with one of these environments".to_owned(),
            ),
            (Some(elsewhere), Some(environment)) => (
                format!("`{command}` needs {missing}, which is defined for {elsewhere} but not for `{environment}`"),
                format!("define it for `{environment}` under Repository settings > Deployments"),
            ),
            (None, _) if need == Need::TokenFile => (
                format!("`{command}` cannot read the step's token, because {missing} is not set"),
                "write the token to a file outside the clone directory and export its path:\n\
                 export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token\n\
                 echo \"$BITBUCKET_STEP_OIDC_TOKEN\" > \"$AWS_WEB_IDENTITY_TOKEN_FILE\""
                    .to_owned(),
            ),
            (None, _) => (
                format!("`{command}` needs {missing}, which is not set in this file"),
                where_to_define(names[0], environment),
            ),
        };
        let severity = if perhaps { Severity::Hint } else { Severity::Error };
        let finding = findings.report_as(severity, place, message).help(help);
        for (place, label) in others {
            finding.related(place, label);
        }
        if place == tool.span {
            finding.of_step(file.step_place(step));
        }
        // Without a declaration one hint is enough; with one, each environment gets its own finding.
        if perhaps {
            return;
        }
    }
}

fn where_to_define(name: &str, environment: Option<&str>) -> String {
    let place = match environment {
        Some(environment) if name == "AWS_ROLE_ARN" => {
            format!("for `{environment}` under Repository settings > Deployments")
        }
        _ => "under Repository settings > Repository variables".to_owned(),
    };
    format!("define `{name}` {place}, and declare it in keyless.yaml")
}

fn quoted(environments: &[&str]) -> String {
    environments.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Variables that are read, but are neither set nor declared.
fn undeclared(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts, findings: &mut Findings<'_>) {
    let environments = file.environments(step);
    let mut reported: Vec<&str> = Vec::new();
    for read in facts.reads.iter().filter(|read| !read.optional && !read.set_before && !facts.is_opaque(read.order)) {
        let name = read.name.as_str();
        if reported.contains(&name) || requirements::is_provided(&file.model, step, name) {
            continue;
        }
        let unknown = environments.iter().find_map(|environment| match file.settings.known(name, *environment) {
            Known::Missing => Some((*environment, None)),
            Known::OtherEnvironments(elsewhere) => Some((*environment, Some(quoted(&elsewhere)))),
            Known::Defined | Known::Perhaps => None,
        });
        let Some((environment, elsewhere)) = unknown else { continue };
        reported.push(name);
        let defined_elsewhere = elsewhere.is_some();
        let message = match (elsewhere, environment) {
            (None, _) => format!("`{name}` is not set"),
            (Some(elsewhere), None) => {
                format!("`{name}` is only defined for {elsewhere}, but this step has no `deployment`")
            }
            (Some(elsewhere), Some(environment)) => {
                format!("`{name}` is defined for {elsewhere} but not for `{environment}`")
            }
        };
        let (place, others) = if defined_elsewhere {
            file.wrong_uses(step, read.span, |at| file.environment(step, at) == environment)
        } else {
            (read.span, Vec::new())
        };
        let finding = findings.report_as(Severity::Warning, place, message).help(where_to_define(name, environment));
        for (place, label) in others {
            finding.related(place, label);
        }
        if place == read.span {
            finding.of_step(file.step_place(step));
        }
    }
}
