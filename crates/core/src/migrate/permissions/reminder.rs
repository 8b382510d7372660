//! Policies outside IAM's own that may name the user.

use std::fmt;

use super::{Policy, effect, strings};
use crate::iam::policy::Effect;

/// Something that may name the user, and that no call of AWS lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// The prefix of the actions of its service, such as `s3`.
    pub service: &'static str,
    /// What to read.
    pub what: &'static str,
}

/// Services whose resources have policies, and credentials that belong to a user.
const ALL: [Reminder; 16] = [
    Reminder {
        service: "s3",
        what: "bucket policies (S3), also those that deny others by `NotPrincipal` or `aws:userid`",
    },
    Reminder { service: "kms", what: "key policies and grants (KMS)" },
    Reminder { service: "sts", what: "trust policies of other roles (IAM)" },
    Reminder { service: "ecr", what: "repository policies (ECR)" },
    Reminder { service: "sqs", what: "queue policies (SQS)" },
    Reminder { service: "sns", what: "topic policies (SNS)" },
    Reminder { service: "secretsmanager", what: "secret policies (Secrets Manager)" },
    Reminder { service: "lambda", what: "function policies (Lambda)" },
    Reminder { service: "codeartifact", what: "domain and repository policies (CodeArtifact)" },
    Reminder { service: "es", what: "domain access policies (OpenSearch Service)" },
    Reminder { service: "glacier", what: "vault policies (S3 Glacier)" },
    Reminder { service: "execute-api", what: "API policies (API Gateway)" },
    Reminder {
        service: "eks",
        what: "access entries and the `aws-auth` ConfigMap (EKS); the creator of a cluster is its administrator without either",
    },
    Reminder { service: "lakeformation", what: "grants (Lake Formation)" },
    Reminder { service: "codecommit", what: "Git credentials of the user (CodeCommit), which a role cannot have" },
    Reminder { service: "ses", what: "SMTP credentials of the user (SES), which a role cannot have" },
];

impl fmt::Display for Reminder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

/// The reminders for what the policies allow.
pub(super) fn reminders(policies: &[Policy]) -> Vec<Reminder> {
    let statements = || policies.iter().flat_map(Policy::statements).filter(|it| effect(it) == Some(Effect::Allow));
    let allows = |service: &str| {
        statements().any(|statement| {
            let is_of = |pattern: &str| {
                let prefix = pattern.split(':').next().unwrap_or_default();
                prefix.eq_ignore_ascii_case(service) || prefix == "*"
            };
            statement.get("NotAction").is_some() || strings(statement, "Action").any(is_of)
        })
    };
    ALL.into_iter().filter(|reminder| allows(reminder.service)).collect()
}
