# What the medium stack would make. The provider is mocked: nothing is asked of AWS.

mock_provider "aws" {
  override_during = plan
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { value = "ami-0123456789abcdef0" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::bucket" }
  }
  mock_resource "aws_eip" {
    defaults = { allocation_id = "eipalloc-0123456789abcdef0", public_ip = "192.0.2.10", public_dns = "ec2-192-0-2-10.eu-west-1.compute.amazonaws.com" }
  }
  mock_resource "aws_subnet" {
    defaults = { id = "subnet-0123456789abcdef0" }
  }
  mock_resource "aws_instance" {
    defaults = { id = "i-0123456789abcdef0" }
  }
  mock_resource "aws_cloudfront_distribution" {
    defaults = { arn = "arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE", domain_name = "d111111abcdef8.cloudfront.net" }
  }
  mock_resource "aws_route53_record" {
    defaults = { fqdn = "origin.chat.example.org" }
  }
}

mock_provider "aws" {
  alias           = "us_east_1"
  override_during = plan
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn                       = "arn:aws:acm:us-east-1:123456789012:certificate/example"
      domain_validation_options = [{ domain_name = "chat.example.org", resource_record_name = "_proof.chat.example.org.", resource_record_type = "CNAME", resource_record_value = "_proof.acm-validations.aws." }]
    }
  }
}

variables {
  region             = "eu-west-1"
  availability_zone  = "eu-west-1a"
  volume_id          = "vol-0123456789abcdef0"
  uploads_bucket     = "minichat-prod-uploads-123456789012"
  backup_bucket      = "minichat-prod-backup-123456789012"
  artifacts_bucket   = "minichat-prod-artifacts-123456789012"
  minichat_version   = "1.0.0"
  alert_email        = "ops@example.org"
  monthly_budget_usd = 20
}

run "plan" {
  command = plan

  assert {
    condition     = output.url == "https://d111111abcdef8.cloudfront.net"
    error_message = "without a domain people open CloudFront's name: ${output.url}"
  }
  assert {
    condition     = !strcontains(output.user_data, "MINICHAT_LAB_ROOM") && strcontains(output.user_data, "MINICHAT_LISTEN=:8000\n") && strcontains(output.user_data, "MINICHAT_TLS=off\n")
    error_message = "the server's settings are not those of a server behind CloudFront: ${output.user_data}"
  }
  assert {
    condition     = output.alarms == tolist(["minichat-prod-bandwidth", "minichat-prod-conntrack", "minichat-prod-disk", "minichat-prod-errors", "minichat-prod-hardware", "minichat-prod-memory", "minichat-prod-refused", "minichat-prod-system", "minichat-prod-traffic"])
    error_message = "other alarms: ${join(", ", output.alarms)}"
  }
  assert {
    condition     = strcontains(output.next, output.shell) && strcontains(output.next, output.url) && strcontains(output.next, "deploy/publish page")
    error_message = "what to do next is not told"
  }
}

run "with_a_name_and_a_lab" {
  command = plan
  variables {
    domain         = "chat.example.org"
    hosted_zone_id = "Z0123456789ABCDEFGHIJ"
    lab_room       = "lobby"
  }
  assert {
    condition     = output.url == "https://chat.example.org" && aws_route53_record.origin[0].name == "origin.chat.example.org"
    error_message = "the names are not made: ${output.url}"
  }
  assert {
    condition     = strcontains(output.user_data, "MINICHAT_LAB_ROOM=lobby\n") && strcontains(output.user_data, "MINICHAT_LISTEN=:443\n") && strcontains(output.user_data, "MINICHAT_TLS=auto\n")
    error_message = "the server does not get its room or its certificate: ${output.user_data}"
  }
}

run "wrong_values_are_refused" {
  command = plan
  variables {
    region             = "Ireland"
    env                = "Prod!"
    volume_id          = "/dev/xvdbf"
    uploads_bucket     = "Uploads"
    backup_bucket      = "back.up"
    artifacts_bucket   = "a"
    minichat_version   = "latest"
    alert_email        = "nobody"
    monthly_budget_usd = 0
    domain             = "https://chat.example.org/"
    lab_room           = "The Lobby"
    protect            = null
    origin_verify_slot = "c"
  }
  expect_failures = [
    var.region, var.env, var.volume_id, var.uploads_bucket, var.backup_bucket, var.artifacts_bucket, var.minichat_version,
    var.alert_email, var.monthly_budget_usd, var.domain, var.lab_room, var.protect, var.origin_verify_slot,
  ]
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

run "a_domain_without_its_zone_is_refused" {
  command = plan
  variables {
    domain = "chat.example.org"
  }
  expect_failures = [var.hosted_zone_id]
}

run "a_zone_without_a_domain_is_refused" {
  command = plan
  variables {
    hosted_zone_id = "Z0123456789ABCDEFGHIJ"
  }
  expect_failures = [var.hosted_zone_id]
}
