//! Whether a token's claims fit the step that holds it.

use std::fmt;

use super::{
    AUDIENCE, ISSUER,
    claims::{Claims, Subject},
};

/// What a step knows about itself without asking anyone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expectations<'s> {
    /// The time of day, in seconds since 1970 in UTC.
    pub now: u64,
    /// `BITBUCKET_WORKSPACE`: the workspace's slug.
    pub workspace: Option<&'s str>,
    /// `BITBUCKET_REPO_UUID`, in braces.
    pub repository_uuid: Option<&'s str>,
    /// `BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID`, in braces.
    pub environment_uuid: Option<&'s str>,
    /// `BITBUCKET_STEP_UUID`, in braces.
    pub step_uuid: Option<&'s str>,
}

/// One thing about a token that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Its time is over; AWS refuses it.
    Expired {
        /// The claim `exp`.
        exp: u64,
        /// The clock.
        now: u64,
    },
    /// Its time has not come: the token is from the future, or this machine's clock is behind.
    NotYetValid {
        /// The later of `nbf` and `iat`.
        from: u64,
        /// The clock.
        now: u64,
    },
    /// The issuer is not the one of a Bitbucket workspace's pipelines.
    Issuer {
        /// The claim `iss`.
        found: String,
    },
    /// The issuer is another workspace's.
    Workspace {
        /// The workspace in the claim `iss`.
        found: String,
        /// The step's workspace.
        expected: String,
    },
    /// Several audiences: AWS compares one.
    AudienceList {
        /// How many.
        count: usize,
    },
    /// The default audience of a workspace is missing.
    Audience {
        /// The claim `aud`.
        found: String,
    },
    /// The subject has neither two nor three parts.
    SubjectShape {
        /// The claim `sub`.
        found: String,
    },
    /// A part of the subject is not the step's own.
    Subject {
        /// "repository", "deployment environment" or "step".
        part: &'static str,
        /// The UUID in `sub`, or nothing.
        found: Option<String>,
        /// The step's UUID, or nothing.
        expected: Option<String>,
    },
}

impl Mismatch {
    /// Whether AWS is sure to refuse the token, so that asking it is useless. Everything else is for AWS to judge.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Expired { .. })
    }
}

/// How far two clocks may be apart before it is worth a word, in seconds.
const CLOCK_TOLERANCE: u64 = 60;

/// Compares claims with what the step knows about itself. The worst comes first.
pub fn check(claims: &Claims, step: &Expectations<'_>) -> Vec<Mismatch> {
    let mut found = Vec::new();
    if claims.exp <= step.now {
        found.push(Mismatch::Expired { exp: claims.exp, now: step.now });
    }
    let from = claims.nbf.max(claims.iat).unwrap_or_default();
    if from > step.now.saturating_add(CLOCK_TOLERANCE) {
        found.push(Mismatch::NotYetValid { from, now: step.now });
    }
    found.extend(check_issuer(&claims.iss, step.workspace));
    found.extend(check_audience(claims));
    check_subject(&claims.sub, step, &mut found);
    found
}

fn check_issuer(iss: &str, workspace: Option<&str>) -> Option<Mismatch> {
    let slug = iss.strip_prefix("https://").and_then(|rest| rest.strip_prefix(ISSUER.0)?.strip_suffix(ISSUER.1));
    match (slug.filter(|slug| !slug.is_empty() && !slug.contains('/')), workspace) {
        (None, _) => Some(Mismatch::Issuer { found: iss.to_owned() }),
        (Some(slug), Some(own)) if slug != own => {
            Some(Mismatch::Workspace { found: slug.to_owned(), expected: own.to_owned() })
        }
        _ => None,
    }
}

fn check_audience(claims: &Claims) -> Option<Mismatch> {
    let count = claims.aud.iter().count();
    if count > 1 {
        return Some(Mismatch::AudienceList { count });
    }
    let default =
        claims.aud.iter().any(|aud| aud.strip_prefix(AUDIENCE).is_some_and(|uuid| !uuid.contains(['{', '}'])));
    (!default).then(|| Mismatch::Audience { found: claims.aud.to_string() })
}

