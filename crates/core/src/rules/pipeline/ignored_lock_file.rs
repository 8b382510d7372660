use crate::{
    analysis::{
        Analysis,
        steps::{Started, shown},
    },
    rules::{Findings, rule},
    script::Word,
};

rule! {
    /// A deployment step that installs versions other than those in the lock file.
    ///
    /// Production then runs whatever has been published since, which nobody has tested. Install from the lock file, and
    /// update dependencies in a separate change.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - npm update
    ///             - npx cdk deploy --require-approval never
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
    ///             - npm ci
    ///             - npx cdk deploy --require-approval never
    /// ```
    static RULE: "ignored-lock-file", Warning, check
}

/// Package managers with the subcommand that updates to newer versions.
const UPDATES: [(&str, &str); 9] = [
    ("npm", "update"),
    ("yarn", "upgrade"),
    ("yarn", "up"),
    ("pnpm", "update"),
    ("composer", "update"),
    ("bundle", "update"),
    ("poetry", "update"),
    ("pipenv", "update"),
    ("cargo", "update"),
];

/// Options that ignore the lock file, in any package manager.
const UNREAD: [&str; 2] = ["--no-lockfile", "--no-package-lock"];

/// Options with which the project does not change.
const HARMLESS: [&str; 4] = ["-g", "--global", "--dry-run", "--help"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    file.each_program(&mut |Started { facts, section, invocation, .. }| {
        let asked = invocation.arguments.first().map_or("", Word::prefix);
        let ignores = UPDATES.contains(&(&invocation.program, asked)) || invocation.has_flag(&UNREAD);
        if !ignores || invocation.has_flag(&HARMLESS) || facts.deployment().is_none() {
            return;
        }
        let span = file.first_line(section.place(invocation.span));
        let message = format!("`{}` does not install the locked versions", shown(file.source.slice(span)));
        findings.report(span, message).help("install the locked versions, and update them in a separate change");
    });
}
