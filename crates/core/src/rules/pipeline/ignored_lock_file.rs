use crate::{
    analysis::{
        Analysis,
        steps::{Started, shown},
    },
    rules::{Findings, rule},
    script::Word,
};

rule! {
    /// A step that deploys installs other versions than the lock file names.
    ///
    /// What runs in production is then what was published since, tried by nobody. Update dependencies in a change of their own,
    /// and install what the lock file says.
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

/// Package managers with the subcommand that moves to newer versions.
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

/// Options that leave the lock file unread, whatever the package manager.
const UNREAD: [&str; 2] = ["--no-lockfile", "--no-package-lock"];

/// Options with which nothing of the project changes.
const HARMLESS: [&str; 4] = ["-g", "--global", "--dry-run", "--help"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    file.each_program(&mut |Started { facts, listing, invocation, .. }| {
        let asked = invocation.arguments.first().map_or("", Word::prefix);
        let ignores = UPDATES.contains(&(&invocation.program, asked)) || invocation.has_flag(&UNREAD);
        if !ignores || invocation.has_flag(&HARMLESS) || facts.deployment().is_none() {
            return;
        }
        let span = file.first_line(listing.place(invocation.span));
        let message = format!("`{}` installs versions that no lock file names", shown(file.source.slice(span)));
        findings.report(span, message).help("install what the lock file says, and update it in a change of its own");
    });
}
