module minichat/deploy/terraform/check

go 1.26.0
