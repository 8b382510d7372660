use crate::{
    analysis::{
        Analysis,
        steps::{Started, shown},
    },
    diagnostic::{Edit, Safety},
    rules::{Findings, rule},
    script::Word,
    text::Span,
};

rule! {
    /// An option for a package script that npm keeps for itself.
    ///
    /// `npm run build --prod` sets npm's own configuration `prod` and runs the script `build` without it. Options behind `--`
    /// are passed to the script. yarn and pnpm pass them without `--`.
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm ci
    ///           - npm run build --prod
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm ci
    ///           - npm run build -- --prod
    /// ```
    ///
    /// Options that npm knows, such as `--if-present` and `--workspace`, are not reported. A script can read the others as
    /// `npm_config_prod`, which is rarely meant.
    ///
    /// Source: <https://docs.npmjs.com/cli/commands/npm-run>.
    static RULE: "swallowed-npm-option", Hint, check
}

/// Subcommands that are followed by the name of a script of the package, and those that run the script of that name.
const RUN: [&str; 3] = ["run", "run-script", "rum"];
const SCRIPTS: [&str; 6] = ["test", "tst", "t", "start", "stop", "restart"];

/// Options of npm itself (<https://docs.npmjs.com/cli/using-npm/config>), without their dashes.
const OWN: [&str; 46] = [
    "s",
    "silent",
    "q",
    "quiet",
    "d",
    "dd",
    "ddd",
    "verbose",
    "loglevel",
    "if-present",
    "ignore-scripts",
    "foreground-scripts",
    "script-shell",
    "workspace",
    "w",
    "workspaces",
    "ws",
    "include-workspace-root",
    "prefix",
    "C",
    "production",
    "omit",
    "include",
    "only",
    "also",
    "dev",
    "global",
    "g",
    "yes",
    "y",
    "no",
    "color",
    "no-color",
    "progress",
    "no-progress",
    "unsafe-perm",
    "cache",
    "registry",
    "userconfig",
    "scripts-prepend-node-path",
    "node-options",
    "offline",
    "prefer-offline",
    "timing",
    "help",
    "h",
];

/// Options of npm that take the next argument as their value.
const VALUED: [&str; 8] =
    ["--workspace", "-w", "--prefix", "-C", "--loglevel", "--script-shell", "--omit", "--include"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    file.each_program(&mut |Started { section, invocation, .. }| {
        if invocation.program != "npm" {
            return;
        }
        let Some(swallowed) = swallowed(invocation.arguments) else { return };
        let option = section.place(swallowed.span);
        let command = shown(file.source.slice(file.first_line(section.place(invocation.span))));
        let name = swallowed.prefix().split('=').next().unwrap_or_default().to_owned();
        findings
            .report(option, format!("npm keeps `{name}` for itself in `{command}`"))
            .help(format!("pass it to the script behind `--`: `-- {name}`"))
            .fix(
                "add `--` before it",
                Safety::Unsafe,
                vec![Edit { span: Span::at(option.start), replacement: "-- ".to_owned() }],
            );
    });
}

/// The first option behind the name of a script that npm does not know.
fn swallowed(arguments: &[Word]) -> Option<&Word> {
    let mut words = arguments.iter();
    let (mut runs, mut named) = (false, false);
    while let Some(word) = words.next() {
        let text = word.prefix();
        if text == "--" {
            return None;
        }
        if let Some(option) = text.strip_prefix('-').filter(|option| !option.is_empty()) {
            let name = option.trim_start_matches('-').split('=').next().unwrap_or_default();
            if named && !OWN.contains(&name) {
                return Some(word);
            }
            if VALUED.contains(&text) {
                words.next();
            }
        } else if !named {
            named = runs || SCRIPTS.contains(&text);
            runs |= RUN.contains(&text);
            if !runs && !named {
                return None;
            }
        }
    }
    None
}
