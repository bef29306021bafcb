variable "name" {
  description = "The bucket's name; it must be free in all of AWS."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name \"${var.name}\" cannot be a bucket's; use 3 to 63 of a-z, 0-9 and -, such as minichat-prod-uploads-123456789012. No dots: TLS certificates of S3 do not cover them."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket also destroys what is in it."
  type        = bool
  default     = false
  validation {
    condition     = var.force_destroy != null
    error_message = "force_destroy must be true or false."
  }
}

variable "noncurrent_days" {
  description = "For how many days overwritten and deleted objects can be brought back."
  type        = number
  default     = 30
  validation {
    condition     = var.noncurrent_days >= 1 && var.noncurrent_days <= 3650 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days must be a whole number from 1 to 3650, such as 30."
  }
}

variable "max_signature_age_ms" {
  description = "Signed links older than this are refused by the bucket; null for buckets that give out no links."
  type        = number
  default     = null
  validation {
    condition     = var.max_signature_age_ms == null ? true : var.max_signature_age_ms >= 900000
    error_message = "max_signature_age_ms must be at least 900000 (15 minutes): for so long the server signs addresses of parts."
  }
}

variable "reader_distribution_arn" {
  description = "The CloudFront distribution that may read; null for none."
  type        = string
  default     = null
  validation {
    condition     = var.reader_distribution_arn == null ? true : startswith(var.reader_distribution_arn, "arn:")
    error_message = "reader_distribution_arn must be the ARN of a distribution, such as arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE."
  }
}

variable "temporary_prefix" {
  description = "Objects below this prefix go after a day; null for none."
  type        = string
  default     = null
  validation {
    condition     = var.temporary_prefix == null ? true : endswith(var.temporary_prefix, "/")
    error_message = "temporary_prefix must end with /, such as tmp/: else it would also match names that only begin alike."
  }
}

variable "cheaper_after_days" {
  description = "After how many days objects move to Intelligent-Tiering; null for never."
  type        = number
  default     = null
  validation {
    condition     = var.cheaper_after_days == null ? true : var.cheaper_after_days >= 0 && floor(var.cheaper_after_days) == var.cheaper_after_days
    error_message = "cheaper_after_days must be a whole number of days, such as 30."
  }
}
