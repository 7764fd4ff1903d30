"""One small applier per resource type; this table is all the applier knows to apply."""

from __future__ import annotations

from collections.abc import Mapping

from . import compute, http, identity, messaging, observe, storage, streams
from .base import Applier, Context, Properties

APPLIERS: Mapping[str, Applier] = {
    "AWS::ApiGatewayV2::Api": http.api,
    "AWS::ApiGatewayV2::Integration": http.integration,
    "AWS::ApiGatewayV2::Route": http.route,
    "AWS::ApiGatewayV2::Stage": http.stage,
    "AWS::CloudWatch::Alarm": observe.alarm,
    "AWS::DynamoDB::Table": storage.table,
    "AWS::Glue::Database": compute.database,
    "AWS::Glue::Job": compute.job,
    "AWS::IAM::Policy": identity.policy,
    "AWS::IAM::Role": identity.role,
    "AWS::Kinesis::Stream": streams.stream,
    "AWS::KinesisFirehose::DeliveryStream": streams.delivery_stream,
    "AWS::Lambda::Function": compute.function,
    "AWS::Lambda::Permission": compute.permission,
    "AWS::Logs::LogGroup": observe.log_group,
    "AWS::Logs::LogStream": observe.log_stream,
    "AWS::S3::Bucket": storage.bucket,
    "AWS::S3::BucketPolicy": storage.bucket_policy,
    "AWS::SNS::Topic": messaging.topic,
    "AWS::SQS::Queue": messaging.queue,
    "AWS::SQS::QueuePolicy": messaging.queue_policy,
    "AWS::SecretsManager::Secret": identity.secret,
}

__all__ = ["APPLIERS", "Applier", "Context", "Properties"]
