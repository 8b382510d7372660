//! Session tags: the tags that the session of the last role of a chain gets, and those that further sessions keep.

use keyless_core::pipes::keyless as v;

use crate::{
    invalid_setting::{InvalidSetting, TAG_KEY_LENGTH, TAG_VALUE_LENGTH, TagError},
    reader::Reader,
};

/// The most tags of a session (STS API reference, `AssumeRole`, `Tags`).
const TAGS: usize = 50;

/// What the session of the last role is tagged with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionTags {
    /// Key and value of each tag.
    pub tags: Vec<(String, String)>,
    /// The keys of the tags that the sessions of further roles keep.
    pub transitive: Vec<String>,
}

impl SessionTags {
    /// Reads them. Without a chain (`chained`) no call takes them.
    pub(super) fn read_from(reader: &mut Reader<'_>, chained: bool) -> Self {
        let tags = tags(reader);
        let keys = reader.list(&v::TRANSITIVE_TAG_KEYS);
        let mut transitive = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            // AWS ignores case in keys, and keeps it as it is in the tag.
            match tags.iter().flatten().find(|(known, _)| is_same(known, key)) {
                Some((known, _)) if transitive.contains(known) => {}
                Some((known, _)) => transitive.push(known.clone()),
                None => reader.invalid.push(InvalidSetting::TransitiveTagKey(index + 1)),
            }
        }
        if !tags.is_empty() && !chained {
            reader.invalid.push(InvalidSetting::TagsWithoutChain);
        }
        Self { tags: tags.into_iter().flatten().collect(), transitive }
    }
}

/// Key and value of each item; `None` for one that is not a pair, which is reported by then.
fn tags(reader: &mut Reader<'_>) -> Vec<Option<(String, String)>> {
    let pair = |item: String| item.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    let tags: Vec<_> = reader.pairs(&v::SESSION_TAGS).into_iter().map(pair).collect();
    if tags.len() > TAGS {
        reader.invalid.push(InvalidSetting::TooManyTags(tags.len(), TAGS));
    }
    for (index, tag) in tags.iter().enumerate() {
        let Some((key, value)) = tag else { continue };
        let same = |earlier: &Option<(String, String)>| earlier.as_ref().is_some_and(|(known, _)| is_same(known, key));
        let error = check(key, value)
            .or_else(|| tags[..index].iter().position(same).map(|first| TagError::Duplicate(first + 1)));
        reader.invalid.extend(error.map(|error| InvalidSetting::SessionTag(index + 1, error)));
    }
    tags
}

/// What is wrong with a tag by itself.
fn check(key: &str, value: &str) -> Option<TagError> {
    let (key_length, value_length) = (key.chars().count(), value.chars().count());
    if key_length > TAG_KEY_LENGTH {
        return Some(TagError::KeyLength(key_length));
    }
    if value_length > TAG_VALUE_LENGTH {
        return Some(TagError::ValueLength(value_length));
    }
    if let Some(wrong) = key.chars().chain(value.chars()).find(|c| !is_allowed(*c)) {
        return Some(TagError::Character(wrong));
    }
    // IAM user guide, "Tags for IAM resources": the prefix is reserved in any case.
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")).then_some(TagError::Reserved)
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]` (STS API reference, `Tag`). The letters here are a few more.
fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

/// Whether AWS takes two keys for the same (IAM user guide, "Pass session tags in AWS STS").
fn is_same(first: &str, second: &str) -> bool {
    first.to_lowercase() == second.to_lowercase()
}

#[cfg(test)]
mod tests {
    use keyless_aws::Environment;

    use super::*;

    fn read(tags: &str, transitive: &str) -> (SessionTags, Vec<String>) {
        let environment: Environment =
            [("SESSION_TAGS", tags), ("TRANSITIVE_TAG_KEYS", transitive)].into_iter().collect();
        let mut reader = Reader::new(&environment);
        let tags = SessionTags::read_from(&mut reader, true);
        (tags, reader.invalid.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn tags_are_what_sts_takes() {
        let long = |length: usize| "x".repeat(length);
        let many = |count: usize| (0..count).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(" ");
        for tags in [
            "team=shop",
            "team=",
            "'cost center=a b'",
            "url=https://example.com/a=b+c@d",
            "größe=groß",
            "a:b/c.d_e-f=1",
            &format!("{}={}", long(128), long(256)),
            &many(50),
            "awsteam=x",
        ] {
            assert_eq!(read(tags, "").1, [""; 0], "{tags}");
        }
        for (tags, expected) in [
            ("team", "SESSION_TAGS: item 1 must be `key=value`"),
            ("=x", "SESSION_TAGS: item 1 must be `key=value`"),
            (
                "a=1 Team=x tEAM=y",
                "SESSION_TAGS: item 3 has the same key as item 2; upper and lower case make no difference",
            ),
            ("AWS:team=x", "SESSION_TAGS: item 1 has a key that begins with `aws:`, which is reserved for AWS"),
            (
                "a=1 team=x#y",
                "SESSION_TAGS: item 2 contains `#`; tags may contain letters, digits, spaces and _ . : / = + - @",
            ),
            (
                "'a=x\ty'",
                "SESSION_TAGS: item 1 contains `\\t`; tags may contain letters, digits, spaces and _ . : / = + - @",
            ),
            (&format!("{}=x", long(129)), "SESSION_TAGS: item 1 has a key of 129 characters; AWS allows at most 128"),
            (&format!("a={}", long(257)), "SESSION_TAGS: item 1 has a value of 257 characters; AWS allows at most 256"),
            (&many(51), "SESSION_TAGS must have at most 50 tags, found 51"),
        ] {
            assert_eq!(read(tags, "").1, [expected], "{tags}");
        }
    }

    #[test]
    fn transitive_keys_are_keys_of_the_tags() {
        let (tags, invalid) = read("Team=shop stage=prod", "team,TEAM stage");
        assert_eq!(invalid, [""; 0]);
        assert_eq!(tags.transitive, ["Team", "stage"]);
        let (_, invalid) = read("team=shop", "team stage");
        assert_eq!(invalid, ["TRANSITIVE_TAG_KEYS: item 2 is not a key of SESSION_TAGS"]);
    }

    #[test]
    fn without_a_chain_no_call_takes_tags() {
        let environment: Environment = [("SESSION_TAGS", "team=shop")].into_iter().collect();
        let mut reader = Reader::new(&environment);
        SessionTags::read_from(&mut reader, false);
        let invalid: Vec<_> = reader.invalid.iter().map(ToString::to_string).collect();
        assert_eq!(
            invalid,
            [
                "SESSION_TAGS needs ROLE_CHAIN: AssumeRoleWithWebIdentity, which assumes the first role, takes no tags; set \
                 ROLE_CHAIN to the role whose session gets the tags"
            ]
        );
    }
}
