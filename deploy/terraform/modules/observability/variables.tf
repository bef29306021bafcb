variable "region" {
  description = "The region of everything but CloudFront's certificate and metrics."
  type        = string
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region \"${var.region}\" is no region of AWS; use one such as eu-west-1."
  }
}

variable "account_id" {
  description = "The account's number."
  type        = string
  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be the 12 digits of an account, such as 123456789012."
  }
}

variable "env" {
  description = "The name of this installation; it is in the names of all that is made."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.env))
    error_message = "env \"${var.env}\" cannot be in names; use 2 to 16 of a-z, 0-9 and -, beginning with a letter, such as prod or class-1."
  }
}

variable "instance_id" {
  description = "The machine."
  type        = string
  validation {
    condition     = startswith(var.instance_id, "i-")
    error_message = "instance_id must be a machine, such as i-0123456789abcdef0."
  }
}

variable "instance_type" {
  description = "The machine; an arm64 one."
  type        = string
  validation {
    condition     = can(regex("^(t4g|[cmr](6g|7g|8g)[dn]?)\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type \"${var.instance_type}\" is not made for this image; use one with an arm64 processor, such as t4g.micro, t4g.small or m7g.large."
  }
}

variable "distribution_id" {
  description = "The CloudFront distribution."
  type        = string
  validation {
    condition     = length(var.distribution_id) > 0
    error_message = "distribution_id must not be empty."
  }
}

variable "alert_email" {
  description = "Who is told of alarms and of the budget."
  type        = string
  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", var.alert_email))
    error_message = "alert_email \"${var.alert_email}\" is no address; use one such as ops@example.org."
  }
}

variable "monthly_budget_usd" {
  description = "A mail comes when the account's bill of a month reaches 80 % and 100 % of this, in USD."
  type        = number
  validation {
    condition     = var.monthly_budget_usd >= 1 && var.monthly_budget_usd <= 1000000
    error_message = "monthly_budget_usd must be from 1 to 1000000, such as 20."
  }
}

variable "network_out_gib_per_hour" {
  description = "An alarm tells when more than this goes out in an hour, in GiB."
  type        = number
  validation {
    condition     = var.network_out_gib_per_hour > 0
    error_message = "network_out_gib_per_hour must be more than 0, such as 5."
  }
}

variable "agent" {
  description = "Whether the CloudWatch agent measures memory and disks, for some 3 USD a month."
  type        = bool
  default     = false
  validation {
    condition     = var.agent != null
    error_message = "agent must be true or false."
  }
}
