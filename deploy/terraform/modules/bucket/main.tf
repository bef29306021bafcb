# One closed bucket. Every bucket of MiniChat is made by this module, so none can
# be made without these rules.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.46, < 7"
    }
  }
}

locals {
  # Nobody reads or writes it without TLS 1.2, whatever else allows him to.
  tls_only = [
    {
      Sid       = "NeverWithoutTLS"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    },
    {
      Sid       = "NeverWithOldTLS"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
    },
  ]
  # A link that somebody signed is dead after this time, whatever the signer wrote
  # into it: a link in the wrong hands is worth little.
  short_links = [for age in var.max_signature_age_ms[*] : {
    Sid       = "NoOldLinks"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = "${aws_s3_bucket.this.arn}/*"
    Condition = { NumericGreaterThan = { "s3:signatureAge" = tostring(age) } }
  }]
  # CloudFront may read, and only this one distribution: not anybody else's.
  read_by_distribution = [for arn in var.reader_distribution_arn[*] : {
    Sid       = "ReadByOurDistribution"
    Effect    = "Allow"
    Principal = { Service = "cloudfront.amazonaws.com" }
    Action    = ["s3:GetObject"]
    Resource  = "${aws_s3_bucket.this.arn}/*"
    Condition = { StringEquals = { "AWS:SourceArn" = arn } }
  }]
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.tls_only, local.short_links, local.read_by_distribution)
  })
}

# Its own bucket for each use, so that no rule for one can open another.
resource "aws_s3_bucket" "this" {
  bucket        = var.name
  force_destroy = var.force_destroy # false: "destroy" refuses while anything is inside
}

# All four: no rule, old or new, can open the bucket to the public.
resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Access lists are switched off: policies alone decide.
resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Written to AWS's disks encrypted, with keys that S3 keeps; it costs nothing.
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# What is deleted or overwritten by mistake stays for noncurrent_days.
resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket     = aws_s3_bucket.this.id
  depends_on = [aws_s3_bucket_versioning.this] # its rules are about versions

  # Parts of an upload that nobody finished are invisible, and cost like all else.
  rule {
    id     = "abort-unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "forget-old-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }
    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = var.temporary_prefix[*]
    content {
      id     = "forget-temporary"
      status = "Enabled"
      filter {
        prefix = rule.value
      }
      expiration {
        days = 1
      }
    }
  }

  # Old files are read seldom; S3 then moves them to where they cost less.
  dynamic "rule" {
    for_each = var.cheaper_after_days[*]
    content {
      id     = "cheaper-when-old"
      status = "Enabled"
      filter {}
      transition {
        days          = rule.value
        storage_class = "INTELLIGENT_TIERING"
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket     = aws_s3_bucket.this.id
  policy     = local.policy
  depends_on = [aws_s3_bucket_public_access_block.this] # closed first, then the rules
}
