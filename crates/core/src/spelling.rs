//! Suggests the most similar of the allowed names for a misspelled one.

/// How many candidates are compared, so that the time does not grow quadratically with the names in a file.
const MAX_CANDIDATES: usize = 500;

/// The candidate most similar to `word`, or `None` if none is similar enough.
///
/// Letter case, `_`, `-`, `.` and spaces are ignored. One edit is allowed for every three characters (swapping two adjacent
/// characters is one edit), so that `odic` finds `oidc`. Only the first 500 candidates are compared.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let folded: Vec<char> = fold(word).collect();
    let allowed = (folded.len() / 3).max(1);
    let mut other = Vec::new();
    let mut rows = Rows::default();
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|candidate| candidate.len() + allowed >= folded.len())
        .map(|candidate| {
            other.clear();
            // One letter too many is as good as all of them.
            other.extend(fold(candidate).take(folded.len() + allowed + 1));
            (rows.distance(&folded, &other, allowed), candidate)
        })
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Whether the name of a variable differs from another as a typo does: in one letter, or two that are adjacent. A plural or
/// a number makes another name.
pub fn is_typo(name: &str, other: &str) -> bool {
    const SHORTEST: usize = 5;
    let singular = |text: &str| text.trim_end_matches(|c: char| c == 'S' || c.is_ascii_digit()).to_owned();
    let common = name.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let common_end = name.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
    let longest = name.len().max(other.len());
    // Two letters that are swapped are a typo in a short name too.
    let letters = |text: &str| {
        let mut letters = text.as_bytes().to_vec();
        letters.sort_unstable();
        letters
    };
    let swapped = other.len() + 1 == SHORTEST && letters(name) == letters(other);
    (other.len() >= SHORTEST || swapped)
        && name.len().abs_diff(other.len()) <= 1
        && common + common_end + 2 >= longest
        && singular(name) != singular(other)
}

fn fold(word: &str) -> impl Iterator<Item = char> {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.')).flat_map(char::to_lowercase)
}

/// Rows of the distance table, reused for the thousands of comparisons of a file.
#[derive(Default)]
struct Rows {
    before_previous: Vec<usize>,
    previous: Vec<usize>,
    current: Vec<usize>,
}

impl Rows {
    /// Edits (insert, delete, replace, swap adjacent characters) between two names; any number above `limit` if there are
    /// more.
    fn distance(&mut self, a: &[char], b: &[char], limit: usize) -> usize {
        if a.len().abs_diff(b.len()) > limit {
            return limit + 1;
        }
        let Self { before_previous, previous, current } = self;
        previous.clear();
        previous.extend(0..=b.len());
        let mut least_before = 0;
        for (i, &letter) in a.iter().enumerate() {
            current.clear();
            current.push(i + 1);
            let mut least = i + 1;
            for (j, &other) in b.iter().enumerate() {
                let replaced = previous[j] + usize::from(letter != other);
                let mut best = replaced.min(previous[j + 1] + 1).min(current[j] + 1);
                if i > 0 && j > 0 && letter == b[j - 1] && a[i - 1] == other {
                    best = best.min(before_previous[j - 1] + 1);
                }
                current.push(best);
                least = least.min(best);
            }
            // no later row can fall below the minimum of the two rows that it is computed from
            if least.min(least_before) > limit {
                return limit + 1;
            }
            least_before = least;
            std::mem::swap(before_previous, previous);
            std::mem::swap(previous, current);
        }
        previous[b.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::{is_typo, nearest};

    #[test]
    fn similar_names_are_found_and_others_are_not() {
        let keys = ["oidc", "script", "after-script", "pull-requests", "name"];
        for (word, expected) in [
            ("odic", Some("oidc")),
            ("OIDC", Some("oidc")),
            ("scripts", Some("script")),
            ("pull_requests", Some("pull-requests")),
            ("afterScript", Some("after-script")),
            ("environment", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
    }

    #[test]
    fn plurals_and_numbers_are_not_typos() {
        for (name, other, expected) in [
            ("S3_BUKET", "S3_BUCKET", true),
            ("USRE", "USER", true),
            ("UER", "USER", false),
            ("TAG", "TAGS", false),
            ("CLUSTER_NMAE", "CLUSTER_NAME", true),
            ("SERVER_NAME", "SERVICE_NAME", false),
            ("IMAGE_NAMES", "IMAGE_NAME", false),
            ("S3_BUCKET2", "S3_BUCKET", false),
            ("TAG", "TAGS", false),
        ] {
            assert_eq!(is_typo(name, other), expected, "{name} {other}");
        }
    }
}
