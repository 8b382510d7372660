//! Programs that call AWS.

use std::borrow::Cow;

use crate::script::{
    Invocation, Script, Word,
    runners::{Kind, runs},
};

/// The identity of a [`Tool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToolId {
    /// `aws`
    AwsCli,
    /// `cdk`
    Cdk,
    /// `sam`
    Sam,
    /// `serverless` or `sls`
    Serverless,
    /// `terraform`
    Terraform,
    /// `tofu`
    OpenTofu,
    /// `terragrunt`
    Terragrunt,
    /// `pulumi`
    Pulumi,
    /// `eksctl`
    Eksctl,
    /// `copilot`
    Copilot,
    /// `amplify` or `ampx`
    Amplify,
    /// `chalice`
    Chalice,
    /// `ecs-cli` or `ecs-deploy`
    EcsCli,
    /// `eb`
    ElasticBeanstalk,
    /// `docker`, `podman` or `buildah`
    DockerWithEcr,
}

/// A program that calls AWS.
#[derive(Debug)]
pub struct Tool {
    /// Its identity.
    pub id: ToolId,
    /// Its name in messages.
    pub name: &'static str,
    /// The commands that start it.
    pub programs: &'static [&'static str],
    /// npm packages that provide the command, for `npx PACKAGE`.
    pub packages: &'static [&'static str],
    /// What any other subcommand does.
    pub otherwise: Calls,
    /// Subcommands by what they do; the first that the arguments start with applies.
    pub subcommands: &'static [(&'static str, Calls)],
}

/// Whether a command calls AWS with credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// No.
    Never,
    /// Only with some configurations: lookups, another cloud, a backend.
    Maybe,
    /// Yes, to read.
    Reads,
    /// Yes, and it changes what runs there.
    Deploys,
}

impl Calls {
    /// Whether it certainly needs credentials.
    pub fn needs_credentials(self) -> bool {
        matches!(self, Self::Reads | Self::Deploys)
    }
}

use Calls::{Deploys, Maybe, Never, Reads};

