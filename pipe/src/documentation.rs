//! The documentation that is generated from the table of variables: `--help`, `pipe.yml` and the README's table.

use std::fmt::Write;

use keyless_core::pipes::keyless::{IMAGE, VARIABLES, Variable};

const HEAD: &str = "\
Deploy an AWS CDK app from Bitbucket Pipelines without a stored key

Usage: keyless-pipe

The pipe is configured by variables, as Bitbucket passes them to a pipe. The step needs
`oidc: true`: its token is exchanged for a role session, and the CDK runs with the session.
Neither is written to disk.

Examples:
  - pipe: docker://{image}
    variables:
      AWS_ROLE_ARN: $AWS_ROLE_ARN
      AWS_REGION: eu-west-1

  - pipe: docker://{image}
    variables:
      AWS_ROLE_ARN: $AWS_ROLE_ARN
      AWS_REGION: eu-west-1
      WORKING_DIRECTORY: infrastructure
      STACKS: [Network, Service]

Variables ((*) is required):
";

const NAME_WIDTH: usize = 20;
const TEXT_WIDTH: usize = 76;

/// The text of `keyless-pipe --help`.
pub fn help() -> String {
    let mut help = HEAD.replace("{image}", IMAGE);
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

/// The text of `pipe.yml`, which describes the pipe to Bitbucket. A default of `$NAME` passes a variable of the workspace, the
/// repository or the deployment environment to the pipe without the user naming it.
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

/// The README's table of variables, in Atlassian's form: `(**)` is required and can come from Bitbucket's settings.
pub fn table() -> String {
    let mut table = "| Variable | Usage |\n| --- | --- |\n".to_owned();
    for variable in VARIABLES {
        let Variable { name, alias, required, default, help, .. } = variable;
        let mark = if *required { " (**)" } else { "" };
        let _ = write!(table, "| {name}{mark} | {}.", capitalized(help));
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

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
