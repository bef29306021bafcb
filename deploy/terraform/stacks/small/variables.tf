variable "region" {
  description = "The region of everything but CloudFront's certificate and metrics."
  type        = string
  default     = "eu-west-1"
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region \"${var.region}\" is no region of AWS; use one such as eu-west-1."
  }
}

variable "env" {
  description = "The name of this installation; it is in the names of all that is made."
  type        = string
  default     = "prod"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.env))
    error_message = "env \"${var.env}\" cannot be in names; use 2 to 16 of a-z, 0-9 and -, beginning with a letter, such as prod or class-1."
  }
}

variable "availability_zone" {
  description = "The zone of the volume; the machine must be there too."
  type        = string
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$", var.availability_zone))
    error_message = "availability_zone \"${var.availability_zone}\" is no zone; use the region and a letter, such as eu-west-1a."
  }
  validation {
    condition     = startswith(var.availability_zone, var.region)
    error_message = "availability_zone \"${var.availability_zone}\" is not in the region ${var.region}; use one of its zones, such as ${var.region}a."
  }
}

variable "volume_id" {
  description = "The history's disk, from the data stack."
  type        = string
  validation {
    condition     = can(regex("^vol-([0-9a-f]{8}|[0-9a-f]{17})$", var.volume_id))
    error_message = "volume_id \"${var.volume_id}\" is no volume; use the id that the data stack puts out, such as vol-0123456789abcdef0."
  }
}

variable "uploads_bucket" {
  description = "The bucket for attachments, from the data stack."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.uploads_bucket))
    error_message = "uploads_bucket \"${var.uploads_bucket}\" cannot be a bucket; use the name that the data stack puts out, such as minichat-prod-uploads-123456789012."
  }
}

variable "backup_bucket" {
  description = "The bucket for backups, from the data stack."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.backup_bucket))
    error_message = "backup_bucket \"${var.backup_bucket}\" cannot be a bucket; use the name that the data stack puts out, such as minichat-prod-backup-123456789012."
  }
}

variable "artifacts_bucket" {
  description = "The bucket with the packages of releases, from the data stack."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.artifacts_bucket))
    error_message = "artifacts_bucket \"${var.artifacts_bucket}\" cannot be a bucket; use the name that the data stack puts out, such as minichat-prod-artifacts-123456789012."
  }
}

variable "minichat_version" {
  description = "Which release the first boot installs; its package must be in the artifacts bucket. Later ones: deploy/publish."
  type        = string
  validation {
    condition     = can(regex("^[0-9]+(\\.[0-9]+){2}([~.+-][0-9A-Za-z.~+-]+)?$", var.minichat_version))
    error_message = "minichat_version \"${var.minichat_version}\" is no version; use the number in the package's name, such as 1.0.0."
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

variable "domain" {
  description = "The name that people type, such as chat.example.org, in a zone of Route 53 of this account; empty: a name of CloudFront."
  type        = string
  default     = ""
  validation {
    condition     = var.domain == "" || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain \"${var.domain}\" is no name; use one in small letters without https:// and path, such as chat.example.org, or leave it empty."
  }
}

variable "hosted_zone_id" {
  description = "The zone of Route 53 that holds the domain; empty without a domain."
  type        = string
  default     = ""
  validation {
    condition     = (var.domain == "") == (var.hosted_zone_id == "") && can(regex("^(Z[A-Z0-9]+)?$", var.hosted_zone_id))
    error_message = "hosted_zone_id must be given with a domain, and only then: the id of its zone in Route 53, such as Z0123456789ABCDEFGHIJ."
  }
}

variable "lab_room" {
  description = "A channel that the classroom's pages may use without signing in; empty: none. Whoever knows the address can read and write there."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z0-9][a-z0-9-]{0,62})?$", var.lab_room))
    error_message = "lab_room \"${var.lab_room}\" cannot be a channel; use small letters, digits and -, such as lobby, or leave it empty."
  }
}

variable "protect" {
  description = "Whether AWS refuses to terminate the machine."
  type        = bool
  default     = true
  validation {
    condition     = var.protect != null
    error_message = "protect must be true or false."
  }
}

variable "origin_verify_slot" {
  description = "Which of the two secrets CloudFront shows to the server: a or b. Changed to renew the other."
  type        = string
  default     = "a"
  validation {
    condition     = contains(["a", "b"], var.origin_verify_slot)
    error_message = "origin_verify_slot \"${var.origin_verify_slot}\" is none of the two; use a or b."
  }
}
