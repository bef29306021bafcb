variable "env" {
  description = "The name of this installation; it is in the names of all that is made."
  type        = string
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
}

variable "cidr" {
  description = "The network's addresses; they only need to be private."
  type        = string
  default     = "10.20.0.0/24"
  validation {
    condition     = can(cidrhost(var.cidr, 0)) && can(regex("^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)", var.cidr))
    error_message = "cidr \"${var.cidr}\" is no private network; use one such as 10.20.0.0/24."
  }
}

variable "ports_from_cloudfront" {
  description = "On which ports CloudFront reaches the server."
  type        = set(number)
  validation {
    condition     = length(setsubtract(var.ports_from_cloudfront, [80, 443, 8000])) == 0
    error_message = "ports_from_cloudfront may be 8000, or 80 and 443 for a server with a certificate of its own."
  }
}
