use crate::{
    analysis::{Analysis, steps::Started},
    facts::split_package,
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// The AWS CDK CLI installed without a version, or as `latest`.
    ///
    /// The version affects what is deployed. Without a version, every run installs the newest release, so a run can
    /// deploy something else, or fail, although nothing in the repository has changed. Add the CLI to the project's
    /// `package.json`, or pin a version that can read the cloud assemblies of your `aws-cdk-lib`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm install -g aws-cdk
    ///           - cdk synth
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm install -g aws-cdk@2.1148.1
    ///           - cdk synth
    /// ```
    static RULE: "unpinned-cdk", Warning, check
}

const INSTALLERS: [&str; 4] = ["npm", "yarn", "pnpm", "bun"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    file.each_program(&mut |Started { section, invocation, .. }| {
        let words: Vec<_> = invocation.literals().collect();
        let adds = words.iter().any(|(_, word)| matches!(word.as_ref(), "install" | "i" | "add" | "global"));
        // `npm ci` installs the version in the lock file.
        if INSTALLERS.contains(&invocation.program.as_ref()) && adds {
            for (index, word) in words.iter().filter(|(_, word)| is_unpinned(word)) {
                report(section.place(invocation.arguments[*index].span), word, findings);
            }
        }
    });
    for (_, facts) in file.steps() {
        for tool in &facts.tools {
            if let Some(package) = tool.call.package.as_deref().filter(|package| is_unpinned(package)) {
                report(tool.span, package, findings);
            }
        }
    }
}

/// Whether a package specification is the CDK CLI without a version.
fn is_unpinned(word: &str) -> bool {
    let (name, version) = split_package(word);
    name == "aws-cdk" && version.is_none_or(|version| matches!(version, "" | "latest" | "*" | "next"))
}

fn report(span: Span, package: &str, findings: &mut Findings<'_>) {
    findings
        .report(span, format!("package `{package}` is not pinned to a version"))
        .help("pin a version, such as `aws-cdk@2.1148.1`: otherwise every run installs the newest one");
}
