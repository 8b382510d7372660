//! Who may do what according to a CloudFormation template, and what a new template adds to that.
//!
//! Policies are recognized by their form, not by a list of resource types: the `Statement` of any property, also where it is JSON
//! in a string. The CDK's own list (aws-cdk 2.1148.1, `scrutinizable`) has about ninety types and leaves the rest out. As in the
//! CDK, a statement that only moves from one policy to another changes nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The text of each part of a template that grants or denies something, by its meaning.
#[derive(Debug, Default)]
struct Grants {
    allowed: BTreeMap<String, String>,
    /// What is denied, and what to say if it no longer is.
    denied: BTreeMap<String, String>,
    /// The permissions boundaries, by the logical ids of their roles and users.
    boundaries: BTreeMap<String, String>,
}

/// The CDK's rule for "no traffic": an address that no host has (aws-cdk-lib, `NO_TRAFFIC`).
const NO_ADDRESS: &str = "255.255.255.255/32";
/// IAM's policies that are attached to identities.
const IDENTITY_POLICIES: [&str; 5] = [
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::GroupPolicy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
];
const IDENTITIES: [&str; 3] = ["AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::User"];
/// How deep a property is searched.
const DEPTH: usize = 40;

/// Where the deployment of `new` over `old` broadens access, in words. Nothing is deployed without `old`.
pub(super) fn broader(old: Option<&Value>, new: &Value) -> Vec<String> {
    let (old, new) = (old.map(Grants::read).unwrap_or_default(), Grants::read(new));
    let added = new.allowed.iter().filter(|(meaning, _)| !old.allowed.contains_key(*meaning));
    let removed = old.denied.iter().filter(|(meaning, _)| !new.denied.contains_key(*meaning));
    let mut found: Vec<String> = added.chain(removed).map(|(_, text)| text.clone()).collect();
    // Without its role, a boundary limits nothing.
    found.extend(old.boundaries.iter().filter(|(_, boundary)| !boundary.is_empty()).filter_map(|(id, boundary)| {
        let now = new.boundaries.get(id)?;
        (now != boundary).then(|| format!("replaces or removes the permissions boundary {boundary} of ${{{id}}}"))
    }));
    found
}

impl Grants {
    fn read(template: &Value) -> Self {
        let mut grants = Self::default();
        for (id, resource) in template["Resources"].as_object().into_iter().flatten() {
            let kind = resource["Type"].as_str().unwrap_or_default();
            grants.resource(id, kind, &rendered(&resource["Properties"]));
        }
        grants
    }

    fn resource(&mut self, id: &str, kind: &str, properties: &Value) {
        let reference = format!("${{{id}}}");
        let principals = match kind {
            _ if IDENTITIES.contains(&kind) => vec![format!("AWS:{reference}")],
            _ if IDENTITY_POLICIES.contains(&kind) => attached_to(properties, &reference),
            _ => Vec::new(),
        };
        match kind {
            "AWS::Lambda::Permission" => self.statement(&permission(properties), &[], &reference),
            "AWS::EC2::SecurityGroupIngress" => self.rules("from", properties, &reference),
            "AWS::EC2::SecurityGroupEgress" => self.rules("to", properties, &reference),
            "AWS::EC2::SecurityGroup" => {
                self.rules("from", &properties["SecurityGroupIngress"], &reference);
                self.rules("to", &properties["SecurityGroupEgress"], &reference);
            }
            "AWS::SSO::Assignment" => {
                let part = |name: &str| strings(&properties[name]).join(" ");
                let whom = format!("{} {}", part("PrincipalType"), part("PrincipalId"));
                self.allow(format!(
                    "assigns permission set {} to {whom} in {}",
                    part("PermissionSetArn"),
                    part("TargetId")
                ));
            }
            _ => {}
        }
        for name in ["ManagedPolicyArns", "ManagedPolicies"] {
            for policy in strings(&properties[name]) {
                self.allow(format!("attaches policy {policy} to {reference}"));
            }
        }
        if IDENTITIES.contains(&kind) {
            self.boundaries.insert(id.to_owned(), strings(&properties["PermissionsBoundary"]).join(" "));
        }
        self.policies(properties, &principals, &reference, DEPTH);
    }

