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

variable "volume_gib" {
  description = "The size of the history's disk in GiB. It can be made bigger at any time, and never smaller."
  type        = number
  default     = 10
  validation {
    condition     = var.volume_gib >= 1 && var.volume_gib <= 16384 && floor(var.volume_gib) == var.volume_gib
    error_message = "volume_gib must be a whole number from 1 to 16384, such as 10."
  }
}

variable "force_destroy" {
  description = "Whether destroying the buckets also destroys the files and backups in them. true only on the day of removal."
  type        = bool
  default     = false
  validation {
    condition     = var.force_destroy != null
    error_message = "force_destroy must be true or false."
  }
}
