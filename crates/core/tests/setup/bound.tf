terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.81.0"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

resource "aws_iam_openid_connect_provider" "bitbucket" {
  url            = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
  client_id_list = ["ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"]
}

resource "aws_iam_role" "web_production_role" {
  name                 = "bitbucket-web-production"
  description          = "Bitbucket Pipelines: deployments of web to production"
  max_session_duration = 7200
  assume_role_policy   = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Federated = aws_iam_openid_connect_provider.bitbucket.arn
      }
      Action = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud" = "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"
        }
        StringLike = {
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub" = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"
        }
        IpAddress = {
          "aws:SourceIp" = [
            "198.51.100.0/24",
            "2001:db8::/32",
          ]
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "web_production_role" {
  name = "keyless"
  role = aws_iam_role.web_production_role.name
  # AnythingThroughCloudFormation: allows everything through CloudFormation, for stacks without an execution role
  # StagingBuckets: allows the CDK to write assets to its staging buckets, with the names of CDK v1 and v2
  # ChangeSets: allows the CDK to validate, create, read, execute and delete change sets
  # PublishPackages: allows publishing packages to every CodeArtifact repository of the account
  # AssumeBootstrapRoles: allows the CDK to assume the roles of the bootstrap stack in this account
  # PassExecutionRole: allows the CDK to pass the bootstrap execution role to CloudFormation
  # OnlyFromTheseAddresses: denies calls from other addresses, except calls that AWS services make for the session
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid = "AnythingThroughCloudFormation"
        Effect = "Allow"
        Action = "*"
        Resource = "*"
        Condition = {
          "ForAnyValue:StringEquals" = {
            "aws:CalledVia" = "cloudformation.amazonaws.com"
          }
        }
      },
      {
        Sid = "StagingBuckets"
        Effect = "Allow"
        Action = [
          "s3:GetBucketLocation",
          "s3:GetEncryptionConfiguration",
          "s3:GetObject",
          "s3:ListBucket",
          "s3:PutObject",
        ]
        Resource = [
          "arn:${data.aws_partition.current.partition}:s3:::cdk-hnb659fds-assets-*",
          "arn:${data.aws_partition.current.partition}:s3:::cdk-*stagingbucket*",
          "arn:${data.aws_partition.current.partition}:s3:::cdktoolkit-stagingbucket-*",
        ]
      },
      {
        Sid = "ChangeSets"
        Effect = "Allow"
        Action = [
          "cloudformation:CreateChangeSet",
          "cloudformation:DeleteChangeSet",
          "cloudformation:DescribeChangeSet",
          "cloudformation:DescribeStackEvents",
          "cloudformation:DescribeStacks",
          "cloudformation:ExecuteChangeSet",
          "cloudformation:GetTemplate",
          "cloudformation:ValidateTemplate",
        ]
        Resource = "*"
      },
      {
        Sid = "PublishPackages"
        Effect = "Allow"
        Action = [
          "codeartifact:PublishPackageVersion",
          "codeartifact:PutPackageMetadata",
        ]
        Resource = "arn:${data.aws_partition.current.partition}:codeartifact:*:${data.aws_caller_identity.current.account_id}:package/*"
      },
      {
        Sid = "AssumeBootstrapRoles"
        Effect = "Allow"
        Action = "sts:AssumeRole"
        Resource = [
          "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-hnb659fds-deploy-role-${data.aws_caller_identity.current.account_id}-*",
          "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-hnb659fds-file-publishing-role-${data.aws_caller_identity.current.account_id}-*",
          "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-hnb659fds-image-publishing-role-${data.aws_caller_identity.current.account_id}-*",
          "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-hnb659fds-lookup-role-${data.aws_caller_identity.current.account_id}-*",
        ]
      },
      {
        Sid = "PassExecutionRole"
        Effect = "Allow"
        Action = "iam:PassRole"
        Resource = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-hnb659fds-cfn-exec-role-${data.aws_caller_identity.current.account_id}-*"
        Condition = {
          StringEquals = {
            "iam:PassedToService" = "cloudformation.amazonaws.com"
          }
        }
      },
      {
        Sid = "OnlyFromTheseAddresses"
        Effect = "Deny"
        Action = "*"
        Resource = "*"
        Condition = {
          NotIpAddress = {
            "aws:SourceIp" = [
              "198.51.100.0/24",
              "2001:db8::/32",
            ]
          }
          Bool = {
            "aws:ViaAWSService" = "false"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "web_production_role_read_only_access" {
  role       = aws_iam_role.web_production_role.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy_attachment" "web_production_role_awscode_artifact_read_only_access" {
  role       = aws_iam_role.web_production_role.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AWSCodeArtifactReadOnlyAccess"
}

output "web_production_role_arn" {
  description = "AWS_ROLE_ARN for Bitbucket Pipelines: deployments of web to production"
  value       = aws_iam_role.web_production_role.arn
}

resource "aws_iam_role" "web_read_only_role" {
  name                 = "bitbucket-web-read-only"
  description          = "Bitbucket Pipelines: every step of web"
  max_session_duration = 7200
  assume_role_policy   = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Federated = aws_iam_openid_connect_provider.bitbucket.arn
      }
      Action = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud" = "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"
        }
        StringLike = {
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub" = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:*"
        }
        IpAddress = {
          "aws:SourceIp" = [
            "198.51.100.0/24",
            "2001:db8::/32",
          ]
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "web_read_only_role" {
  name = "keyless"
  role = aws_iam_role.web_read_only_role.name
  # AssumeBootstrapRoles: allows the CDK to assume the roles of the bootstrap stack in this account
  # OnlyFromTheseAddresses: denies calls from other addresses, except calls that AWS services make for the session
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid = "AssumeBootstrapRoles"
        Effect = "Allow"
        Action = "sts:AssumeRole"
        Resource = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-hnb659fds-lookup-role-${data.aws_caller_identity.current.account_id}-*"
      },
      {
        Sid = "OnlyFromTheseAddresses"
        Effect = "Deny"
        Action = "*"
        Resource = "*"
        Condition = {
          NotIpAddress = {
            "aws:SourceIp" = [
              "198.51.100.0/24",
              "2001:db8::/32",
            ]
          }
          Bool = {
            "aws:ViaAWSService" = "false"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "web_read_only_role_read_only_access" {
  role       = aws_iam_role.web_read_only_role.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/ReadOnlyAccess"
}

output "web_read_only_role_arn" {
  description = "AWS_ROLE_ARN for Bitbucket Pipelines: every step of web"
  value       = aws_iam_role.web_read_only_role.arn
}
