//! keyless's own deploy pipe: its variables, each in one row. The pipe's reader, `--help`, `pipe.yml`, its README and
//! the linter all take them from here.

mod form;

pub use form::{
    CHAINED_DURATION, DEBUG_FORM, DURATION_FORM, DURATIONS, Form, at_commas, cdk_version, concurrency, debug, duration,
    qualifier, report_proxy, scope,
};

use super::Reference;
use crate::{documentation, spelling::nearest};

/// Represents the image of the deploy pipe, which everyone publishes to their own registry. The brackets are not allowed
/// in the name of an image, so nobody's image can be pulled by mistake.
pub const IMAGE: &str = concat!("<registry>/keyless-pipe:", env!("CARGO_PKG_VERSION"));

/// Whether a reference is keyless's own pipe: the image `keyless/pipe` or `…/keyless-pipe` of any registry or mirror, or
/// a repository on Bitbucket called `keyless-pipe`.
pub fn is_keyless(reference: &Reference<'_>) -> bool {
    reference.name() == "keyless-pipe" || reference.owner_and_name() == "keyless/pipe"
}

/// A variable by its name or alias.
pub fn find(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().copied().find(|variable| variable.name == name || variable.alias == Some(name))
}

/// The variable whose name is most like one that does not exist.
pub fn nearest_variable(name: &str) -> Option<&'static str> {
    nearest(name, VARIABLES.iter().flat_map(|variable| [Some(variable.name), variable.alias]).flatten())
}

/// The value of `TRUST_POLICY` that reads the policy from IAM with temporary credentials.
pub const IAM: &str = "iam";

/// The value of `TRUST_POLICY` that confirms that an access key is stored for reading the policy from IAM.
pub const IAM_WITH_STORED_KEYS: &str = "iam-with-stored-keys";

/// One variable.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The name that belongs to keyless alone, `KEYLESS_` and the name. `keyless exec` runs in steps whose variables may
    /// have the same names for other reasons, and reads this one first.
    pub qualified: &'static str,
    /// Another name that is read when this one is not set.
    pub alias: Option<&'static str>,
    /// Whether nothing works without it.
    pub required: bool,
    /// What is taken when it is not set, in words.
    pub default: Option<&'static str>,
    /// What it may hold and what it does.
    pub help: &'static str,
    /// Which values are valid.
    pub form: Form,
}

impl Variable {
    const fn of(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// Its values, if it takes one of a few.
    pub fn values(&self) -> &'static [&'static str] {
        match self.form {
            Form::Choice(values) => values,
            _ => &[],
        }
    }
}

const fn variable(name: &'static str, default: &'static str, help: &'static str) -> Variable {
    Variable {
        name,
        qualified: "",
        alias: None,
        required: false,
        default: Some(default),
        help: documentation::of(help),
        form: Form::Any,
    }
}

const fn optional(name: &'static str, help: &'static str) -> Variable {
    Variable {
        name,
        qualified: "",
        alias: None,
        required: false,
        default: None,
        help: documentation::of(help),
        form: Form::Any,
    }
}

const fn required(name: &'static str, alias: &'static str, help: &'static str) -> Variable {
    Variable {
        name,
        qualified: "",
        alias: Some(alias),
        required: true,
        default: None,
        help: documentation::of(help),
        form: Form::Any,
    }
}

/// The variable that a name was probably meant to be, if it is not one of the pipe's variables.
///
/// The programs that the pipe runs receive other variables too, so that a name is wrong only if it is similar to one of
/// the pipe's.
pub fn misspelled(name: &str) -> Option<&'static str> {
    // Variables of these programs that are similar to one of the pipe's by chance.
    let known = matches!(name, "AWS_PROFILE" | "CDK_HOME");
    if known || name.len() <= 3 || name.starts_with("BITBUCKET_") || is_pipe_variable(name) {
        return None;
    }
    let names = VARIABLES.iter().flat_map(|variable| [Some(variable.name), variable.alias]).flatten();
    nearest(name, names.filter(|candidate| candidate.len() > 4))
}

/// Whether a name is one of the pipe's variables, or an item of one that Bitbucket passes as a list (`STACKS_COUNT`,
/// `STACKS_0`).
pub fn is_pipe_variable(name: &str) -> bool {
    let is_item = |variable: &&Variable| {
        let rest = name.strip_prefix(variable.name).and_then(|rest| rest.strip_prefix('_'));
        rest.is_some_and(|rest| rest == "COUNT" || (!rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())))
    };
    VARIABLES.iter().any(|variable| variable.name == name || variable.alias == Some(name))
        || VARIABLES.iter().any(is_item)
}