fn check_subject(sub: &str, step: &Expectations<'_>, found: &mut Vec<Mismatch>) {
    let Some(subject) = Subject::parse(sub) else {
        found.push(Mismatch::SubjectShape { found: sub.to_owned() });
        return;
    };
    let differs = |found: Option<&str>, expected: Option<&str>| match (found, expected) {
        (Some(found), Some(expected)) => !found.eq_ignore_ascii_case(expected),
        (found, expected) => found.is_some() != expected.is_some(),
    };
    // A step that does not know its repository or step is not a Bitbucket step; nothing to compare then.
    let parts = [
        ("repository", Some(subject.repository), step.repository_uuid, step.repository_uuid.is_some()),
        ("deployment environment", subject.environment, step.environment_uuid, step.step_uuid.is_some()),
        ("step", Some(subject.step), step.step_uuid, step.step_uuid.is_some()),
    ];
    found.extend(parts.into_iter().filter(|(_, found, expected, known)| *known && differs(*found, *expected)).map(
        |(part, found, expected, _)| Mismatch::Subject {
            part,
            found: found.map(str::to_owned),
            expected: expected.map(str::to_owned),
        },
    ));
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { exp, now } => write!(
                f,
                "the token expired {} ago (`exp` is {exp}, now is {now}); a step receives one token when it starts, so begin \
                 the AWS work earlier in the step, or in a step of its own",
                duration(now - exp)
            ),
            Self::NotYetValid { from, now } => write!(
                f,
                "the token is valid only in {} (`iat` or `nbf` is {from}, now is {now}); this machine's clock is behind",
                duration(from - now)
            ),
            Self::Issuer { found } => {
                write!(
                    f,
                    "the token's issuer `{found}` is not one of Bitbucket Pipelines (`https://{}<workspace>{}`)",
                    ISSUER.0, ISSUER.1
                )
            }
            Self::Workspace { found, expected } => {
                write!(f, "the token's issuer is the workspace `{found}`, this step belongs to `{expected}`")
            }
            Self::AudienceList { count } => write!(
                f,
                "the token has {count} audiences and AWS compares one; write `oidc: true` without `audiences` on this step"
            ),
            Self::Audience { found } => {
                write!(f, "the token's audience `{found}` is not the workspace's default (`{AUDIENCE}<uuid>`)")
            }
            Self::SubjectShape { found } => write!(
                f,
                "the token's subject `{found}` is neither `{{repository}}:{{step}}` nor \
                 `{{repository}}:{{environment}}:{{step}}`"
            ),
            Self::Subject { part, found, expected } => {
                let named = |uuid: &Option<String>| uuid.as_ref().map_or("none".to_owned(), |uuid| format!("`{uuid}`"));
                write!(f, "the token's subject names {part} {}, this step has {}", named(found), named(expected))
            }
        }
    }
}

impl std::error::Error for Mismatch {}

/// A duration in the largest two units: `2 h 5 min`, `3 min 20 s`, `7 s`.
pub fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::Audience;

    fn claims() -> Claims {
        Claims {
            iss: "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc".to_owned(),
            aud: Audience::One("ari:cloud:bitbucket::workspace/0b0e".to_owned()),
            sub: "{repo}:{env}:{step}".to_owned(),
            exp: 5_000,
            iat: Some(1_400),
            nbf: None,
            azp: None,
            repository_uuid: None,
            workspace_uuid: None,
            deployment_environment_uuid: None,
            step_uuid: None,
            pipeline_uuid: None,
            pipeline_run_uuid: None,
            branch_name: None,
        }
    }

    const STEP: Expectations<'_> = Expectations {
        now: 2_000,
        workspace: Some("acme"),
        repository_uuid: Some("{repo}"),
        environment_uuid: Some("{env}"),
        step_uuid: Some("{step}"),
    };

    #[test]
    fn a_token_of_this_step_fits() {
        assert_eq!(check(&claims(), &STEP), []);
        assert_eq!(check(&claims(), &Expectations { now: 2_000, ..Expectations::default() }), []);
    }

    #[test]
    fn each_claim_that_does_not_fit_is_named() {
        type Change = fn(&mut Claims);
        let cases: [(Change, &str); 9] = [
            (
                |c| c.exp = 1_800,
                "the token expired 3 min 20 s ago (`exp` is 1800, now is 2000); a step receives one token when it starts, so \
                 begin the AWS work earlier in the step, or in a step of its own",
            ),
            (
                |c| c.iat = Some(2_600),
                "the token is valid only in 10 min 0 s (`iat` or `nbf` is 2600, now is 2000); this machine's clock is behind",
            ),
            (
                |c| c.iss = "https://gitlab.com".to_owned(),
                "the token's issuer `https://gitlab.com` is not one of Bitbucket Pipelines \
                 (`https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc`)",
            ),
            (
                |c| c.iss = c.iss.replace("acme", "other"),
                "the token's issuer is the workspace `other`, this step belongs to `acme`",
            ),
            (
                |c| c.aud = Audience::Many(vec!["a".to_owned(), "b".to_owned()]),
                "the token has 2 audiences and AWS compares one; write `oidc: true` without `audiences` on this step",
            ),
            (
                |c| c.aud = Audience::Many(vec!["sts.amazonaws.com".to_owned()]),
                "the token's audience `[sts.amazonaws.com]` is not the workspace's default \
                 (`ari:cloud:bitbucket::workspace/<uuid>`)",
            ),
            (
                |c| c.sub = "repo".to_owned(),
                "the token's subject `repo` is neither `{repository}:{step}` nor `{repository}:{environment}:{step}`",
            ),
            (
                |c| c.sub = "{repo}:{step}".to_owned(),
                "the token's subject names deployment environment none, this step has `{env}`",
            ),
            (
                |c| c.sub = "{other}:{env}:{step}".to_owned(),
                "the token's subject names repository `{other}`, this step has `{repo}`",
            ),
        ];
        for (change, expected) in cases {
            let mut claims = claims();
            change(&mut claims);
            let messages: Vec<_> = check(&claims, &STEP).iter().map(ToString::to_string).collect();
            assert_eq!(messages, [expected]);
        }
    }
}