/// The tools, with the subcommands that call AWS according to their documentation.
pub const TOOLS: [Tool; 15] = [
    Tool {
        id: ToolId::AwsCli,
        name: "AWS CLI",
        programs: &["aws"],
        packages: &[],
        otherwise: Reads,
        subcommands: &[
            ("configure", Never),
            ("help", Never),
            // These two calls are not signed: the token authenticates them.
            ("sts assume-role-with-web-identity", Never),
            ("sts assume-role-with-saml", Never),
            ("cloudformation deploy", Deploys),
            ("cloudformation create-stack", Deploys),
            ("cloudformation update-stack", Deploys),
            ("cloudformation delete-stack", Deploys),
            ("cloudformation execute-change-set", Deploys),
            ("ecs update-service", Deploys),
            ("ecs register-task-definition", Deploys),
            ("deploy create-deployment", Deploys),
            ("elasticbeanstalk update-environment", Deploys),
            ("lambda update-function-code", Deploys),
            ("lambda update-function-configuration", Deploys),
            ("s3 sync", Deploys),
            ("amplify start-deployment", Deploys),
            ("cloudfront create-invalidation", Deploys),
        ],
    },
    Tool {
        id: ToolId::Cdk,
        name: "AWS CDK",
        programs: &["cdk"],
        packages: &["aws-cdk", "cdk"],
        otherwise: Never,
        subcommands: &[
            ("deploy", Deploys),
            ("destroy", Deploys),
            ("bootstrap", Deploys),
            ("import", Deploys),
            ("rollback", Deploys),
            ("gc", Deploys),
            ("watch", Deploys),
            ("publish-assets", Deploys),
            ("diff", Reads),
            ("drift", Reads),
            ("refactor", Reads),
            // Without context lookups these run without AWS.
            ("synth", Maybe),
            ("synthesize", Maybe),
            ("list", Maybe),
            ("ls", Maybe),
        ],
    },
    Tool {
        id: ToolId::Sam,
        name: "AWS SAM CLI",
        programs: &["sam"],
        packages: &[],
        otherwise: Maybe,
        subcommands: &[
            ("build", Never),
            ("init", Never),
            ("local", Never),
            ("deploy", Deploys),
            ("sync", Deploys),
            ("delete", Deploys),
            ("publish", Deploys),
            ("package", Reads),
            ("logs", Reads),
            ("list", Maybe),
        ],
    },
    Tool {
        id: ToolId::Serverless,
        name: "Serverless Framework",
        programs: &["serverless", "sls"],
        packages: &["serverless", "osls"],
        otherwise: Maybe,
        subcommands: &[("deploy", Deploys), ("remove", Deploys), ("rollback", Deploys), ("offline", Never)],
    },
    terraform(ToolId::Terraform, "Terraform", &["terraform"]),
    terraform(ToolId::OpenTofu, "OpenTofu", &["tofu"]),
    Tool {
        id: ToolId::Terragrunt,
        name: "Terragrunt",
        programs: &["terragrunt"],
        packages: &[],
        otherwise: Maybe,
        subcommands: &[],
    },
    Tool {
        id: ToolId::Pulumi,
        name: "Pulumi",
        programs: &["pulumi"],
        packages: &[],
        otherwise: Maybe,
        subcommands: &[],
    },
    Tool {
        id: ToolId::Eksctl,
        name: "eksctl",
        programs: &["eksctl"],
        packages: &[],
        otherwise: Reads,
        subcommands: &[
            ("version", Never),
            ("completion", Never),
            ("info", Never),
            ("create", Deploys),
            ("delete", Deploys),
            ("upgrade", Deploys),
            ("scale", Deploys),
        ],
    },
    Tool {
        id: ToolId::Copilot,
        name: "AWS Copilot",
        programs: &["copilot"],
        packages: &[],
        otherwise: Maybe,
        subcommands: &[("deploy", Deploys), ("svc deploy", Deploys), ("env deploy", Deploys), ("job deploy", Deploys)],
    },
    Tool {
        id: ToolId::Amplify,
        name: "AWS Amplify CLI",
        programs: &["amplify", "ampx"],
        packages: &["@aws-amplify/cli", "@aws-amplify/backend-cli", "ampx"],
        otherwise: Maybe,
        subcommands: &[("push", Deploys), ("publish", Deploys), ("pipeline-deploy", Deploys)],
    },
    Tool {
        id: ToolId::Chalice,
        name: "AWS Chalice",
        programs: &["chalice"],
        packages: &[],
        otherwise: Maybe,
        subcommands: &[("deploy", Deploys), ("delete", Deploys), ("local", Never), ("package", Never)],
    },
    Tool {
        id: ToolId::EcsCli,
        name: "Amazon ECS CLI",
        programs: &["ecs-cli", "ecs-deploy"],
        packages: &[],
        otherwise: Maybe,
        subcommands: &[("compose", Deploys), ("up", Deploys), ("configure", Never)],
    },
    Tool {
        id: ToolId::ElasticBeanstalk,
        name: "AWS Elastic Beanstalk CLI",
        programs: &["eb"],
        packages: &[],
        otherwise: Maybe,
        subcommands: &[("deploy", Deploys), ("create", Deploys), ("init", Maybe)],
    },
    // Amazon ECR is recognized by the image's name; its login is a separate command.
    Tool {
        id: ToolId::DockerWithEcr,
        name: "docker with Amazon ECR",
        programs: &["docker", "podman", "buildah"],
        packages: &[],
        otherwise: Never,
        subcommands: &[("push", Maybe), ("pull", Maybe)],
    },
];

