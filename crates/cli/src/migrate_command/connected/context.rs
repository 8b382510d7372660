//! What the stages of a migration share: the pipeline and its plan, what Bitbucket has, and the way to AWS.

use std::{collections::BTreeSet, path::PathBuf, rc::Rc};

use keyless_aws::{Endpoints, Environment, Iam, Inventory, Keys, Network};
use keyless_core::{
    analysis::{Analysis, ParsedFile},
    aws::{Region, RoleArn},
    migrate::{self, Connection, Plan, Purpose, With},
    settings::Settings,
    setup::{self, Subject},
    text::Source,
};

use super::{
    remote::{Remote, RepositorySettings},
    retire_options::RetireOptions,
    role_options::RoleOptions,
    state::State,
    target::{ApplyOptions, Target},
};
use crate::{failure::Failure, inputs, settings::Declared, streams::Streams};

/// The region of IAM's global endpoint, for calls that no region is set for.
const GLOBAL_REGION: &str = "us-east-1";

/// What the stages share.
pub(super) struct Context<'c, 's> {
    pub(super) target: &'c Target,
    /// How the stages are applied; the defaults if they are not.
    pub(super) options: ApplyOptions,
    /// How the roles are made; the defaults if they are not.
    pub(super) role_options: RoleOptions,
    /// When keys are retired; the defaults if they are not.
    pub(super) retire: RetireOptions,
    pub(super) streams: &'c mut Streams<'s>,
    pub(super) environment: Environment,
    pub(super) network: Network,
    pub(super) remote: Remote,
    /// What Bitbucket has; see [`Context::refresh`].
    pub(super) found: RepositorySettings,
    pub(super) pipeline: Pipeline,
    pub(super) state: State,
    account: Option<Rc<Account>>,
}

/// The pipeline file and what is planned for it.
pub(super) struct Pipeline {
    pub(super) path: PathBuf,
    /// Its name in messages.
    pub(super) name: String,
    pub(super) text: String,
    /// What is known of its surroundings.
    pub(super) settings: Settings,
    /// What `keyless.yaml` says of them.
    declared: Settings,
    pub(super) plan: Plan,
    pub(super) connection: Connection,
    /// The text after the edits.
    pub(super) edited: String,
}

/// The AWS account of the credentials.
pub(super) struct Account {
    pub(super) inventory: Inventory,
    pub(super) iam: Iam,
    pub(super) id: String,
    pub(super) region: Region,
    /// The id of the access key that signs the calls.
    pub(super) signing_key: String,
}

impl Account {
    /// The ARN of something in IAM: `role/deploy`.
    pub(super) fn arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.region.partition(), self.id)
    }
}

/// A role that steps of the edited file assume.
#[derive(Clone, Debug)]
pub(super) struct TargetRole {
    /// The deployment environment; `None` stands for the steps without one.
    pub(super) environment: Option<String>,
    pub(super) arn: RoleArn,
}

impl<'c, 's> Context<'c, 's> {
    /// Reads the pipeline and what Bitbucket has, and makes the plan.
    pub(super) fn open(target: &'c Target, streams: &'c mut Streams<'s>) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        target.given_roles()?;
        if target.pipe.is_some() && target.with != With::Pipe {
            return Err(Failure::PipeWithoutWay);
        }
        let (path, declared) = find(target, streams)?;
        let name = path.display().to_string();
        let bytes = inputs::Input::File { path: path.clone(), found: false }.bytes()?.into_owned();
        let source =
            Source::from_bytes(&name, &bytes).map_err(|error| Failure::NotText { path: path.clone(), error })?;
        // An error in the file is said before anything is asked.
        plan(&ParsedFile::new(&source), &name, &declared, target)?;
        let network = network(&environment)?;
        let folder = path.parent().filter(|folder| folder.components().next().is_some());
        let folder = folder.map_or_else(|| PathBuf::from("."), PathBuf::from);
        let remote = Remote::open(&environment, &network, target.repository.as_ref(), &folder)?;
        let found = remote.read(streams)?;
        let (state, problem) = State::read(&path);
        streams.note(problem.as_slice());
        let text = source.text().to_owned();
        let pipeline = Pipeline::new(path, name, text, declared, &remote, &found, target)?;
        Ok(Self {
            target,
            options: ApplyOptions::default(),
            role_options: RoleOptions::default(),
            retire: RetireOptions::default(),
            streams,
            environment,
            network,
            remote,
            found,
            pipeline,
            state,
            account: None,
        })
    }

