//! Commands that print a secret which is not Bitbucket's, and names of variables that hold one.

use crate::script::{Invocation, Word};

/// A command that prints a secret.
struct Source {
    program: &'static str,
    /// Its first arguments without options.
    words: &'static str,
    /// An option without which it prints no secret; empty for none.
    option: &'static str,
    /// What it prints, for messages.
    what: &'static str,
}

const fn source(program: &'static str, words: &'static str, what: &'static str) -> Source {
    Source { program, words, option: "", what }
}

const fn with_option(program: &'static str, words: &'static str, option: &'static str, what: &'static str) -> Source {
    Source { program, words, option, what }
}

/// The commands, by the documentation of their programs. The output of `aws sts assume-role` is an [`super::Assumption`].
const SOURCES: [Source; 34] = [
    source("aws", "secretsmanager get-secret-value", "a secret from Secrets Manager"),
    source("aws", "secretsmanager batch-get-secret-value", "a secret from Secrets Manager"),
    with_option("aws", "ssm get-parameter", "--with-decryption", "a decrypted parameter"),
    with_option("aws", "ssm get-parameters", "--with-decryption", "a decrypted parameter"),
    with_option("aws", "ssm get-parameters-by-path", "--with-decryption", "a decrypted parameter"),
    source("aws", "codeartifact get-authorization-token", "a CodeArtifact token"),
    source("aws", "ecr get-login-password", "a registry password"),
    source("aws", "ecr get-authorization-token", "a registry password"),
    source("aws", "ecr get-login", "a registry password"),
    source("aws", "ecr-public get-login-password", "a registry password"),
    source("aws", "ecr-public get-authorization-token", "a registry password"),
    source("aws", "sts get-session-token", "a temporary access key"),
    source("aws", "sts get-federation-token", "a temporary access key"),
    source("aws", "iam create-access-key", "an access key"),
    source("aws", "configure export-credentials", "an access key"),
    source("aws", "rds generate-db-auth-token", "a database password"),
    source("aws", "redshift get-cluster-credentials", "a database password"),
    source("aws", "eks get-token", "a cluster token"),
    source("aws", "kms decrypt", "a decrypted value"),
    source("gcloud", "secrets versions access", "a secret from Secret Manager"),
    source("gcloud", "auth print-access-token", "an access token"),
    source("gcloud", "auth print-identity-token", "an identity token"),
    source("az", "keyvault secret show", "a secret from Key Vault"),
    source("az", "account get-access-token", "an access token"),
    source("vault", "kv get", "a secret from Vault"),
    source("op", "read", "a secret from 1Password"),
    source("doppler", "secrets get", "a secret from Doppler"),
    source("doppler", "secrets download", "a secret from Doppler"),
    with_option("sops", "", "-d", "a decrypted file"),
    with_option("sops", "", "--decrypt", "a decrypted file"),
    source("gh", "auth token", "a GitHub token"),
    with_option("kubectl", "get secret", "-o", "a secret of the cluster"),
    with_option("kubectl", "get secrets", "-o", "a secret of the cluster"),
    source("heroku", "auth:token", "a Heroku token"),
];

