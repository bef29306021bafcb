# What tells that something is wrong, by mail, before people do.

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
  topics = {
    here      = aws_sns_topic.here.arn
    us_east_1 = aws_sns_topic.us_east_1.arn
  }
  # Who may send: alarms of this account. EventBridge takes no condition in the
  # policy of a topic, so it has a statement of its own.
  topic_policy = { for where, arn in local.topics : where => jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = arn
        Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
      },
      {
        Sid       = "FailedSnapshots"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = arn
      },
    ]
  }) }

  machine = { InstanceId = var.instance_id }
  small   = startswith(var.instance_type, "t")

  # name -> metric, with the value that is wrong. "does" is what AWS then does
  # itself. Periods of 60 s are what these metrics have without extra charge.
  alarms = merge(
    {
      hardware = { space = "AWS/EC2", metric = "StatusCheckFailed_System", stat = "Maximum", over = 0, periods = 2, does = ["arn:aws:automate:${var.region}:ec2:recover"], why = "AWS's hardware failed; the machine starts elsewhere by itself" }
      system   = { space = "AWS/EC2", metric = "StatusCheckFailed_Instance", stat = "Maximum", over = 0, periods = 3, does = ["arn:aws:automate:${var.region}:ec2:reboot"], why = "the system does not answer; it is started again" }
      traffic  = { space = "AWS/EC2", metric = "NetworkOut", stat = "Sum", over = var.network_out_gib_per_hour * 1073741824, period = 3600, why = "more goes out than is planned: somebody copies all files, or the budget is too small" }
    },
    { for name, alarm in {
      credits = { space = "AWS/EC2", metric = "CPUCreditBalance", stat = "Minimum", under = 20, period = 300, periods = 3, why = "the saved processor time is nearly used up; then the machine is slow. Take a bigger one" }
    } : name => alarm if local.small },
    { for name, alarm in {
      disk      = { space = "MiniChat", metric = "disk_used_percent", stat = "Maximum", over = 80, why = "the history's disk fills up; make the volume bigger" }
      memory    = { space = "MiniChat", metric = "mem_used_percent", stat = "Maximum", over = 85, periods = 5, why = "memory runs short; take a bigger machine" }
      conntrack = { space = "MiniChat", metric = "ethtool_conntrack_allowance_available", stat = "Minimum", under = 1000, why = "the network card can follow few more connections; take a bigger machine" }
      refused   = { space = "MiniChat", metric = "ethtool_conntrack_allowance_exceeded", stat = "Maximum", over = 0, why = "connections were refused by the network card; take a bigger machine" }
      bandwidth = { space = "MiniChat", metric = "ethtool_bw_out_allowance_exceeded", stat = "Maximum", over = 0, why = "packets waited for the machine's baseline of network; take a bigger machine" }
    } : name => alarm if var.agent },
  )
}

# Where alarms go, to be told on by mail.
resource "aws_sns_topic" "here" {
  name = "minichat-${var.env}-alarms"
}

# CloudFront's metrics are in this region, and an alarm only tells topics of its own.
resource "aws_sns_topic" "us_east_1" {
  provider = aws.us_east_1
  name     = "minichat-${var.env}-alarms"
}

resource "aws_sns_topic_policy" "here" {
  arn    = aws_sns_topic.here.arn
  policy = local.topic_policy.here
}

resource "aws_sns_topic_policy" "us_east_1" {
  provider = aws.us_east_1
  arn      = aws_sns_topic.us_east_1.arn
  policy   = local.topic_policy.us_east_1
}

# AWS sends a link first; nothing comes until it was opened.
resource "aws_sns_topic_subscription" "here" {
  topic_arn = aws_sns_topic.here.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

resource "aws_sns_topic_subscription" "us_east_1" {
  provider  = aws.us_east_1
  topic_arn = aws_sns_topic.us_east_1.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "minichat-${var.env}-${each.key}"
  alarm_description   = each.value.why
  namespace           = each.value.space
  metric_name         = each.value.metric
  dimensions          = local.machine
  statistic           = each.value.stat
  comparison_operator = can(each.value.under) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = can(each.value.under) ? each.value.under : each.value.over
  period              = lookup(each.value, "period", 60)
  evaluation_periods  = lookup(each.value, "periods", 1)
  treat_missing_data  = "missing"
  alarm_actions       = concat([aws_sns_topic.here.arn], lookup(each.value, "does", []))
  ok_actions          = [aws_sns_topic.here.arn]
}

# What visitors see: answers of 500 and above, as a share.
resource "aws_cloudwatch_metric_alarm" "errors" {
  provider            = aws.us_east_1
  alarm_name          = "minichat-${var.env}-errors"
  alarm_description   = "more than 1 % of what visitors ask for fails"
  namespace           = "AWS/CloudFront"
  metric_name         = "5xxErrorRate"
  dimensions          = { DistributionId = var.distribution_id, Region = "Global" }
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  period              = 300
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching" # nobody asked for anything
  alarm_actions       = [aws_sns_topic.us_east_1.arn]
  ok_actions          = [aws_sns_topic.us_east_1.arn]
}

# A snapshot that fails is a backup that is not there.
resource "aws_cloudwatch_event_rule" "snapshot" {
  name        = "minichat-${var.env}-snapshot-failed"
  description = "A snapshot could not be made"
  event_pattern = jsonencode({
    source        = ["aws.ec2"]
    "detail-type" = ["EBS Snapshot Notification"]
    detail        = { event = ["createSnapshot"], result = ["failed"] }
  })
}

resource "aws_cloudwatch_event_target" "snapshot" {
  rule = aws_cloudwatch_event_rule.snapshot.name
  arn  = aws_sns_topic.here.arn
}

# The whole account's bill: a forgotten machine shows here, whoever made it.
resource "aws_budgets_budget" "month" {
  name         = "minichat-${var.env}"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  dynamic "notification" {
    for_each = [
      { at = 80, type = "ACTUAL" },
      { at = 100, type = "ACTUAL" },
      { at = 100, type = "FORECASTED" },
    ]
    content {
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value.at
      threshold_type             = "PERCENTAGE"
      notification_type          = notification.value.type
      subscriber_email_addresses = [var.alert_email]
    }
  }
}
