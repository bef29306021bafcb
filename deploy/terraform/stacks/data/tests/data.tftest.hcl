# What the data stack would make. The provider is mocked: nothing is asked of AWS.

mock_provider "aws" {
  override_during = plan
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::bucket" }
  }
}

variables {
  region            = "eu-west-1"
  availability_zone = "eu-west-1a"
}

run "plan" {
  command = plan

  assert {
    condition     = aws_ebs_volume.history.encrypted && aws_ebs_volume.history.final_snapshot && aws_ebs_volume.history.type == "gp3" && aws_ebs_volume.history.size == 10
    error_message = "the history's disk must be an encrypted gp3 that leaves a snapshot"
  }
  assert {
    condition     = aws_ebs_volume.history.tags.Snapshot == "minichat-prod"
    error_message = "snapshots find the disk by its tag"
  }
  assert {
    condition     = [for s in jsondecode(output.policies.uploads).Statement : s.Condition.NumericGreaterThan["s3:signatureAge"] if s.Sid == "NoOldLinks"] == ["900000"]
    error_message = "links to attachments must die after 15 minutes: ${output.policies.uploads}"
  }
  assert {
    condition     = alltrue([for p in values(output.policies) : alltrue([for s in jsondecode(p).Statement : s.Effect == "Deny"])])
    error_message = "a policy of these buckets only denies"
  }
}

run "wrong_values_are_refused" {
  command = plan
  variables {
    region        = "Ireland"
    env           = "Prod!"
    volume_gib    = 0.5
    force_destroy = null
  }
  expect_failures = [var.region, var.env, var.volume_gib, var.force_destroy]
}

run "a_zone_of_another_region_is_refused" {
  command = plan
  variables {
    availability_zone = "eu-central-1a"
  }
  expect_failures = [var.availability_zone]
}

run "a_zone_without_its_letter_is_refused" {
  command = plan
  variables {
    availability_zone = "eu-west-1"
  }
  expect_failures = [var.availability_zone]
}
