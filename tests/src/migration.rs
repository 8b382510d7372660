//! An account and a repository before a migration: a user with an access key, which the pipeline takes from Bitbucket's
//! variables.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;

use crate::{
    aws::{Api, ApiError, text},
    checkout,
    cloud::{ACCOUNT, REGION},
    emulator::{Authorisation, Emulator},
    run::Workplace,
    secrets, step,
    strict_sts::StrictSts,
    token::Issuer,
};

/// The user whose key is stored.
pub const USER: &str = "ci-shop";

/// A running account whose emulator authorises every call, with the user and its key. Everything stops when it is dropped.
#[derive(Debug)]
pub struct KeyedAccount {
    /// Signs the tokens of steps.
    pub issuer: Issuer,
    /// Where roles are assumed.
    pub sts: StrictSts,
    /// The account.
    pub emulator: Emulator,
    /// The id of the user's key, and its secret.
    pub key: (String, String),
}

impl KeyedAccount {
    /// Starts one. The user may assume the roles of the CDK's bootstrap stack by an inline policy, and read by its group.
    ///
    /// # Panics
    /// When a part does not start.
    pub fn start() -> Self {
        let emulator = Emulator::start(Authorisation::Judged);
        let issuer = Issuer::new();
        let sts = StrictSts::start(issuer.jwks(), &emulator.url(), &emulator.url());
        let iam = Api::new(&emulator.url());
        let call = |action: &str, parameters: &[(&str, &str)]| {
            iam.query("iam", action, parameters).unwrap_or_else(|error| panic!("{action}: {error}"))
        };
        call(
            "CreateUser",
            &[("UserName", USER), ("Path", "/ci/"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "shop")],
        );
        let assume = policy("sts:AssumeRole", &format!("arn:aws:iam::{ACCOUNT}:role/cdk-*"));
        call("PutUserPolicy", &[("UserName", USER), ("PolicyName", "deploy"), ("PolicyDocument", &assume)]);
        call("CreateGroup", &[("GroupName", "readers")]);
        let read = policy("ssm:GetParameter", "*");
        call("PutGroupPolicy", &[("GroupName", "readers"), ("PolicyName", "read"), ("PolicyDocument", &read)]);
        call("AttachGroupPolicy", &[("GroupName", "readers"), ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess")]);
        call("AddUserToGroup", &[("GroupName", "readers"), ("UserName", USER)]);
        let created = call("CreateAccessKey", &[("UserName", USER)]);
        let part = |name: &str| text(&created, name).expect("a key has an id and a secret");
        let key = (part("AccessKeyId"), part("SecretAccessKey"));
        secrets::remember(&key.1);
        Self { issuer, sts, emulator, key }
    }

    /// A client with the permissions of the account's root.
    pub fn api(&self) -> Api {
        Api::new(&self.emulator.url())
    }

    /// `keyless`, with credentials of an administrator.
    pub fn keyless(&self, workplace: &Workplace, bitbucket: &str, token: &str, arguments: &[&str]) -> Command {
        let mut command = bare(workplace, &checkout::binary("keyless"));
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", REGION)
            .env("AWS_ENDPOINT_URL", self.emulator.url())
            .env("BITBUCKET_API_URL", bitbucket)
            .env("BITBUCKET_ACCESS_TOKEN", token)
            .args(arguments);
        command
    }

    /// Asks for a session of a role with the step's token.
    ///
    /// # Errors
    /// What STS answers instead.
    pub fn session(&self, role: &str) -> Result<String, ApiError> {
        let token = self.issuer.sign(&step::claims());
        let request = [("RoleArn", role), ("RoleSessionName", "step"), ("WebIdentityToken", &token)];
        Api::new(self.sts.url()).query("sts", "AssumeRoleWithWebIdentity", &request)
    }
}

fn policy(action: &str, resource: &str) -> String {
    let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// A program with nothing of this process's environment but the `PATH`.
fn bare(workplace: &Workplace, program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(workplace.clone_folder())
        .stdin(Stdio::null())
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
        .env("HOME", workplace.folder().join("home"))
        .env("TMPDIR", workplace.folder().join("tmp"));
    command
}
