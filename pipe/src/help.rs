//! `keyless-pipe --help`.

use std::fmt::Write;

use crate::variables::VARIABLES;

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

/// The text of `--help`.
pub fn text() -> String {
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
