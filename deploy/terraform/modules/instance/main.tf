# The one machine: its role, its settings, its disk and its address.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.46, < 7"
    }
  }
}

locals {
  parameter = "/minichat/${var.env}"
  assume = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  # MINICHAT_… settings, by the names of docs/configuration.md. No secret is
  # among them: whoever may look at the instance can read its user data.
  settings = merge({
    MINICHAT_DATA       = "/var/lib/minichat"
    MINICHAT_VOLUME     = var.volume_id
    MINICHAT_LISTEN     = var.tls ? ":443" : ":8000"
    MINICHAT_TLS        = var.tls ? "auto" : "off"
    MINICHAT_PUBLIC_URL = var.public_url
    MINICHAT_FILES      = "s3://${var.uploads_bucket}/${var.uploads_prefix}?region=${var.region}"
    MINICHAT_BACKUP     = "s3://${var.backup_bucket}/${var.env}?region=${var.region}"
    MINICHAT_LOG_FORMAT = "json"
    }, var.lab_room == "" ? {} : { MINICHAT_LAB_ROOM = var.lab_room }
  )
  user_data = templatefile("${path.module}/user-data.yaml.tftpl", {
    settings  = local.settings
    artifacts = var.artifacts_bucket
    parameter = local.parameter
    region    = var.region
    low_ports = var.tls
    agent     = var.agent
  })
}

module "policy" {
  source           = "../policy"
  region           = var.region
  account_id       = var.account_id
  env              = var.env
  uploads_bucket   = var.uploads_bucket
  uploads_prefix   = var.uploads_prefix
  backup_bucket    = var.backup_bucket
  artifacts_bucket = var.artifacts_bucket
}

# The machine's own identity: keys that AWS changes every few hours and that no
# file holds.
resource "aws_iam_role" "server" {
  name               = "minichat-${var.env}-server"
  assume_role_policy = local.assume
}

resource "aws_iam_role_policy" "server" {
  name   = "minichat"
  role   = aws_iam_role.server.id
  policy = module.policy.server
}

# Lets the machine call SSM, by which an admin opens a shell without SSH.
resource "aws_iam_role_policy_attachment" "ssm" {
  role       = aws_iam_role.server.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "server" {
  name = "minichat-${var.env}-server"
  role = aws_iam_role.server.name
}

# Which release runs. A new one is a new value here, and never new user data.
resource "aws_ssm_parameter" "version" {
  name  = "${local.parameter}/version"
  type  = "String"
  value = var.minichat_version
  lifecycle {
    ignore_changes = [value] # deploy/publish sets it afterwards
  }
}

# What CloudFront shows to be let in. The server takes both of the two.
resource "aws_ssm_parameter" "origin_verify" {
  name  = "${local.parameter}/origin-verify"
  type  = "SecureString"
  value = join(",", [for slot in sort(keys(var.origin_verify)) : var.origin_verify[slot]])
}

# What the CloudWatch agent measures: memory, the disk of the history, and what
# the network card refused. Each of these costs some 0.30 USD a month.
resource "aws_ssm_parameter" "agent" {
  count = var.agent ? 1 : 0
  name  = "${local.parameter}/agent"
  type  = "String"
  value = jsonencode({
    agent = { metrics_collection_interval = 60 }
    metrics = {
      namespace              = "MiniChat"
      append_dimensions      = { InstanceId = "$${aws:InstanceId}" }
      aggregation_dimensions = [["InstanceId"]] # alarms ask by the machine alone
      metrics_collected = {
        mem     = { measurement = ["mem_used_percent"] }
        disk    = { measurement = ["disk_used_percent"], resources = ["/var/lib/minichat"], drop_device = true }
        ethtool = { interface_include = ["*"], metrics_include = ["conntrack_allowance_available", "conntrack_allowance_exceeded", "bw_out_allowance_exceeded", "pps_allowance_exceeded"] }
      }
    }
  })
}

# Logs that are sent on demand; without a limit they would cost for ever.
resource "aws_cloudwatch_log_group" "server" {
  name              = "/minichat/${var.env}"
  retention_in_days = 14
}

# Amazon Linux 2023 for arm64: what AWS says is the newest.
data "aws_ssm_parameter" "ami" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_instance" "server" {
  ami                         = data.aws_ssm_parameter.ami.value
  instance_type               = var.instance_type
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = var.security_group_ids
  iam_instance_profile        = aws_iam_instance_profile.server.name
  user_data                   = local.user_data
  user_data_replace_on_change = false
  disable_api_termination     = var.protect
  tags                        = { Name = "minichat-${var.env}" }

  # Only who can ask with a token gets the role's keys, and no program behind a
  # further hop: a server that is tricked into fetching an address cannot.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  # The system's own disk; nothing that matters is on it.
  root_block_device {
    volume_type = "gp3"
    volume_size = 8
    encrypted   = true
  }

  # Small machines save up processor time. "standard" slows them down when it is
  # used up, "unlimited" would send a bill.
  dynamic "credit_specification" {
    for_each = startswith(var.instance_type, "t") ? ["standard"] : []
    content {
      cpu_credits = credit_specification.value
    }
  }

  # When AWS's hardware fails, the same machine starts elsewhere by itself.
  maintenance_options {
    auto_recovery = "default"
  }

  # All that the first boot reads must be there before it.
  depends_on = [aws_iam_role_policy.server, aws_ssm_parameter.version, aws_ssm_parameter.origin_verify, aws_ssm_parameter.agent]

  lifecycle {
    # Neither a newer image nor another setting stops or replaces the machine by
    # itself: settings are changed on it, or by a new one (-replace).
    ignore_changes = [ami, user_data]
  }
}

# The history's disk. The machine is stopped before it is taken away, so that
# everything is written; a running one is never robbed of it.
resource "aws_volume_attachment" "data" {
  device_name                    = "/dev/sdf" # minichat-data finds it by its id, whatever it is called
  volume_id                      = var.volume_id
  instance_id                    = aws_instance.server.id
  stop_instance_before_detaching = true
  force_detach                   = false
}

# It comes a moment after the machine has begun to boot; the first boot waits.
resource "aws_eip_association" "server" {
  allocation_id = var.address_id
  instance_id   = aws_instance.server.id
}
