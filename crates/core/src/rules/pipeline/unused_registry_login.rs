use crate::{
    analysis::{
        Analysis,
        steps::{Started, shown},
    },
    pipeline::Image,
    rules::{Findings, rule},
    script::Output,
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
    file.each_program(&mut |Started { section, invocation, .. }| {
        if invocation.program != "aws"
            || !["ecr", "get-login-password"]
                .iter()
                .all(|word| invocation.arguments.iter().any(|argument| argument.prefix() == *word))
        {
            return;
        }
        let command = section.script.commands.iter().find(|command| command.span.contains(invocation.span));
        let Some(Output::Pipe(to)) = command.map(|command| command.context.output) else { return };
        let Some(login) = section.script.commands.get(to).and_then(crate::script::Command::invocation) else { return };
        let logs_in = login.arguments.first().is_some_and(|word| word.prefix() == "login");
        if !logs_in || !matches!(login.program.as_str(), "docker" | "podman" | "helm" | "crane" | "skopeo") {
            return;
        }
        let registry =
            login.arguments.last().filter(|word| word.prefix().contains('.')).and_then(|word| word.literal());
        if let Some(registry) = registry.filter(|registry| !is_ecr(registry)) {
            let span = section.place(login.span);
            findings
                .report(
                    file.first_line(span),
                    format!("`{registry}` is not an Amazon ECR registry, so its login fails"),
                )
                .help(format!(
                    "use the registry's address, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com`, in `{}`",
                    shown(file.source.slice(span))
                ));
        }
    });
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
