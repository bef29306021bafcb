# What the world sees: one name, by CloudFront, with the page from a bucket that
# only it may read, and the server behind. One origin for the browser, so no
# CORS for the API and nothing unencrypted on the way to it.

terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = ">= 5.46, < 7"
      configuration_aliases = [aws.us_east_1] # where CloudFront looks for certificates and puts its metrics
    }
  }
}

locals {
  own_name = var.domain != ""
  host     = local.own_name ? var.domain : aws_cloudfront_distribution.this.domain_name
  files    = "https://${var.uploads_bucket}.s3.${var.region}.amazonaws.com"

  # The page's policy, word for word the server's own (internal/httpd/policy.go),
  # with the bucket of the attachments.
  csp = join("; ", [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' ${local.files} blob: data:",
    "media-src 'self' ${local.files} blob:",
    "font-src 'self'",
    "connect-src 'self' ${local.files}",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
    "frame-ancestors 'none'",
  ])

  # That of the thread which draws first pages (the same file's workerCSP).
  worker_csp = "default-src 'none'; script-src 'self'"

  # Policies that AWS keeps, by their fixed ids.
  caching_disabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  all_viewer        = "216adef6-5c7f-47e4-b989-5492eafa07d3"

  all_methods  = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
  read_methods = ["GET", "HEAD", "OPTIONS"]

  # What goes to the server, in the order in which CloudFront looks. The socket
  # is a path of its own for its methods: an upgrade is a GET.
  to_server = concat(
    [
      { path = "/api/v1/socket", methods = local.read_methods, origin = "server", viewer = "redirect-to-https" },
      { path = "/api/*", methods = local.all_methods, origin = "server", viewer = "redirect-to-https" },
      { path = "/files/*", methods = local.all_methods, origin = "server", viewer = "redirect-to-https" },
    ],
    # The classroom's wire, while there is a room for it.
    var.lab ? [
      { path = "/chat", methods = local.read_methods, origin = "server", viewer = "redirect-to-https" },
      { path = "/upload", methods = local.all_methods, origin = "server", viewer = "redirect-to-https" },
    ] : [],
    # Let's Encrypt asks here, by plain http, whether the name is the server's.
    local.own_name ? [
      { path = "/.well-known/acme-challenge/*", methods = local.read_methods, origin = "acme", viewer = "allow-all" },
    ] : [],
  )
}

# The page's bucket: closed, as all of them. "publish" fills it.
module "site" {
  source                  = "../bucket"
  name                    = var.site_bucket
  force_destroy           = true # the page can be written again at any time
  reader_distribution_arn = aws_cloudfront_distribution.this.arn
}

# CloudFront signs what it asks of the bucket, so the bucket needs no public door.
resource "aws_cloudfront_origin_access_control" "site" {
  name                              = "minichat-${var.env}"
  description                       = "The page of MiniChat"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# Two secrets, both valid at the server: while one is used the other is renewed,
# so that nobody is locked out. uuid() is random; the value stays until replaced.
resource "terraform_data" "origin_verify" {
  for_each = toset(["a", "b"])
  input    = sensitive(replace("${uuid()}${uuid()}", "-", ""))
  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_cloudfront_response_headers_policy" "page" {
  name    = "minichat-${var.env}-page"
  comment = "What the server itself says with the page"
  security_headers_config {
    content_security_policy {
      content_security_policy = local.csp
      override                = true
    }
    strict_transport_security {
      access_control_max_age_sec = 63072000 # two years
      include_subdomains         = false    # other names of the domain are none of our business
      override                   = true
    }
    content_type_options {
      override = true
    }
    frame_options {
      frame_option = "DENY"
      override     = true
    }
    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }
  }
  custom_headers_config {
    items {
      header   = "Cross-Origin-Opener-Policy"
      value    = "same-origin"
      override = true
    }
    items {
      header   = "Cross-Origin-Resource-Policy"
      value    = "same-origin"
      override = true
    }
  }
}

