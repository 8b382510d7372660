use crate::{
    analysis::Analysis,
    facts::ScriptSection,
    pipeline::Image,
    rules::{Findings, rule},
    script::{Command, Output, Word},
};

rule! {
    /// A login to Amazon ECR for an image from another registry.
    ///
    /// `aws` under `image` logs in to ECR with a role or a key. An image from another registry is pulled without that
    /// login, so it has no effect, and the step may not be able to pull the image. A password from `aws ecr
    /// get-login-password` is valid only for the ECR registry as well.
    ///
    /// ```yaml wrong
    /// image:
    ///   name: registry.example.com/build:4
    ///   aws:
    ///     oidc-role: arn:aws:iam::123456789012:role/pull
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script: [make test]
    /// ```
    ///
    /// ```yaml right
    /// image:
    ///   name: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/build:4
    ///   aws:
    ///     oidc-role: arn:aws:iam::123456789012:role/pull
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script: [make test]
    /// ```
    ///
    /// An image whose registry is in a variable is not reported.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/use-aws-ecr-images-in-pipelines-with-openid-connect>.
    static RULE: "unused-registry-login", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let services = file.model.definitions.services.iter().filter_map(|service| service.image);
    let images = file.model.image.into_iter().chain(file.model.steps.iter().filter_map(|step| step.image));
    for image in images.chain(services) {
        image_login(file, &image, findings);
    }
    for (_, facts) in file.steps() {
        for section in &facts.sections {
            for command in &section.script.commands {
                password_login(file, section, command, findings);
            }
        }
    }
}

/// `aws ecr get-login-password | docker login … registry`
fn password_login(file: &Analysis<'_>, section: &ScriptSection, command: &Command, findings: &mut Findings<'_>) {
    let Output::Pipe(to) = command.context.output else { return };
    let Some(invocation) = command.invocation().filter(|invocation| invocation.program == "aws") else { return };
    let has = |word: &str| invocation.arguments.iter().any(|argument| argument.prefix() == word);
    if !has("ecr") || !has("get-login-password") {
        return;
    }
    let Some(login) = section.script.commands.get(to).and_then(Command::invocation) else { return };
    let logs_in = login.arguments.first().is_some_and(|word| word.prefix() == "login");
    if !logs_in || !matches!(login.program.as_ref(), "docker" | "podman" | "helm" | "crane" | "skopeo") {
        return;
    }
    let registry = login.arguments.last().filter(|word| word.prefix().contains('.')).and_then(Word::literal);
    if let Some(registry) = registry.filter(|registry| !is_ecr(registry)) {
        findings
            .report(
                file.first_line(section.place(login.span)),
                format!("`{registry}` is not an Amazon ECR registry, so its login fails"),
            )
            .help("use the registry's address, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com`");
    }
}

fn image_login(file: &Analysis<'_>, image: &Image<'_>, findings: &mut Findings<'_>) {
    let (Some(name), Some(aws)) = (image.name, file.tree.field(image.node, "aws")) else { return };
    if name.value.contains('$') || is_ecr(name.value) {
        return;
    }
    findings
        .report(file.span(aws.key), format!("`aws` logs in to Amazon ECR, but `{}` is not from there", name.value))
        .related(name.span(file.tree), "pulled without this login")
        .help("remove `aws`, or use `username` and `password` for another registry");
}

/// Whether an address is one of ECR: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, also its FIPS, dual-stack and public ones.
fn is_ecr(address: &str) -> bool {
    let address = address.trim_start_matches("https://").trim_start_matches("http://");
    let host = address.split('/').next().unwrap_or_default();
    host.contains(".dkr.ecr") || host.contains(".dkr-ecr") || host.contains("amazonaws.com") || host == "public.ecr.aws"
}
