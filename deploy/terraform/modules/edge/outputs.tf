output "url" {
  description = "What people open."
  value       = "https://${local.host}"
}

output "distribution_id" {
  description = "The CloudFront distribution."
  value       = aws_cloudfront_distribution.this.id
}

output "site_bucket" {
  description = "The bucket of the page."
  value       = module.site.name
}

output "site_policy" {
  description = "Who may read the page's bucket, for tests and for reading."
  value       = module.site.policy
}

output "files_origin" {
  description = "The bucket of the attachments, as browsers name it."
  value       = local.files
}

output "csp" {
  description = "The page's policy."
  value       = local.csp
}

output "origin_verify" {
  description = "Both secrets that the server must take."
  value       = { for slot, data in terraform_data.origin_verify : slot => data.output }
  sensitive   = true
}
