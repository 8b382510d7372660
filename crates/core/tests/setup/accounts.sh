#!/bin/sh
# Creates the roles that Bitbucket Pipelines assumes with OIDC, in the account of the current credentials.
set -eu

account=$(aws sts get-caller-identity --query Account --output text)
partition=$(aws sts get-caller-identity --query Arn --output text | cut -d: -f2)
provider="arn:${partition}:iam::${account}:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"

aws iam create-open-id-connect-provider \
  --url https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc \
  --client-id-list ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1

# Bitbucket Pipelines: deployments of web to production
aws iam create-role --role-name bitbucket-web-production --path /ci/ --permissions-boundary arn:aws:iam::123456789012:policy/ci/boundary \
  --description 'Bitbucket Pipelines: deployments of web to production' \
  --max-session-duration 3600 \
  --assume-role-policy-document "$(cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Federated": "${provider}"
      },
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": {
        "StringEquals": {
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"
        },
        "StringLike": {
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"
        }
      }
    }
  ]
}
JSON
)"
# AssumeBootstrapRoles: allows the CDK to assume the roles of the bootstrap stack in this account
# AssumeBootstrapRolesElsewhere: allows the CDK to assume the roles of the bootstrap stacks in the deployment accounts
aws iam put-role-policy --role-name bitbucket-web-production --policy-name keyless \
  --policy-document "$(cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AssumeBootstrapRoles",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": [
        "arn:${partition}:iam::${account}:role/cdk-acme-deploy-role-${account}-*",
        "arn:${partition}:iam::${account}:role/cdk-acme-file-publishing-role-${account}-*",
        "arn:${partition}:iam::${account}:role/cdk-acme-image-publishing-role-${account}-*",
        "arn:${partition}:iam::${account}:role/cdk-acme-lookup-role-${account}-*"
      ]
    },
    {
      "Sid": "AssumeBootstrapRolesElsewhere",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": [
        "arn:${partition}:iam::111111111111:role/cdk-acme-deploy-role-111111111111-*",
        "arn:${partition}:iam::111111111111:role/cdk-acme-file-publishing-role-111111111111-*",
        "arn:${partition}:iam::111111111111:role/cdk-acme-image-publishing-role-111111111111-*",
        "arn:${partition}:iam::111111111111:role/cdk-acme-lookup-role-111111111111-*",
        "arn:${partition}:iam::222222222222:role/cdk-acme-deploy-role-222222222222-*",
        "arn:${partition}:iam::222222222222:role/cdk-acme-file-publishing-role-222222222222-*",
        "arn:${partition}:iam::222222222222:role/cdk-acme-image-publishing-role-222222222222-*",
        "arn:${partition}:iam::222222222222:role/cdk-acme-lookup-role-222222222222-*"
      ]
    }
  ]
}
JSON
)"

# Bitbucket Pipelines: every step of web
aws iam create-role --role-name bitbucket-web-read-only --path /ci/ --permissions-boundary arn:aws:iam::123456789012:policy/ci/boundary \
  --description 'Bitbucket Pipelines: every step of web' \
  --max-session-duration 3600 \
  --assume-role-policy-document "$(cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Federated": "${provider}"
      },
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": {
        "StringEquals": {
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"
        },
        "StringLike": {
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:*"
        }
      }
    }
  ]
}
JSON
)"
# AssumeBootstrapRoles: allows the CDK to assume the roles of the bootstrap stack in this account
# AssumeBootstrapRolesElsewhere: allows the CDK to assume the roles of the bootstrap stacks in the deployment accounts
aws iam put-role-policy --role-name bitbucket-web-read-only --policy-name keyless \
  --policy-document "$(cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AssumeBootstrapRoles",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:${partition}:iam::${account}:role/cdk-acme-lookup-role-${account}-*"
    },
    {
      "Sid": "AssumeBootstrapRolesElsewhere",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": [
        "arn:${partition}:iam::111111111111:role/cdk-acme-lookup-role-111111111111-*",
        "arn:${partition}:iam::222222222222:role/cdk-acme-lookup-role-222222222222-*"
      ]
    }
  ]
}
JSON
)"
aws iam attach-role-policy --role-name bitbucket-web-read-only --policy-arn "arn:${partition}:iam::aws:policy/ReadOnlyAccess"

# Bitbucket Pipelines: deployments of web to preview
aws iam create-role --role-name bitbucket-web-preview-read-only --path /ci/ --permissions-boundary arn:aws:iam::123456789012:policy/ci/boundary \
  --description 'Bitbucket Pipelines: deployments of web to preview' \
  --max-session-duration 3600 \
  --assume-role-policy-document "$(cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Federated": "${provider}"
      },
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": {
        "StringEquals": {
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"
        },
        "StringLike": {
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{1a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"
        }
      }
    }
  ]
}
JSON
)"
# AssumeBootstrapRoles: allows the CDK to assume the roles of the bootstrap stack in this account
# AssumeBootstrapRolesElsewhere: allows the CDK to assume the roles of the bootstrap stacks in the deployment accounts
aws iam put-role-policy --role-name bitbucket-web-preview-read-only --policy-name keyless \
  --policy-document "$(cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AssumeBootstrapRoles",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:${partition}:iam::${account}:role/cdk-acme-lookup-role-${account}-*"
    },
    {
      "Sid": "AssumeBootstrapRolesElsewhere",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": [
        "arn:${partition}:iam::111111111111:role/cdk-acme-lookup-role-111111111111-*",
        "arn:${partition}:iam::222222222222:role/cdk-acme-lookup-role-222222222222-*"
      ]
    }
  ]
}
JSON
)"
aws iam attach-role-policy --role-name bitbucket-web-preview-read-only --policy-arn "arn:${partition}:iam::aws:policy/ReadOnlyAccess"
