# What the server may do in AWS: its whole list, and nothing else. A module
# without a provider, so that its text can be rendered and tried anywhere.

locals {
  arn        = "arn:aws"
  parameters = "${local.arn}:ssm:${var.region}:${var.account_id}:parameter/minichat/${var.env}"
  log_group  = "${local.arn}:logs:${var.region}:${var.account_id}:log-group:/minichat/${var.env}"

  # Attachments. PutObject covers all steps of an upload in parts.
  uploads = [
    {
      Sid      = "UploadsObjects"
      Effect   = "Allow"
      Action   = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      Resource = "${local.arn}:s3:::${var.uploads_bucket}/${var.uploads_prefix}/*"
    },
    { # Without ListBucket a missing object is answered by 403 instead of 404; that
      # question names no prefix, hence IfExists.
      Sid       = "UploadsList"
      Effect    = "Allow"
      Action    = ["s3:ListBucket"]
      Resource  = "${local.arn}:s3:::${var.uploads_bucket}"
      Condition = { StringLikeIfExists = { "s3:prefix" = ["${var.uploads_prefix}/*"] } }
    },
    {
      Sid      = "UploadsUnfinished"
      Effect   = "Allow"
      Action   = ["s3:ListBucketMultipartUploads"]
      Resource = "${local.arn}:s3:::${var.uploads_bucket}"
    },
  ]

  # Backups. It can delete one, and versioning keeps it: it cannot delete versions.
  backup = [
    {
      Sid      = "BackupObjects"
      Effect   = "Allow"
      Action   = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
      Resource = "${local.arn}:s3:::${var.backup_bucket}/${var.env}/*"
    },
    {
      Sid      = "BackupBucket"
      Effect   = "Allow"
      Action   = ["s3:ListBucket", "s3:GetBucketLocation"]
      Resource = "${local.arn}:s3:::${var.backup_bucket}"
    },
  ]

  # The package of a release, and the settings of this environment alone.
  own = [
    {
      Sid      = "Release"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = "${local.arn}:s3:::${var.artifacts_bucket}/releases/*"
    },
    {
      Sid      = "Config"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter", "ssm:GetParameters"]
      Resource = "${local.parameters}/*"
    },
  ]

  # PutMetricData takes no resource; the namespace bounds it instead.
  seen = [
    {
      Sid       = "Metrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = "MiniChat" } }
    },
    {
      Sid      = "Logs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${local.log_group}:*"
    },
  ]

  server = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.uploads, local.backup, local.own, local.seen)
  })
}
