//! Texts with places to fill in, in the syntax of the Language Server Protocol: `${1:what is selected first}`.

use super::completion::Completion;

/// A text with places to fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// What a list of suggestions shows.
    pub label: &'static str,
    /// One sentence about it.
    pub doc: &'static str,
    /// The text. Its lines are indented from where its first line begins.
    pub body: &'static str,
}

/// What fits where a step may be.
const STEPS: [Snippet; 2] = [
    Snippet {
        label: "step with a role",
        doc: "a step that assumes a role with its token, for the AWS CLI and everything else that uses an SDK",
        body: "step:
    name: ${1:Deploy}
    deployment: ${2:production}
    oidc: true
    script:
      - export AWS_REGION=${3:eu-central-1}
      - export AWS_ROLE_ARN=${4:arn:aws:iam::123456789012:role/deploy}
      - export AWS_WEB_IDENTITY_TOKEN_FILE=\\$(mktemp)
      - echo \"\\$BITBUCKET_STEP_OIDC_TOKEN\" > \"\\$AWS_WEB_IDENTITY_TOKEN_FILE\"
      - ${0:aws sts get-caller-identity}",
    },
    Snippet {
        label: "step",
        doc: "a step with a script",
        body: "step:
    name: ${1:Build}
    script:
      - ${0:make}",
    },
];

/// The snippets that fit where these suggestions fit.
pub fn at(found: &Completion) -> &'static [Snippet] {
    if found.options.iter().any(|choice| choice.label == "step" && choice.insert.is_some()) { &STEPS } else { &[] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ide::completion, lint, settings::Settings, text::Source};

    /// A snippet with what it suggests.
    fn filled(body: &str) -> String {
        let mut parts = body.split("${");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (place, rest) = part.split_once('}').unwrap();
            text.push_str(place.split_once(':').unwrap().1);
            text.push_str(rest);
        }
        text.replace("\\$", "$")
    }

    #[test]
    fn a_filled_in_snippet_has_no_findings() {
        for snippet in STEPS {
            let step = filled(snippet.body).replace('\n', "\n      ");
            let text = format!("image: amazon/aws-cli:2.31.0\npipelines:\n  branches:\n    main:\n      - {step}\n");
            let found = lint::lint(&Source::new("bitbucket-pipelines.yml", &text), &Settings::default());
            assert_eq!(
                found.iter().map(|finding| &finding.message).collect::<Vec<_>>(),
                Vec::<&String>::new(),
                "{text}"
            );
        }
    }

    #[test]
    fn they_fit_where_a_step_fits() {
        let of = |text: &str| completion::at(text, text.len()).map_or(0, |found| at(&found).len());
        assert_eq!(of("pipelines:\n  default:\n    - "), 2);
        assert_eq!(of("pipelines:\n  default:\n    - step:\n        "), 0);
    }
}
