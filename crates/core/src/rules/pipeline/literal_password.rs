use crate::{
    analysis::Analysis,
    facts::{StepFacts, is_secret_name, login_password, looks_secret, password_in_url},
    pipeline::{Pipeline, Step},
    rules::{Findings, rule},
    script::{Invocation, Word},
    text::Span,
};

rule! {
    /// A password or token that is written in the file.
    ///
    /// Everyone who can read the repository, now or in the future, can use it, and deleting the line does not remove it
    /// from the history. Change the password, and store the new one as a secured variable.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker]
    ///         script:
    ///           - docker login -u builder -p Zr8kq2LwPf0t registry.example.com
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker]
    ///         script:
    ///           - echo "$REGISTRY_PASSWORD" | docker login -u builder --password-stdin registry.example.com
    /// ```
    ///
    /// Values are found by the name of their variable or option. Placeholders, and passwords of databases and emulators
    /// that run only for tests, are not reported. `secret-in-file` finds keys by their format.
    static RULE: "literal-password", Warning, check, explained_by ["secret-in-file", "stored-keys"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for image in file.model.image.into_iter().chain(file.model.steps.iter().filter_map(|step| step.image)) {
        if let Some(password) = file.tree.field(image.node, "password") {
            let value = file.tree.resolve(password.value);
            report(file, file.text(value), file.span(value), findings);
        }
    }
    for variable in file.model.pipelines.iter().flat_map(Pipeline::variables) {
        if let Some(default) = variable.default.filter(|_| is_checked(variable.name.value, false)) {
            report(file, default.value, default.span(file.tree), findings);
        }
    }
    for (step, facts) in file.steps() {
        let is_for_tests = for_tests(file, step);
        for binding in &facts.bindings {
            if let Some(value) = binding.value.literal().filter(|_| is_checked(&binding.name, is_for_tests)) {
                report(file, value, binding.span, findings);
            }
        }
        for variable in facts.pipes.iter().flat_map(|pipe| &pipe.variables) {
            if let Some(value) = variable.value.literal().filter(|_| is_checked(&variable.name, false)) {
                report(file, value, variable.span, findings);
            }
        }
        for write in &facts.writes {
            for line in write.content.lines() {
                let Some((key, value)) = line.key_and_value() else { continue };
                let key = key.trim_start_matches("export ").rsplit([':', '"']).next().unwrap_or_default();
                let value = value.literal().map(|text| text.trim_matches(['"', '\'']));
                if let Some(value) = value.filter(|_| is_checked(key, is_for_tests)) {
                    report(file, value, write.span, findings);
                }
            }
        }
        in_commands(file, facts, is_for_tests, findings);
    }
}

/// Variables of AWS keys, which other rules check.
const KEYS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// Beginnings of the names of variables for databases and brokers.
const DATABASES: [&str; 12] =
    ["DB", "DATABASE", "POSTGRES", "PG", "MYSQL", "MARIADB", "MONGO", "REDIS", "RABBIT", "SQL", "SA_", "TEST"];

fn is_checked(name: &str, is_for_tests: bool) -> bool {
    let upper = name.to_uppercase();
    let database = DATABASES.iter().any(|begin| upper.starts_with(begin)) || upper.contains("_DB_");
    let excluded = KEYS.contains(&name) || upper.contains("TEST") || database && is_for_tests;
    is_secret_name(name) && !excluded
}

/// Whether a step has a service other than Docker, such as a database that exists only for the step.
fn for_tests(file: &Analysis<'_>, step: &Step<'_>) -> bool {
    file.model.services_of(step).any(|service| service.image.is_some())
}

fn in_commands(file: &Analysis<'_>, facts: &StepFacts, is_for_tests: bool, findings: &mut Findings<'_>) {
    for section in &facts.sections {
        for command in &section.script.commands {
            let Some(invocation) = command.invocation() else { continue };
            if is_local(&invocation) || matches!(invocation.program.as_ref(), "echo" | "printf" | "docker-compose") {
                continue;
            }
            for assignment in &invocation.environment {
                let checked = !command.words.is_empty() && is_checked(&assignment.name, is_for_tests);
                if let Some(value) = assignment.value.literal().filter(|_| checked) {
                    report(file, &value, section.place(assignment.value.span), findings);
                }
            }
            for word in passwords(&invocation, is_for_tests) {
                if let Some(value) = word.literal() {
                    report(file, &value, section.place(word.span), findings);
                }
            }
            for (name, word) in settings(&invocation) {
                if let Some(value) = word.literal().filter(|_| is_checked(&name, true)) {
                    report(file, &value, section.place(word.span), findings);
                }
            }
            for word in invocation.arguments {
                if let Some(value) = word.literal().as_deref().and_then(password_in_url).map(str::to_owned) {
                    report(file, &value, section.place(word.span), findings);
                }
            }
        }
    }
}

