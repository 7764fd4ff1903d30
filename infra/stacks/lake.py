"""The lake: buckets, catalog databases, and the queue that says when raw data landed."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.settings import DATASET_ZONES, RAW_QUEUE, Stage

from .base import SluiceStack

_DAY = 86_400


class LakeStack(SluiceStack):
    """Buckets ``lake``, ``artifacts`` and ``quality``, Glue databases, queue of landed raw objects."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(scope, "lake", stage)
        if stage.customer_key:
            self.key_arn = self._key().attr_arn
        queue_policy = self._landed_queue()
        lake = self._bucket("lake", notify=True)
        lake.add_resource_dependency(queue_policy)
        self._bucket("artifacts")
        self._bucket("quality")
        for zone in DATASET_ZONES:
            glue.CfnDatabase(
                self,
                f"{zone}-database",
                catalog_id=self.account,
                database_input=glue.CfnDatabase.DatabaseInputProperty(
                    name=zone, location_uri=f"s3://{self.bucket_name('lake')}/{zone}/"
                ),
            ).add_resource_dependency(lake)

    def _key(self) -> kms.CfnKey:
        root = f"arn:{self.partition}:iam::{self.account}:root"
        statements: list[dict[str, object]] = [
            {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"},
            {
                "Effect": "Allow",
                "Principal": {"Service": ["s3.amazonaws.com", "cloudwatch.amazonaws.com"]},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": self.account}},
            },
            {
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{self.region}.amazonaws.com"},
                "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": self.arn("logs", "*")}},
            },
        ]
        key = kms.CfnKey(
            self,
            "key",
            description="Data of the Sluice platform",
            enable_key_rotation=True,
            key_policy={"Version": "2012-10-17", "Statement": statements},
        )
        self.keep(key)
        kms.CfnAlias(self, "key-alias", alias_name="alias/sluice", target_key_id=key.ref)
        return key

    def _landed_queue(self) -> sqs.CfnQueuePolicy:
        encryption: dict[str, object] = (
            {"kms_master_key_id": self.key_arn} if self.key_arn else {"sqs_managed_sse_enabled": True}
        )
        dead = sqs.CfnQueue(
            self,
            "raw-landed-dead",
            queue_name=f"{RAW_QUEUE}-dead",
            message_retention_period=14 * _DAY,
            **encryption,
        )
        queue = sqs.CfnQueue(
            self,
            "raw-landed",
            queue_name=RAW_QUEUE,
            visibility_timeout=300,
            message_retention_period=4 * _DAY,
            redrive_policy={"deadLetterTargetArn": dead.attr_arn, "maxReceiveCount": 5},
            **encryption,
        )
        return sqs.CfnQueuePolicy(
            self,
            "raw-landed-policy",
            queues=[queue.ref],
            policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "s3.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": queue.attr_arn,
                        "Condition": {
                            "ArnLike": {"aws:SourceArn": self.bucket_arn("lake")},
                            "StringEquals": {"aws:SourceAccount": self.account},
                        },
                    }
                ],
            },
        )

    def _bucket(self, name: str, notify: bool = False) -> s3.CfnBucket:
        bucket = s3.CfnBucket(
            self,
            f"{name}-bucket",
            bucket_name=self.bucket_name(name),
            bucket_encryption=self._encryption(),
            public_access_block_configuration=s3.CfnBucket.PublicAccessBlockConfigurationProperty(
                block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True
            ),
            ownership_controls=s3.CfnBucket.OwnershipControlsProperty(
                rules=[s3.CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")]
            ),
            versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled")
            if self.stage.keep_data
            else None,
            lifecycle_configuration=self._lifecycle(name),
            notification_configuration=self._notification() if notify else None,
        )
        self.keep(bucket)
        s3.CfnBucketPolicy(
            self,
            f"{name}-bucket-policy",
            bucket=bucket.ref,
            policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "OnlyOverTls",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [self.bucket_arn(name), self.bucket_arn(name, "*")],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        ) if self.stage.managed_services else None  # a laptop's endpoint speaks plain HTTP on loopback
        cdk.CfnOutput(self, f"{name}-bucket-name", value=bucket.ref, key=f"{name.title()}Bucket")
        return bucket

    def _encryption(self) -> s3.CfnBucket.BucketEncryptionProperty:
        default = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
            sse_algorithm="aws:kms" if self.key_arn else "AES256", kms_master_key_id=self.key_arn
        )
        rule = s3.CfnBucket.ServerSideEncryptionRuleProperty(
            server_side_encryption_by_default=default, bucket_key_enabled=True if self.key_arn else None
        )
        return s3.CfnBucket.BucketEncryptionProperty(server_side_encryption_configuration=[rule])

    def _lifecycle(self, name: str) -> s3.CfnBucket.LifecycleConfigurationProperty:
        rule = s3.CfnBucket.RuleProperty
        rules = [
            rule(
                id="tidy",
                status="Enabled",
                abort_incomplete_multipart_upload=s3.CfnBucket.AbortIncompleteMultipartUploadProperty(
                    days_after_initiation=7
                ),
                noncurrent_version_expiration=s3.CfnBucket.NoncurrentVersionExpirationProperty(noncurrent_days=30)
                if self.stage.keep_data
                else None,
            )
        ]
        if name == "lake":
            archive = s3.CfnBucket.TransitionProperty(
                storage_class="GLACIER_IR", transition_in_days=self.stage.raw_archive_days
            )
            rules.append(rule(id="archive-raw", status="Enabled", prefix="raw/", transitions=[archive]))
        return s3.CfnBucket.LifecycleConfigurationProperty(rules=rules)

    def _notification(self) -> s3.CfnBucket.NotificationConfigurationProperty:
        only_raw = s3.CfnBucket.NotificationFilterProperty(
            s3_key=s3.CfnBucket.S3KeyFilterProperty(
                rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value="raw/")]
            )
        )
        return s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*", queue=self.arn("sqs", RAW_QUEUE), filter=only_raw
                )
            ]
        )