    /// Searches a property for statements. Those without a principal apply to `principals`, those without a resource to `own`.
    fn policies(&mut self, value: &Value, principals: &[String], own: &str, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    if name == "Statement" {
                        self.statements(value, principals, own, depth);
                    } else {
                        self.policies(value, principals, own, depth);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.policies(item, principals, own, depth)),
            Value::String(text) if text.trim_start().starts_with('{') && text.contains("\"Statement\"") => {
                if let Ok(document) = serde_json::from_str::<Value>(text) {
                    self.policies(&document, principals, own, depth);
                }
            }
            _ => {}
        }
    }

    fn statements(&mut self, value: &Value, principals: &[String], own: &str, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.statements(item, principals, own, depth)),
            Value::Object(object) => match object.get("Fn::If").and_then(Value::as_array) {
                // Either branch may be deployed.
                Some(branches) => {
                    branches.iter().skip(1).for_each(|branch| self.statements(branch, principals, own, depth));
                }
                None => self.statement(object, principals, own),
            },
            _ => {}
        }
    }

    fn statement(&mut self, statement: &Map<String, Value>, principals: &[String], own: &str) {
        // Rules of a web application firewall are called statements too.
        let Some(effect) = statement.get("Effect").and_then(Value::as_str) else { return };
        let part = |positive: &str, negative: &str| match (statement.get(positive), statement.get(negative)) {
            (_, Some(value)) => (true, sorted(value)),
            (Some(value), None) => (false, sorted(value)),
            (None, None) => (false, Vec::new()),
        };
        let (actions, mut resources) = (part("Action", "NotAction"), part("Resource", "NotResource"));
        let mut whom = part("Principal", "NotPrincipal");
        if resources.1.is_empty() {
            resources.1.push(own.to_owned());
        }
        if whom.1.is_empty() {
            whom.1 = principals.to_vec();
        }
        let condition =
            statement.get("Condition").filter(|condition| condition.as_object().is_none_or(|all| !all.is_empty()));
        let meaning = json!([effect, statement.get("Sid"), actions, resources, whom, condition]).to_string();
        let words = |(not, values): &(bool, Vec<String>)| {
            let values = values.join(", ");
            if *not { format!("everything but {values}") } else { values }
        };
        let whom = if whom.1.is_empty() { String::new() } else { format!(" to {}", words(&whom)) };
        let condition = condition.map(|condition| format!(" if {condition}")).unwrap_or_default();
        let text = format!("{} on {}{whom}{condition}", words(&actions), words(&resources));
        if effect == "Deny" {
            self.denied.insert(meaning, format!("no longer denies {text}"));
        } else {
            self.allowed.insert(meaning, format!("allows {text}"));
        }
    }

    /// Rules of a security group: one, or several.
    fn rules(&mut self, direction: &str, rules: &Value, own: &str) {
        let rules = rules.as_array().map_or_else(|| std::slice::from_ref(rules), Vec::as_slice);
        for rule in rules.iter().filter_map(Value::as_object) {
            let text = |name: &str| rule.get(name).map(|value| strings(value).join(" "));
            let first = |names: &[&str]| names.iter().find_map(|name| text(name));
            let peer = first(&[
                "CidrIp",
                "CidrIpv6",
                "SourceSecurityGroupId",
                "DestinationSecurityGroupId",
                "SourcePrefixListId",
                "DestinationPrefixListId",
                "SourceSecurityGroupName",
            ]);
            let peer = match peer.as_deref() {
                Some(NO_ADDRESS) => continue,
                Some("0.0.0.0/0") => "everyone (IPv4)".to_owned(),
                Some("::/0") => "everyone (IPv6)".to_owned(),
                peer => peer.unwrap_or("?").to_owned(),
            };
            let protocol = text("IpProtocol").unwrap_or_default();
            let traffic = match (protocol.as_str(), text("FromPort"), text("ToPort")) {
                ("-1", ..) => "all traffic".to_owned(),
                (protocol, Some(from), Some(to)) if from == to => format!("{} {from}", protocol.to_uppercase()),
                (protocol, Some(from), Some(to)) => format!("{} {from}-{to}", protocol.to_uppercase()),
                (protocol, ..) => protocol.to_uppercase(),
            };
            let group = first(&["GroupId", "GroupName"]);
            self.allow(format!("opens {} for {traffic} {direction} {peer}", group.as_deref().unwrap_or(own)));
        }
    }

    fn allow(&mut self, text: String) {
        self.allowed.insert(text.clone(), text);
    }
}

/// Whom a policy is attached to. A managed policy may be attached elsewhere.
fn attached_to(properties: &Value, own: &str) -> Vec<String> {
    let names = ["Groups", "Users", "Roles", "GroupName", "UserName", "RoleName"];
    let found: Vec<String> =
        names.iter().flat_map(|name| strings(&properties[*name])).map(|name| format!("AWS:{name}")).collect();
    if found.is_empty() { vec![format!("whom {own} is attached to")] } else { found }
}

