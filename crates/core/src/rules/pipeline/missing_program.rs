use std::collections::HashMap;

use crate::{
    analysis::{Analysis, programs::MissingProgram},
    rules::{Findings, rule},
};

rule! {
    /// A program that the step's image does not have.
    ///
    /// The command fails with `not found`. Slim and Alpine images leave out even `git`, `curl` and `zip`, and images of
    /// languages have no `aws` or `jq`. Install the program, or use an image that has it.
    ///
    /// ```yaml wrong
    /// image: python:3.12-slim
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - pip install --requirement requirements.txt --target package
    ///           - zip -r function.zip package
    /// ```
    ///
    /// ```yaml right
    /// image: python:3.12-slim
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - apt-get update && apt-get install --yes zip
    ///           - pip install --requirement requirements.txt --target package
    ///           - zip -r function.zip package
    /// ```
    ///
    /// Only images whose Dockerfiles are public are known: official images of languages and distributions, `amazon/aws-cli`
    /// and `hashicorp/terraform`. A program is not reported if anything before it may have installed it: a package
    /// manager, a download that names it, a script for setup, or a change of `PATH`. The Docker CLI is reported by
    /// `missing-docker-cli`.
    static RULE: "missing-program", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    // The same program missing from the same image in several steps is one cause.
    let mut order: Vec<MissingProgram<'_>> = Vec::new();
    let mut others: HashMap<(String, &str), Vec<MissingProgram<'_>>> = HashMap::new();
    for (step, facts) in file.steps() {
        for missing in file.missing_programs(step, facts) {
            // Up to runtime 2 Bitbucket mounts the Docker CLI.
            if missing.program == "docker" {
                continue;
            }
            let known = others.entry((missing.program.clone(), missing.image.value)).or_default();
            if known.is_empty() {
                order.push(missing.clone());
            }
            known.push(missing);
        }
    }
    for first in order {
        let message = format!("image `{}` does not have `{}`", first.image.value, first.program);
        let finding = findings.report(file.first_line(first.span), message);
        let image = format!("{}: {}", first.source.image, first.source.url);
        finding.related(first.image.span(file.tree), image);
        let uses = others.get(&(first.program.clone(), first.image.value));
        for other in uses.into_iter().flatten().skip(1) {
            finding.related(file.first_line(other.span), "also used here");
        }
        let install = if first.image.value.contains("alpine") {
            format!("install it first, for example with `apk add`, or use an image with `{}`", first.program)
        } else {
            format!("install it first, or use an image with `{}`", first.program)
        };
        finding.help(install);
    }
}
