//! Settings of profiles in the AWS configuration files that a script writes
//! (<https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>).

use super::{Atom, Order, Path, Value};
use crate::text::Span;

/// A setting of a profile.
#[derive(Clone, Debug)]
pub struct ProfileSetting {
    /// The profile; `default` without a name.
    pub profile: String,
    /// The setting's name.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// The file that contains it; `None` for `aws configure set`.
    pub(super) file: Option<Path>,
    /// The setting if it can be found, or else the command that writes it.
    pub span: Span,
    /// When.
    pub order: Order,
}

/// The profiles in the text of a configuration file: profile, key and value of each setting. Empty for anything else.
pub(super) fn read(path: &Path, content: &Value) -> Vec<(String, String, Value)> {
    let in_aws_folder = path.written().is_some_and(|path| path.contains("/.aws/"));
    // What comes before is unknown, so that settings may belong to any profile.
    let starts_unknown = matches!(
        content.atoms().first(),
        Some(Atom::Unknown(_) | Atom::Secret { .. } | Atom::Environment(_) | Atom::Outside(_))
    );
    let mut profile = (in_aws_folder && !starts_unknown).then(|| "default".to_owned());
    let mut settings = Vec::new();
    // `printf` and `echo -e` expand the escape.
    let atoms = content.atoms().iter().map(|atom| match atom {
        Atom::Text(text) => Atom::Text(text.replace("\\n", "\n")),
        atom => atom.clone(),
    });
    let mut content = Value::default();
    for atom in atoms {
        content.extend(Value::atom(atom), 0);
    }
    for line in content.lines() {
        let header = match line.atoms() {
            [Atom::Text(text)] => text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')),
            _ => None,
        };
        if let Some(header) = header {
            profile = Some(name(header).to_owned());
        } else if let (Some(profile), Some((key, value))) = (&profile, line.key_and_value()) {
            settings.push((profile.clone(), key.to_owned(), value));
        }
    }
    settings
}

fn name(header: &str) -> &str {
    header.trim().strip_prefix("profile ").unwrap_or(header).trim().trim_matches('"')
}

/// Profile and key of `aws configure set profile.NAME.KEY`.
pub(super) fn configured<'k>(key: &'k str, profile: Option<&'k str>) -> (&'k str, &'k str) {
    match key.strip_prefix("profile.").unwrap_or(key).rsplit_once('.') {
        Some((profile, key)) => (profile, key),
        None => (profile.unwrap_or("default"), key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_belong_to_the_profile_above_them() {
        let clone = Value::atom(Atom::CloneDirectory);
        let mut home = Value::atom(Atom::Home);
        home.extend(Value::text("/.aws/config"), 0);
        let text = "[default]\nregion = eu-west-1\n[profile deploy]\nrole_arn=$X\n\n# a = b\n";
        for (path, content, expected) in [
            (home.path(&clone), Value::text(text), "default.region deploy.role_arn deploy.# a"),
            (home.path(&clone), Value::text("region = eu-west-1"), "default.region"),
            (home.path(&clone), Value::text("[a]\\nregion = eu-west-1\\n"), "a.region"),
            (Value::text("main.tf").path(&clone), Value::text("role_arn = x"), ""),
        ] {
            let read: Vec<_> =
                read(&path, &content).into_iter().map(|(profile, key, _)| format!("{profile}.{key}")).collect();
            assert_eq!(read.join(" "), expected);
        }
        assert_eq!(configured("role_arn", None), ("default", "role_arn"));
        assert_eq!(configured("role_arn", Some("a")), ("a", "role_arn"));
        assert_eq!(configured("profile.b.role_arn", None), ("b", "role_arn"));
        assert_eq!(configured("default.region", None), ("default", "region"));
    }
}
