# A network of its own with one public subnet: no NAT gateway, which would cost
# more than the machine, and no way in but CloudFront's.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.46, < 7"
    }
  }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # gives the fixed address the name that CloudFront needs
  tags                 = { Name = "minichat-${var.env}" }
}

# A volume can only be attached in its own zone, so the subnet is there too.
resource "aws_subnet" "public" {
  vpc_id                  = aws_vpc.this.id
  cidr_block              = var.cidr
  availability_zone       = var.availability_zone
  map_public_ip_on_launch = false # the fixed address is enough, each costs 3.65 USD a month
  tags                    = { Name = "minichat-${var.env}" }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "minichat-${var.env}" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
  tags = { Name = "minichat-${var.env}" }
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

# The address outlives the machine: after a stop and start it is the same.
resource "aws_eip" "server" {
  domain     = "vpc"
  depends_on = [aws_internet_gateway.this]
  tags       = { Name = "minichat-${var.env}" }
}

# The addresses from which CloudFront calls origins; AWS keeps the list.
data "aws_ec2_managed_prefix_list" "cloudfront" {
  name = "com.amazonaws.global.cloudfront.origin-facing"
}

# That list weighs some 55 of the 60 rules that a group may have, so each port
# has a group of its own.
resource "aws_security_group" "from_cloudfront" {
  for_each    = local.ports
  name        = "minichat-${var.env}-from-cloudfront-${each.value}"
  description = "Port ${each.value} from CloudFront and nobody else"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "minichat-${var.env}-from-cloudfront-${each.value}" }
}

resource "aws_vpc_security_group_ingress_rule" "from_cloudfront" {
  for_each          = local.ports
  security_group_id = aws_security_group.from_cloudfront[each.key].id
  description       = "CloudFront"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront.id
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}

# Out: https for S3, SSM and packages, names and time. There is no port 22, in
# or out: a shell comes by SSM, which the machine itself calls.
resource "aws_security_group" "out" {
  name        = "minichat-${var.env}-out"
  description = "What the server may reach"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "minichat-${var.env}-out" }
}

resource "aws_vpc_security_group_egress_rule" "out" {
  for_each          = local.egress
  security_group_id = aws_security_group.out.id
  description       = each.key
  cidr_ipv4         = each.value.to
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = each.value.port
}

locals {
  ports = toset([for p in var.ports_from_cloudfront : tostring(p)])
  egress = {
    "https"        = { to = "0.0.0.0/0", protocol = "tcp", port = 443 }
    "names by udp" = { to = var.cidr, protocol = "udp", port = 53 }
    "names by tcp" = { to = var.cidr, protocol = "tcp", port = 53 }
    "time"         = { to = "169.254.169.123/32", protocol = "udp", port = 123 }
  }
}
