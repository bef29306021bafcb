# For a class, a club or a small team: one small machine, a snapshot a day.

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
  instance_type            = "t4g.micro"
  daily_snapshots          = 7
  hourly_snapshots         = 0
  agent                    = false
  network_out_gib_per_hour = 5
}
