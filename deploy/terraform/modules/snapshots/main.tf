# Snapshots of the volume by the clock. One taken while people chat is as after
# a cut of power, which the database is made to survive.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.46, < 7"
    }
  }
}

locals {
  assume = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "dlm.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  schedules = merge(
    { daily = { every = 24, at = ["03:00"], keep = var.daily_kept } },
    { for name, s in { hourly = { every = 1, at = ["00:30"], keep = var.hourly_kept } } : name => s if s.keep > 0 },
  )
}

# The identity of AWS's snapshot service for this.
resource "aws_iam_role" "dlm" {
  name               = "minichat-${var.env}-snapshots"
  assume_role_policy = local.assume
}

# AWS's own policy for this service: create, tag and delete snapshots.
resource "aws_iam_role_policy_attachment" "dlm" {
  role       = aws_iam_role.dlm.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"
}

# The volume is found by its tag, so a restored one is covered as soon as it is
# tagged, without a change here.
resource "aws_dlm_lifecycle_policy" "this" {
  description        = "MiniChat ${var.env}"
  execution_role_arn = aws_iam_role.dlm.arn
  state              = "ENABLED"
  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { Snapshot = "minichat-${var.env}" }
    dynamic "schedule" {
      for_each = local.schedules
      content {
        name      = schedule.key
        copy_tags = true
        create_rule {
          interval      = schedule.value.every
          interval_unit = "HOURS"
          times         = schedule.value.at
        }
        retain_rule {
          count = schedule.value.keep
        }
        tags_to_add = { Schedule = schedule.key }
      }
    }
  }
}
