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
  --max-session-duration 7200 \
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
        },
        "IpAddress": {
          "aws:SourceIp": [
            "198.51.100.0/24",
            "2001:db8::/32"
          ]
        }
      }
    }
  ]
}
JSON
)"
# AnythingThroughCloudFormation: allows everything through CloudFormation, for stacks without an execution role
# StagingBuckets: allows the CDK to write assets to its staging buckets, with the names of CDK v1 and v2
# ChangeSets: allows the CDK to validate, create, read, execute and delete change sets
# PublishPackages: allows publishing packages to every CodeArtifact repository of the account
# AssumeBootstrapRoles: allows the CDK to assume the roles of the bootstrap stack in this account
# PassExecutionRole: allows the CDK to pass the bootstrap execution role to CloudFormation
# OnlyFromTheseAddresses: denies calls from other addresses, except calls that AWS services make for the session
aws iam put-role-policy --role-name bitbucket-web-production --policy-name keyless \
  --policy-document "$(cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AnythingThroughCloudFormation",
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*",
      "Condition": {
        "ForAnyValue:StringEquals": {
          "aws:CalledVia": "cloudformation.amazonaws.com"
        }
      }
    },
    {
      "Sid": "StagingBuckets",
      "Effect": "Allow",
      "Action": [
        "s3:GetBucketLocation",
        "s3:GetEncryptionConfiguration",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject"
      ],
      "Resource": [
        "arn:${partition}:s3:::cdk-hnb659fds-assets-*",
        "arn:${partition}:s3:::cdk-*stagingbucket*",
        "arn:${partition}:s3:::cdktoolkit-stagingbucket-*"
      ]
    },
    {
      "Sid": "ChangeSets",
      "Effect": "Allow",
      "Action": [
        "cloudformation:CreateChangeSet",
        "cloudformation:DeleteChangeSet",
        "cloudformation:DescribeChangeSet",
        "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeStacks",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:GetTemplate",
        "cloudformation:ValidateTemplate"
      ],
      "Resource": "*"
    },
    {
      "Sid": "PublishPackages",
      "Effect": "Allow",
      "Action": [
        "codeartifact:PublishPackageVersion",
        "codeartifact:PutPackageMetadata"
      ],
      "Resource": "arn:${partition}:codeartifact:*:${account}:package/*"
    },
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
    },
    {
      "Sid": "PassExecutionRole",
      "Effect": "Allow",
      "Action": "iam:PassRole",
      "Resource": "arn:${partition}:iam::${account}:role/cdk-hnb659fds-cfn-exec-role-${account}-*",
      "Condition": {
        "StringEquals": {
          "iam:PassedToService": "cloudformation.amazonaws.com"
        }
      }
    },
    {
      "Sid": "OnlyFromTheseAddresses",
      "Effect": "Deny",
      "Action": "*",
      "Resource": "*",
      "Condition": {
        "NotIpAddress": {
          "aws:SourceIp": [
            "198.51.100.0/24",
            "2001:db8::/32"
          ]
        },
        "Bool": {
          "aws:ViaAWSService": "false"
        }
      }
    }
  ]
}
JSON
)"
aws iam attach-role-policy --role-name bitbucket-web-production --policy-arn "arn:${partition}:iam::aws:policy/ReadOnlyAccess"
aws iam attach-role-policy --role-name bitbucket-web-production --policy-arn "arn:${partition}:iam::aws:policy/AWSCodeArtifactReadOnlyAccess"

# Bitbucket Pipelines: every step of web
aws iam create-role --role-name bitbucket-web-read-only \
  --description 'Bitbucket Pipelines: every step of web' \
  --max-session-duration 7200 \
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
        },
        "IpAddress": {
          "aws:SourceIp": [
            "198.51.100.0/24",
            "2001:db8::/32"
          ]
        }
      }
    }
  ]
}
JSON
)"
# AssumeBootstrapRoles: allows the CDK to assume the roles of the bootstrap stack in this account
# OnlyFromTheseAddresses: denies calls from other addresses, except calls that AWS services make for the session
aws iam put-role-policy --role-name bitbucket-web-read-only --policy-name keyless \
  --policy-document "$(cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AssumeBootstrapRoles",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:${partition}:iam::${account}:role/cdk-hnb659fds-lookup-role-${account}-*"
    },
    {
      "Sid": "OnlyFromTheseAddresses",
      "Effect": "Deny",
      "Action": "*",
      "Resource": "*",
      "Condition": {
        "NotIpAddress": {
          "aws:SourceIp": [
            "198.51.100.0/24",
            "2001:db8::/32"
          ]
        },
        "Bool": {
          "aws:ViaAWSService": "false"
        }
      }
    }
  ]
}
JSON
)"
aws iam attach-role-policy --role-name bitbucket-web-read-only --policy-arn "arn:${partition}:iam::aws:policy/ReadOnlyAccess"
