'use strict';
// A small app with typical resources: a parameter, a bucket and a file asset.
// `-c greeting=…` changes the parameter, so that a second deployment has something to update.

const path = require('node:path');
const { App, CfnOutput, RemovalPolicy, Stack } = require('aws-cdk-lib');
const { Bucket } = require('aws-cdk-lib/aws-s3');
const { Asset } = require('aws-cdk-lib/aws-s3-assets');
const { StringParameter } = require('aws-cdk-lib/aws-ssm');

const app = new App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };

class Greeting extends Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const bucket = new Bucket(this, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY });
    const site = new Asset(this, 'Site', { path: path.join(__dirname, 'site') });
    const parameter = new StringParameter(this, 'Parameter', {
      parameterName: '/keyless/demo/greeting',
      stringValue: this.node.tryGetContext('greeting') ?? 'deployed without a stored key',
    });
    new CfnOutput(this, 'ParameterName', { value: parameter.parameterName });
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName });
    new CfnOutput(this, 'SiteAsset', { value: site.s3ObjectKey });
  }
}

class Audience extends Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const parameter = new StringParameter(this, 'Parameter', {
      parameterName: '/keyless/demo/audience',
      stringValue: 'everyone who reviews a pipeline',
    });
    new CfnOutput(this, 'ParameterName', { value: parameter.parameterName });
  }
}

new Greeting(app, 'KeylessGreeting', { env });
new Audience(app, 'KeylessAudience', { env });
