use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    rules::{Findings, rule},
    script::Word,
    text::Span,
};

rule! {
    /// A check that the server is the right one is switched off, or packages come over plain `http`.
    ///
    /// Whoever sits on the way answers in the server's place: what is downloaded then runs with the step's variables and its
    /// OIDC token, and what is sent is read. Install the missing certificate instead (`--cacert`, `NODE_EXTRA_CA_CERTS`,
    /// `REQUESTS_CA_BUNDLE`). The keys of SSH servers belong into the repository's settings, under SSH keys, Known hosts;
    /// since some hosts are new in every run, that is a hint.
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
    static RULE: "disabled-verification", Warning, check
}

/// What switches a check off, in whatever program.
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

/// Where nobody sits between.
const OWN: [&str; 4] = ["localhost", "127.0.0.1", "host.docker.internal", "DOCKER_HOST_INTERNAL"];

/// Letters of curl's options after which the rest of the word is no option.
const VALUED: &[u8] = b"-bcdehmortuwxyzACDEFHKPQTUXY";

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for listing in &facts.listings {
            for command in &listing.script.commands {
                let text = listing.script.slice(command.span);
                let program = command.words.first().map_or("", Word::prefix);
                // What `echo` says to the log does nothing.
                if program == "echo" && command.prints_to_log() || OWN.iter().any(|host| text.contains(host)) {
                    continue;
                }
                for switch in &SWITCHES {
                    if let Some(at) = text.find(switch) {
                        let start = command.span.start + at;
                        report(listing.place(Span::new(start, start + switch.len())), switch, findings);
                    }
                }
                let mut curl = false;
                for word in &command.words {
                    let text = word.prefix();
                    curl |= text == "curl";
                    if curl && is_insecure(text) {
                        report(listing.place(word.span), text, findings);
                    }
                }
            }
        }
    }
}

/// Whether an option of curl switches the check off: `--insecure`, `-k`, `-sSLk`.
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
    let message = format!("`{switch}` lets anyone on the way answer in the server's place");
    findings.report_as(severity, span, message).help(
        "drop it; make the server's certificate known instead, or its SSH key under Repository settings > SSH keys",
    );
}