/// What a command prints, if that is a secret.
pub(super) fn printed(invocation: &Invocation<'_>) -> Option<&'static str> {
    let program = invocation.program.as_ref();
    if !SOURCES.iter().any(|source| source.program == program) || invocation.has_flag(&["--help", "help"]) {
        return None;
    }
    let positional = positional(invocation);
    let found = SOURCES.iter().find(|source| {
        let rest = positional.strip_prefix(source.words);
        source.program == program
            && rest.is_some_and(|rest| rest.is_empty() || source.words.is_empty() || rest.starts_with(' '))
            && (source.option.is_empty() || invocation.has_flag(&[source.option]))
    })?;
    // A query may select a name, a version or a date.
    let selected = invocation.option("--query").and_then(|query| query.to_literal());
    let secret = |query: &str| {
        let query = query.to_lowercase();
        ["secret", "value", "token", "password", "plaintext", "key", "cred", "data"]
            .iter()
            .any(|part| query.contains(part))
    };
    selected.is_none_or(|query| secret(&query)).then_some(found.what)
}

/// Ends of `jq` programs that select what is not secret in an answer or a document.
const HARMLESS: [&str; 14] = [
    "arn",
    "name",
    "versionid",
    "versionstages",
    "createddate",
    "host",
    "port",
    "engine",
    "region",
    "keys",
    "length",
    "type",
    "expiration",
    "user",
];

/// Whether a filter prints only a part of its input that is not secret: `jq -r .ARN`, `cut -d= -f1`, `grep VERSION`.
pub(super) fn selects_no_secret(filter: &Invocation<'_>) -> bool {
    let program = filter.arguments.iter().find(|word| !word.prefix().starts_with('-')).and_then(Word::literal);
    let Some(program) = program else { return filter.program == "cut" && cuts_names(filter) };
    match filter.program.as_ref() {
        "jq" => {
            let selected = program.trim().trim_matches(['"', ']', '?']).to_lowercase();
            HARMLESS.iter().any(|end| selected.ends_with(end))
        }
        // `sed 's/=.*//'`
        "sed" => program.starts_with('s') && program.contains("=.*"),
        "cut" => cuts_names(filter),
        "grep" => {
            let drops = filter.literals().any(|(_, text)| {
                text == "--invert-match" || text.starts_with('-') && !text.starts_with("--") && text.contains('v')
            });
            let names_secret = SECRET_WORDS.iter().any(|word| program.to_uppercase().contains(word));
            let names_setting = program.bytes().filter(u8::is_ascii_alphabetic).count() > 2;
            if drops { names_secret } else { names_setting && !names_secret }
        }
        _ => false,
    }
}

/// `cut -d= -f1`
fn cuts_names(filter: &Invocation<'_>) -> bool {
    let text: String = filter.literals().map(|(_, text)| text).collect();
    text.contains("-d=") && text.contains("-f1")
}

/// Words in the names of settings that hold a secret.
const SECRET_WORDS: [&str; 6] = ["SECRET", "TOKEN", "PASS", "PWD", "KEY", "CRED"];

/// Whether the decoded value of a variable is probably secret. Bitbucket masks the value only as it was entered.
pub(super) fn is_secret_when_decoded(name: &str) -> bool {
    let name = name.to_uppercase();
    let files = ["ENV_FILE", "DOTENV", "KUBE", "SSH", "SERVICE_ACCOUNT", "KEYSTORE"];
    !name.contains("PUBLIC") && SECRET_WORDS.iter().chain(&files).any(|word| name.contains(word))
}

/// Files that contain keys, in the home directory or in a folder of the clone.
const KEY_FILES: [&str; 14] = [
    ".aws/credentials",
    ".docker/config.json",
    ".kube/config",
    "kubeconfig",
    ".netrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".vault-token",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
];

/// Words in the names of files that show which settings there are, or hold those of tests.
const TEMPLATES: [&str; 11] =
    ["example", "sample", "template", "dist", "tpl", "tmpl", "defaults", "schema", "test", "testing", "ci"];

/// Whether a file usually contains secrets, by its path: `.env`, but not `.env.example`.
pub(super) fn is_secret_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_dotenv = name.strip_prefix(".env").is_some_and(|rest| {
        rest.is_empty() || rest.starts_with('.') && !rest.split(['.', '-', '_']).any(|word| TEMPLATES.contains(&word))
    });
    let in_home = ["$HOME/", "/root/"].iter().any(|home| path.starts_with(home));
    let ends_in = |file: &&str| path.strip_suffix(*file).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    is_dotenv || in_home && name == ".npmrc" || KEY_FILES.iter().any(ends_in)
}