/// A permission of a function as the statement that Lambda adds to its policy.
fn permission(properties: &Value) -> Map<String, Value> {
    let principal = properties["Principal"].as_str().unwrap_or_default();
    let is_account = principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit());
    let principal = match principal {
        "*" => json!("*"),
        account if is_account => json!({ "AWS": account }),
        service => json!({ "Service": service }),
    };
    let mut condition = Map::new();
    for (name, operator, key) in [
        ("SourceArn", "ArnLike", "AWS:SourceArn"),
        ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ] {
        if !properties[name].is_null() {
            condition.entry(operator).or_insert_with(|| json!({}))[key] = properties[name].clone();
        }
    }
    let statement = json!({
        "Effect": "Allow",
        "Action": properties["Action"],
        "Resource": properties["FunctionName"],
        "Principal": principal,
        "Condition": condition,
    });
    statement.as_object().cloned().unwrap_or_default()
}

/// The strings of a value: of a string itself, of a list, or of a mapping as `key:value`.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().map(|item| strings(item).join(",")).collect(),
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| strings(value).into_iter().map(move |text| format!("{key}:{text}")))
            .collect(),
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
    }
}

fn sorted(value: &Value) -> Vec<String> {
    let mut found = strings(value);
    found.sort_unstable();
    found
}

/// A property with CloudFormation's functions as text: `${Name}` for a reference, the joined text, JSON for others. What is removed
/// by `AWS::NoValue` is left out, and the branches of `Fn::If` are kept.
fn rendered(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().filter(|item| !is_no_value(item)).map(rendered).collect(),
        Value::Object(object) => function(object).unwrap_or_else(|| {
            let kept = object.iter().filter(|(_, value)| !is_no_value(value));
            Value::Object(kept.map(|(name, value)| (name.clone(), rendered(value))).collect())
        }),
        other => other.clone(),
    }
}

fn function(object: &Map<String, Value>) -> Option<Value> {
    let (name, argument) = object.iter().next().filter(|_| object.len() == 1)?;
    match (name.as_str(), argument) {
        ("Ref", Value::String(target)) => Some(format!("${{{target}}}").into()),
        ("Fn::GetAtt", argument) => Some(format!("${{{}}}", strings(argument).join(".")).into()),
        ("Fn::Sub", Value::String(text)) => Some(text.clone().into()),
        ("Fn::Join", Value::Array(argument)) => {
            let [separator, Value::Array(parts)] = argument.as_slice() else { return None };
            let parts: Vec<String> = parts.iter().map(|part| strings(&rendered(part)).join(",")).collect();
            Some(parts.join(separator.as_str().unwrap_or_default()).into())
        }
        ("Fn::If", _) => None,
        (name, argument) if name.starts_with("Fn::") => Some(json!({ name: rendered(argument) }).to_string().into()),
        _ => None,
    }
}

