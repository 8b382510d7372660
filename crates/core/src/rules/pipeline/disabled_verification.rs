use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    facts::{PipeVariable, ScriptSection},
    rules::{Findings, rule},
    script::{Command, Redirection, RedirectionKind, Word},
    text::Span,
};

rule! {
    /// A disabled certificate or host key check, or a package registry over plain `http`.
    ///
    /// Anyone on the network path can answer in the server's place: the step runs what they send, with its variables
    /// and its OIDC token, and they can read what the step sends. Install the missing certificate instead (`--cacert`,
    /// `NODE_EXTRA_CA_CERTS`, `REQUESTS_CA_BUNDLE`), and add the keys of SSH servers under Repository settings > SSH
    /// keys > Known hosts.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - curl -fsSk -o tool https://example.com/tool
    ///           - npm config set strict-ssl false
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - curl -fsS --cacert company.pem -o tool https://example.com/tool
    ///           - npm ci
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           deployment: staging
    ///           script:
    ///             - pipe: atlassian/rsync-deploy:0.13.0
    ///               variables:
    ///                 USER: deploy
    ///                 SERVER: app.example.com
    ///                 REMOTE_PATH: /srv/site
    ///                 LOCAL_PATH: dist
    ///                 SSH_ARGS: -o StrictHostKeyChecking=no
    /// ```
    ///
    /// A disabled SSH host key check in a script is a hint unless the command names the server, because some servers are new
    /// in every run. Pipes read the known hosts from the repository's settings, so there it is a warning.
    static RULE: "disabled-verification", Warning, check
}

/// Options and settings that disable verification, in any program.
const SWITCHES: [&str; 22] = [
    "--no-check-certificate",
    "http.sslVerify=false",
    "http.sslVerify false",
    "strict-ssl false",
    "strict-ssl=false",
    "--trusted-host",
    "--no-verify-ssl",
    "--insecure-skip-tls-verify",
    "--tls-verify=false",
    "--allow-untrusted",
    "NODE_TLS_REJECT_UNAUTHORIZED=0",
    "GIT_SSL_NO_VERIFY=",
    "PYTHONHTTPSVERIFY=0",
    "registry http://",
    "registry=http://",
    "StrictHostKeyChecking=no",
    "StrictHostKeyChecking no",
    "StrictHostKeyChecking=off",
    "StrictHostKeyChecking off",
    "UserKnownHostsFile=/dev/null",
    "UserKnownHostsFile /dev/null",
    "ssl:verify-certificate no",
];

/// Hosts on the same machine, where no one can intercept traffic.
const OWN: [&str; 4] = ["localhost", "127.0.0.1", "host.docker.internal", "DOCKER_HOST_INTERNAL"];

/// One-letter options of curl that take a value: the rest of the argument is that value.
const VALUED: &[u8] = b"-bcdehmortuwxyzACDEFHKPQTUXY";

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    // Searching the file once is much cheaper than searching every command. A line break may separate the words of a switch.
    let first_word = |switch: &str| switch.split(' ').next().is_some_and(|word| file.source.text().contains(word));
    let written: Vec<&str> = SWITCHES.into_iter().filter(|switch| first_word(switch)).collect();
    for (_, facts) in file.steps() {
        for section in &facts.sections {
            for command in &section.script.commands {
                let text = section.script.slice(command.span);
                let program = command.words.first().map_or("", Word::prefix);
                // `echo` only prints it.
                if program == "echo" && command.prints_to_log() {
                    continue;
                }
                let is_own = || OWN.iter().any(|host| text.contains(host));
                // Both options belong together.
                let is_repeated = |switch: &str| switch.starts_with('U') && text.contains("StrictHostKeyChecking");
                for switch in &written {
                    if let Some(at) = text.find(switch).filter(|_| !is_own() && !is_repeated(switch)) {
                        let start = command.span.start + at;
                        let place = section.place(Span::new(start, start + switch.len()));
                        if is_host_key(switch) && names_server(command) {
                            report_as(Severity::Warning, place, switch, findings);
                        } else {
                            report(place, switch, findings);
                        }
                    }
                }
                let mut curl = false;
                for word in &command.words {
                    let text = word.prefix();
                    curl |= text == "curl";
                    if curl && is_insecure(text) && !is_own() {
                        report(section.place(word.span), text, findings);
                    }
                }
                for redirection in command.redirections.iter().filter(|_| !written.is_empty() && !is_own()) {
                    here_document(section, redirection, findings);
                }
            }
        }
        for variable in facts.pipes.iter().flat_map(|pipe| &pipe.variables) {
            in_pipe(variable, findings);
        }
    }
}

/// A configuration that a script writes, such as `~/.ssh/config`.
fn here_document(section: &ScriptSection, redirection: &Redirection, findings: &mut Findings<'_>) {
    if redirection.kind != RedirectionKind::HereDocument {
        return;
    }
    let text = section.script.slice(redirection.target.span);
    if let Some((at, switch)) = SWITCHES.iter().find_map(|switch| Some((text.find(switch)?, *switch))) {
        let start = redirection.target.span.start + at;
        report(section.place(Span::new(start, start + switch.len())), switch, findings);
    }
}

/// An argument or a remote command in a pipe's variable.
fn in_pipe(variable: &PipeVariable, findings: &mut Findings<'_>) {
    let text = variable.value.to_string();
    if OWN.iter().any(|host| text.contains(host)) {
        return;
    }
    let mut words = text.split_whitespace().skip_while(|word| *word != "curl");
    let of_curl = words.find(|word| is_insecure(word));
    let insecure = text.split_whitespace().find(|word| *word == "--insecure");
    let switch = SWITCHES.iter().copied().find(|switch| text.contains(switch));
    if let Some(switch) = switch.or(insecure).or(of_curl) {
        report_as(Severity::Warning, variable.span, switch, findings);
    }
}

/// Whether the server is written out: `deploy@example.com`. One in a variable may be new in every run.
fn names_server(command: &Command) -> bool {
    command.words.iter().any(|word| {
        let Some(text) = word.literal() else { return false };
        let host = text.split_once('@').map_or("", |(_, host)| host);
        let host = host.split([':', '/']).next().unwrap_or_default();
        host.contains('.') && !host.contains(' ')
    })
}

/// Whether an option of curl disables verification: `--insecure`, `-k`, `-sSLk`.
fn is_insecure(word: &str) -> bool {
    let letters = match word.as_bytes() {
        b"--insecure" => return true,
        [b'-', letters @ ..] => letters,
        _ => return false,
    };
    letters.iter().take_while(|letter| !VALUED.contains(letter)).any(|letter| *letter == b'k')
}

/// Whether a switch is one of SSH.
fn is_host_key(switch: &str) -> bool {
    switch.starts_with(['S', 'U'])
}

fn report(span: Span, switch: &str, findings: &mut Findings<'_>) {
    report_as(if is_host_key(switch) { Severity::Hint } else { Severity::Warning }, span, switch, findings);
}

fn report_as(severity: Severity, span: Span, switch: &str, findings: &mut Findings<'_>) {
    let message = format!("`{switch}` lets anyone on the network impersonate the server");
    findings.report_as(severity, span, message).help(
        "remove it, and install the server's certificate or add its SSH key under Repository settings > SSH keys",
    );
}
