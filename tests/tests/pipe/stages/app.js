'use strict';
// A stack in a stage, and one next to the stage whose name in CloudFormation is not its id. `-c value=…` changes both.

const { App, Stack, Stage } = require('aws-cdk-lib');
const { StringParameter } = require('aws-cdk-lib/aws-ssm');

const app = new App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };
const stringValue = app.node.tryGetContext('value') ?? 'x';

const web = new Stack(app, 'Web', { env, stackName: 'acme-web' });
new StringParameter(web, 'Parameter', { parameterName: '/stages/web', stringValue });
const api = new Stack(new Stage(app, 'Live', { env }), 'Api');
new StringParameter(api, 'Parameter', { parameterName: '/stages/api', stringValue });
