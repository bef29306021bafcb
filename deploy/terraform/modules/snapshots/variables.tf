variable "env" {
  description = "The name of this installation; it is in the names of all that is made."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.env))
    error_message = "env \"${var.env}\" cannot be in names; use 2 to 16 of a-z, 0-9 and -, beginning with a letter, such as prod or class-1."
  }
}

variable "daily_kept" {
  description = "How many daily snapshots are kept."
  type        = number
  validation {
    condition     = var.daily_kept >= 1 && var.daily_kept <= 1000
    error_message = "daily_kept must be from 1 to 1000, such as 7."
  }
}

variable "hourly_kept" {
  description = "How many hourly snapshots are kept; 0: there are none."
  type        = number
  default     = 0
  validation {
    condition     = var.hourly_kept >= 0 && var.hourly_kept <= 1000
    error_message = "hourly_kept must be from 0 to 1000, such as 24."
  }
}
