locals {
  provider = "api.bitbucket.org/2.0/workspaces/${var.workspace}/pipelines-config/identity/oidc"
  repository = lower("{0F4C1F0A-1B2C-4D3E-8F90-A1B2C3D4E5F6}")
}

variable "workspace" {
  type    = string
  default = "acme"
}

data "aws_iam_policy_document" "deploy" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.bitbucket.arn]
    }
    condition {
      test     = "StringLike"
      variable = "${local.provider}:sub"
      values   = ["${local.repository}:*", "{repository}:{environment}:*"]
    }
    dynamic "condition" {
      for_each = var.addresses
      content {
        test     = "IpAddress"
        variable = "aws:SourceIp"
        values   = condition.value
      }
    }
  }
}

resource "aws_iam_role" "deploy" {
  name                 = "deploy"
  assume_role_policy   = data.aws_iam_policy_document.deploy.json
  max_session_duration = 3600
}
