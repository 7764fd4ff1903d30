"""S3 buckets and DynamoDB tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from infra.template import Applied

from .base import Context, Properties, found_or_none, matches, same_policy


class _Part(NamedTuple):
    """One setting of a bucket, which S3 keeps under a call of its own."""

    name: str
    translate: Callable[[Any], Any]
    read: str
    write: str
    argument: str
    missing: str = ""


def _encryption(value: Mapping[str, Any]) -> dict[str, Any]:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        renamed = {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
        rules.append(renamed | {key: rule[key] for key in ("BucketKeyEnabled",) if key in rule})
    return {"Rules": rules}


def _lifecycle(value: Mapping[str, Any]) -> dict[str, Any]:
    rules = []
    for rule in value["Rules"]:
        rule = dict(rule)
        renamed: dict[str, Any] = {"ID": rule.pop("Id"), "Filter": {"Prefix": rule.pop("Prefix", "")}}
        if "Transitions" in rule:
            renamed["Transitions"] = [
                {"StorageClass": one["StorageClass"], "Days": one["TransitionInDays"]}
                for one in rule.pop("Transitions")
            ]
        rules.append(renamed | rule)
    return {"Rules": rules}


def _notification(value: Mapping[str, Any]) -> dict[str, Any]:
    queues = []
    for one in value["QueueConfigurations"]:
        rules = [{"Name": rule["Name"], "Value": rule["Value"]} for rule in one["Filter"]["S3Key"]["Rules"]]
        queues.append({"QueueArn": one["Queue"], "Events": [one["Event"]], "Filter": {"Key": {"FilterRules": rules}}})
    return {"QueueConfigurations": queues}


def _same(value: Any) -> Any:
    return value


_PARTS = (
    _Part("BucketEncryption", _encryption, "get_bucket_encryption", "put_bucket_encryption",
          "ServerSideEncryptionConfiguration", "ServerSideEncryptionConfigurationNotFoundError"),
    _Part("PublicAccessBlockConfiguration", _same, "get_public_access_block", "put_public_access_block",
          "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration"),
    _Part("OwnershipControls", _same, "get_bucket_ownership_controls", "put_bucket_ownership_controls",
          "OwnershipControls", "OwnershipControlsNotFoundError"),
    _Part("VersioningConfiguration", _same, "get_bucket_versioning", "put_bucket_versioning",
          "VersioningConfiguration"),
    _Part("LifecycleConfiguration", _lifecycle, "get_bucket_lifecycle_configuration",
          "put_bucket_lifecycle_configuration", "LifecycleConfiguration", "NoSuchLifecycleConfiguration"),
    _Part("NotificationConfiguration", _notification, "get_bucket_notification_configuration",
          "put_bucket_notification_configuration", "NotificationConfiguration"),
)  # fmt: skip


def bucket(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::S3::Bucket``."""
    s3, name, done = context.client("s3"), wanted["BucketName"], "unchanged"
    if found_or_none(s3.head_bucket, "404", "NoSuchBucket", Bucket=name) is None:
        place = {} if context.region == "us-east-1" else {"LocationConstraint": context.region}
        s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": place} if place else {}))
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": wanted.tags()})
        done = "created"
    wanted.tags()
    for part in _PARTS:
        if part.name not in wanted:
            continue
        value = part.translate(wanted[part.name])
        live = found_or_none(getattr(s3, part.read), part.missing, Bucket=name) or {}
        # Some answers carry the setting under its name, some are the setting.
        if not matches(value, live.get(part.argument, live)):
            getattr(s3, part.write)(Bucket=name, **{part.argument: value})
            done = "updated" if done == "unchanged" else done
    attributes = {"Arn": f"arn:aws:s3:::{name}", "DomainName": f"{name}.s3.amazonaws.com"}
    return Applied(name, attributes, done)


def bucket_policy(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::S3::BucketPolicy``."""
    s3, name, document = context.client("s3"), wanted["Bucket"], wanted["PolicyDocument"]
    live = found_or_none(s3.get_bucket_policy, "NoSuchBucketPolicy", Bucket=name)
    if live and same_policy(document, live["Policy"]):
        return Applied(name)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))
    return Applied(name, done="updated" if live else "created")


def table(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::DynamoDB::Table``: keys are fixed for life, protection and backups follow the template."""
    dynamodb, name = context.client("dynamodb"), wanted["TableName"]
    definition = wanted.pick("AttributeDefinitions", "KeySchema", "BillingMode", "DeletionProtectionEnabled")
    live = found_or_none(dynamodb.describe_table, "ResourceNotFoundException", TableName=name)
    done = "unchanged"
    if live is None:
        dynamodb.create_table(TableName=name, Tags=wanted.tags(), **definition)
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        done = "created"
    else:
        wanted.tags()
        protected = definition.get("DeletionProtectionEnabled", False)
        if live["Table"].get("DeletionProtectionEnabled", False) != protected:
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=protected)
            done = "updated"
    backups = wanted.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
    status = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    if (status["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED") != backups:
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": backups}
        )
        done = "updated" if done == "unchanged" else done
    return Applied(name, {"Arn": context.arn("dynamodb", f"table/{name}")}, done)
