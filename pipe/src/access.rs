//! Where a deployment broadens access: the assembly's templates are compared with the deployed ones before anything changes.
//!
//! This takes two rounds of calls. `cdk diff` would take another start of the CDK, which is longer than a deployment without
//! changes; and the CDK's own approval asks stack by stack, when others are already deployed.

mod grants;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use keyless_aws::{ChainedRole, Endpoints, Environment, Inventory, Keys, Network, Session, Sts};
use keyless_core::aws::{Region, RoleArn, SessionName};
use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::assembly::Stack;

/// How many templates are read at the same time.
const AT_ONCE: usize = 8;
/// How long the session of a reading role lasts, in seconds: the shortest that AWS allows.
const READING: u32 = 900;
/// How many nested templates of a stack are compared.
const MOST_NESTED: usize = 200;

/// Reads what is deployed.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    /// The session, and its role.
    pub session: &'a Session,
    /// The role of the session.
    pub role: &'a RoleArn,
    /// The name for further sessions.
    pub name: &'a SessionName,
    /// The region of stacks without one.
    pub region: &'a Region,
    /// Endpoints.
    pub environment: &'a Environment,
    /// The way to AWS.
    pub network: &'a Network,
}

/// What was found out about a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// The stack's path in the app.
    pub stack: String,
    /// Where access is broadened, in words, or why that is unknown.
    pub broader: Result<Vec<String>, String>,
}

/// An account and a region, and who reads there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    region: String,
    account: String,
    /// ARNs and external ids, in the order to try.
    roles: Vec<(String, Option<String>)>,
}

impl Reader<'_> {
    /// Compares stacks with what is deployed. Nothing is changed.
    pub(crate) async fn compare(&self, stacks: &[&Stack]) -> Vec<Comparison> {
        let mut readers: BTreeMap<Place, Result<Arc<Inventory>, String>> = BTreeMap::new();
        for stack in stacks {
            let place = self.place(stack);
            if let Entry::Vacant(entry) = readers.entry(place) {
                let reader = self.reader(entry.key()).await;
                entry.insert(reader.map(Arc::new));
            }
        }
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut running = JoinSet::new();
        let mut found: BTreeMap<usize, Comparison> = BTreeMap::new();
        for (number, stack) in stacks.iter().enumerate() {
            let (name, template) = (stack.name.clone(), stack.template.clone());
            match readers.get(&self.place(stack)) {
                Some(Ok(reader)) => {
                    let (reader, turns) = (Arc::clone(reader), Arc::clone(&turns));
                    running.spawn(async move {
                        let _turn = turns.acquire().await;
                        (number, broader(&reader, name, template).await)
                    });
                }
                Some(Err(error)) => {
                    let broader = Err(error.clone());
                    found.insert(number, Comparison { stack: stack.path.clone(), broader });
                }
                None => {}
            }
        }
        while let Some(joined) = running.join_next().await {
            if let Ok((number, broader)) = joined {
                found.insert(number, Comparison { stack: stacks[number].path.clone(), broader });
            }
        }
        found.into_values().collect()
    }

    fn place(&self, stack: &Stack) -> Place {
        let account = stack.account.clone().unwrap_or_else(|| self.role.account().as_str().to_owned());
        let region = stack.region.clone().unwrap_or_else(|| self.region.name().to_owned());
        let filled = |text: &str| {
            text.replace("${AWS::Partition}", self.role.partition().name)
                .replace("${AWS::AccountId}", &account)
                .replace("${AWS::Region}", &region)
        };
        let roles = stack.readers.iter().map(|reader| (filled(&reader.arn), reader.external_id.clone())).collect();
        Place { region, account, roles }
    }

    /// A reader of a place: with the first role that can be assumed, or else with the session itself where it belongs to the
    /// account, as the CDK does.
    async fn reader(&self, place: &Place) -> Result<Inventory, String> {
        let region = Region::parse(&place.region).map_err(|error| error.to_string())?;
        let endpoints =
            Endpoints { cloudformation: self.environment.endpoint_url("CLOUDFORMATION"), ..Endpoints::default() };
        let inventory =
            |session: &Session| Inventory::new(Keys::from(session), &region, endpoints.clone()).over(self.network);
        let sts = Sts::new(&region, self.environment.endpoint_url("STS"), self.network);
        let mut refused = None;
        for (arn, external_id) in &place.roles {
            let role = match RoleArn::parse(arn) {
                Ok(role) => role,
                Err(error) => {
                    refused = Some(format!("{arn}: {error}"));
                    continue;
                }
            };
            let request = ChainedRole {
                role: &role,
                session_name: self.name,
                tags: &[],
                transitive_tag_keys: &[],
                external_id: external_id.as_deref(),
                duration: READING,
            };
            match sts.assume_role(self.session, &request).await {
                Ok(session) => return Ok(inventory(&session)),
                Err(error) => refused = Some(error.to_string()),
            }
        }
        if place.account == self.role.account().as_str() {
            return Ok(inventory(self.session));
        }
        Err(refused.unwrap_or_else(|| format!("the session belongs to account {}", self.role.account())))
    }
}

/// Where the template in a file broadens access over that of a deployed stack, with their nested stacks.
async fn broader(reader: &Inventory, stack: String, template: PathBuf) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut waiting = vec![(Some(stack), template, String::new())];
    let mut nested_left = MOST_NESTED;
    while let Some((stack, file, prefix)) = waiting.pop() {
        let new = json(&file)?;
        let old = match &stack {
            Some(stack) => reader.template(stack).await.map_err(|error| error.to_string())?,
            None => None,
        };
        // A template that is not JSON was not deployed by the CDK: all of the new one is compared with nothing.
        let old = old.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        found.extend(grants::broader(old.as_ref(), &new).into_iter().map(|text| format!("{prefix}{text}")));
        for (id, asset) in nested(&new) {
            let Some(left) = nested_left.checked_sub(1) else { return Err("it has too many nested stacks".to_owned()) };
            nested_left = left;
            let is_deployed = old.as_ref().is_some_and(|old| old["Resources"][&id]["Type"] == NESTED);
            let deployed = match &stack {
                Some(stack) if is_deployed => {
                    Some(reader.physical_id(stack, &id).await.map_err(|error| error.to_string())?)
                }
                _ => None,
            };
            let folder = file.parent().unwrap_or(Path::new("."));
            waiting.push((deployed, folder.join(asset), format!("{prefix}{id}: ")));
        }
    }
    Ok(found)
}

const NESTED: &str = "AWS::CloudFormation::Stack";

/// The nested stacks of a template, each with the file of its template (aws-cdk-lib, `ASSET_RESOURCE_METADATA_PATH_KEY`).
fn nested(template: &Value) -> Vec<(String, String)> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    let nested = resources.filter(|(_, resource)| resource["Type"] == NESTED);
    nested
        .filter_map(|(id, resource)| Some((id.clone(), resource["Metadata"]["aws:asset:path"].as_str()?.to_owned())))
        .collect()
}

fn json(file: &Path) -> Result<Value, String> {
    let text = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("cannot read {}: {error}", file.display()))
}
