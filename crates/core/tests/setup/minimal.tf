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
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid = "AssumeBootstrapRoles"
      Effect = "Allow"
      Action = "sts:AssumeRole"
      Resource = [
        "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-hnb659fds-deploy-role-${data.aws_caller_identity.current.account_id}-*",
        "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-hnb659fds-file-publishing-role-${data.aws_caller_identity.current.account_id}-*",
        "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-hnb659fds-image-publishing-role-${data.aws_caller_identity.current.account_id}-*",
        "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/cdk-hnb659fds-lookup-role-${data.aws_caller_identity.current.account_id}-*",
      ]
    }]
  })
}

output "web_production_role_arn" {
  description = "AWS_ROLE_ARN for Bitbucket Pipelines: deployments of web to production"
  value       = aws_iam_role.web_production_role.arn
}
