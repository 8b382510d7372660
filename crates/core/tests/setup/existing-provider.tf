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

resource "aws_iam_role" "web_role" {
  name                 = "bitbucket-web"
  description          = "Bitbucket Pipelines: every step of web"
  max_session_duration = 3600
  assume_role_policy   = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Principal = {
        Federated = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
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

resource "aws_iam_role_policy" "web_role" {
  name = "keyless"
  role = aws_iam_role.web_role.name
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

output "web_role_arn" {
  description = "AWS_ROLE_ARN for Bitbucket Pipelines: every step of web"
  value       = aws_iam_role.web_role.arn
}
