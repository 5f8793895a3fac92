# The least that a warehouse on Redshift Serverless needs: a bucket for rows on their way, a role
# with which COPY reads it, a namespace and a workgroup. See docs/redshift.md.
# Written from the provider's documentation. Its syntax was checked by `terraform fmt`, all arguments
# and attributes against the provider's schema (bindings cdktf-provider-aws 21.22); neither
# `terraform validate` nor `terraform apply` has run.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

variable "name" { default = "shop-sales" }
variable "subnet_ids" { type = list(string) }         # three, in three availability zones
variable "security_group_ids" { type = list(string) } # lets this machine reach port 5439

resource "aws_s3_bucket" "rows" { bucket_prefix = "${var.name}-rows-" }

resource "aws_s3_bucket_public_access_block" "rows" {
  bucket                  = aws_s3_bucket.rows.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "rows" { # should a run be killed and none follow
  bucket = aws_s3_bucket.rows.id
  rule {
    id     = "leftovers"
    status = "Enabled"
    filter {}
    expiration { days = 1 }
  }
}

resource "aws_iam_role" "copy" {
  name = "${var.name}-copy"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"] }
    }]
  })
}

resource "aws_iam_role_policy" "copy" {
  role = aws_iam_role.copy.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "s3:ListBucket", Resource = aws_s3_bucket.rows.arn },
      { Effect = "Allow", Action = "s3:GetObject", Resource = "${aws_s3_bucket.rows.arn}/*" },
    ]
  })
}

resource "aws_iam_policy" "run" { # attach it to whoever runs the pipeline
  name = "${var.name}-run"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "s3:ListBucket", Resource = aws_s3_bucket.rows.arn },
      {
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:DeleteObject"]
        Resource = "${aws_s3_bucket.rows.arn}/*"
      },
      {
        Effect   = "Allow"
        Action   = "redshift-serverless:GetCredentials"
        Resource = aws_redshiftserverless_workgroup.shop.arn
      },
    ]
  })
}

resource "aws_redshiftserverless_namespace" "shop" {
  namespace_name       = var.name
  db_name              = "shop"
  iam_roles            = [aws_iam_role.copy.arn]
  default_iam_role_arn = aws_iam_role.copy.arn
}

resource "aws_redshiftserverless_workgroup" "shop" {
  namespace_name     = aws_redshiftserverless_namespace.shop.namespace_name
  workgroup_name     = var.name
  base_capacity      = 8 # RPU: the least
  subnet_ids         = var.subnet_ids
  security_group_ids = var.security_group_ids
}

resource "aws_redshiftserverless_usage_limit" "shop" { # no bill runs away: RPU hours a day
  resource_arn  = aws_redshiftserverless_workgroup.shop.arn
  usage_type    = "serverless-compute"
  amount        = 8
  period        = "daily"
  breach_action = "deactivate"
}

output "warehouse" {
  value = join("", [
    "redshift://", aws_redshiftserverless_workgroup.shop.endpoint[0].address,
    ":5439/shop?bucket=", aws_s3_bucket.rows.id,
  ])
}
