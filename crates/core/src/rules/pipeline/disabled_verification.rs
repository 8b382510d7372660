use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    rules::{Findings, rule},
    script::Word,
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
    /// A disabled SSH host key check is reported as a hint, because some hosts are new in every run.
    static RULE: "disabled-verification", Warning, check
}

/// Options and settings that disable verification, in any program.
const SWITCHES: [&str; 17] = [
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
];

/// Hosts on the same machine, where no one can intercept traffic.
const OWN: [&str; 4] = ["localhost", "127.0.0.1", "host.docker.internal", "DOCKER_HOST_INTERNAL"];

/// One-letter options of curl that take a value: the rest of the argument is that value.
const VALUED: &[u8] = b"-bcdehmortuwxyzACDEFHKPQTUXY";

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for section in &facts.sections {
            for command in &section.script.commands {
                let text = section.script.slice(command.span);
                let program = command.words.first().map_or("", Word::prefix);
                // `echo` only prints it.
                if program == "echo" && command.prints_to_log() || OWN.iter().any(|host| text.contains(host)) {
                    continue;
                }
                for switch in &SWITCHES {
                    if let Some(at) = text.find(switch) {
                        let start = command.span.start + at;
                        report(section.place(Span::new(start, start + switch.len())), switch, findings);
                    }
                }
                let mut curl = false;
                for word in &command.words {
                    let text = word.prefix();
                    curl |= text == "curl";
                    if curl && is_insecure(text) {
                        report(section.place(word.span), text, findings);
                    }
                }
            }
        }
    }
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

fn report(span: Span, switch: &str, findings: &mut Findings<'_>) {
    let severity = if switch.starts_with('S') { Severity::Hint } else { Severity::Warning };
    let message = format!("`{switch}` lets anyone on the network impersonate the server");
    findings.report_as(severity, span, message).help(
        "remove it, and install the server's certificate or add its SSH key under Repository settings > SSH keys",
    );
}
