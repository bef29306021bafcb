# A name of one's own; without var.domain nothing of this is made.

# CloudFront takes certificates from this one region alone.
resource "aws_acm_certificate" "site" {
  count             = local.own_name ? 1 : 0
  provider          = aws.us_east_1
  domain_name       = var.domain
  validation_method = "DNS"
  lifecycle {
    create_before_destroy = true # one that is in use cannot be taken away
  }
}

locals {
  proof = [for c in aws_acm_certificate.site : tolist(c.domain_validation_options)[0]]
}

# Shows AWS that the domain is ours; it stays, for each year's renewal.
resource "aws_route53_record" "proof" {
  count           = local.own_name ? 1 : 0
  zone_id         = var.hosted_zone_id
  name            = local.proof[0].resource_record_name
  type            = local.proof[0].resource_record_type
  records         = [local.proof[0].resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "site" {
  count                   = local.own_name ? 1 : 0
  provider                = aws.us_east_1
  certificate_arn         = aws_acm_certificate.site[0].arn
  validation_record_fqdns = [aws_route53_record.proof[0].fqdn]
}

# The name that people type, for IPv4 and IPv6.
resource "aws_route53_record" "site" {
  for_each = toset(local.own_name ? ["A", "AAAA"] : [])
  zone_id  = var.hosted_zone_id
  name     = var.domain
  type     = each.value
  alias {
    name                   = aws_cloudfront_distribution.this.domain_name
    zone_id                = aws_cloudfront_distribution.this.hosted_zone_id
    evaluate_target_health = false
  }
}

# Which authorities may give out certificates for it: Amazon for CloudFront,
# Let's Encrypt for the server.
resource "aws_route53_record" "authorities" {
  count   = local.own_name ? 1 : 0
  zone_id = var.hosted_zone_id
  name    = var.domain
  type    = "CAA"
  ttl     = 3600
  records = ["0 issue \"amazon.com\"", "0 issue \"letsencrypt.org\""]
}