/// Settings that are given as arguments: `-Dsonar.token=…`, `--build-arg NPM_TOKEN=…`, and `npm config set`.
fn settings(invocation: &Invocation<'_>) -> Vec<(String, Word)> {
    let mut found = Vec::new();
    for (index, word) in invocation.arguments.iter().enumerate() {
        let text = word.prefix();
        if let Some((name, _)) = text.split_once('=')
            && let Some(value) = word.strip_prefix(&format!("{name}="))
        {
            let name = name.trim_start_matches("--").trim_start_matches("-D").trim_start_matches("-P");
            // SonarQube's older name of its token.
            let name = if name == "sonar.login" { "sonar.token" } else { name };
            found.push((name.rsplit(':').next().unwrap_or_default().to_owned(), value));
        } else if let (Some(name), Some(value)) = (text.rsplit(':').next(), invocation.arguments.get(index + 1))
            && matches!(invocation.program.as_ref(), "npm" | "pnpm" | "yarn")
        {
            found.push((name.to_owned(), value.clone()));
        }
    }
    found
}

/// Long options whose value is a secret in every program.
const OPTIONS: [&str; 9] = [
    "--password",
    "--passphrase",
    "--token",
    "--auth-token",
    "--api-key",
    "--apikey",
    "--client-secret",
    "--secret",
    "--access-token",
];

/// Database clients.
const CLIENTS: [&str; 10] =
    ["mysql", "mysqladmin", "mysqldump", "mariadb", "psql", "mongo", "mongosh", "redis-cli", "sqlcmd", "pg_dump"];

/// The words that programs read as passwords.
fn passwords(invocation: &Invocation<'_>, is_for_tests: bool) -> Vec<Word> {
    let program = invocation.program.as_ref();
    if is_for_tests && CLIENTS.contains(&program) {
        return Vec::new();
    }
    let mut found: Vec<Word> = login_password(invocation).into_iter().collect();
    // `docker run --secret` names a file, and so on.
    if !matches!(program, "docker" | "podman" | "buildah") {
        found.extend(OPTIONS.iter().filter_map(|option| invocation.option(option)));
    }
    match program {
        "sshpass" => {
            found.extend(invocation.option("-p"));
            found.extend(invocation.arguments.iter().filter_map(|word| word.strip_prefix("-p")));
        }
        "mysql" | "mysqladmin" | "mysqldump" | "mariadb" => {
            found.extend(invocation.arguments.iter().filter_map(|word| word.strip_prefix("-p")));
        }
        "curl" => {
            let user = invocation.option("-u").or_else(|| invocation.option("--user"));
            let literal = user.as_ref().and_then(Word::to_literal);
            if let (Some(user), Some((_, password))) = (user, literal.as_deref().and_then(|text| text.split_once(':')))
            {
                let name = user.literal().unwrap_or_default();
                found.extend(user.strip_prefix(&name[..name.len() - password.len()]));
            }
        }
        _ => {}
    }
    // `-p` of a login is in both lists.
    found.dedup();
    found
}

/// Whether a command calls a server on the same machine.
fn is_local(invocation: &Invocation<'_>) -> bool {
    const LOCAL: [&str; 4] = ["localhost", "127.0.0.1", "host.docker.internal", "0.0.0.0"];
    invocation.arguments.iter().filter_map(Word::literal).any(|text| LOCAL.iter().any(|host| text.contains(host)))
}

fn report(file: &Analysis<'_>, value: &str, span: Span, findings: &mut Findings<'_>) {
    if looks_secret(value) {
        findings
            .report(place(file, value, span), "a password is written in the file")
            .help("change it, because it stays in the history, and store the new one as a secured variable");
    }
}

/// Where the value itself is, which other rules may have recognized; the whole span if it is written in another way. The
/// text of a file that a command writes is on the same line or follows it.
fn place(file: &Analysis<'_>, value: &str, span: Span) -> Span {
    const NEAR: usize = 4096;
    let text = file.source.text();
    let line = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let near = text.get(line..(span.start + NEAR)).or_else(|| text.get(line..)).unwrap_or_default();
    let at = text[span.start..span.end].find(value).map(|at| span.start + at);
    at.or_else(|| near.find(value).map(|at| line + at)).map_or(span, |at| Span::new(at, at + value.len()))
}
