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

variable "uploads_bucket" {
  description = "The bucket for attachments, from the data stack."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.uploads_bucket))
    error_message = "uploads_bucket \"${var.uploads_bucket}\" cannot be a bucket; use the name that the data stack puts out, such as minichat-prod-uploads-123456789012."
  }
}

variable "uploads_prefix" {
  description = "Below which prefix attachments lie."
  type        = string
  default     = "u"
  validation {
    condition     = can(regex("^[a-z0-9]+$", var.uploads_prefix))
    error_message = "uploads_prefix \"${var.uploads_prefix}\" must be letters and digits without slashes, such as u."
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