/// The literal arguments without options; an option before them takes its value along.
fn positional(invocation: &Invocation<'_>) -> String {
    const VALUED: [&str; 6] = ["--region", "--profile", "--output", "--query", "--endpoint-url", "--project"];
    let mut words = Vec::new();
    let mut skip = false;
    for word in invocation.arguments.iter().map(Word::literal) {
        let text = word.unwrap_or_default();
        if std::mem::take(&mut skip) {
            continue;
        }
        skip = VALUED.contains(&&*text);
        if !text.starts_with('-') {
            words.push(text);
        }
    }
    words.truncate(3);
    words.join(" ")
}

/// Whether a string has the format of an access key ID. Those that end in `EXAMPLE` are from AWS's documentation.
pub fn is_key_id(text: &str) -> bool {
    let format = ["AKIA", "ASIA"].iter().any(|prefix| text.starts_with(prefix));
    format && text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !text.ends_with("EXAMPLE")
}

/// Ends of the names of variables that hold a secret.
const ENDS: [&str; 16] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "_PASS",
    "_PWD",
    "SECRET",
    "TOKEN",
    "SECRET_KEY",
    "PRIVATE_KEY",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "AUTH_KEY",
    "ENCRYPTION_KEY",
    "SIGNING_KEY",
    "_CREDENTIALS",
];

/// Whether a variable holds a secret, by its name: `DB_PASSWORD`, but not `PASSWORD_FILE` or `NEXT_PUBLIC_MAP_TOKEN`.
pub fn is_secret_name(name: &str) -> bool {
    let upper = name.to_uppercase().replace(['-', '.'], "_");
    ENDS.iter().any(|end| upper.ends_with(end)) && !upper.contains("PUBLIC") && !upper.ends_with("OLDPWD")
}

/// Programs that log in to a registry, with the words before their options.
const LOGINS: [(&str, &[&str]); 9] = [
    ("docker", &["login"]),
    ("podman", &["login"]),
    ("nerdctl", &["login"]),
    ("buildah", &["login"]),
    ("skopeo", &["login"]),
    ("oras", &["login"]),
    ("helm", &["registry", "login"]),
    ("crane", &["auth", "login"]),
    ("regctl", &["registry", "login"]),
];

/// The password that a login to a registry is given as an argument.
pub fn login_password(invocation: &Invocation<'_>) -> Option<Word> {
    let (_, words) = LOGINS.iter().find(|(program, _)| *program == invocation.program)?;
    let mut positional = invocation.arguments.iter().filter(|word| !word.prefix().starts_with('-'));
    if !words.iter().all(|expected| positional.next().and_then(Word::literal).as_deref() == Some(*expected)) {
        return None;
    }
    let joined = || {
        let mut words = invocation.arguments.iter();
        let short = words.find(|word| word.prefix().starts_with("-p") && word.literal().as_deref() != Some("-p"))?;
        short.strip_prefix("-p")
    };
    invocation.option("--password").or_else(|| invocation.option("-p")).or_else(joined)
}

/// The password in `https://user:password@host`, unless the host is a service of the step or the machine itself.
pub fn password_in_url(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, host) = authority.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    let tested = ["localhost", "127.0.0.1"].iter().any(|local| host.starts_with(local)) || !host.contains('.');
    let web = scheme.rsplit(|c: char| !c.is_ascii_alphabetic()).next().is_some_and(|scheme| !scheme.is_empty());
    (web && !tested).then_some(password)
}