    /// Reads again what Bitbucket has.
    pub(super) fn refresh(&mut self) -> Result<(), Failure> {
        self.found = self.remote.read(self.streams)?;
        let Pipeline { path, name, text, declared, .. } = &self.pipeline;
        let (path, name, text, declared) = (path.clone(), name.clone(), text.clone(), declared.clone());
        self.pipeline = Pipeline::new(path, name, text, declared, &self.remote, &self.found, self.target)?;
        Ok(())
    }

    /// Waits for a call of AWS or Bitbucket.
    pub(super) fn wait<T>(&mut self, call: impl Future<Output = T>) -> T {
        self.remote.wait(self.streams, call)
    }

    /// The AWS account, with the credentials of the environment.
    pub(super) fn account(&mut self) -> Result<Rc<Account>, Failure> {
        if let Some(account) = &self.account {
            return Ok(Rc::clone(account));
        }
        let account = Rc::new(self.open_account()?);
        self.account = Some(Rc::clone(&account));
        Ok(account)
    }

    fn open_account(&mut self) -> Result<Account, Failure> {
        let environment = &self.environment;
        if let Some(endpoint) = environment.insecure_endpoints().first() {
            return Err(aws("the account", &endpoint.to_string()));
        }
        let keys = Keys::from_environment(environment).ok_or_else(|| {
            let help = "set credentials: eval \"$(aws configure export-credentials --format env)\"";
            aws("the account", &format!("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; {help}"))
        })?;
        let region = environment.get("AWS_REGION").or_else(|| environment.get("AWS_DEFAULT_REGION"));
        let region = Region::parse(region.unwrap_or(GLOBAL_REGION))
            .map_err(|error| aws("the account", &format!("{error}; fix AWS_REGION")))?;
        let own = |service: &str| environment.endpoint_url(service);
        let endpoints = Endpoints { iam: own("IAM"), ssm: own("SSM"), sts: own("STS"), cloudformation: None };
        let signing_key = keys.access_key_id.clone();
        let iam = Iam::new(keys.clone(), &region, endpoints.clone()).over(&self.network);
        let inventory = Inventory::new(keys, &region, endpoints).over(&self.network);
        let id = self.wait(inventory.account());
        let id = id.map_err(|error| aws("the account", &format!("{error}; renew the credentials")))?;
        Ok(Account { inventory, iam, id, region, signing_key })
    }

    /// The deployment environments whose steps assume a role, and `None` if steps without one do.
    pub(super) fn role_environments(&self) -> BTreeSet<Option<String>> {
        let needed = self.pipeline.connection.needed.iter();
        let roles = needed.filter_map(|variable| match &variable.purpose {
            Purpose::Role { environment } => Some(environment.clone()),
            Purpose::Region | Purpose::Other => None,
        });
        roles.collect()
    }

    /// The tokens that the roles accept which are not given: one role for an environment, and one for the steps without.
    pub(super) fn subjects(&self) -> Result<Vec<Subject>, Failure> {
        let given = self.target.given_roles()?;
        let wanted = self.role_environments().into_iter().filter(|it| !given.iter().any(|(given, _)| given == it));
        let subject = |name: Option<String>| {
            let environment = match name {
                None => None,
                Some(name) => {
                    let found = self.found.environment(&name).ok_or_else(|| {
                        let names = self.found.environments.iter().map(|it| it.deployment().to_owned());
                        Failure::NoSuchEnvironment { wanted: name.clone(), names: names.collect::<Vec<_>>().join(", ") }
                    })?;
                    Some((name, found.uuid.clone()))
                }
            };
            Ok(Subject {
                repository: self.remote.slugs.repository.clone(),
                repository_uuid: self.found.uuid.clone(),
                environment,
            })
        };
        wanted.map(subject).collect()
    }

    /// The roles that are set up for [`Context::subjects`], as `keyless setup` names them.
    pub(super) fn setup(&self) -> Result<setup::Setup, Failure> {
        Ok(setup::Setup {
            workspace: self.remote.slugs.workspace.clone(),
            workspace_uuid: self.found.workspace_uuid.clone(),
            subjects: self.subjects()?,
            profile: setup::Profile::Minimal,
            with_read_only: false,
            read_only: Vec::new(),
            deploy_accounts: Vec::new(),
            permissions_boundary: None,
            role_path: self.target.role_path.clone(),
            pipe: None,
            prefix: self.target.role_prefix.clone(),
            qualifier: setup::DEFAULT_QUALIFIER.to_owned(),
            addresses: Vec::new(),
            bind_session: false,
            session_seconds: 3600,
            provider_exists: false,
            trust_policy_quota: setup::TRUST_POLICY_QUOTAS[0],
        })
    }

