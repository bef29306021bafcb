variable "region" {
  description = "The region of everything but CloudFront's certificate and metrics."
  type        = string
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region \"${var.region}\" is no region of AWS; use one such as eu-west-1."
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

variable "origin_host" {
  description = "The name by which CloudFront finds the server."
  type        = string
  validation {
    condition     = can(regex("\\.", var.origin_host))
    error_message = "origin_host must be a name with a dot; CloudFront takes no address."
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

variable "uploads_bucket" {
  description = "The bucket for attachments, from the data stack."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.uploads_bucket))
    error_message = "uploads_bucket \"${var.uploads_bucket}\" cannot be a bucket; use the name that the data stack puts out, such as minichat-prod-uploads-123456789012."
  }
}

variable "site_bucket" {
  description = "The bucket for the page."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.site_bucket))
    error_message = "site_bucket \"${var.site_bucket}\" cannot be a bucket; use 3 to 63 of a-z, 0-9 and -, such as minichat-prod-site-123456789012."
  }
}

variable "lab" {
  description = "Whether the classroom's /chat and /upload go to the server."
  type        = bool
  default     = false
  validation {
    condition     = var.lab != null
    error_message = "lab must be true or false."
  }
}
