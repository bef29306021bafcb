output "volume_id" {
  description = "The history's disk."
  value       = aws_ebs_volume.history.id
}

output "uploads_bucket" {
  description = "The bucket for attachments."
  value       = module.uploads.name
}

output "backup_bucket" {
  description = "The bucket for backups."
  value       = module.backup.name
}

output "artifacts_bucket" {
  description = "The bucket for packages of releases."
  value       = module.artifacts.name
}

output "policies" {
  description = "The policies of the buckets, for tests and for reading."
  value       = { uploads = module.uploads.policy, backup = module.backup.policy, artifacts = module.artifacts.policy }
}

# Written to a file of the other stack, it tells that one what is here.
output "tfvars" {
  description = "The values that the small or medium stack needs."
  value       = <<-EOT
    region            = "${var.region}"
    env               = "${var.env}"
    availability_zone = "${var.availability_zone}"
    volume_id         = "${aws_ebs_volume.history.id}"
    uploads_bucket    = "${module.uploads.name}"
    backup_bucket     = "${module.backup.name}"
    artifacts_bucket  = "${module.artifacts.name}"
  EOT
}

output "next" {
  description = "What to do next."
  value       = <<-EOT
    1. Tell the server's stack what is here, from deploy/terraform/stacks:
         terraform -chdir=data output -raw tfvars > small/data.auto.tfvars
    2. Put the package of a release into the artifacts bucket, from the top of the project:
         deploy/publish release deploy/terraform/stacks/data minichat-VERSION-1.aarch64.rpm
    3. Apply the small stack, or medium.
  EOT
}
