//! The ids of access keys on the command line and in variables.

/// The variable that AWS tools read an access key's id from.
pub(super) const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// The beginning of the id of a user's access key; that of a session starts with `ASIA` (IAM User Guide,
/// `reference_identifiers`, "Understanding unique ID prefixes").
const LONG_LIVED: &str = "AKIA";

/// An access key, and the deployment environment whose steps use it; all without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccessKeyId {
    pub(super) environment: Option<String>,
    pub(super) id: String,
}

/// Reads an argument of `--access-key`.
pub(super) fn access_key(text: &str) -> Result<AccessKeyId, String> {
    let (environment, id) = match text.split_once('=') {
        Some(("", _)) => return Err("the deployment environment before `=` is missing".to_owned()),
        Some((environment, id)) => (Some(environment.to_owned()), id),
        None => (None, text),
    };
    if !is_long_lived(id) {
        return Err(format!("must be the id of a user's access key, such as {LONG_LIVED}IOSFODNN7EXAMPLE"));
    }
    Ok(AccessKeyId { environment, id: id.to_owned() })
}

/// Whether a value is the id of a user's access key: 16 to 128 letters and digits (IAM API reference, `AccessKey`).
pub(super) fn is_long_lived(id: &str) -> bool {
    id.starts_with(LONG_LIVED)
        && (16..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The key of an environment: its own, else the one for all.
pub(super) fn key_of<'k>(keys: &'k [AccessKeyId], environment: Option<&str>) -> Option<&'k str> {
    let of = |wanted: Option<&str>| keys.iter().find(|key| key.environment.as_deref() == wanted);
    of(environment).or_else(|| of(None)).map(|key| key.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_for_all_steps_or_an_environment() {
        let key = |text: &str| access_key(text).unwrap();
        let (general, production) = (key("AKIAIOSFODNN7EXAMPLE"), key("production=AKIAIOSFODNN7EXAMPL2"));
        assert_eq!((general.environment.as_deref(), production.environment.as_deref()), (None, Some("production")));
        for wrong in
            ["", "=AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "AKIA", "production=", "AKIAIOSFODNN7EXAMPL/"]
        {
            assert!(access_key(wrong).is_err(), "{wrong}");
        }
        let keys = [general.clone(), production.clone()];
        assert_eq!(key_of(&keys, Some("production")), Some(production.id.as_str()));
        assert_eq!(key_of(&keys, Some("staging")), Some(general.id.as_str()));
        assert_eq!(key_of(&keys[1..], None), None);
    }
}