/// Terraform works with many clouds, so it is never assumed to need AWS.
const fn terraform(id: ToolId, name: &'static str, programs: &'static [&'static str]) -> Tool {
    Tool {
        id,
        name,
        programs,
        packages: &[],
        otherwise: Maybe,
        subcommands: &[("fmt", Never), ("version", Never), ("validate", Never)],
    }
}

/// A call of a tool by a command.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The tool.
    pub tool: &'static Tool,
    /// Its literal arguments from the subcommand on, without options.
    pub subcommand: String,
    /// What it does.
    pub calls: Calls,
    /// The npm package and version that a runner such as `npx` was given: `aws-cdk@2`.
    pub package: Option<String>,
    /// How many of the command's arguments come before the tool's own.
    pub skipped: usize,
}

impl ToolCall {
    /// The first argument of the tool that is not an option: `deploy` of `cdk deploy --all`; empty if there is none.
    pub fn command(&self) -> &str {
        self.subcommand.split(' ').next().unwrap_or_default()
    }
}

/// Options of tools that take the next argument as their value.
const VALUED: [&str; 11] = [
    "--region",
    "--profile",
    "--output",
    "--query",
    "--endpoint-url",
    "--cli-read-timeout",
    "--app",
    "-a",
    "--context",
    "-c",
    "--color",
];

/// Recognizes a tool, also after `npx`, `yarn`, `pnpm`, `bun`, `npm exec` and the like, or in `node_modules/.bin`.
///
/// `npm run cdk` counts as `cdk`: the name is what `cdk init` gives the script. Other package scripts, `make` and
/// custom scripts are opaque.
pub(super) fn recognise(invocation: &Invocation<'_>) -> Option<ToolCall> {
    let words: Vec<Option<Cow<'_, str>>> = invocation.arguments.iter().map(Word::literal).collect();
    let own = direct(&invocation.program).map(|tool| (tool, None, invocation.arguments));
    let (tool, package, rest) = own.or_else(|| through_runner(&invocation.program, invocation.arguments))?;
    let skipped = words.len() - rest.len();
    let subcommand = positional(&words[skipped..]).collect::<Vec<_>>().join(" ");
    let help = words.iter().flatten().any(|word| matches!(word.as_ref(), "--help" | "--version"));
    let calls = if help || words.iter().flatten().any(|word| word == "--no-sign-request") {
        Never
    } else {
        calls(tool, &subcommand, &words)
    };
    Some(ToolCall { tool, subcommand, calls, package, skipped })
}

/// What a command does with AWS; `None` if it is not a tool.
pub(super) fn calls_of(command: &str) -> Option<Calls> {
    let script = Script::parse([command]);
    let call = script.commands.first()?.invocation().and_then(|invocation| recognise(&invocation))?;
    Some(call.calls)
}

fn calls(tool: &Tool, subcommand: &str, words: &[Option<Cow<'_, str>>]) -> Calls {
    if tool.id == ToolId::DockerWithEcr {
        let registry =
            words.iter().flatten().any(|word| word.contains(".dkr.ecr.") || word.contains("public.ecr.aws/"));
        return if registry { begins(tool, subcommand) } else { Never };
    }
    if subcommand.is_empty() { Never } else { begins(tool, subcommand) }
}

fn begins(tool: &Tool, subcommand: &str) -> Calls {
    let fits =
        |known: &str| subcommand == known || subcommand.strip_prefix(known).is_some_and(|rest| rest.starts_with(' '));
    tool.subcommands.iter().find(|(known, _)| fits(known)).map_or(tool.otherwise, |(_, calls)| *calls)
}

fn direct(program: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.programs.contains(&program))
}

/// The tool that a runner starts, the package that provides it, and the tool's arguments.
fn through_runner<'w>(program: &str, arguments: &'w [Word]) -> Option<(&'static Tool, Option<String>, &'w [Word])> {
    runs(program, arguments).filter(|run| run.kind != Kind::Module).find_map(|run| {
        let (name, version) = split_package(&run.command);
        let named_package = || TOOLS.iter().find(|tool| tool.packages.contains(&name));
        let tool = direct(run.program()).or_else(named_package)?;
        let versioned = version.map(|_| run.command.clone());
        let package = run.package.clone().or(versioned).or_else(|| named(tool, run.program()));
        Some((tool, package, run.arguments))
    })
}

