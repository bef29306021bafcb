# What must outlive everything else: the history's disk and the buckets. A stack
# of its own, so that removing the server can never remove what people wrote.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.46, < 7"
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { App = "minichat", Env = var.env, ManagedBy = "terraform" }
  }
}

data "aws_caller_identity" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  # The account's number is in the names because they must be free in all of AWS.
  bucket = { for use in ["uploads", "backup", "artifacts"] : use => "minichat-${var.env}-${use}-${local.account}" }
}

# The history. It is never formatted by Terraform: the server's package does
# that, once, and only if the disk is blank.
resource "aws_ebs_volume" "history" {
  availability_zone = var.availability_zone
  size              = var.volume_gib
  type              = "gp3"
  iops              = 3000 # what gp3 gives without extra charge
  throughput        = 125
  encrypted         = true
  final_snapshot    = true # whoever destroys it keeps a snapshot, to be deleted by hand
  tags = {
    Name     = "minichat-${var.env}-history"
    Snapshot = "minichat-${var.env}" # by which snapshots find it
  }

  lifecycle {
    prevent_destroy = true # cleanup_override.tf.example lifts it
  }
}

# Attachments. Links to them are dead after 15 minutes, whoever made them.
module "uploads" {
  source               = "../../modules/bucket"
  name                 = local.bucket.uploads
  force_destroy        = var.force_destroy
  noncurrent_days      = 30
  max_signature_age_ms = 900000
  temporary_prefix     = "tmp/"
  cheaper_after_days   = 30
}

# Backups that the server makes. What it deletes stays for 30 days: a stolen
# role cannot make them go at once.
module "backup" {
  source          = "../../modules/bucket"
  name            = local.bucket.backup
  force_destroy   = var.force_destroy
  noncurrent_days = 30
}

# Packages of releases, from which the machine installs.
module "artifacts" {
  source          = "../../modules/bucket"
  name            = local.bucket.artifacts
  force_destroy   = var.force_destroy
  noncurrent_days = 90 # to go back to an older one
}
