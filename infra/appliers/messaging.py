"""SQS queues and SNS topics."""

from __future__ import annotations

import json
from typing import Any

from infra.template import Applied

from .base import Context, Properties, found_or_none, matches, same_policy

_QUEUE_ATTRIBUTES = (
    "VisibilityTimeout", "MessageRetentionPeriod", "DelaySeconds", "RedrivePolicy", "SqsManagedSseEnabled",
    "KmsMasterKeyId",
)  # fmt: skip
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def queue(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::SQS::Queue``."""
    sqs, name = context.client("sqs"), wanted["QueueName"]
    attributes = {key: _text(value) for key, value in wanted.pick(*_QUEUE_ATTRIBUTES).items()}
    applied = {"Arn": context.arn("sqs", name), "QueueName": name}
    found = found_or_none(sqs.get_queue_url, *_NO_QUEUE, QueueName=name)
    if found is None:
        url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=wanted.tag_map())["QueueUrl"]
        return Applied(url, applied, "created")
    wanted.tags()
    url = found["QueueUrl"]
    live = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    changed = {key: value for key, value in attributes.items() if not _same_attribute(value, live.get(key))}
    if changed:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=changed)
    return Applied(url, applied, "updated" if changed else "unchanged")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _same_attribute(wanted: str, live: str | None) -> bool:
    if wanted.startswith("{") and live:
        return matches(json.loads(wanted), json.loads(live))
    return wanted == live


def queue_policy(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::SQS::QueuePolicy``."""
    sqs, document, done = context.client("sqs"), wanted["PolicyDocument"], "unchanged"
    for url in wanted["Queues"]:
        live = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {}).get("Policy")
        if not same_policy(document, live):
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(document)})
            done = "updated" if live else "created"
    return Applied(wanted["Queues"][0], done=done)


def topic(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::SNS::Topic``."""
    sns, name = context.client("sns"), wanted["TopicName"]
    attributes = wanted.pick("KmsMasterKeyId", "DisplayName")
    arn = context.arn("sns", name)
    live = found_or_none(sns.get_topic_attributes, "NotFound", "NotFoundException", TopicArn=arn)
    if live is None:
        sns.create_topic(Name=name, Attributes=attributes, Tags=wanted.tags())
        return Applied(arn, {"TopicArn": arn, "TopicName": name}, "created")
    wanted.tags()
    changed = {key: value for key, value in attributes.items() if live["Attributes"].get(key) != value}
    for key, value in changed.items():
        sns.set_topic_attributes(TopicArn=arn, AttributeName=key, AttributeValue=value)
    return Applied(arn, {"TopicArn": arn, "TopicName": name}, "updated" if changed else "unchanged")