/// Whether a name is the `KEYLESS_` form of a variable, or an item of such a list.
pub fn is_qualified(name: &str) -> bool {
    name.strip_prefix("KEYLESS_").is_some_and(is_pipe_variable)
}

/// Declares the variables and, from the same rows, the list of all in the order of the documentation.
macro_rules! variables {
    ($($name:ident = $row:expr;)*) => {
        $(#[doc = concat!("The row of `", stringify!($name), "`.")]
        pub static $name: Variable = Variable { qualified: concat!("KEYLESS_", stringify!($name)), ..$row };)*
        /// All variables, in the order of the documentation.
        pub static VARIABLES: &[&Variable] = &[$(&$name),*];
    };
}

variables! {
    AWS_ROLE_ARN = required(
        "AWS_ROLE_ARN",
        "AWS_OIDC_ROLE_ARN",
        "the ARN of the role to assume; its trust policy must allow the step's token",
    )
    .of(Form::Role);
    AWS_REGION = required(
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "the region to deploy to; its STS endpoint is called",
    )
    .of(Form::Region);
    COMMAND = variable(
        "COMMAND",
        "deploy",
        "the command to run: deploy, diff, synth, bootstrap, destroy, rollback, drift, list, or exec to run EXTRA_ARGS with \
         the same session",
    )
    .of(Form::Choice(&["deploy", "diff", "synth", "bootstrap", "destroy", "rollback", "drift", "list", "exec"]));
    STACKS = variable(
        "STACKS",
        "all stacks",
        "names or patterns of stacks, separated by spaces or as a list; COMMAND: destroy needs them",
    );
    SYNTH = variable(
        "SYNTH",
        "isolated",
        "how the app is synthesized: isolated (before there are credentials, so that its code cannot read any; context values \
         come from cdk.context.json) or session (with the session, for apps that look up values in the account)",
    )
    .of(Form::Choice(&["isolated", "session"]));
    WORKING_DIRECTORY = variable("WORKING_DIRECTORY", ".", "the folder of the CDK app, with its cdk.json");
    APP = variable(
        "APP",
        "from cdk.json",
        "the command that synthesizes the app, or a folder with a cloud assembly such as cdk.out",
    );
    CONTEXT = optional("CONTEXT", "context values for the app: key=value, separated by spaces or as a list")
    .of(Form::Pairs);
    PARAMETERS = optional(
        "PARAMETERS",
        "CloudFormation parameters: key=value or Stack:key=value, separated by spaces or as a list",
    )
    .of(Form::Pairs);
    TAGS = optional("TAGS", "tags for the stacks: key=value, separated by spaces or as a list")
    .of(Form::Pairs);
    OUTPUTS_FILE = optional("OUTPUTS_FILE", "a file in the clone to write the stacks' outputs to, as JSON");
    REPORT = variable(
        "REPORT",
        "true",
        "whether COMMAND: diff reports its changes to Bitbucket as a Code Insights report, which pull requests show: true, \
         false, or the URL of a proxy to use instead of Bitbucket's own",
    )
    .of(Form::Parsed(form::REPORT));
    REQUIRE_APPROVAL = variable(
        "REQUIRE_APPROVAL",
        "never",
        "which changes stop a deployment: never, broadening (a change that broadens access: IAM statements, managed policies, \
         security group rules; nothing is changed then) or any-change (the CDK stops at the first stack that changes)",
    )
    .of(Form::Choice(&["never", "broadening", "any-change"]));
    METHOD = variable(
        "METHOD",
        "the CDK's own",
        "how to deploy with CloudFormation: change-set, direct, prepare-change-set or execute-change-set",
    )
    .of(Form::Choice(&["change-set", "direct", "prepare-change-set", "execute-change-set"]));
    CONCURRENCY = variable("CONCURRENCY", "1", "how many stacks to deploy at the same time, 1 to 64")
    .of(Form::Parsed(form::CONCURRENCY));
    HOTSWAP = variable(
        "HOTSWAP",
        "false",
        "update resources without CloudFormation, for development only: false, fallback (everything else with \
         CloudFormation) or only",
    )
    .of(Form::Choice(&["false", "fallback", "only"]));
    ROLLBACK = variable("ROLLBACK", "true", "whether to roll back a failed stack; false keeps it for examination")
    .of(Form::Choice(&["true", "false"]));
    EXCLUSIVELY = variable("EXCLUSIVELY", "false", "whether to exclude the stacks that the named ones depend on")
    .of(Form::Choice(&["true", "false"]));
    TOOLKIT_STACK_NAME = variable("TOOLKIT_STACK_NAME", "CDKToolkit", "the name of the bootstrap stack");
    QUALIFIER = variable("QUALIFIER", "hnb659fds", "the bootstrap qualifier: at most 10 letters, digits, _ or -")
    .of(Form::Parsed(form::QUALIFIER));
    EXTRA_ARGS = optional(
        "EXTRA_ARGS",
        "additional arguments for the CDK, quoted as in a shell; with COMMAND: exec, the command and its arguments",
    );
    INSTALL = variable(
        "INSTALL",
        "auto",
        "how to install the app's packages, before there are credentials: auto (from the lock file of the app or of its \
         workspace, unless they are installed or APP is an assembly), none, or a command",
    );
    CDK_VERSION = variable(
        "CDK_VERSION",
        "the app's own",
        "the exact version of the CDK CLI to use instead of the app's or the image's",
    )
    .of(Form::Parsed(form::CDK_VERSION));
    SESSION_DURATION = variable(
        "SESSION_DURATION",
        "1h",
        "the session's duration: seconds, or a number with m or h, from 15m to 12h; reduced to what the role allows",
    )
    .of(Form::Parsed(form::DURATION));
    SESSION_NAME = variable("SESSION_NAME", "from repository and build", "the session's name in CloudTrail")
    .of(Form::SessionName);
    SESSION_POLICY = optional("SESSION_POLICY", "an IAM policy in JSON that limits the session");
    SESSION_POLICY_ARNS = optional(
        "SESSION_POLICY_ARNS",
        "ARNs of managed policies that limit the session, at most 10",
    );
    ROLE_CHAIN = optional(
        "ROLE_CHAIN",
        "further roles to assume one after another: ARN or ARN#external-id; the last one deploys, for at most an hour",
    )
    .of(Form::Roles);
    SESSION_TAGS = optional(
        "SESSION_TAGS",
        "session tags for the last role of ROLE_CHAIN, whose trust policy must allow sts:TagSession: key=value, separated by \
         spaces or as a list",
    )
    .of(Form::Pairs);
    TRANSITIVE_TAG_KEYS = optional(
        "TRANSITIVE_TAG_KEYS",
        "the keys of SESSION_TAGS that the sessions of further roles keep, separated by spaces or commas or as a list",
    );
    ALLOWED_ACCOUNT_IDS = optional(
        "ALLOWED_ACCOUNT_IDS",
        "the accounts that can be deployed to; with any other account nothing is run",
    )
    .of(Form::Accounts);
    TRUST_POLICY = optional(
        "TRUST_POLICY",
        "a file in the clone with the role's trust policy (the policy, the output of aws iam get-role, or a CloudFormation \
         template), or iam to read it with the step's temporary AWS credentials, which only need iam:GetRole; \
         iam-with-stored-keys confirms that these are a stored access key; when AWS refuses the session, the policy is evaluated \
         with the token's claims to name the condition that fails",
    );
    CODEARTIFACT_DOMAIN = optional(
        "CODEARTIFACT_DOMAIN",
        "a CodeArtifact domain; package managers are logged in to its repository before anything is installed or run, until \
         the session ends",
    );
    CODEARTIFACT_DOMAIN_OWNER = variable("CODEARTIFACT_DOMAIN_OWNER", "the role's", "the domain's account")
    .of(Form::Accounts);
    CODEARTIFACT_REPOSITORY = optional("CODEARTIFACT_REPOSITORY", "the repository in the domain");
    CODEARTIFACT_REGION = variable("CODEARTIFACT_REGION", "AWS_REGION", "the domain's region")
    .of(Form::Region);
    CODEARTIFACT_TOOLS = optional(
        "CODEARTIFACT_TOOLS",
        "the package managers to log in: npm, pnpm, yarn, bun, pip, uv, poetry, twine, maven, gradle, nuget, cargo, swift",
    )
    .of(Form::Items(&[
        "npm", "pnpm", "yarn", "bun", "pip", "uv", "poetry", "twine", "maven", "gradle", "nuget", "cargo", "swift",
    ]));
    CODEARTIFACT_SCOPE = optional(
        "CODEARTIFACT_SCOPE",
        "the scope of npm packages in the repository, such as @acme; other packages come from the usual registry",
    )
    .of(Form::Parsed(form::SCOPE));
    CODEARTIFACT_KEEP_PYPI = variable(
        "CODEARTIFACT_KEEP_PYPI",
        "false",
        "whether pip and uv search PyPI too; pip then installs the highest version of either, also of a private package's name",
    )
    .of(Form::Choice(&["true", "false"]));
    APP_VARIABLES = optional(
        "APP_VARIABLES",
        "names of variables that belong to the app although they are similar to the pipe's, such as STACK; install scripts \
         receive them too",
    );
    CREDENTIALS = variable(
        "CREDENTIALS",
        "endpoint",
        "how the CDK receives the credentials: endpoint (from a loopback address, renewed while the token is valid) or \
         environment (AWS_* variables, for assets whose docker build needs them)",
    )
    .of(Form::Choice(&["endpoint", "environment"]));
    DEBUG = variable(
        "DEBUG",
        "false",
        "whether to show the CDK's debug output: true or false; any other value, such as express:*, is passed to the app",
    )
    .of(Form::Parsed(form::DEBUG));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_separate_items_except_where_they_belong_to_one() {
        for (word, items) in [
            ("A,B", &["A", "B"][..]),
            ("A,", &["A"]),
            (",A", &["A"]),
            ("Shop-{dev,prod},Net", &["Shop-{dev,prod}", "Net"]),
            ("arn:aws:iam::1:role/a,b", &["arn:aws:iam::1:role/a,b"]),
            (
                "arn:aws:iam::1:role/a,arn:aws:iam::2:role/b#x,y",
                &["arn:aws:iam::1:role/a", "arn:aws:iam::2:role/b#x,y"],
            ),
        ] {
            assert_eq!(at_commas(word), items, "{word}");
        }
    }

    #[test]
    fn debug_is_a_boolean_or_belongs_to_the_app() {
        for (value, expected) in [
            ("true", Some(true)),
            ("false", Some(false)),
            ("express:*", Some(false)),
            ("*", Some(false)),
            ("knex,express:router", Some(false)),
            ("yes", None),
            ("1", None),
            ("True", None),
            ("ture", None),
        ] {
            assert_eq!(debug(value), expected, "{value}");
        }
    }

    #[test]
    fn the_pipe_is_recognized_anywhere() {
        for (reference, expected) in [
            ("docker://keyless/pipe:0.1.0", true),
            (&format!("docker://{IMAGE}"), true),
            ("docker://keyless/pipe", true),
            ("docker://ghcr.io/keyless/pipe@sha256:ab", true),
            ("docker://registry.example:5000/mirror/keyless/pipe:0.1.0-native", true),
            ("docker://000000000000.dkr.ecr.eu-west-1.amazonaws.com/keyless-pipe:main", true),
            ("docker://ghcr.io/acme/tools/keyless-pipe:1", true),
            ("acme/keyless-pipe:1.0", true),
            ("keyless/pipe:0.1.0", true),
            ("docker://acme/pipe:1", false),
            ("docker://keyless/pipes:1", false),
            ("atlassian/aws-s3-deploy:1.1.0", false),
        ] {
            assert_eq!(is_keyless(&Reference::parse(reference)), expected, "{reference}");
        }
    }

    #[test]
    fn variables_are_found_by_name_and_by_likeness() {
        assert_eq!(find("AWS_OIDC_ROLE_ARN").map(|variable| variable.name), Some("AWS_ROLE_ARN"));
        assert!(find("STAKCS").is_none());
        assert_eq!(nearest_variable("STAKCS"), Some("STACKS"));
        for (name, expected) in [
            ("STAKCS", Some("STACKS")),
            ("AWS_OIDC_ROLE_ANR", Some("AWS_OIDC_ROLE_ARN")),
            ("SESSION_LENGTH", None),
            ("STACKS", None),
            ("STACKS_0", None),
            ("AWS_PROFILE", None),
            ("NODE_OPTIONS", None),
        ] {
            assert_eq!(misspelled(name), expected, "{name}");
        }
    }
}