    /// The roles of the edited file: those that `--role` names, and those of [`Context::setup`] in the account.
    pub(super) fn roles(&mut self) -> Result<Vec<TargetRole>, Failure> {
        let environments = self.role_environments();
        let given = self.target.given_roles()?.into_iter().filter(|(name, _)| environments.contains(name));
        let mut roles: Vec<TargetRole> = given.map(|(environment, arn)| TargetRole { environment, arn }).collect();
        let setup = self.setup()?;
        if setup.subjects.is_empty() {
            return Ok(roles);
        }
        let planned = setup::plan(&setup).map_err(Failure::Setup)?;
        let account = self.account()?;
        let (partition, id) = (account.region.partition(), account.id.clone());
        for role in planned.roles {
            let arn = format!("arn:{partition}:iam::{id}:role{}{}", role.path, role.name);
            let arn = RoleArn::parse(&arn).map_err(|error| aws("the account", &error.to_string()))?;
            roles.push(TargetRole { environment: role.used_by.1, arn });
        }
        let named = roles.iter().map(|role| (role.environment.clone().unwrap_or_default(), role.arn.to_string()));
        self.state.roles = named.collect();
        Ok(roles)
    }
}

impl Pipeline {
    fn new(
        path: PathBuf,
        name: String,
        text: String,
        declared: Settings,
        remote: &Remote,
        found: &RepositorySettings,
        target: &Target,
    ) -> Result<Self, Failure> {
        let source = Source::new(&name, &text);
        let parsed = ParsedFile::new(&source);
        let settings = found.apply(&remote.slugs, &declared, &environments(&parsed));
        let plan = plan(&parsed, &name, &settings, target)?;
        let connection = migrate::connect(&Analysis::new(&parsed, &settings), &plan, target.r#unsafe);
        let edited = migrate::migrate(&text, &plan, target.r#unsafe);
        Ok(Self { path, name, text, settings, declared, plan, connection, edited })
    }
}

/// The names of the deployment environments that a file uses.
pub(super) fn environments(parsed: &ParsedFile<'_>) -> Vec<String> {
    let settings = Settings::default();
    let file = Analysis::new(parsed, &settings);
    let names: BTreeSet<&str> = file.steps().flat_map(|(step, _)| file.environments(step)).flatten().collect();
    names.into_iter().map(str::to_owned).collect()
}

fn plan(parsed: &ParsedFile<'_>, name: &str, settings: &Settings, target: &Target) -> Result<Plan, Failure> {
    migrate::plan(&Analysis::new(parsed, settings), &target.options())
        .map_err(|refusal| Failure::NotMigrated { path: name.into(), refusal })
}

/// The pipeline file and its `keyless.yaml`.
fn find(target: &Target, streams: &mut Streams<'_>) -> Result<(PathBuf, Settings), Failure> {
    let declared = Declared::default();
    let mut lookup = declared.lookup();
    let paths: Vec<PathBuf> = target.path.iter().cloned().collect();
    let (inputs, mut failures) = inputs::find(&paths, &mut streams.input, "<stdin>", &mut |path| lookup.includes(path));
    let mut found = lookup.find(inputs, false, &mut failures);
    if let Some(failure) = failures.into_iter().next() {
        return Err(failure);
    }
    match (found.len(), found.pop()) {
        (1, Some((input, settings))) => {
            let path = input.path().ok_or(Failure::WriteOfStandardInput)?;
            Ok((path, (*settings).clone()))
        }
        (count, _) => Err(Failure::SeveralPipelines(count)),
    }
}

/// The way to Bitbucket and AWS.
pub(super) fn network(environment: &Environment) -> Result<Network, Failure> {
    Network::from_environment(environment).map_err(|error| aws("the certificates of AWS_CA_BUNDLE", &error.to_string()))
}

/// Something of AWS could not be read.
pub(super) fn aws(what: &str, reason: &str) -> Failure {
    Failure::Aws { what: what.to_owned(), reason: reason.to_owned() }
}
