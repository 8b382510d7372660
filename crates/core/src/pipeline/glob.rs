//! Bitbucket's patterns for branches, tags and paths.
//!
//! Source: <https://support.atlassian.com/bitbucket-cloud/docs/use-glob-patterns-on-the-pipelines-yaml-file/>.

/// How many alternatives of `{a,b}` are expanded before a pattern counts as matching nothing.
const MOST_ALTERNATIVES: usize = 256;

/// Whether a pattern matches a name: `*` anything but `/`, `**` anything, `?` one character but `/`, `{a,b}` either.
pub fn matches(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    alternatives(pattern).iter().any(|pattern| matches_one(&pattern.chars().collect::<Vec<_>>(), &name))
}

/// The expansions of the braces of a pattern.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut waiting = vec![pattern.to_owned()];
    while let Some(pattern) = waiting.pop() {
        let braces = pattern.find('{').and_then(|open| Some((open, open + pattern[open..].find('}')?)));
        match braces {
            Some((open, close)) if done.len() + waiting.len() < MOST_ALTERNATIVES => {
                for choice in pattern[open + 1..close].split(',') {
                    waiting.push(format!("{}{choice}{}", &pattern[..open], &pattern[close + 1..]));
                }
            }
            Some(_) => {}
            None => done.push(pattern),
        }
    }
    done
}

/// Dynamic programming over the pattern's parts: time grows with the product of both lengths, whatever the stars.
fn matches_one(pattern: &[char], name: &[char]) -> bool {
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    let mut index = 0;
    while index < pattern.len() {
        let double = pattern[index] == '*' && pattern.get(index + 1) == Some(&'*');
        let mut next = vec![false; name.len() + 1];
        match pattern[index] {
            '*' => {
                for at in 0..=name.len() {
                    let extends = at > 0 && next[at - 1] && (double || name[at - 1] != '/');
                    next[at] = reached[at] || extends;
                }
            }
            letter => {
                for at in 0..name.len() {
                    let fits = if letter == '?' { name[at] != '/' } else { name[at] == letter };
                    next[at + 1] = reached[at] && fits;
                }
            }
        }
        reached = next;
        index += if double { 2 } else { 1 };
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_documented() {
        for (pattern, name, expected) in [
            ("main", "main", true),
            ("feature/*", "feature/a", true),
            ("feature/*", "feature/a/b", false),
            ("feature/**", "feature/a/b", true),
            ("**", "any/thing", true),
            ("*", "any/thing", false),
            ("v?.0", "v1.0", true),
            ("{a,b}/*", "b/c", true),
            ("{a,b}-{1,2}", "a-2", true),
            ("{a", "{a", true),
            ("*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
