'use strict';
// `-c then=true` is the app after a pull request: with everything that a reviewer must see in its diff.

const { App, NestedStack, RemovalPolicy, Stack } = require('aws-cdk-lib');
const { CfnSecurityGroup } = require('aws-cdk-lib/aws-ec2');
const { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } = require('aws-cdk-lib/aws-iam');
const { Bucket } = require('aws-cdk-lib/aws-s3');
const { StringParameter } = require('aws-cdk-lib/aws-ssm');

const app = new App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };
const then = app.node.tryGetContext('then') === 'true';
const parameter = (scope, id, name, value = 'x') =>
  new StringParameter(scope, id, { parameterName: name, stringValue: value });

const shop = new Stack(app, 'Shop', { env });
parameter(shop, 'Renamed', then ? '/shop/new' : '/shop/old');
parameter(shop, 'Value', '/shop/value', then ? 'y' : 'x');
const role = new Role(shop, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
const nested = new NestedStack(shop, 'Nested');
parameter(nested, 'Inner', '/shop/inner', then ? 'y' : 'x');
if (then) {
  role.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName('ReadOnlyAccess'));
  role.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject', 's3:ListBucket'], resources: ['*'] }));
  const cidr = { ipProtocol: 'tcp', fromPort: 443, toPort: 443, cidrIp: '0.0.0.0/0' };
  new CfnSecurityGroup(shop, 'Group', { groupDescription: 'web', securityGroupIngress: [cidr] });
} else {
  new Bucket(shop, 'Kept', { removalPolicy: RemovalPolicy.RETAIN });
  parameter(shop, 'Gone', '/shop/gone');
}
parameter(new Stack(app, 'Same', { env }), 'Value', '/same/value');
