output "url" {
  description = "What people open."
  value       = module.edge.url
}

output "site_bucket" {
  description = "The bucket of the page."
  value       = module.edge.site_bucket
}

output "distribution_id" {
  description = "The CloudFront distribution."
  value       = module.edge.distribution_id
}

output "files_origin" {
  description = "The bucket of the attachments, as browsers name it."
  value       = module.edge.files_origin
}

output "artifacts_bucket" {
  description = "The bucket with the packages of releases."
  value       = var.artifacts_bucket
}

output "instance_id" {
  description = "The machine."
  value       = module.instance.instance_id
}

output "version_parameter" {
  description = "Where the number of the running release stands."
  value       = "${module.instance.parameter}/version"
}

output "region" {
  description = "The region of all but CloudFront."
  value       = var.region
}

output "shell" {
  description = "Opens a shell on the machine, without SSH."
  value       = "aws ssm start-session --region ${var.region} --target ${module.instance.instance_id}"
}

output "policy" {
  description = "What the server may do, for tests and for reading."
  value       = module.instance.policy
}

output "user_data" {
  description = "What the machine does at its first boot, for tests and for reading."
  value       = module.instance.user_data
}

output "csp" {
  description = "The page's policy, for tests and for reading."
  value       = module.edge.csp
}

output "alarms" {
  description = "The names of the alarms."
  value       = module.observability.alarms
}

output "next" {
  description = "What to do next."
  value       = <<-EOT
    1. Put the page into its bucket, from the top of the project:
         deploy/publish page deploy/terraform/stacks/${basename(abspath(path.root))}
    2. Open the link in the mail from AWS, else no alarm reaches ${var.alert_email}.
    3. Become the owner. Open a shell on the machine and read the link that the server printed:
         aws ssm start-session --region ${var.region} --target ${module.instance.instance_id}
         sudo journalctl -u minichat -g http
    4. Open that link in a browser. People open ${module.edge.url}
    If the machine does not answer after five minutes, look in that shell: sudo tail /var/log/cloud-init-output.log
  EOT
}
