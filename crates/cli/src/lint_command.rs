//! `keyless lint`.

use std::{collections::HashMap, io, path::PathBuf, sync::Arc};

use clap::Args;
use keyless_core::lint;

use crate::{
    checking::{self, Reporting},
    inputs,
    outcome::Outcome,
    roles,
    settings::Declared,
    streams::Streams,
};

/// Find errors in bitbucket-pipelines.yml before Bitbucket does
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless lint                                 the pipeline of this repository
  keyless lint services/                       every bitbucket-pipelines.yml below a folder
  git show HEAD:bitbucket-pipelines.yml | keyless lint -
  keyless lint --variables AWS_ROLE_ARN,AWS_REGION
                                               variables that are set in Bitbucket
  keyless lint --settings ci/keyless.yaml      variables and environments from another settings file
  keyless lint --trust-policy role.json        steps that the role's trust policy rejects
  keyless lint --format json --min-severity hint
  keyless lint --diff                          the changes that --fix would make
  keyless lint --select credentials,secrets    only two groups of rules
  keyless lint --ignore unpinned-image --rule-level scripts=error
  keyless lint --statistics --exit-zero        how many findings each rule has
  keyless lint --format sarif=lint.sarif --format text
                                               a report for a service, and one for the log
  keyless lint --report bitbucket              in a step: show the findings on the commit
  keyless lint --format markdown               a comment for a pull request
  keyless lint --write-baseline baseline.json  accept the findings that there are now
  keyless lint --baseline baseline.json        only those that came later
  keyless lint --diff-base origin/main         only what a pull request introduces
  keyless lint --fix-only --unsafe-fixes       apply every fix; review the result with `git diff`
  keyless lint --verbose services/             which settings and files were read, and which rules are off

A folder is searched for files named bitbucket-pipelines.yml (or .yaml), and for pipelines named *pipelines.yml that other \
files import. What git ignores is skipped, and so are .git and node_modules. If there is none and the folder is not a \
repository, every *.yml and *.yaml file in it is linted as a pipeline.

`# keyless: allow[rule-id] reason` suppresses a finding: at the end of its line, above the key or step that it is in, or at the top of the file. `rules:` in keyless.yaml sets levels: `rules: {unpinned-image: off, scripts: hint}`; `overrides:` sets them for some files, and \
`paths:` names files to include or exclude. `keyless schema settings` prints all of its keys.

Exit status: 0 no findings, 1 findings, 2 invalid arguments or unreadable input.")]
pub(crate) struct Lint {
    /// Files, folders, or `-` for standard input [default: bitbucket-pipelines.yml, here or above in the repository]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    declared: Declared,
    /// The trust policy of the role that the steps assume, or a template or the output of `aws iam get-role`
    /// that holds it [default: what keyless.yaml names, for each deployment environment]
    #[arg(long, value_name = "FILE")]
    trust_policy: Option<PathBuf>,
    /// The role, where that file holds several
    #[arg(long, value_name = "NAME", requires = "trust_policy")]
    role: Option<String>,
    /// Leave out what `paths` in keyless.yaml excludes even if it is named, as the pre-commit hook does
    #[arg(long)]
    force_exclude: bool,
    #[command(flatten)]
    reporting: Reporting,
}

/// Lints what `arguments` name and reports it.
pub(crate) fn run(arguments: &Lint, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let Lint { paths, declared, trust_policy, role, force_exclude, reporting } = arguments;
    let mut lookup = declared.lookup();
    let (inputs, mut failures) =
        inputs::find(paths, &mut streams.input, &reporting.stdin_filename, &mut |path| lookup.includes(path));
    let inputs = lookup.find(inputs, *force_exclude, &mut failures);
    if reporting.verbose {
        streams.note(&lookup.describe(&inputs));
    }
    let given = trust_policy.as_deref().map(|path| (path, role.as_deref()));
    // Settings are shared between the inputs that they hold for, and so are their roles.
    let mut by_settings = HashMap::new();
    let inputs: Vec<_> = inputs
        .into_iter()
        .filter_map(|(input, settings)| {
            let read = || roles::of(&settings, given).map(Arc::new).map_err(|failure| failures.push(failure)).ok();
            let roles = by_settings.entry(Arc::as_ptr(&settings)).or_insert_with(read).clone()?;
            Some((input, (settings, roles)))
        })
        .collect();
    checking::run(
        &inputs,
        failures,
        &|source, (settings, roles)| lint::lint_with_roles(source, settings, roles),
        reporting,
        streams,
    )
}
