//! Profiles of the AWS SDKs for a child process: the ones that exist, with the session in place of their credentials.
//!
//! SDKs and Terraform backends that name a profile fail without it, and with its own credentials they would bypass the session.
//! The generated file contains no secret: its profiles call `keyless credential-process`, which asks the session's endpoint.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use keyless_aws::Environment;
use tempfile::TempDir;

/// The profile that others with a `role_arn` start from.
const SOURCE: &str = "keyless-session";

/// Settings of a profile that yield credentials (AWS SDKs and tools reference, "Settings reference").
const CREDENTIALS: [&str; 12] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "aws_credential_expiration",
    "credential_process",
    "credential_source",
    "source_profile",
    "web_identity_token_file",
    "login_session",
    "mfa_serial",
    "x_principal_arn",
];

/// Settings of a role that a profile assumes.
const ROLE: [&str; 4] = ["role_arn", "role_session_name", "external_id", "duration_seconds"];

/// A file with profiles. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Profiles {
    folder: TempDir,
    /// Where the profiles were found, for the log; empty when only variables name them.
    pub(crate) sources: Vec<PathBuf>,
    /// The profiles that have the session.
    pub(crate) names: Vec<String>,
    /// The profiles that assume their `role_arn` from the session.
    pub(crate) chained: Vec<String>,
}

impl Profiles {
    /// Generates the profiles that the files and variables of the SDKs name; `None` when there are none. `program` is this
    /// program, and `role` the ARN of the session's role.
    ///
    /// # Errors
    /// When a file that a variable names cannot be read, or the generated one cannot be written.
    pub(crate) fn generate(environment: &Environment, program: &Path, role: &str) -> io::Result<Option<Self>> {
        let home = environment.get_os("HOME").map(|home| Path::new(home).join(".aws"));
        let mut sources = Vec::new();
        let mut read = |variable: &str, name: &str| -> io::Result<String> {
            let (path, given) = match environment.get_os(variable) {
                Some(path) => (PathBuf::from(path), true),
                None => match &home {
                    Some(home) => (home.join(name), false),
                    None => return Ok(String::new()),
                },
            };
            match fs::read(&path) {
                Ok(bytes) => {
                    sources.push(path);
                    Ok(String::from_utf8_lossy(&bytes).into_owned())
                }
                Err(error) if given => Err(io::Error::new(error.kind(), format!("{variable}: {error}"))),
                Err(_) => Ok(String::new()),
            }
        };
        let config = read("AWS_CONFIG_FILE", "config")?;
        let credentials = read("AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
        let named = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].map(|name| environment.get(name));
        let named: Vec<&str> = named.into_iter().flatten().collect();
        let command = format!("\"{}\" credential-process --of-exec", program.display());
        let file = File::generate(&config, &credentials, &named, &command, role);
        if file.names.is_empty() && file.chained.is_empty() {
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("keyless-profiles-").tempdir()?;
        fs::write(folder.path().join("config"), &file.text)?;
        Ok(Some(Self { folder, sources, names: file.names, chained: file.chained }))
    }

    /// The generated file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("config")
    }
}

/// A generated file.
#[derive(Debug, Default)]
struct File {
    text: String,
    names: Vec<String>,
    chained: Vec<String>,
}

/// A section of a file: its title, and its settings with the lines nested below them.
struct Section<'t> {
    title: &'t str,
    settings: Vec<(&'t str, &'t str, Vec<&'t str>)>,
}

impl File {
    fn generate(config: &str, credentials: &str, named: &[&str], command: &str, role: &str) -> Self {
        let mut file = Self::default();
        let mut known: BTreeSet<String> = BTreeSet::new();
        for section in sections(config) {
            match profile_name(section.title) {
                Some(name) => {
                    known.insert(name.to_owned());
                    file.profile(name, &section, command, role);
                }
                // Endpoints and plugins of the profiles; a login to a portal cannot work in a pipeline.
                None if !section.title.starts_with("sso-session") => {
                    let _ = writeln!(file.text, "[{}]", section.title);
                    section.settings.iter().for_each(|setting| file.setting(setting));
                }
                None => {}
            }
        }
        for section in sections(credentials) {
            if known.insert(section.title.to_owned()) {
                file.profile(section.title, &section, command, role);
            }
        }
        for name in named {
            if known.insert((*name).to_owned()) {
                file.profile(name, &Section { title: name, settings: Vec::new() }, command, role);
            }
        }
        if !file.chained.is_empty() {
            let _ = writeln!(file.text, "[profile {SOURCE}]\ncredential_process = {command}");
        }
        file
    }

