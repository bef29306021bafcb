output "server" {
  description = "The policy of the server's role."
  value       = local.server
}
