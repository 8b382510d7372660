//! Whether a token's claims fit the step that holds it.

use super::{
    AUDIENCE, Issuer,
    claims::{Claims, Subject},
};

/// What a step knows about itself from its own variables.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expectations<'s> {
    /// The current time, in seconds since 1970 in UTC.
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

/// A claim of a token that does not fit the step or AWS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The token has expired; AWS rejects it.
    #[error(
        "the token expired {} ago (`exp` is {exp}, the time is {now}); a step gets one token when it starts: move the AWS \
         commands earlier, or into a separate step",
        duration(now - exp)
    )]
    Expired {
        /// The claim `exp`.
        exp: u64,
        /// The current time.
        now: u64,
    },
    /// The token is not valid yet: this machine's clock is behind.
    #[error(
        "the token is not valid for another {} (`iat` or `nbf` is {from}, the time is {now}); this machine's clock is behind",
        duration(from - now)
    )]
    NotYetValid {
        /// The later of `nbf` and `iat`.
        from: u64,
        /// The current time.
        now: u64,
    },
    /// The issuer is not the one of a Bitbucket workspace's pipelines.
    #[error("the token's issuer `{found}` is not one of Bitbucket Pipelines (`{pattern}`)", pattern = Issuer::PATTERN)]
    Issuer {
        /// The claim `iss`.
        found: String,
    },
    /// The issuer is another workspace's.
    #[error("the token was issued for workspace `{found}`, but this step belongs to `{expected}`")]
    Workspace {
        /// The workspace in the claim `iss`.
        found: String,
        /// The step's workspace.
        expected: String,
    },
    /// Several audiences: AWS compares one.
    #[error("the token has {count} audiences, but AWS compares one; use `oidc: true` without `audiences` on this step")]
    AudienceList {
        /// How many.
        count: usize,
    },
    /// The default audience of a workspace is missing.
    #[error("the token's audience `{found}` is not the workspace's default audience (`{AUDIENCE}<uuid>`)")]
    Audience {
        /// The claim `aud`.
        found: String,
    },
    /// The subject has neither two nor three parts.
    #[error(
        "the token's subject `{found}` is neither `{{repository}}:{{step}}` nor `{{repository}}:{{environment}}:{{step}}`"
    )]
    SubjectShape {
        /// The claim `sub`.
        found: String,
    },
    /// A part of the subject does not belong to the step.
    #[error("the token's subject names {}, but this step has {}", named(part, found.as_deref()), own(expected.as_deref()))]
    Subject {
        /// "repository", "deployment environment" or "step".
        part: &'static str,
        /// The UUID in `sub`, if any.
        found: Option<String>,
        /// The step's UUID, if any.
        expected: Option<String>,
    },
}

fn named(part: &str, uuid: Option<&str>) -> String {
    uuid.map_or_else(|| format!("no {part}"), |uuid| format!("{part} `{uuid}`"))
}

fn own(uuid: Option<&str>) -> String {
    uuid.map_or_else(|| "none".to_owned(), |uuid| format!("`{uuid}`"))
}

impl Mismatch {
    /// Whether AWS is certain to reject the token, so that the call is useless. AWS decides about everything else.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Expired { .. })
    }
}

/// How far two clocks may differ before it is reported, in seconds.
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
    match (Issuer::parse(iss), workspace) {
        (Err(_), _) => Some(Mismatch::Issuer { found: iss.to_owned() }),
        (Ok(issuer), Some(own)) if issuer.workspace() != own => {
            Some(Mismatch::Workspace { found: issuer.workspace().to_owned(), expected: own.to_owned() })
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
    // Outside of a Bitbucket step there is nothing to compare with.
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
                "the token expired 3 min 20 s ago (`exp` is 1800, the time is 2000); a step gets one token when it starts: \
                 move the AWS commands earlier, or into a separate step",
            ),
            (
                |c| c.iat = Some(2_600),
                "the token is not valid for another 10 min 0 s (`iat` or `nbf` is 2600, the time is 2000); this machine's \
                 clock is behind",
            ),
            (
                |c| c.iss = "https://gitlab.com".to_owned(),
                "the token's issuer `https://gitlab.com` is not one of Bitbucket Pipelines \
                 (`https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc`)",
            ),
            (
                |c| c.iss = c.iss.replace("acme", "other"),
                "the token was issued for workspace `other`, but this step belongs to `acme`",
            ),
            (
                |c| c.aud = Audience::Many(vec!["a".to_owned(), "b".to_owned()]),
                "the token has 2 audiences, but AWS compares one; use `oidc: true` without `audiences` on this step",
            ),
            (
                |c| c.aud = Audience::Many(vec!["sts.amazonaws.com".to_owned()]),
                "the token's audience `[sts.amazonaws.com]` is not the workspace's default audience \
                 (`ari:cloud:bitbucket::workspace/<uuid>`)",
            ),
            (
                |c| c.sub = "repo".to_owned(),
                "the token's subject `repo` is neither `{repository}:{step}` nor `{repository}:{environment}:{step}`",
            ),
            (
                |c| c.sub = "{repo}:{step}".to_owned(),
                "the token's subject names no deployment environment, but this step has `{env}`",
            ),
            (
                |c| c.sub = "{other}:{env}:{step}".to_owned(),
                "the token's subject names repository `{other}`, but this step has `{repo}`",
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
