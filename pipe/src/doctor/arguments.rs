//! What may be asked of the doctor.

use std::path::PathBuf;

/// How it is called.
pub const USAGE: &str = "keyless-aws doctor [--pipeline FILE] [--environment NAME] [--repository WORKSPACE/NAME] [--qualifier NAME] [--json]";

/// Its help.
pub const HELP: &str = "\
keyless-aws doctor: look at everything that a deployment needs, with what access there is; nothing is changed

usage:
  keyless-aws doctor [options]

options:
  --pipeline FILE               the pipeline [default: bitbucket-pipelines.yml]
  --environment NAME            the deployment environment whose role AWS_ROLE_ARN is [default: the step's]
  --repository WORKSPACE/NAME   the repository in Bitbucket [default: the step's]
  --qualifier NAME              the qualifier that `cdk bootstrap` was given [default: hnb659fds]
  --json                        answer with one JSON document

what it looks at, and with what:
  region, role's name           AWS_REGION, AWS_ROLE_ARN
  variables, environments       BITBUCKET_ACCESS_TOKEN, or ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN;
                                names alone are read, values never shown
  session                       the step's token, in a step with `oidc: true`
  provider, role, bootstrap     that session, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN)

examples:
  keyless-aws doctor                                   in a step with `oidc: true`
  eval \"$(aws configure export-credentials --format env)\"
  AWS_ROLE_ARN=arn:aws:iam::123456789012:role/deploy AWS_REGION=eu-west-1 \\
    keyless-aws doctor --repository acme/shop --environment production

exit status: 0 nothing failed, 1 something failed, 2 the command line is wrong
";

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The pipeline file.
    pub pipeline: Option<PathBuf>,
    /// The deployment environment of the role.
    pub environment: Option<String>,
    /// Workspace and repository.
    pub repository: Option<(String, String)>,
    /// The bootstrap qualifier.
    pub qualifier: Option<String>,
    /// Whether the answer is to be JSON.
    pub json: bool,
}

impl Arguments {
    /// Reads the words behind `doctor`.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(words: &[&str]) -> Result<Self, String> {
        let mut arguments = Self::default();
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            let mut value = || {
                let value = words.next().filter(|value| !value.is_empty()).map(|value| (*value).to_owned());
                value.ok_or_else(|| format!("{word} needs a value"))
            };
            match word {
                "--pipeline" => arguments.pipeline = Some(value()?.into()),
                "--environment" => arguments.environment = Some(value()?),
                "--qualifier" => arguments.qualifier = Some(value()?),
                "--repository" => {
                    let text = value()?;
                    let pair = text.split_once('/').filter(|(workspace, name)| is_slug(workspace) && is_slug(name));
                    let (workspace, name) = pair.ok_or_else(|| format!("`{text}` is not WORKSPACE/NAME"))?;
                    arguments.repository = Some((workspace.to_owned(), name.to_owned()));
                }
                "--json" => arguments.json = true,
                other => return Err(format!("`{other}` is no option of doctor")),
            }
        }
        Ok(arguments)
    }
}

/// Whether a text may stand in a path of Bitbucket's API as it is.
pub(super) fn is_slug(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    #[test]
    fn words_are_read_or_refused() {
        let read = Arguments::parse(&["--repository", "acme/shop", "--json", "--environment", "production"]).unwrap();
        assert_eq!(read.repository, Some(("acme".to_owned(), "shop".to_owned())));
        assert!(read.json && read.environment.as_deref() == Some("production"));
        for (words, expected) in [
            (&["--pipeline"][..], "--pipeline needs a value"),
            (&["--repository", "shop"], "`shop` is not WORKSPACE/NAME"),
            (&["--repository", "acme/../x"], "`acme/../x` is not WORKSPACE/NAME"),
            (&["production"], "`production` is no option of doctor"),
        ] {
            assert_eq!(Arguments::parse(words).unwrap_err(), expected);
        }
    }
}