fn is_no_value(value: &Value) -> bool {
    value["Ref"] == "AWS::NoValue"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(resources: &Value) -> Value {
        json!({ "Resources": resources })
    }

    fn policy(statement: &Value) -> Value {
        template(&json!({ "P": { "Type": "AWS::IAM::Policy", "Properties": {
            "PolicyDocument": { "Version": "2012-10-17", "Statement": statement },
            "Roles": [{ "Ref": "Role" }],
        } } }))
    }

    fn statement(effect: &str, actions: &Value) -> Value {
        json!([{ "Effect": effect, "Action": actions, "Resource": { "Fn::GetAtt": ["Bucket", "Arn"] } }])
    }

    #[test]
    fn more_allowed_or_less_denied_is_broader() {
        let read = policy(&statement("Allow", &json!("s3:GetObject")));
        let more = policy(&statement("Allow", &json!(["s3:PutObject", "s3:GetObject"])));
        let allows = ["allows s3:GetObject on ${Bucket.Arn} to AWS:${Role}"];
        assert_eq!(broader(None, &read), allows);
        assert_eq!(broader(Some(&read), &read), [] as [&str; 0]);
        assert_eq!(broader(Some(&read), &more), ["allows s3:GetObject, s3:PutObject on ${Bucket.Arn} to AWS:${Role}"]);
        assert_eq!(broader(Some(&more), &policy(&json!([]))), [] as [&str; 0]);
        let deny = policy(&statement("Deny", &json!("s3:*")));
        assert_eq!(
            broader(Some(&deny), &policy(&json!([]))),
            ["no longer denies s3:* on ${Bucket.Arn} to AWS:${Role}"]
        );
        assert_eq!(broader(None, &deny), [] as [&str; 0]);
        let all_but = policy(&json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }));
        assert_eq!(broader(None, &all_but), ["allows everything but iam:* on * to AWS:${Role}"]);
        let if_ = policy(&json!([{ "Fn::If": ["C", { "Effect": "Allow", "Action": "a:b", "Resource": "*" },
            { "Ref": "AWS::NoValue" }] }]));
        assert_eq!(broader(None, &if_), ["allows a:b on * to AWS:${Role}"]);
    }

    #[test]
    fn order_and_place_of_statements_mean_nothing() {
        let one = policy(&statement("Allow", &json!(["a:b", "c:d"])));
        let mut other = policy(&statement("Allow", &json!(["c:d", "a:b"])));
        let moved = other["Resources"]["P"].take();
        other["Resources"] = json!({ "Q": moved });
        assert_eq!(broader(Some(&one), &other), [] as [&str; 0]);
    }

    #[test]
    fn policies_are_found_wherever_they_are() {
        let allow =
            |principal: &str| json!([{ "Effect": "Allow", "Action": "a:b", "Principal": { "AWS": principal } }]);
        let new = template(&json!({
            "Role": { "Type": "AWS::IAM::Role", "Properties": {
                "AssumeRolePolicyDocument": { "Statement": allow("arn:aws:iam::1:root") },
                "Policies": [{ "PolicyName": "p", "PolicyDocument": { "Statement": statement("Allow", &json!("c:d")) } }],
                "ManagedPolicyArns": [
                    { "Fn::Join": ["", ["arn:", { "Ref": "AWS::Partition" }, ":iam::aws:policy/Admin"]] },
                    { "Ref": "AWS::NoValue" },
                ],
            } },
            "Future": { "Type": "AWS::New::Thing", "Properties": { "Deep": [{ "Policy": { "Statement": allow("*") } }] } },
            "Logs": { "Type": "AWS::Logs::ResourcePolicy", "Properties": { "PolicyDocument":
                "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"logs:*\",\"Resource\":\"*\",\"Principal\":\"*\"}]}" } },
            "Waf": { "Type": "AWS::WAFv2::WebACL", "Properties": { "Rules": [{ "Statement": { "ByteMatch": 1 } }] } },
            "Call": { "Type": "AWS::Lambda::Permission", "Properties": { "Action": "lambda:InvokeFunction",
                "FunctionName": { "Ref": "F" }, "Principal": "s3.amazonaws.com", "SourceAccount": "1" } },
            "Free": { "Type": "AWS::IAM::ManagedPolicy", "Properties": { "PolicyDocument": { "Statement":
                statement("Allow", &json!("e:f")) } } },
        }));
        assert_eq!(
            broader(None, &new),
            [
                "allows a:b on ${Future} to AWS:*",
                "allows a:b on ${Role} to AWS:arn:aws:iam::1:root",
                "allows c:d on ${Bucket.Arn} to AWS:${Role}",
                "allows e:f on ${Bucket.Arn} to whom ${Free} is attached to",
                "allows lambda:InvokeFunction on ${F} to Service:s3.amazonaws.com if \
                 {\"StringEquals\":{\"AWS:SourceAccount\":\"1\"}}",
                "allows logs:* on * to *",
                "attaches policy arn:${AWS::Partition}:iam::aws:policy/Admin to ${Role}",
            ]
        );
        assert_eq!(broader(Some(&new), &new), [] as [&str; 0]);
    }

    #[test]
    fn open_ports_and_removed_boundaries_are_broader() {
        let group = |rules: &Value| {
            template(&json!({ "Sg": { "Type": "AWS::EC2::SecurityGroup", "Properties": {
                "SecurityGroupIngress": rules,
                "SecurityGroupEgress": [{ "CidrIp": "255.255.255.255/32", "IpProtocol": "icmp", "FromPort": 252, "ToPort": 86 }],
            } } }))
        };
        let tcp = |port: u16| json!({ "CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": port, "ToPort": port });
        let (one, two) = (group(&json!([tcp(443)])), group(&json!([tcp(22), tcp(443)])));
        assert_eq!(broader(Some(&one), &two), ["opens ${Sg} for TCP 22 from everyone (IPv4)"]);
        assert_eq!(broader(Some(&two), &one), [] as [&str; 0]);
        let apart = template(&json!({ "In": { "Type": "AWS::EC2::SecurityGroupIngress", "Properties": {
            "GroupId": "sg-1", "IpProtocol": "-1", "SourceSecurityGroupId": { "Ref": "Other" } } } }));
        assert_eq!(broader(None, &apart), ["opens sg-1 for all traffic from ${Other}"]);
        let role = |boundary: &Value| {
            template(&json!({ "R": { "Type": "AWS::IAM::Role", "Properties": { "PermissionsBoundary": boundary } } }))
        };
        let (limited, free) = (role(&json!("arn:b")), role(&Value::Null));
        assert_eq!(broader(Some(&limited), &free), ["replaces or removes the permissions boundary arn:b of ${R}"]);
        assert_eq!(broader(Some(&limited), &template(&json!({}))), [] as [&str; 0]);
        assert_eq!(broader(Some(&free), &limited), [] as [&str; 0]);
    }
}