    fn profile(&mut self, name: &str, section: &Section<'_>, command: &str, role: &str) {
        let get = |key: &str| section.settings.iter().find(|(name, ..)| *name == key).map(|(_, value, _)| *value);
        // A role that is to be assumed from other credentials, and not with a token or in place of the session's own.
        let has_source = get("source_profile").or_else(|| get("credential_source")).is_some();
        let is_chained = has_source && get("role_arn").is_some_and(|arn| arn != role);
        let title = if name == "default" { name.to_owned() } else { format!("profile {name}") };
        let _ = writeln!(self.text, "[{title}]");
        for setting in &section.settings {
            let key = setting.0;
            let dropped = CREDENTIALS.contains(&key) || key.starts_with("sso_") || (!is_chained && ROLE.contains(&key));
            if !dropped {
                self.setting(setting);
            }
        }
        if is_chained {
            let source = get("source_profile").filter(|source| *source != name).unwrap_or(SOURCE);
            let _ = writeln!(self.text, "source_profile = {source}");
            self.chained.push(name.to_owned());
        } else {
            let _ = writeln!(self.text, "credential_process = {command}");
            self.names.push(name.to_owned());
        }
    }

    fn setting(&mut self, (key, value, nested): &(&str, &str, Vec<&str>)) {
        let _ = writeln!(self.text, "{key} = {value}");
        for line in nested {
            let _ = writeln!(self.text, "{line}");
        }
    }
}

/// `default` or `profile NAME`, with or without quotation marks.
fn profile_name(title: &str) -> Option<&str> {
    if title == "default" {
        return Some(title);
    }
    let name = title.strip_prefix("profile")?;
    name.starts_with(char::is_whitespace).then(|| name.trim().trim_matches(['"', '\'']))
}

/// The sections of a file (AWS SDKs and tools reference, "Format of the config file").
fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some((title, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            sections.push(Section { title: title.trim(), settings: Vec::new() });
        } else if let Some(section) = sections.last_mut() {
            let is_nested = line.starts_with(char::is_whitespace);
            match (section.settings.last_mut(), trimmed.split_once('=')) {
                (Some((.., nested)), _) if is_nested => nested.push(line),
                (_, Some((key, value))) => section.settings.push((key.trim(), value.trim(), Vec::new())),
                _ => {}
            }
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_have_the_session_in_place_of_their_credentials() {
        let config = "# ours\n[default]\nregion = eu-west-1\n[profile prod]\nrole_arn=arn:aws:iam::1:role/old\n\
                      web_identity_token_file=/tmp/token\ns3 =\n  addressing_style = path\nservices = local\n\
                      [profile tenant]\nrole_arn = arn:aws:iam::2:role/tenant\nexternal_id = x\nsource_profile = prod\n\
                      [profile here]\nrole_arn = arn:aws:iam::1:role/deploy\nsource_profile = prod\n\
                      [profile machine]\nrole_arn = arn:aws:iam::3:role/m\ncredential_source = Environment\n\
                      [sso-session corp]\nsso_region = eu-west-1\n[services local]\ns3 =\n  endpoint_url = https://s3\n";
        let credentials = "[prod]\naws_access_key_id = AKIAOLD\naws_secret_access_key = hidden\n[old]\n\
                           aws_secret_access_key = hidden\n";
        let file = File::generate(config, credentials, &["given"], "\"/k\" p", "arn:aws:iam::1:role/deploy");
        assert_eq!(
            file.text,
            "[default]\nregion = eu-west-1\ncredential_process = \"/k\" p\n\
             [profile prod]\ns3 = \n  addressing_style = path\nservices = local\ncredential_process = \"/k\" p\n\
             [profile tenant]\nrole_arn = arn:aws:iam::2:role/tenant\nexternal_id = x\nsource_profile = prod\n\
             [profile here]\ncredential_process = \"/k\" p\n\
             [profile machine]\nrole_arn = arn:aws:iam::3:role/m\nsource_profile = keyless-session\n\
             [services local]\ns3 = \n  endpoint_url = https://s3\n\
             [profile old]\ncredential_process = \"/k\" p\n[profile given]\ncredential_process = \"/k\" p\n\
             [profile keyless-session]\ncredential_process = \"/k\" p\n"
        );
        assert_eq!(file.names, ["default", "prod", "here", "old", "given"]);
        assert_eq!(file.chained, ["tenant", "machine"]);
    }

    #[test]
    fn without_profiles_there_is_no_file() {
        let home = tempfile::tempdir().unwrap();
        let environment: Environment = [("HOME", home.path().as_os_str())].into_iter().collect();
        assert!(Profiles::generate(&environment, Path::new("/k"), "role").unwrap().is_none());
        let missing: Environment = [("AWS_CONFIG_FILE", "/nonexistent/config")].into_iter().collect();
        let error = Profiles::generate(&missing, Path::new("/k"), "role").unwrap_err();
        assert!(error.to_string().starts_with("AWS_CONFIG_FILE: "), "{error}");
    }
}
