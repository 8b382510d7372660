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
      path: '/ci/',
      description: 'Bitbucket Pipelines: deployments of web to production',
      maxSessionDuration: Duration.seconds(3600),
      assumedBy: new iam.WebIdentityPrincipal(providerArn, {
        'StringEquals': {
          'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud': 'ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1',
        },
        'StringLike': {
          'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub': '{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*',
        },
      }),
      permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(this, 'WebProductionRoleBoundary', 'arn:aws:iam::123456789012:policy/ci/boundary'),
      inlinePolicies: {
        keyless: new iam.PolicyDocument({
          statements: [
            // allows the CDK to assume the roles of the bootstrap stack in this account
            new iam.PolicyStatement({
              sid: 'AssumeBootstrapRoles',
              actions: ['sts:AssumeRole'],
              resources: [
                `arn:${this.partition}:iam::${this.account}:role/cdk-acme-deploy-role-${this.account}-*`,
                `arn:${this.partition}:iam::${this.account}:role/cdk-acme-file-publishing-role-${this.account}-*`,
                `arn:${this.partition}:iam::${this.account}:role/cdk-acme-image-publishing-role-${this.account}-*`,
                `arn:${this.partition}:iam::${this.account}:role/cdk-acme-lookup-role-${this.account}-*`,
              ],
            }),
            // allows the CDK to assume the roles of the bootstrap stacks in the deployment accounts
            new iam.PolicyStatement({
              sid: 'AssumeBootstrapRolesElsewhere',
              actions: ['sts:AssumeRole'],
              resources: [
                `arn:${this.partition}:iam::111111111111:role/cdk-acme-deploy-role-111111111111-*`,
                `arn:${this.partition}:iam::111111111111:role/cdk-acme-file-publishing-role-111111111111-*`,
                `arn:${this.partition}:iam::111111111111:role/cdk-acme-image-publishing-role-111111111111-*`,
                `arn:${this.partition}:iam::111111111111:role/cdk-acme-lookup-role-111111111111-*`,
                `arn:${this.partition}:iam::222222222222:role/cdk-acme-deploy-role-222222222222-*`,
                `arn:${this.partition}:iam::222222222222:role/cdk-acme-file-publishing-role-222222222222-*`,
                `arn:${this.partition}:iam::222222222222:role/cdk-acme-image-publishing-role-222222222222-*`,
                `arn:${this.partition}:iam::222222222222:role/cdk-acme-lookup-role-222222222222-*`,
              ],
            }),
          ],
        }),
      },
    });
    new CfnOutput(this, 'WebProductionRoleArn', { value: webProductionRole.roleArn, description: 'AWS_ROLE_ARN for Bitbucket Pipelines: deployments of web to production' });

    const webReadOnlyRole = new iam.Role(this, 'WebReadOnlyRole', {
      roleName: 'bitbucket-web-read-only',
      path: '/ci/',
      description: 'Bitbucket Pipelines: every step of web',
      maxSessionDuration: Duration.seconds(3600),
      assumedBy: new iam.WebIdentityPrincipal(providerArn, {
        'StringEquals': {
          'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud': 'ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1',
        },
        'StringLike': {
          'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub': '{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:*',
        },
      }),
      permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(this, 'WebReadOnlyRoleBoundary', 'arn:aws:iam::123456789012:policy/ci/boundary'),
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
              resources: [`arn:${this.partition}:iam::${this.account}:role/cdk-acme-lookup-role-${this.account}-*`],
            }),
            // allows the CDK to assume the roles of the bootstrap stacks in the deployment accounts
            new iam.PolicyStatement({
              sid: 'AssumeBootstrapRolesElsewhere',
              actions: ['sts:AssumeRole'],
              resources: [
                `arn:${this.partition}:iam::111111111111:role/cdk-acme-lookup-role-111111111111-*`,
                `arn:${this.partition}:iam::222222222222:role/cdk-acme-lookup-role-222222222222-*`,
              ],
            }),
          ],
        }),
      },
    });
    new CfnOutput(this, 'WebReadOnlyRoleArn', { value: webReadOnlyRole.roleArn, description: 'AWS_ROLE_ARN for Bitbucket Pipelines: every step of web' });

    const webPreviewReadOnlyRole = new iam.Role(this, 'WebPreviewReadOnlyRole', {
      roleName: 'bitbucket-web-preview-read-only',
      path: '/ci/',
      description: 'Bitbucket Pipelines: deployments of web to preview',
      maxSessionDuration: Duration.seconds(3600),
      assumedBy: new iam.WebIdentityPrincipal(providerArn, {
        'StringEquals': {
          'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud': 'ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1',
        },
        'StringLike': {
          'api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub': '{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{1a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*',
        },
      }),
      permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(this, 'WebPreviewReadOnlyRoleBoundary', 'arn:aws:iam::123456789012:policy/ci/boundary'),
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
              resources: [`arn:${this.partition}:iam::${this.account}:role/cdk-acme-lookup-role-${this.account}-*`],
            }),
            // allows the CDK to assume the roles of the bootstrap stacks in the deployment accounts
            new iam.PolicyStatement({
              sid: 'AssumeBootstrapRolesElsewhere',
              actions: ['sts:AssumeRole'],
              resources: [
                `arn:${this.partition}:iam::111111111111:role/cdk-acme-lookup-role-111111111111-*`,
                `arn:${this.partition}:iam::222222222222:role/cdk-acme-lookup-role-222222222222-*`,
              ],
            }),
          ],
        }),
      },
    });
    new CfnOutput(this, 'WebPreviewReadOnlyRoleArn', { value: webPreviewReadOnlyRole.roleArn, description: 'AWS_ROLE_ARN for Bitbucket Pipelines: deployments of web to preview' });
  }
}

const app = new App();
new BitbucketAccess(app, 'BitbucketAccess');