/// A package that a runner is given by name, if the name differs from that of the command.
fn named(tool: &Tool, name: &str) -> Option<String> {
    (!tool.programs.contains(&name)).then(|| name.to_owned())
}

/// An npm package specification as name and version; the `@` of a scope does not start a version.
pub fn split_package(text: &str) -> (&str, Option<&str>) {
    match text.char_indices().skip(1).find(|(_, letter)| *letter == '@') {
        Some((at, _)) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// The arguments that are neither options nor values of options known to take one.
fn positional<'w>(words: &'w [Option<Cow<'_, str>>]) -> impl Iterator<Item = &'w str> {
    let mut value = false;
    words
        .iter()
        .filter_map(move |word| {
            let text = word.as_deref();
            if std::mem::take(&mut value) {
                return None;
            }
            value = text.is_some_and(|text| VALUED.contains(&text));
            text.filter(|text| !text.starts_with('-'))
        })
        .take(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_recognised_by_any_runner() {
        let mut wrong = Vec::new();
        for (text, expected) in [
            ("aws s3 ls", "AWS CLI/Reads/-"),
            ("aws --region eu-west-1 s3 sync a b", "AWS CLI/Deploys/-"),
            ("aws --version", "AWS CLI/Never/-"),
            ("aws sts assume-role-with-web-identity --role-arn x", "AWS CLI/Never/-"),
            ("aws sts get-caller-identity", "AWS CLI/Reads/-"),
            ("cdk deploy --all", "AWS CDK/Deploys/-"),
            ("npx cdk deploy", "AWS CDK/Deploys/-"),
            ("npx -y aws-cdk@2.100.0 deploy", "AWS CDK/Deploys/aws-cdk@2.100.0"),
            ("npx --package=aws-cdk@2 cdk diff", "AWS CDK/Reads/aws-cdk@2"),
            ("npx -p aws-cdk cdk synth", "AWS CDK/Maybe/aws-cdk"),
            ("npx aws-cdk deploy", "AWS CDK/Deploys/aws-cdk"),
            ("yarn cdk deploy", "AWS CDK/Deploys/-"),
            ("yarn dlx aws-cdk@latest deploy", "AWS CDK/Deploys/aws-cdk@latest"),
            ("pnpm exec cdk bootstrap", "AWS CDK/Deploys/-"),
            ("bunx cdk deploy", "AWS CDK/Deploys/-"),
            ("npm run cdk -- deploy", "AWS CDK/Deploys/-"),
            ("npm exec -- cdk deploy", "AWS CDK/Deploys/-"),
            ("./node_modules/.bin/cdk deploy", "AWS CDK/Deploys/-"),
            ("npm ci", "none"),
            ("npm run build", "none"),
            ("make deploy", "none"),
            ("sam build", "AWS SAM CLI/Never/-"),
            ("sam deploy --guided", "AWS SAM CLI/Deploys/-"),
            ("npx sls deploy --stage prod", "Serverless Framework/Deploys/-"),
            ("terraform apply -auto-approve", "Terraform/Maybe/-"),
            ("docker push 123.dkr.ecr.eu-west-1.amazonaws.com/x", "docker with Amazon ECR/Maybe/-"),
            ("docker push x/y", "docker with Amazon ECR/Never/-"),
            ("poetry run aws s3 ls", "AWS CLI/Reads/-"),
            ("keyless exec -- cdk deploy", "AWS CDK/Deploys/-"),
            ("keyless exec npx aws-cdk@2 diff", "AWS CDK/Reads/aws-cdk@2"),
            ("keyless lint", "none"),
        ] {
            let script = Script::parse([text]);
            let call = script.commands[0].invocation().and_then(|invocation| recognise(&invocation));
            let read = call.map_or("none".to_owned(), |call| {
                format!("{}/{:?}/{}", call.tool.name, call.calls, call.package.as_deref().unwrap_or("-"))
            });
            if read != expected {
                wrong.push(format!("{text}: {read}, not {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
