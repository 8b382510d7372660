//! The documentation that is made from the table of variables: `--help`, `pipe.yml` and the README's table.

use std::fmt::Write;

use crate::variables::{VARIABLES, Variable};

/// The image that users name.
pub const IMAGE: &str = "keyless/pipe:0.1.0";

const HEAD: &str = "\
keyless-pipe: deploy an AWS CDK app from Bitbucket Pipelines without a stored key

Takes no arguments: everything comes from variables, as Bitbucket hands them to a pipe.
The step needs `oidc: true`; its token is exchanged for a role session, the CDK runs with it,
and nothing of either is written to disk.

examples:
  - pipe: docker://keyless/pipe:0.1.0
    variables:
      AWS_ROLE_ARN: $AWS_ROLE_ARN
      AWS_REGION: eu-west-1

  - pipe: docker://keyless/pipe:0.1.0
    variables:
      AWS_ROLE_ARN: $AWS_ROLE_ARN
      AWS_REGION: eu-west-1
      WORKING_DIRECTORY: infrastructure
      STACKS: [Network, Service]

variables ((*) is required):
";

const NAME_WIDTH: usize = 20;
const TEXT_WIDTH: usize = 76;

/// The text of `keyless-pipe --help`.
pub fn help() -> String {
    let mut help = HEAD.to_owned();
    for variable in VARIABLES {
        let mark = if variable.required { " (*)" } else { "" };
        let mut words = variable.help.to_owned();
        if let Some(alias) = variable.alias {
            let _ = write!(words, "; also {alias}");
        }
        if let Some(default) = variable.default {
            let _ = write!(words, "; default: {default}");
        }
        let mut name = format!("{}{mark}", variable.name);
        for line in wrap(&words, TEXT_WIDTH) {
            let _ = writeln!(help, "  {name:NAME_WIDTH$} {line}");
            name.clear();
        }
    }
    help
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The text of `pipe.yml`: what Bitbucket reads of a pipe. A default of `$NAME` carries a variable of the workspace, the
/// repository or the deployment environment into the pipe without the user naming it.
pub fn pipe_yml() -> String {
    let mut yaml = format!(
        "# Generated from the table in crates/core/src/pipes/keyless.rs; `SNAPSHOTS=overwrite cargo test -p keyless-pipe` updates it.\n\
         name: keyless deploy\n\
         image: {IMAGE}\n\
         description: Deploy an AWS CDK app with a role assumed by OIDC, without a stored key.\n\
         category: Deployment\n\
         tags:\n  - aws\n  - cdk\n  - oidc\n  - deployment\n\
         variables:\n"
    );
    for variable in VARIABLES {
        for name in [Some(variable.name), variable.alias].into_iter().flatten() {
            let _ = writeln!(yaml, "  - name: {name}\n    default: \"${name}\"");
        }
    }
    yaml
}

/// The README's table of variables, in Atlassian's form: `(**)` is needed and may come from the settings.
pub fn table() -> String {
    let mut table = "| Variable | Usage |\n| --- | --- |\n".to_owned();
    for variable in VARIABLES {
        let Variable { name, alias, required, default, help } = variable;
        let mark = if *required { " (**)" } else { "" };
        let _ = write!(table, "| {name}{mark} | {}.", capitalised(help));
        if let Some(alias) = alias {
            let _ = write!(table, " Also `{alias}`.");
        }
        if let Some(default) = default {
            let _ = write!(table, " Default: `{default}`.");
        }
        table.push_str(" |\n");
    }
    table
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
