//! The names of variables, keys and the roles that replace them, and of steps in reports.

use crate::{analysis::Analysis, facts::Value, pipeline::Step};

/// The variable that AWS tools read the role from.
pub(super) const ROLE: &str = "AWS_ROLE_ARN";

/// The variables that AWS tools read a key from.
pub(super) const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
pub(super) const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
pub(super) const SESSION: &str = "AWS_SESSION_TOKEN";

/// How the names of keys spell what the names of roles call `ROLE_ARN`, the longest first.
const SPELLINGS: [(&str, &str); 12] = [
    ("AWS_ACCESS_KEY_ID", ROLE),
    ("AWS_ACCESS_KEYID", ROLE),
    ("AWS_ACCESS_KEY", ROLE),
    ("AWS_KEY_ID", ROLE),
    ("AWS_KEY", ROLE),
    ("AWS_ID", ROLE),
    ("ACCESS_KEY_ID", "ROLE_ARN"),
    ("ACCESS_KEY", "ROLE_ARN"),
    ("ACCESSKEY", "ROLE_ARN"),
    ("KEY_ID", "ROLE_ARN"),
    ("KEY", "ROLE_ARN"),
    ("_ID", "_ROLE_ARN"),
];

/// The variable for the role that replaces a key: prefix and suffix of its name are kept, as in `AWS_ROLE_ARN_PROD` for
/// `AWS_ACCESS_KEY_ID_PROD`. `general` for a key without either.
pub(super) fn role_for(key: &str, general: &str) -> String {
    let upper = key.to_ascii_uppercase();
    let found = SPELLINGS.iter().find_map(|(spelling, role)| Some((upper.find(spelling)?, spelling.len(), *role)));
    let Some((at, length, role)) = found else { return general.to_owned() };
    if at == 0 && length == key.len() {
        return general.to_owned();
    }
    format!("{}{role}{}", &key[..at], &key[at + length..])
}

/// The variable that the file already names a role by, if it is one for all; otherwise `AWS_ROLE_ARN`.
pub(super) fn general_role(file: &Analysis<'_>) -> String {
    let mut found: Vec<&str> = Vec::new();
    for facts in &file.facts.steps {
        let pipes = facts.pipes.iter().filter_map(|pipe| Some(&pipe.role()?.value));
        let bindings = facts.bindings.iter().filter(|binding| binding.name == ROLE).map(|binding| &binding.value);
        let assumed = facts.assumptions.iter().filter(|assumption| assumption.web_identity);
        let assumed = assumed.filter_map(|assumption| Some(&assumption.role.as_ref()?.value));
        for name in pipes.chain(bindings).chain(assumed).filter_map(Value::copy_of) {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    match found.as_slice() {
        // The role of one of several accounts.
        [one] if !one.starts_with("AWS_ROLE_ARN_") && !one.ends_with("_AWS_ROLE_ARN") => (*one).to_owned(),
        _ => ROLE.to_owned(),
    }
}

/// The line where a step starts, from 1, and what reports call it: its name, or `line N` for a step without one.
pub(super) fn of_step(file: &Analysis<'_>, step: &Step<'_>) -> (usize, String) {
    let line = file.source.position(step.place(file.tree).start).line;
    (line, step.name.map_or_else(|| format!("line {line}"), |name| name.value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_keep_prefix_and_suffix_of_the_key() {
        for (key, role) in [
            ("AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN"),
            ("AWS_KEY", "AWS_ROLE_ARN"),
            ("AWS_ID", "AWS_ROLE_ARN"),
            ("ACCESS_KEY", "AWS_ROLE_ARN"),
            ("AWS_ACCESS_KEY_ID_TEST", "AWS_ROLE_ARN_TEST"),
            ("PRD_AWS_ACCESS_KEY_ID", "PRD_AWS_ROLE_ARN"),
            ("AWS_DEV_ACCESS_KEY_ID", "AWS_DEV_ROLE_ARN"),
            ("PROD_AWS_KEY", "PROD_AWS_ROLE_ARN"),
            ("AWS_ECR_KEY_ID", "AWS_ECR_ROLE_ARN"),
            ("ECS_AWS_ACCESS_KEY_ID", "ECS_AWS_ROLE_ARN"),
            ("CREDENTIAL", "AWS_ROLE_ARN"),
        ] {
            assert_eq!(role_for(key, ROLE), role, "{key}");
        }
    }
}
