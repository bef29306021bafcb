output "instance_id" {
  description = "The machine."
  value       = aws_instance.server.id
}

output "role" {
  description = "The machine's role."
  value       = aws_iam_role.server.name
}

output "policy" {
  description = "What the role may do, for tests and for reading."
  value       = module.policy.server
}

output "user_data" {
  description = "What the machine does at its first boot, for tests and for reading."
  value       = local.user_data
}

output "parameter" {
  description = "Below which name its parameters are."
  value       = local.parameter
}
