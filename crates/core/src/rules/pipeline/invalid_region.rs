use crate::{
    analysis::Analysis,
    aws::{Region, RoleArn},
    facts::{ROLE_VARIABLE, StepFacts},
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// A region that does not exist, or one of another partition than the role.
    ///
    /// A typing error in a region shows up at run time as an endpoint that cannot be reached. A role lives in one partition
    /// (`aws`, `aws-cn`, `aws-us-gov`), and its sessions are good for the regions of that partition only.
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

/// A region or a role with its place.
type Named = (String, Span);

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for (text, span) in regions(facts) {
            if let Err(error) = Region::parse(&text) {
                findings.report(span, error.to_string());
            }
        }
        for (region, role) in pairs(facts) {
            let (Ok(known), Ok(arn)) = (Region::parse(&region.0), RoleArn::parse(&role.0)) else { continue };
            if known.partition() != arn.partition() {
                let message = format!(
                    "`{}` is a region of the partition `{}`, and the role belongs to `{}`",
                    known.name(),
                    known.partition().name,
                    arn.partition().name
                );
                findings
                    .report(region.1, message)
                    .related(role.1, "the role")
                    .help("use a role and a region of one partition");
            }
        }
    }
}

fn regions(facts: &StepFacts) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    for binding in facts.bindings.iter().filter(|binding| REGIONS.contains(&binding.name.as_str())) {
        found.extend(binding.value.literal().map(|text| (text.to_owned(), binding.span)));
    }
    for variable in facts.pipes.iter().flat_map(|pipe| REGIONS.iter().filter_map(|name| pipe.variable(name))) {
        found.extend(variable.value.literal().map(|text| (text.to_owned(), variable.span)));
    }
    for tool in facts.tools.iter().filter(|tool| tool.region && tool.call.tool.programs.contains(&"aws")) {
        let listing = &facts.listings[tool.listing];
        let Some(invocation) = listing.script.commands[tool.command].invocation() else { continue };
        let word = invocation.option("--region");
        found.extend(word.and_then(|word| Some((word.literal()?, listing.place(word.span)))));
    }
    found.retain(|(text, _)| !text.is_empty());
    found
}

/// The region and the role that are in force together.
fn pairs(facts: &StepFacts) -> Vec<(Named, Named)> {
    let mut found = Vec::new();
    for tool in &facts.tools {
        let get = |name: &str| {
            let binding = tool.variable(name)?;
            Some((binding.value.literal()?.to_owned(), binding.span))
        };
        found.extend(REGIONS.iter().find_map(|name| get(name)).zip(get("AWS_ROLE_ARN")));
    }
    for pipe in &facts.pipes {
        let get = |name: &str| {
            let variable = pipe.variable(name)?;
            Some((variable.value.literal()?.to_owned(), variable.span))
        };
        found.extend(REGIONS.iter().find_map(|name| get(name)).zip(get(ROLE_VARIABLE)));
    }
    found
}
