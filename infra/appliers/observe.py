"""Log groups, log streams and alarms of CloudWatch."""

from __future__ import annotations

from infra.template import Applied

from .base import Context, Properties, found_or_none, matches


def log_group(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::Logs::LogGroup``."""
    logs, name, days = context.client("logs"), wanted["LogGroupName"], wanted.get("RetentionInDays")
    groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    live = next((group for group in groups if group["logGroupName"] == name), None)
    done = "unchanged"
    if live is None:
        logs.create_log_group(logGroupName=name, tags=wanted.tag_map())
        done = "created"
    wanted.tags()
    if days and (live or {}).get("retentionInDays") != days:
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
        done = "updated" if live else done
    return Applied(name, {"Arn": context.arn("logs", f"log-group:{name}:*")}, done)


def log_stream(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::Logs::LogStream``."""
    group, name = wanted["LogGroupName"], wanted["LogStreamName"]
    made = found_or_none(
        context.client("logs").create_log_stream,
        "ResourceAlreadyExistsException",
        logGroupName=group,
        logStreamName=name,
    )
    return Applied(name, done="created" if made else "unchanged")


def alarm(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::CloudWatch::Alarm``."""
    cloudwatch, name = context.client("cloudwatch"), wanted["AlarmName"]
    definition = wanted.pick(
        "AlarmName", "AlarmDescription", "Namespace", "MetricName", "Dimensions", "Statistic", "Period",
        "EvaluationPeriods", "Threshold", "ComparisonOperator", "TreatMissingData", "AlarmActions", "OKActions",
    )  # fmt: skip
    live = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    attributes = {"Arn": context.arn("cloudwatch", f"alarm:{name}")}
    wanted.tags()
    if live and matches({**definition, "Threshold": float(definition["Threshold"])}, live[0]):
        return Applied(name, attributes)
    cloudwatch.put_metric_alarm(**definition, Tags=wanted.tags())
    return Applied(name, attributes, "updated" if live else "created")
