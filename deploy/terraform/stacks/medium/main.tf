# For a company: a bigger machine, a snapshot an hour, and what the machine feels inside.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.46, < 7"
    }
  }
}

locals {
  # What makes this stack differ from the other; all else is the same modules.
  instance_type            = "m7g.large"
  daily_snapshots          = 14
  hourly_snapshots         = 24
  agent                    = true
  network_out_gib_per_hour = 50
}
