"""Kinesis streams and Firehose delivery streams."""

from __future__ import annotations

import time
from typing import Any

from infra.template import Applied, TemplateError

from .base import Context, Properties, found_or_none, matches

_WAIT_SECONDS = 120


def stream(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::Kinesis::Stream``: shards, retention and encryption follow the template."""
    kinesis, name, done = context.client("kinesis"), wanted["Name"], "unchanged"
    shards, hours = wanted["ShardCount"], wanted.get("RetentionPeriodHours", 24)
    if found_or_none(kinesis.describe_stream_summary, "ResourceNotFoundException", StreamName=name) is None:
        kinesis.create_stream(StreamName=name, ShardCount=shards, Tags=wanted.tag_map())
        done = "created"
    wanted.tags()
    live = _settled(kinesis, name)
    if live["OpenShardCount"] != shards:
        kinesis.update_shard_count(StreamName=name, TargetShardCount=shards, ScalingType="UNIFORM_SCALING")
        live, done = _settled(kinesis, name), "updated"
    if live["RetentionPeriodHours"] != hours:
        grow = live["RetentionPeriodHours"] < hours
        change = kinesis.increase_stream_retention_period if grow else kinesis.decrease_stream_retention_period
        change(StreamName=name, RetentionPeriodHours=hours)
        done = "updated" if done == "unchanged" else done
    encryption = wanted.get("StreamEncryption", {})
    if encryption and live.get("EncryptionType", "NONE") != encryption["EncryptionType"]:
        _settled(kinesis, name)
        kinesis.start_stream_encryption(
            StreamName=name, EncryptionType=encryption["EncryptionType"], KeyId=encryption["KeyId"]
        )
        _settled(kinesis, name)
        done = "updated" if done == "unchanged" else done
    return Applied(name, {"Arn": live["StreamARN"]}, done)


def _settled(kinesis: Any, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        summary: dict[str, Any] = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        if summary["StreamStatus"] == "ACTIVE":
            return summary
        if time.monotonic() > deadline:
            raise TimeoutError(f"stream {name} is still {summary['StreamStatus']} after {_WAIT_SECONDS} s")
        time.sleep(0.1)


def delivery_stream(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::KinesisFirehose::DeliveryStream`` with a Kinesis source and an S3 destination."""
    firehose, name = context.client("firehose"), wanted["DeliveryStreamName"]
    definition = wanted.pick(
        "DeliveryStreamType", "KinesisStreamSourceConfiguration", "ExtendedS3DestinationConfiguration"
    )
    live = found_or_none(firehose.describe_delivery_stream, "ResourceNotFoundException", DeliveryStreamName=name)
    done = "unchanged"
    if live is None:
        firehose.create_delivery_stream(DeliveryStreamName=name, Tags=wanted.tags(), **definition)
        done = "created"
    else:
        wanted.tags()
        done = _update_destination(firehose, name, definition, live["DeliveryStreamDescription"])
    return Applied(name, {"Arn": context.arn("firehose", f"deliverystream/{name}")}, done)


def _update_destination(firehose: Any, name: str, definition: dict[str, Any], live: dict[str, Any]) -> str:
    source = live.get("Source", {}).get("KinesisStreamSourceDescription", {})
    if not matches(definition["KinesisStreamSourceConfiguration"], source):
        raise TemplateError(f"the source of {name} cannot change; delete the delivery stream and apply again")
    wanted = definition["ExtendedS3DestinationConfiguration"]
    destination = live["Destinations"][0]
    if matches(wanted, destination.get("ExtendedS3DestinationDescription", {})):
        return "unchanged"
    firehose.update_destination(
        DeliveryStreamName=name,
        CurrentDeliveryStreamVersionId=live["VersionId"],
        DestinationId=destination["DestinationId"],
        ExtendedS3DestinationUpdate=wanted,
    )
    return "updated"
