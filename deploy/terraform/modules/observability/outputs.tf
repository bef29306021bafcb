output "topic" {
  description = "Where alarms go."
  value       = aws_sns_topic.here.arn
}

output "alarms" {
  description = "The names of all alarms."
  value       = sort(concat([for a in aws_cloudwatch_metric_alarm.this : a.alarm_name], [aws_cloudwatch_metric_alarm.errors.alarm_name]))
}
