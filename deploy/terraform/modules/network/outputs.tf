output "subnet_id" {
  description = "Where the server stands."
  value       = aws_subnet.public.id
}

output "security_group_ids" {
  description = "The groups of the server."
  value       = concat([for g in aws_security_group.from_cloudfront : g.id], [aws_security_group.out.id])
}

output "address_id" {
  description = "The fixed address, to be associated with the server."
  value       = aws_eip.server.allocation_id
}

output "address" {
  description = "The fixed address."
  value       = aws_eip.server.public_ip
}

output "address_name" {
  description = "AWS's name of the fixed address."
  value       = aws_eip.server.public_dns
}
