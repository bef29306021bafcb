# How the modules hang together. This file is the same in small and medium.

provider "aws" {
  region = var.region
  default_tags {
    tags = { App = "minichat", Env = var.env, ManagedBy = "terraform" }
  }
}

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
  default_tags {
    tags = { App = "minichat", Env = var.env, ManagedBy = "terraform" }
  }
}

data "aws_caller_identity" "this" {}

locals {
  account  = data.aws_caller_identity.this.account_id
  own_name = var.domain != ""
}

# Where the server stands, and who reaches it.
module "network" {
  source                = "../../modules/network"
  env                   = var.env
  availability_zone     = var.availability_zone
  ports_from_cloudfront = local.own_name ? [80, 443] : [8000]
}

# By which name CloudFront finds the server.
resource "aws_route53_record" "origin" {
  count   = local.own_name ? 1 : 0
  zone_id = var.hosted_zone_id
  name    = "origin.${var.domain}"
  type    = "A"
  ttl     = 300
  records = [module.network.address]
}

# What people open.
module "edge" {
  source             = "../../modules/edge"
  providers          = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  region             = var.region
  env                = var.env
  domain             = var.domain
  hosted_zone_id     = var.hosted_zone_id
  origin_host        = local.own_name ? aws_route53_record.origin[0].fqdn : module.network.address_name
  origin_verify_slot = var.origin_verify_slot
  uploads_bucket     = var.uploads_bucket
  site_bucket        = "minichat-${var.env}-site-${local.account}"
  lab                = var.lab_room != ""
}

# The server.
module "instance" {
  source             = "../../modules/instance"
  region             = var.region
  account_id         = local.account
  env                = var.env
  instance_type      = local.instance_type
  subnet_id          = module.network.subnet_id
  security_group_ids = module.network.security_group_ids
  address_id         = module.network.address_id
  volume_id          = var.volume_id
  uploads_bucket     = var.uploads_bucket
  backup_bucket      = var.backup_bucket
  artifacts_bucket   = var.artifacts_bucket
  minichat_version   = var.minichat_version
  public_url         = module.edge.url
  tls                = local.own_name
  lab_room           = var.lab_room
  origin_verify      = module.edge.origin_verify
  protect            = var.protect
  agent              = local.agent
}

# Copies of the history's disk.
module "snapshots" {
  source      = "../../modules/snapshots"
  env         = var.env
  daily_kept  = local.daily_snapshots
  hourly_kept = local.hourly_snapshots
}

# Alarms and the budget.
module "observability" {
  source                   = "../../modules/observability"
  providers                = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  region                   = var.region
  account_id               = local.account
  env                      = var.env
  instance_id              = module.instance.instance_id
  instance_type            = local.instance_type
  distribution_id          = module.edge.distribution_id
  alert_email              = var.alert_email
  monthly_budget_usd       = var.monthly_budget_usd
  network_out_gib_per_hour = local.network_out_gib_per_hour
  agent                    = local.agent
}