/// Words of which placeholders and passwords for tests consist.
const PLACEHOLDERS: [&str; 66] = [
    "test",
    "testing",
    "secret",
    "password",
    "passwd",
    "passw",
    "pass",
    "pwd",
    "my",
    "your",
    "the",
    "some",
    "super",
    "change",
    "me",
    "example",
    "placeholder",
    "dummy",
    "fake",
    "sample",
    "local",
    "localhost",
    "localstack",
    "root",
    "admin",
    "user",
    "postgres",
    "mysql",
    "maria",
    "mongo",
    "redis",
    "rabbit",
    "guest",
    "token",
    "key",
    "api",
    "foo",
    "bar",
    "baz",
    "none",
    "null",
    "true",
    "false",
    "todo",
    "here",
    "replace",
    "with",
    "value",
    "default",
    "demo",
    "ci",
    "build",
    "minio",
    "app",
    "db",
    "not",
    "a",
    "x",
    "so",
    "very",
    "insecure",
    "random",
    "string",
    "only",
    "for",
    "development",
];

/// Whether a value may be a real password: long enough, of mixed characters, and not a placeholder.
pub fn looks_secret(value: &str) -> bool {
    const SHORTEST: usize = 7;
    let begins = ["/", "./", "~", "-", "http", "arn:", "file:", "<", "{", "[", "@", "secrets/"];
    let odd = |c: char| c.is_whitespace() || matches!(c, '$' | '<' | '>' | '{' | '}' | '(' | ')' | '*' | '…');
    if value.len() < SHORTEST || begins.iter().any(|begin| value.starts_with(begin)) || value.contains(odd) {
        return false;
    }
    let has = |class: fn(&char) -> bool| value.chars().any(|c| class(&c));
    let lower = has(char::is_ascii_lowercase);
    let upper = has(char::is_ascii_uppercase);
    let digits = has(char::is_ascii_digit);
    let numbers = value.chars().all(|c| !c.is_ascii_alphabetic());
    let letters: String = value.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    let constant = !lower && value.contains('_');
    !numbers && !constant && (digits || lower && upper) && !consists_of_placeholders(&letters)
}

