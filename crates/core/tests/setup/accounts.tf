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
  path                 = "/ci/"
  description          = "Bitbucket Pipelines: deployments of web to production"
  permissions_boundary = "arn:aws:iam::123456789012:policy/ci/boundary"
  max_session_duration = 3600
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
      }
    }]
  })
}

resource "aws_iam_role_policy" "web_production_role" {
  name = "keyless"
  role = aws_iam_role.web_production_role.name
  # AssumeBootstrapRoles: allows the CDK to assume the roles of the bootstrap stack in this account
  # AssumeBootstrapRolesElsewhere: allows the CDK to assume the roles of the bootstrap stacks in the deployment accounts
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid = "AssumeBootstrapRoles"
        Effect = "Allow"
        Action = "sts:AssumeRole"
        Resource = [
          "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-acme-deploy-role-${data.aws_caller_identity.current.account_id}-*",
          "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-acme-file-publishing-role-${data.aws_caller_identity.current.account_id}-*",
          "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-acme-image-publishing-role-${data.aws_caller_identity.current.account_id}-*",
          "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-acme-lookup-role-${data.aws_caller_identity.current.account_id}-*",
        ]
      },
      {
        Sid = "AssumeBootstrapRolesElsewhere"
        Effect = "Allow"
        Action = "sts:AssumeRole"
        Resource = [
          "arn:${data.aws_partition.current.partition}:iam::111111111111:role/cdk-acme-deploy-role-111111111111-*",
          "arn:${data.aws_partition.current.partition}:iam::111111111111:role/cdk-acme-file-publishing-role-111111111111-*",
          "arn:${data.aws_partition.current.partition}:iam::111111111111:role/cdk-acme-image-publishing-role-111111111111-*",
          "arn:${data.aws_partition.current.partition}:iam::111111111111:role/cdk-acme-lookup-role-111111111111-*",
          "arn:${data.aws_partition.current.partition}:iam::222222222222:role/cdk-acme-deploy-role-222222222222-*",
          "arn:${data.aws_partition.current.partition}:iam::222222222222:role/cdk-acme-file-publishing-role-222222222222-*",
          "arn:${data.aws_partition.current.partition}:iam::222222222222:role/cdk-acme-image-publishing-role-222222222222-*",
          "arn:${data.aws_partition.current.partition}:iam::222222222222:role/cdk-acme-lookup-role-222222222222-*",
        ]
      },
    ]
  })
}

output "web_production_role_arn" {
  description = "AWS_ROLE_ARN for Bitbucket Pipelines: deployments of web to production"
  value       = aws_iam_role.web_production_role.arn
}

resource "aws_iam_role" "web_read_only_role" {
  name                 = "bitbucket-web-read-only"
  path                 = "/ci/"
  description          = "Bitbucket Pipelines: every step of web"
  permissions_boundary = "arn:aws:iam::123456789012:policy/ci/boundary"
  max_session_duration = 3600
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
      }
    }]
  })
}

resource "aws_iam_role_policy" "web_read_only_role" {
  name = "keyless"
  role = aws_iam_role.web_read_only_role.name
  # AssumeBootstrapRoles: allows the CDK to assume the roles of the bootstrap stack in this account
  # AssumeBootstrapRolesElsewhere: allows the CDK to assume the roles of the bootstrap stacks in the deployment accounts
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid = "AssumeBootstrapRoles"
        Effect = "Allow"
        Action = "sts:AssumeRole"
        Resource = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-acme-lookup-role-${data.aws_caller_identity.current.account_id}-*"
      },
      {
        Sid = "AssumeBootstrapRolesElsewhere"
        Effect = "Allow"
        Action = "sts:AssumeRole"
        Resource = [
          "arn:${data.aws_partition.current.partition}:iam::111111111111:role/cdk-acme-lookup-role-111111111111-*",
          "arn:${data.aws_partition.current.partition}:iam::222222222222:role/cdk-acme-lookup-role-222222222222-*",
        ]
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

resource "aws_iam_role" "web_preview_read_only_role" {
  name                 = "bitbucket-web-preview-read-only"
  path                 = "/ci/"
  description          = "Bitbucket Pipelines: deployments of web to preview"
  permissions_boundary = "arn:aws:iam::123456789012:policy/ci/boundary"
  max_session_duration = 3600
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
          "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub" = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{1a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "web_preview_read_only_role" {
  name = "keyless"
  role = aws_iam_role.web_preview_read_only_role.name
  # AssumeBootstrapRoles: allows the CDK to assume the roles of the bootstrap stack in this account
  # AssumeBootstrapRolesElsewhere: allows the CDK to assume the roles of the bootstrap stacks in the deployment accounts
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid = "AssumeBootstrapRoles"
        Effect = "Allow"
        Action = "sts:AssumeRole"
        Resource = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-acme-lookup-role-${data.aws_caller_identity.current.account_id}-*"
      },
      {
        Sid = "AssumeBootstrapRolesElsewhere"
        Effect = "Allow"
        Action = "sts:AssumeRole"
        Resource = [
          "arn:${data.aws_partition.current.partition}:iam::111111111111:role/cdk-acme-lookup-role-111111111111-*",
          "arn:${data.aws_partition.current.partition}:iam::222222222222:role/cdk-acme-lookup-role-222222222222-*",
        ]
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "web_preview_read_only_role_read_only_access" {
  role       = aws_iam_role.web_preview_read_only_role.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/ReadOnlyAccess"
}

output "web_preview_read_only_role_arn" {
  description = "AWS_ROLE_ARN for Bitbucket Pipelines: deployments of web to preview"
  value       = aws_iam_role.web_preview_read_only_role.arn
}
