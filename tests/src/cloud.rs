//! An AWS account on loopback: two emulators behind the strict STS, the identity provider and the deployment role.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    aws::Api,
    emulator::{Authorisation, Emulator},
    step,
    strict_sts::{Fault, StrictSts},
    token::Issuer,
};

/// The account.
pub const ACCOUNT: &str = "000000000000";
/// The region.
pub const REGION: &str = "eu-west-1";
/// The role that the step is allowed to assume.
pub const ROLE: &str = "arn:aws:iam::000000000000:role/deploy";

/// A running account. Everything stops when it is dropped.
#[derive(Debug)]
pub struct Cloud {
    /// Signs the step's tokens.
    pub issuer: Issuer,
    /// Where roles are assumed.
    pub sts: StrictSts,
    /// Evaluates trust policies.
    pub judge: Emulator,
    /// Receives the deployments.
    pub deployed: Emulator,
}

impl Cloud {
    /// Starts everything and registers the identity provider and the role.
    ///
    /// # Panics
    /// When a part does not start.
    pub fn start() -> Self {
        let (judge, deployed) = std::thread::scope(|scope| {
            let judge = scope.spawn(|| Emulator::start(Authorisation::Judged));
            let deployed = Emulator::start(Authorisation::Open);
            (judge.join().expect("the evaluating emulator starts"), deployed)
        });
        let issuer = Issuer::new();
        let sts = StrictSts::start(issuer.jwks(), &judge.url(), &deployed.url());
        let cloud = Self { issuer, sts, judge, deployed };
        cloud.register();
        cloud
    }

    fn register(&self) {
        let iam = Api::new(&self.judge.url());
        iam.query(
            "iam",
            "CreateOpenIDConnectProvider",
            &[("Url", step::ISSUER), ("ClientIDList.member.1", step::AUDIENCE)],
        )
        .expect("the identity provider is new");
        let trust = Self::trust_policy();
        let role = [("RoleName", "deploy"), ("AssumeRolePolicyDocument", &trust.to_string())];
        iam.query("iam", "CreateRole", &role).expect("the role is new");
    }

    /// The trust policy of the role.
    pub fn trust_policy() -> Value {
        let key = step::ISSUER.trim_start_matches("https://");
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{key}") },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": { format!("{key}:aud"): step::AUDIENCE },
                    "StringLike": {
                        format!("{key}:sub"): format!("{}:{}:*", step::REPOSITORY_UUID, step::ENVIRONMENT_UUID),
                    },
                },
            }],
        })
    }

    /// Another STS of the account, with faults for its first calls and a clock that is fast.
    pub fn faulty_sts(&self, faults: Vec<Fault>, clock: Duration) -> StrictSts {
        StrictSts::start_with(self.issuer.jwks(), &self.judge.url(), &self.deployed.url(), faults, clock)
    }

    /// The step's token, which the role accepts.
    pub fn token(&self) -> String {
        self.issuer.sign(&step::claims())
    }

    /// A client to read what was deployed.
    pub fn api(&self) -> Api {
        Api::new(&self.deployed.url())
    }
}
