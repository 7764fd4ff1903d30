"""The way in: HTTP API -> collector -> Kinesis -> Firehose -> raw zone."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra.settings import (
    COLLECTOR,
    DELIVERY_STREAM,
    RAW_ERROR_PREFIX,
    RAW_PREFIX,
    STREAM,
    WRITE_KEYS_SECRET,
    Stage,
)

from .base import SluiceStack

_HOUR_QUERY = "{year:._event_hour[0:4],month:._event_hour[5:7],day:._event_hour[8:10],hour:._event_hour[11:13]}"
_HOUR_PATH = "/".join(f"{part}=!{{partitionKeyFromQuery:{part}}}" for part in ("year", "month", "day", "hour"))
_ROUTES = ("POST /v1/events", "POST /v1/batch", "GET /v1/health")


class IngestStack(SluiceStack):
    """Collector, stream and delivery to the raw zone."""

    def __init__(self, scope: Construct, stage: Stage, key_arn: str | None = None) -> None:
        super().__init__(scope, "ingest", stage, key_arn)
        stream = self._stream()
        self._delivery(stream)
        self._http_api(self._collector(stream, self._write_keys()))

    def _stream(self) -> kinesis.CfnStream:
        stream = kinesis.CfnStream(
            self,
            "stream",
            name=STREAM,
            shard_count=self.stage.shards,
            retention_period_hours=168 if self.stage.keep_data else 24,
            stream_encryption=kinesis.CfnStream.StreamEncryptionProperty(
                encryption_type="KMS", key_id=self.key_arn or "alias/aws/kinesis"
            ),
        )
        self.keep(stream)
        return stream

    def _log_group(self, name: str, path: str) -> logs.CfnLogGroup:
        group = logs.CfnLogGroup(
            self, name, log_group_name=path, retention_in_days=self.stage.log_days, kms_key_id=self.key_arn
        )
        self.keep(group)
        return group

    def _delivery(self, stream: kinesis.CfnStream) -> None:
        group = self._log_group("delivery-log", f"/aws/kinesisfirehose/{DELIVERY_STREAM}")
        log_stream = logs.CfnLogStream(
            self, "delivery-log-stream", log_group_name=group.ref, log_stream_name="S3Delivery"
        )
        role = self.role("sluice-delivery", "firehose.amazonaws.com", "Firehose: clickstream to the raw zone")
        self.allow(
            role,
            ["kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"],
            [stream.attr_arn],
        )
        self.allow(
            role,
            ["s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            [self.bucket_arn("lake")],
        )
        self.allow(role, ["s3:PutObject"], [self.bucket_arn("lake", "raw/*")])
        self.allow(role, ["logs:PutLogEvents"], [self.arn("logs", f"log-group:{group.ref}:*")])
        self.allow_key(role)
        processors = [
            firehose.CfnDeliveryStream.ProcessorProperty(
                type="MetadataExtraction",
                parameters=_parameters(MetadataExtractionQuery=_HOUR_QUERY, JsonParsingEngine="JQ-1.6"),
            ),
            firehose.CfnDeliveryStream.ProcessorProperty(
                type="AppendDelimiterToRecord", parameters=_parameters(Delimiter="\\n")
            ),
        ]
        delivery = firehose.CfnDeliveryStream(
            self,
            "delivery",
            delivery_stream_name=DELIVERY_STREAM,
            delivery_stream_type="KinesisStreamAsSource",
            kinesis_stream_source_configuration=firehose.CfnDeliveryStream.KinesisStreamSourceConfigurationProperty(
                kinesis_stream_arn=stream.attr_arn, role_arn=role.role_arn
            ),
            extended_s3_destination_configuration=firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
                bucket_arn=self.bucket_arn("lake"),
                role_arn=role.role_arn,
                prefix=f"{RAW_PREFIX}{_HOUR_PATH}/",
                error_output_prefix=f"{RAW_ERROR_PREFIX}!{{firehose:error-output-type}}/",
                compression_format="GZIP",
                buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                    interval_in_seconds=self.stage.firehose_seconds, size_in_m_bs=self.stage.firehose_megabytes
                ),
                dynamic_partitioning_configuration=firehose.CfnDeliveryStream.DynamicPartitioningConfigurationProperty(
                    enabled=True, retry_options=firehose.CfnDeliveryStream.RetryOptionsProperty(duration_in_seconds=300)
                ),
                processing_configuration=firehose.CfnDeliveryStream.ProcessingConfigurationProperty(
                    enabled=True, processors=processors
                ),
                cloud_watch_logging_options=firehose.CfnDeliveryStream.CloudWatchLoggingOptionsProperty(
                    enabled=True, log_group_name=group.ref, log_stream_name=log_stream.ref
                ),
                encryption_configuration=firehose.CfnDeliveryStream.EncryptionConfigurationProperty(
                    kms_encryption_config=firehose.CfnDeliveryStream.KMSEncryptionConfigProperty(
                        awskms_key_arn=self.key_arn
                    )
                )
                if self.key_arn
                else None,
            ),
        )
        # Firehose checks the role's permissions when it is created.
        delivery.node.add_dependency(role)

    def _write_keys(self) -> secrets.CfnSecret:
        first_content = cdk.CfnParameter(
            self,
            "WriteKeys",
            default="{}",
            no_echo=True,
            description='First content of the secret: {"<key>": "<tenant>"}. Later keys are added in Secrets Manager',
        )
        secret = secrets.CfnSecret(
            self,
            "write-keys",
            name=WRITE_KEYS_SECRET,
            description='Write keys of the collector: {"<key>": "<tenant>"}',
            kms_key_id=self.key_arn,
            secret_string=first_content.value_as_string,
        )
        self.keep(secret)
        return secret

    def _collector(self, stream: kinesis.CfnStream, write_keys: secrets.CfnSecret) -> lambda_.CfnFunction:
        code_key = cdk.CfnParameter(
            self,
            "CollectorCodeKey",
            default="functions/collector.zip",
            description="Key of the collector's zip in the artifacts bucket (infra.build prints it)",
        )
        group = self._log_group("collector-log", f"/aws/lambda/{COLLECTOR}")
        role = self.role(f"{COLLECTOR}", "lambda.amazonaws.com", "Collector: write keys to tenants, events to stream")
        self.allow(role, ["kinesis:PutRecords"], [stream.attr_arn])
        self.allow(role, ["secretsmanager:GetSecretValue"], [write_keys.ref])
        self.allow(
            role,
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [self.arn("logs", f"log-group:{group.ref}:*")],
        )
        self.allow_key(role)
        function = lambda_.CfnFunction(
            self,
            "collector",
            function_name=COLLECTOR,
            description="Takes events over HTTP, hands them to the clickstream",
            runtime="python3.13",
            architectures=[self.stage.function_architecture],
            handler="functions.collector.handler.lambda_handler",
            role=role.role_arn,
            memory_size=1024,
            timeout=29,
            code=lambda_.CfnFunction.CodeProperty(
                s3_bucket=self.bucket_name("artifacts"), s3_key=code_key.value_as_string
            ),
            environment=lambda_.CfnFunction.EnvironmentProperty(
                variables={
                    "STREAM_NAME": stream.ref,
                    "WRITE_KEYS_SECRET": WRITE_KEYS_SECRET,
                    "POWERTOOLS_LOG_LEVEL": "WARNING",
                }
            ),
        )
        function.add_resource_dependency(group)
        function.node.add_dependency(role)
        return function

    def _http_api(self, function: lambda_.CfnFunction) -> None:
        http_api = api.CfnApi(
            self, "api", name=COLLECTOR, protocol_type="HTTP", description="Collector of the Sluice platform"
        )
        integration = api.CfnIntegration(
            self,
            "api-integration",
            api_id=http_api.ref,
            integration_type="AWS_PROXY",
            integration_uri=function.attr_arn,
            payload_format_version="2.0",
        )
        for route in _ROUTES:
            api.CfnRoute(
                self,
                f"route {route}",
                api_id=http_api.ref,
                route_key=route,
                # Tenants come with write keys, which the collector checks itself.
                authorization_type="NONE",
                target=f"integrations/{integration.ref}",
            )
        access_log = self._log_group("api-log", f"/aws/apigateway/{COLLECTOR}")
        api.CfnStage(
            self,
            "api-stage",
            api_id=http_api.ref,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=api.CfnStage.RouteSettingsProperty(
                throttling_burst_limit=2_000, throttling_rate_limit=1_000
            ),
            access_log_settings=api.CfnStage.AccessLogSettingsProperty(
                destination_arn=access_log.attr_arn,
                # No address, no user agent: the access log holds no personal data.
                format=self.to_json_string(
                    {
                        "requestId": "$context.requestId",
                        "routeKey": "$context.routeKey",
                        "status": "$context.status",
                        "latency": "$context.responseLatency",
                        "bytes": "$context.responseLength",
                    }
                ),
            ),
        )
        lambda_.CfnPermission(
            self,
            "api-may-invoke",
            action="lambda:InvokeFunction",
            function_name=function.ref,
            principal="apigateway.amazonaws.com",
            source_arn=self.arn("execute-api", f"{http_api.ref}/*"),
        )
        cdk.CfnOutput(self, "CollectorUrl", value=http_api.attr_api_endpoint)
        cdk.CfnOutput(self, "CollectorApiId", value=http_api.ref)
        cdk.CfnOutput(self, "StreamName", value=STREAM)


def _parameters(**values: str) -> list[firehose.CfnDeliveryStream.ProcessorParameterProperty]:
    return [
        firehose.CfnDeliveryStream.ProcessorParameterProperty(parameter_name=name, parameter_value=value)
        for name, value in values.items()
    ]
