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

variable "instance_type" {
  description = "The machine; an arm64 one."
  type        = string
  validation {
    condition     = can(regex("^(t4g|[cmr](6g|7g|8g)[dn]?)\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type \"${var.instance_type}\" is not made for this image; use one with an arm64 processor, such as t4g.micro, t4g.small or m7g.large."
  }
}

variable "subnet_id" {
  description = "Where the machine stands."
  type        = string
  validation {
    condition     = startswith(var.subnet_id, "subnet-")
    error_message = "subnet_id must be a subnet, such as subnet-0123456789abcdef0."
  }
}

variable "security_group_ids" {
  description = "What may reach the machine, and what it may reach."
  type        = list(string)
  validation {
    condition     = length(var.security_group_ids) > 0
    error_message = "security_group_ids must not be empty: AWS would take the default group."
  }
}

variable "address_id" {
  description = "The fixed address, to be associated."
  type        = string
  validation {
    condition     = startswith(var.address_id, "eipalloc-")
    error_message = "address_id must be an allocation, such as eipalloc-0123456789abcdef0."
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

variable "minichat_version" {
  description = "Which release the first boot installs; its package must be in the artifacts bucket. Later ones: deploy/publish."
  type        = string
  validation {
    condition     = can(regex("^[0-9]+(\\.[0-9]+){2}([~.+-][0-9A-Za-z.~+-]+)?$", var.minichat_version))
    error_message = "minichat_version \"${var.minichat_version}\" is no version; use the number in the package's name, such as 1.0.0."
  }
}

variable "public_url" {
  description = "What people open."
  type        = string
  validation {
    condition     = startswith(var.public_url, "https://")
    error_message = "public_url must begin with https://, such as https://chat.example.org."
  }
}

variable "tls" {
  description = "Whether the server has a certificate of its own (--tls auto)."
  type        = bool
  validation {
    condition     = var.tls != null
    error_message = "tls must be true or false."
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

variable "origin_verify" {
  description = "The two secrets by which the server knows CloudFront, by slot."
  type        = map(string)
  sensitive   = true
  validation {
    condition     = toset(keys(var.origin_verify)) == toset(["a", "b"])
    error_message = "origin_verify must have the slots a and b."
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

variable "agent" {
  description = "Whether the CloudWatch agent measures memory and disks, for some 3 USD a month."
  type        = bool
  default     = false
  validation {
    condition     = var.agent != null
    error_message = "agent must be true or false."
  }
}