fn consists_of_placeholders(letters: &str) -> bool {
    let mut reached = vec![false; letters.len() + 1];
    reached[0] = true;
    for at in 0..letters.len() {
        if reached[at] {
            for word in PLACEHOLDERS.iter().filter(|word| letters[at..].starts_with(**word)) {
                reached[at + word.len()] = true;
            }
        }
    }
    reached[letters.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;

    #[test]
    fn commands_that_print_a_secret() {
        let mut wrong = Vec::new();
        for (text, expected) in [
            ("aws secretsmanager get-secret-value --secret-id app", true),
            ("aws --region eu-west-1 secretsmanager get-secret-value --secret-id app --query SecretString", true),
            ("aws secretsmanager get-secret-value --secret-id app --query VersionId", false),
            ("aws secretsmanager list-secrets", false),
            ("aws ssm get-parameter --name /app --with-decryption", true),
            ("aws ssm get-parameter --name /app", false),
            ("aws ssm get-parameter --name /app --with-decryption --query Parameter.Version", false),
            ("aws codeartifact get-authorization-token --domain acme", true),
            ("aws codeartifact get-authorization-token --domain acme --query expiration", false),
            ("aws ecr get-login-password", true),
            ("gcloud secrets versions access latest --secret=app", true),
            ("kubectl get secret app -o yaml", true),
            ("kubectl get secret", false),
            ("sops -d secrets.yaml", true),
            ("aws help", false),
            ("npm ci", false),
        ] {
            let script = Script::parse([text]);
            let found = script.commands[0].invocation().and_then(|invocation| printed(&invocation)).is_some();
            if found != expected {
                wrong.push(text);
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn parts_that_are_not_secret() {
        for (text, expected) in [
            ("jq -r .ARN secret.json", true),
            ("jq '.SecretString | fromjson | .host'", true),
            ("jq keys", true),
            ("jq -r .SecretString", false),
            ("jq .", false),
            ("cat name", false),
            ("cut -d= -f1 .env", true),
            ("cut -d '=' -f 1", true),
            ("cut -d= -f2 .env", false),
            ("grep -v '^#' .env", false),
            ("grep -v SECRET .env", true),
            ("grep -Ev 'KEY|TOKEN' .env", true),
            ("grep APP_VERSION .env", true),
            ("grep API_KEY .env", false),
            ("grep = .env", false),
            ("sed 's/=.*/=***/' .env", true),
            ("sed -n 1,5p .env", false),
        ] {
            let script = Script::parse([text]);
            let found = script.commands[0].invocation().is_some_and(|invocation| selects_no_secret(&invocation));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn files_of_secrets_are_known_by_their_names() {
        for (path, expected) in [
            ("$BITBUCKET_CLONE_DIR/.env", true),
            ("$BITBUCKET_CLONE_DIR/api/.env.production", true),
            (".env.local", true),
            (".env.example", false),
            (".env.production.sample", false),
            (".env-example", false),
            (".envrc", false),
            ("build.env", false),
            ("$HOME/.npmrc", true),
            ("$BITBUCKET_CLONE_DIR/.npmrc", false),
            ("$HOME/.aws/credentials", true),
            ("$HOME/.aws/config", false),
            ("/root/.docker/config.json", true),
            ("$BITBUCKET_CLONE_DIR/config.json", false),
            ("/tmp/kubeconfig", true),
            ("$HOME/.ssh/id_rsa", true),
            ("$HOME/.ssh/id_rsa.pub", false),
            ("$HOME/.ssh/known_hosts", false),
        ] {
            assert_eq!(is_secret_file(path), expected, "{path}");
        }
    }

    #[test]
    fn passwords_of_logins() {
        for (text, expected) in [
            ("docker login -u a -p b registry.example.com", Some("b")),
            ("podman login -pb registry.example.com", Some("b")),
            ("podman login -p$PASSWORD registry.example.com", None),
            ("helm registry login --password=b registry.example.com", Some("b")),
            ("docker login --password-stdin", None),
            ("docker run -p 80:80 web", None),
        ] {
            let script = Script::parse([text]);
            let word = script.commands[0].invocation().and_then(|invocation| login_password(&invocation));
            assert_eq!(word.as_ref().and_then(Word::literal).as_deref(), expected, "{text}");
            assert_eq!(word.is_some(), expected.is_some() || text.contains("$PASSWORD"), "{text}");
        }
    }

    #[test]
    fn secrets_are_named_by_the_end() {
        for (name, expected) in [
            ("DB_PASSWORD", true),
            ("npm_token", true),
            ("client-secret", true),
            ("PASSWORD_FILE", false),
            ("NEXT_PUBLIC_MAP_TOKEN", false),
            ("PWD", false),
            ("CACHE_KEY", false),
        ] {
            assert_eq!(is_secret_name(name), expected, "{name}");
        }
    }

    #[test]
    fn placeholders_are_not_passwords() {
        for (value, expected) in [
            ("Zr8kq2LwPf0t", true),
            ("hunter2!", true),
            ("c2f1d7e0-8a55-4b0c-9a57-2f6f2b7d1c11", true),
            ("test1234", false),
            ("MyPassword123", false),
            ("changeme", false),
            ("secret", false),
            ("xxxxxxxx1", false),
            ("<your-token1>", false),
            ("/run/secrets/db1", false),
            ("MY_TOKEN_1", false),
            ("123456789", false),
            ("correcthorse", false),
        ] {
            assert_eq!(looks_secret(value), expected, "{value}");
        }
    }

    #[test]
    fn passwords_in_urls() {
        for (url, expected) in [
            ("https://ci:Zr8kq2LwPf0t@nexus.example.com/repo", Some("Zr8kq2LwPf0t")),
            ("postgres://app:Zr8kq2LwPf0t@localhost/app", None),
            ("postgres://app:Zr8kq2LwPf0t@db/app", None),
            ("https://example.com/a:b@c", None),
            ("git@bitbucket.org:acme/lib.git", None),
        ] {
            assert_eq!(password_in_url(url), expected, "{url}");
        }
    }
}
