import { App, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** Roles that Bitbucket Pipelines assumes with OIDC. */
export class BitbucketAccess extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    const provider = new iam.OidcProviderNative(this, 'BitbucketProvider', {
      url: 'https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc',
      clientIds: ['ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1'],
    });
    const providerArn = provider.oidcProviderArn;

    const webProductionRole = new iam.Role(this, 'WebProductionRole', {
      roleName: 'bitbucket-web-production',
      description: 'Bitbucket Pipelines: deployments of web to production',
      maxSessionDuration: Duration.seconds(7200),
      assumedBy: new iam.WebIdentityPrincipal(providerArn, {
        'StringEquals': {
          'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud': 'ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1',
        },
        'StringLike': {
          'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub': '{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*',
        },
        'IpAddress': {
          'aws:SourceIp': [
            '198.51.100.0/24',
            '2001:db8::/32',
          ],
        },
      }),
      managedPolicies: [
        iam.ManagedPolicy.fromAwsManagedPolicyName('ReadOnlyAccess'),
        iam.ManagedPolicy.fromAwsManagedPolicyName('AWSCodeArtifactReadOnlyAccess'),
      ],
      inlinePolicies: {
        keyless: new iam.PolicyDocument({
          statements: [
            // allows everything through CloudFormation, for stacks without an execution role
            new iam.PolicyStatement({
              sid: 'AnythingThroughCloudFormation',
              actions: ['*'],
              resources: ['*'],
              conditions: {
                'ForAnyValue:StringEquals': {
                  'aws:CalledVia': 'cloudformation.amazonaws.com',
                },
              },
            }),
            // allows the CDK to write assets to its staging buckets, with the names of CDK v1 and v2
            new iam.PolicyStatement({
              sid: 'StagingBuckets',
              actions: [
                's3:GetBucketLocation',
                's3:GetEncryptionConfiguration',
                's3:GetObject',
                's3:ListBucket',
                's3:PutObject',
              ],
              resources: [
                `arn:${this.partition}:s3:::cdk-hnb659fds-assets-*`,
                `arn:${this.partition}:s3:::cdk-*stagingbucket*`,
                `arn:${this.partition}:s3:::cdktoolkit-stagingbucket-*`,
              ],
            }),
            // allows the CDK to validate, create, read, execute and delete change sets
            new iam.PolicyStatement({
              sid: 'ChangeSets',
              actions: [
                'cloudformation:CreateChangeSet',
                'cloudformation:DeleteChangeSet',
                'cloudformation:DescribeChangeSet',
                'cloudformation:DescribeStackEvents',
                'cloudformation:DescribeStacks',
                'cloudformation:ExecuteChangeSet',
                'cloudformation:GetTemplate',
                'cloudformation:ValidateTemplate',
              ],
              resources: ['*'],
            }),
            // allows publishing packages to every CodeArtifact repository of the account
            new iam.PolicyStatement({
              sid: 'PublishPackages',
              actions: [
                'codeartifact:PublishPackageVersion',
                'codeartifact:PutPackageMetadata',
              ],
              resources: [`arn:${this.partition}:codeartifact:*:${this.account}:package/*`],
            }),
            // allows the CDK to assume the roles of the bootstrap stack in this account
            new iam.PolicyStatement({
              sid: 'AssumeBootstrapRoles',
              actions: ['sts:AssumeRole'],
              resources: [
                `arn:${this.partition}:iam::${this.account}:role/cdk-hnb659fds-deploy-role-${this.account}-*`,
                `arn:${this.partition}:iam::${this.account}:role/cdk-hnb659fds-file-publishing-role-${this.account}-*`,
                `arn:${this.partition}:iam::${this.account}:role/cdk-hnb659fds-image-publishing-role-${this.account}-*`,
                `arn:${this.partition}:iam::${this.account}:role/cdk-hnb659fds-lookup-role-${this.account}-*`,
              ],
            }),
            // allows the CDK to pass the bootstrap execution role to CloudFormation
            new iam.PolicyStatement({
              sid: 'PassExecutionRole',
              actions: ['iam:PassRole'],
              resources: [`arn:${this.partition}:iam::${this.account}:role/cdk-hnb659fds-cfn-exec-role-${this.account}-*`],
              conditions: {
                'StringEquals': {
                  'iam:PassedToService': 'cloudformation.amazonaws.com',
                },
              },
            }),
            // denies calls from other addresses, except calls that AWS services make for the session
            new iam.PolicyStatement({
              sid: 'OnlyFromTheseAddresses',
              effect: iam.Effect.DENY,
              actions: ['*'],
              resources: ['*'],
              conditions: {
                'NotIpAddress': {
                  'aws:SourceIp': [
                    '198.51.100.0/24',
                    '2001:db8::/32',
                  ],
                },
                'Bool': {
                  'aws:ViaAWSService': 'false',
                },
              },
            }),
          ],
        }),
      },
    });
    new CfnOutput(this, 'WebProductionRoleArn', { value: webProductionRole.roleArn, description: 'AWS_ROLE_ARN for Bitbucket Pipelines: deployments of web to production' });

    const webReadOnlyRole = new iam.Role(this, 'WebReadOnlyRole', {
      roleName: 'bitbucket-web-read-only',
      description: 'Bitbucket Pipelines: every step of web',
      maxSessionDuration: Duration.seconds(7200),
      assumedBy: new iam.WebIdentityPrincipal(providerArn, {
        'StringEquals': {
          'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud': 'ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1',
        },
        'StringLike': {
          'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub': '{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:*',
        },
        'IpAddress': {
          'aws:SourceIp': [
            '198.51.100.0/24',
            '2001:db8::/32',
          ],
        },
      }),
      managedPolicies: [
        iam.ManagedPolicy.fromAwsManagedPolicyName('ReadOnlyAccess'),
      ],
      inlinePolicies: {
        keyless: new iam.PolicyDocument({
          statements: [
            // allows the CDK to assume the roles of the bootstrap stack in this account
            new iam.PolicyStatement({
              sid: 'AssumeBootstrapRoles',
              actions: ['sts:AssumeRole'],
              resources: [`arn:${this.partition}:iam::${this.account}:role/cdk-hnb659fds-lookup-role-${this.account}-*`],
            }),
            // denies calls from other addresses, except calls that AWS services make for the session
            new iam.PolicyStatement({
              sid: 'OnlyFromTheseAddresses',
              effect: iam.Effect.DENY,
              actions: ['*'],
              resources: ['*'],
              conditions: {
                'NotIpAddress': {
                  'aws:SourceIp': [
                    '198.51.100.0/24',
                    '2001:db8::/32',
                  ],
                },
                'Bool': {
                  'aws:ViaAWSService': 'false',
                },
              },
            }),
          ],
        }),
      },
    });
    new CfnOutput(this, 'WebReadOnlyRoleArn', { value: webReadOnlyRole.roleArn, description: 'AWS_ROLE_ARN for Bitbucket Pipelines: every step of web' });
  }
}

const app = new App();
new BitbucketAccess(app, 'BitbucketAccess');
