use crate::{
    analysis::Analysis,
    aws::{Region, RegionError, RoleArn},
    facts::{StepFacts, ToolId},
    rules::{Findings, rule},
    text::Spanned,
};

rule! {
    /// An unknown AWS region, or a region in another partition than the role.
    ///
    /// A misspelled region fails only at run time, as an endpoint that cannot be reached. A role belongs to one
    /// partition (`aws`, `aws-cn`, `aws-us-gov`), and its sessions are valid only in the regions of that partition.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - pipe: atlassian/aws-s3-deploy:2.0.1
    ///             variables:
    ///               AWS_DEFAULT_REGION: eu-wets-1
    ///               AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///               S3_BUCKET: bucket
    ///               LOCAL_PATH: dist
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
    ///               AWS_DEFAULT_REGION: eu-west-1
    ///               AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///               S3_BUCKET: bucket
    ///               LOCAL_PATH: dist
    /// ```
    static RULE: "invalid-region", Error, check
}

const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for Spanned { value: text, span } in regions(facts) {
            match Region::parse(&text) {
                Ok(_) => {}
                Err(RegionError::AvailabilityZone { found, region }) => {
                    findings
                        .report(span, format!("`{found}` is an availability zone, not a region"))
                        .help(format!("use its region, `{region}`"));
                }
                Err(RegionError::Unknown { found, nearest }) => {
                    findings.report(span, format!("unknown AWS region `{found}`")).help(match nearest {
                        Some(nearest) => format!("did you mean `{nearest}`?"),
                        None => "use a region such as `eu-west-1`".to_owned(),
                    });
                }
            }
        }
        for (region, role) in pairs(facts) {
            let (Ok(known), Ok(arn)) = (Region::parse(&region.value), RoleArn::parse(&role.value)) else { continue };
            if known.partition() != arn.partition() {
                let message = format!(
                    "region `{}` is in partition `{}`, but the role is in `{}`",
                    known.name(),
                    known.partition().name,
                    arn.partition().name
                );
                findings
                    .report(region.span, message)
                    .related(role.span, "the role is set here")
                    .help("use a region and a role in the same partition");
            }
        }
    }
}

fn regions(facts: &StepFacts) -> Vec<Spanned<String>> {
    let mut found: Vec<Spanned<String>> = Vec::new();
    for binding in facts.bindings.iter().filter(|binding| REGIONS.contains(&binding.name.as_str())) {
        found.extend(binding.value.literal().map(|text| Spanned::new(text.to_owned(), binding.span)));
    }
    for variable in facts.pipes.iter().flat_map(|pipe| REGIONS.iter().filter_map(|name| pipe.variable(name))) {
        found.extend(variable.value.literal().map(|text| Spanned::new(text.to_owned(), variable.span)));
    }
    for tool in facts.tools.iter().filter(|tool| tool.region && tool.call.tool.id == ToolId::AwsCli) {
        let section = &facts.sections[tool.section];
        let Some(invocation) = section.script.commands[tool.command].invocation() else { continue };
        let word = invocation.option("--region");
        found.extend(word.and_then(|word| Some(Spanned::new(word.to_literal()?, section.place(word.span)))));
    }
    found.retain(|region| !region.value.is_empty());
    found
}

/// The regions and roles that are used together.
fn pairs(facts: &StepFacts) -> Vec<(Spanned<String>, Spanned<String>)> {
    let mut found = Vec::new();
    for tool in &facts.tools {
        let get = |name: &str| {
            let binding = tool.variable(name)?;
            Some(Spanned::new(binding.value.literal()?.to_owned(), binding.span))
        };
        found.extend(REGIONS.iter().find_map(|name| get(name)).zip(get("AWS_ROLE_ARN")));
    }
    for pipe in &facts.pipes {
        let get = |name: &str| {
            let variable = pipe.variable(name)?;
            Some(Spanned::new(variable.value.literal()?.to_owned(), variable.span))
        };
        found.extend(REGIONS.iter().find_map(|name| get(name)).zip(pipe.role().and_then(|role| get(&role.name))));
    }
    found
}
