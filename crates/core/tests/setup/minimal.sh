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
aws iam create-role --role-name bitbucket-web-production \
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
        "arn:${partition}:iam::${account}:role/cdk-hnb659fds-deploy-role-${account}-*",
        "arn:${partition}:iam::${account}:role/cdk-hnb659fds-file-publishing-role-${account}-*",
        "arn:${partition}:iam::${account}:role/cdk-hnb659fds-image-publishing-role-${account}-*",
        "arn:${partition}:iam::${account}:role/cdk-hnb659fds-lookup-role-${account}-*"
      ]
    }
  ]
}
JSON
)"
