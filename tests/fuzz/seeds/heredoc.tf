resource "aws_iam_role" "b" {
  # a policy as text
  assume_role_policy = <<-POLICY
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": "sts:AssumeRoleWithWebIdentity",
          "Principal": { "Federated": "${aws_iam_openid_connect_provider.bitbucket.arn}" },
          "Condition": { "StringLike": { "${var.provider}:sub": "{0f4c1f0a-1b2c-4d3e-8f90-a1b2c3d4e5f6}:*" } }
        }
      ]
    }
  POLICY
}