# The page's thread that reads what strangers made gets a policy without network.
resource "aws_cloudfront_response_headers_policy" "worker" {
  name    = "minichat-${var.env}-worker"
  comment = "What the server itself says with the thread that draws"
  security_headers_config {
    content_security_policy {
      content_security_policy = local.worker_csp
      override                = true
    }
    content_type_options {
      override = true
    }
  }
  custom_headers_config {
    items {
      header   = "Cross-Origin-Resource-Policy"
      value    = "same-origin"
      override = true
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  comment             = "MiniChat ${var.env}"
  enabled             = true
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  price_class         = "PriceClass_100"
  default_root_object = "index.html"
  aliases             = local.own_name ? [var.domain] : []

  origin {
    origin_id                = "site"
    domain_name              = module.site.regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.site.id
  }

  # The server. With a name of its own the way there is encrypted too; CloudFront
  # takes no certificate for an address of EC2, so without one it is not.
  origin {
    origin_id   = "server"
    domain_name = var.origin_host
    custom_origin_config {
      http_port                = 8000
      https_port               = 443
      origin_protocol_policy   = local.own_name ? "https-only" : "http-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_read_timeout      = 60
      origin_keepalive_timeout = 60
    }
    custom_header {
      name  = "X-Origin-Verify" # the server refuses who does not know it
      value = terraform_data.origin_verify[var.origin_verify_slot].output
    }
  }

  dynamic "origin" {
    for_each = local.own_name ? [80] : []
    content {
      origin_id   = "acme"
      domain_name = var.origin_host
      custom_origin_config {
        http_port              = origin.value
        https_port             = 443
        origin_protocol_policy = "http-only"
        origin_ssl_protocols   = ["TLSv1.2"]
      }
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.to_server
    iterator = each
    content {
      path_pattern             = each.value.path
      target_origin_id         = each.value.origin
      allowed_methods          = each.value.methods
      cached_methods           = ["GET", "HEAD"]
      cache_policy_id          = local.caching_disabled
      origin_request_policy_id = local.all_viewer # headers of the upgrade among them
      viewer_protocol_policy   = each.value.viewer
      compress                 = false # the server does that itself
    }
  }

  ordered_cache_behavior {
    path_pattern               = "/app/*-worker.js"
    target_origin_id           = "site"
    allowed_methods            = local.read_methods
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.worker.id
    viewer_protocol_policy     = "redirect-to-https"
    compress                   = true
  }

  # All else is the page. A wrong address is answered by the bucket, with 403;
  # no error page stands before it, for that would hide the API's answers too.
  default_cache_behavior {
    target_origin_id           = "site"
    allowed_methods            = local.read_methods
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.page.id
    viewer_protocol_policy     = "redirect-to-https"
    compress                   = true
  }

  viewer_certificate {
    cloudfront_default_certificate = !local.own_name
    acm_certificate_arn            = local.own_name ? aws_acm_certificate_validation.site[0].certificate_arn : null
    ssl_support_method             = local.own_name ? "sni-only" : null
    minimum_protocol_version       = local.own_name ? "TLSv1.2_2021" : "TLSv1" # CloudFront's own name allows no other value
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
}

# Browsers send and fetch the bytes of attachments from the bucket directly: the
# page alone may send. Fetching follows the server's redirect, and a browser then
# calls the page's origin "null"; the signature in the link decides there.
resource "aws_s3_bucket_cors_configuration" "uploads" {
  bucket = var.uploads_bucket
  cors_rule {
    allowed_origins = ["https://${local.host}"]
    allowed_methods = ["PUT", "POST", "GET", "HEAD"]
    allowed_headers = ["content-type", "content-md5", "x-amz-*", "if-none-match"]
    expose_headers  = ["ETag"] # of each part, to put them together
    max_age_seconds = 3600
  }
  cors_rule {
    allowed_origins = ["*"]
    allowed_methods = ["GET", "HEAD"]
    allowed_headers = ["range"]
    max_age_seconds = 3600
  }
}
