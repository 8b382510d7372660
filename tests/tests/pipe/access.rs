//! Changes that broaden access are listed before a deployment starts, with the real CDK; `REQUIRE_APPROVAL: broadening` stops there.

use std::fs;

use keyless_tests::run::{Finished, Workplace};

use crate::{CLOUD, pipe};

/// `-c then=true` broadens access in the second stack and in its nested stack.
const APP: &str = "
const { App, CfnResource, NestedStack, Stack } = require('aws-cdk-lib');
const { CfnSecurityGroup } = require('aws-cdk-lib/aws-ec2');
const { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } = require('aws-cdk-lib/aws-iam');
const { StringParameter } = require('aws-cdk-lib/aws-ssm');
const app = new App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };
const then = app.node.tryGetContext('then') === 'true';
const value = app.node.tryGetContext('value') ?? 'x';
const first = new Stack(app, 'First', { env });
new StringParameter(first, 'P', { parameterName: '/access/first', stringValue: value });
const second = new Stack(app, 'Second', { env });
second.addDependency(first);
new StringParameter(second, 'P', { parameterName: '/access/second', stringValue: value });
const nested = new NestedStack(second, 'Nested');
const roles = [second, nested].map((scope) => new Role(scope, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }));
if (then) {
    for (const role of roles) role.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources: ['*'] }));
    roles[0].addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName('ReadOnlyAccess'));
    const rule = { ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIp: '0.0.0.0/0' };
    new CfnSecurityGroup(second, 'Group', { groupDescription: 'g', securityGroupIngress: [rule] });
}
";

/// The listed changes, and whether they come before the deployment.
fn listed(finished: &Finished) -> Vec<&str> {
    let before = finished.stdout.split("▶ cdk deploy ").next().unwrap_or_default();
    let lines = before.lines().filter_map(|line| line.split_once("broader access: "));
    assert_eq!(finished.stdout.matches("broader access: ").count(), before.matches("broader access: ").count());
    lines.map(|(_, text)| text).collect()
}

#[test]
fn broader_access_is_listed_before_anything_changes() {
    let workplace = Workplace::with_demo_app();
    fs::write(workplace.clone_folder().join("app.js"), APP).expect("the scratch folder is writable");
    let values = || ["/access/first", "/access/second"].map(|name| CLOUD.api().parameter(name).ok());

    // Two new roles: whoever may assume them is new. Nothing is deployed without approval.
    let approve = ("REQUIRE_APPROVAL", "broadening");
    let assume = |role: &str| format!("allows sts:AssumeRole on ${{{role}}} to Service:ec2.amazonaws.com");
    let finished = pipe(&workplace, &[approve]);
    assert_eq!((finished.code, values()), (Some(1), [None, None]), "{finished:#?}");
    let new = listed(&finished);
    assert_eq!(new.len(), 2, "{new:?}");
    assert_eq!(new[0], assume("Role1ABCC5F0"));
    assert!(
        new[1].starts_with("NestedNestedStackNestedNestedStackResource") && new[1].contains(": allows sts:AssumeRole")
    );
    let said = "✖ nothing was deployed: 2 changes broaden access, and REQUIRE_APPROVAL is set to broadening";
    assert_eq!(finished.stderr.lines().last(), Some(said), "{finished:#?}");
    assert!(finished.stderr.contains("  help: review the changes listed above; "), "{finished:#?}");

    // By default they are listed and deployed.
    let finished = pipe(&workplace, &[]);
    assert_eq!((finished.code, listed(&finished).len()), (Some(0), 2), "{finished:#?}");
    let deployed = values();

    // Other changes need no approval.
    let finished = pipe(&workplace, &[approve, ("CONTEXT", "value=y")]);
    assert_eq!((finished.code, listed(&finished)), (Some(0), vec![]), "{finished:#?}");
    assert_ne!(values(), deployed);

    // The first stack would be deployed before the CDK asks for the second one.
    let finished = pipe(&workplace, &[approve, ("CONTEXT", "value=z then=true")]);
    let y = Some("y".to_owned());
    assert_eq!((finished.code, values()), (Some(1), [y.clone(), y]), "{finished:#?}");
    let broader = listed(&finished);
    assert_eq!(
        broader[..3],
        [
            "allows s3:GetObject on * to AWS:${Role1ABCC5F0}",
            "attaches policy arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess to ${Role1ABCC5F0}",
            "opens ${Group} for TCP 22 from everyone (IPv4)",
        ],
        "{finished:#?}"
    );
    assert!(
        broader.len() == 4 && broader[3].contains("allows s3:GetObject on * to AWS:${Role1ABCC5F0}"),
        "{broader:?}"
    );
    assert!(finished.stdout.contains("\n! Second: broader access: allows "), "{finished:#?}");

    // A stack that is not selected is not compared.
    let finished = pipe(&workplace, &[approve, ("CONTEXT", "value=z then=true"), ("STACKS", "First")]);
    assert_eq!((finished.code, listed(&finished)), (Some(0), vec![]), "{finished:#?}");
}

#[test]
fn what_cannot_be_compared_is_not_approved() {
    let app = "
        const { App, Stack } = require('aws-cdk-lib');
        const { StringParameter } = require('aws-cdk-lib/aws-ssm');
        const stack = new Stack(new App(), 'Away', { env: { account: '111111111111', region: 'eu-west-1' } });
        new StringParameter(stack, 'P', { stringValue: 'x' });";
    let workplace = Workplace::with_demo_app();
    fs::write(workplace.clone_folder().join("app.js"), app).expect("the scratch folder is writable");
    let denied =
        keyless_tests::strict_sts::Fault::Answer(403, "AccessDenied", "not authorized to perform: sts:AssumeRole");
    let faults = [vec![keyless_tests::strict_sts::Fault::None], vec![denied; 9]].concat();
    let sts = CLOUD.faulty_sts(faults, std::time::Duration::ZERO);
    let finished = pipe(&workplace, &[("REQUIRE_APPROVAL", "broadening"), ("AWS_ENDPOINT_URL_STS", sts.url())]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    let said = "! Away: cannot tell whether access is broadened: ";
    assert!(finished.stdout.contains(said) && !finished.stdout.contains("cdk deploy"), "{finished:#?}");
}
