use crate::{
    analysis::Analysis,
    facts::login_password,
    rules::{Findings, rule},
    script::Word,
};

rule! {
    /// A registry password that is passed as an argument.
    ///
    /// Other processes can read the arguments of a command, and error messages and `set -x` print them. Docker warns
    /// about it in every log.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker]
    ///         script:
    ///           - docker login --username "$REGISTRY_USER" --password "$REGISTRY_PASSWORD" registry.example.com
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker]
    ///         script:
    ///           - echo "$REGISTRY_PASSWORD" | docker login --username "$REGISTRY_USER" --password-stdin registry.example.com
    /// ```
    ///
    /// Source: <https://docs.docker.com/reference/cli/docker/login/>.
    static RULE: "password-argument", Hint, check, explained_by ["literal-password"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    file.each_program(&mut |started| {
        let Some(password) = login_password(&started.invocation) else { return };
        if !is_empty(&password) {
            findings
                .report(started.section.place(password.span), "the registry password is passed as an argument")
                .help("pass it with `--password-stdin`: `echo \"$PASSWORD\" | docker login --password-stdin …`");
        }
    });
}

fn is_empty(word: &Word) -> bool {
    word.literal().is_some_and(|text| text.is_empty())
}
