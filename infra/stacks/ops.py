"""What operates the platform: outcome records, alarms, and the role Airflow acts with."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.settings import (
    ALERTS_TOPIC,
    COLLECTOR,
    DATASET_ZONES,
    DELIVERY_STREAM,
    GLUE_JOBS,
    JOBS_ROLE,
    OUTCOMES_TABLE,
    PLATFORM_ROLE,
    RAW_QUEUE,
    STREAM,
    Stage,
)

from .base import SluiceStack


class OpsStack(SluiceStack):
    """Table ``sluice-outcomes``, topic ``sluice-alerts``, alarms, role ``sluice-platform``."""

    def __init__(self, scope: Construct, stage: Stage, key_arn: str | None = None) -> None:
        super().__init__(scope, "ops", stage, key_arn)
        self._outcomes()
        topic = sns.CfnTopic(self, "alerts", topic_name=ALERTS_TOPIC, kms_master_key_id=self.key_arn or "alias/aws/sns")
        cdk.CfnOutput(self, "AlertsTopicArn", value=topic.ref)
        self._alarms(topic.ref)
        self._platform_role(topic.ref)

    def _outcomes(self) -> None:
        attribute = dynamodb.CfnTable.AttributeDefinitionProperty
        key = dynamodb.CfnTable.KeySchemaProperty
        table = dynamodb.CfnTable(
            self,
            "outcomes",
            table_name=OUTCOMES_TABLE,
            billing_mode="PAY_PER_REQUEST",
            attribute_definitions=[
                attribute(attribute_name="dataset", attribute_type="S"),
                attribute(attribute_name="outcome", attribute_type="S"),
            ],
            key_schema=[
                key(attribute_name="dataset", key_type="HASH"),
                key(attribute_name="outcome", key_type="RANGE"),
            ],
            point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
                point_in_time_recovery_enabled=True
            ),
            sse_specification=dynamodb.CfnTable.SSESpecificationProperty(
                sse_enabled=True, sse_type="KMS", kms_master_key_id=self.key_arn
            )
            if self.key_arn
            else None,
            deletion_protection_enabled=self.stage.keep_data,
        )
        self.keep(table)

    def _alarms(self, topic: str) -> None:
        def alarm(name: str, why: str, namespace: str, metric: str, dimension: tuple[str, str], above: int,
                  statistic: str = "Sum") -> None:  # fmt: skip
            cloudwatch.CfnAlarm(
                self,
                f"alarm-{name}",
                alarm_name=f"sluice-{name}",
                alarm_description=why,
                namespace=namespace,
                metric_name=metric,
                dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name=dimension[0], value=dimension[1])],
                statistic=statistic,
                period=300,
                evaluation_periods=1,
                threshold=above,
                comparison_operator="GreaterThanThreshold",
                treat_missing_data="notBreaching",
                alarm_actions=[topic],
                ok_actions=[topic],
            )

        late = max(900, 3 * self.stage.firehose_seconds)
        alarm("collector-errors", "The collector fails: clients send again, data waits outside.", "AWS/Lambda",
              "Errors", ("FunctionName", COLLECTOR), 0)  # fmt: skip
        alarm("stream-throttled", "Shards take no more: reshard the clickstream.", "AWS/Kinesis",
              "WriteProvisionedThroughputExceeded", ("StreamName", STREAM), 100)  # fmt: skip
        alarm("delivery-late", "Raw data lands late: see the delivery stream's log.", "AWS/Firehose",
              "DeliveryToS3.DataFreshness", ("DeliveryStreamName", DELIVERY_STREAM), late, "Maximum")  # fmt: skip
        alarm("landed-dead", "Landing messages nobody could work on.", "AWS/SQS",
              "ApproximateNumberOfMessagesVisible", ("QueueName", f"{RAW_QUEUE}-dead"), 0, "Maximum")  # fmt: skip

    def _platform_role(self, topic: str) -> None:
        role = iam.Role(
            self,
            "platform-role",
            role_name=PLATFORM_ROLE,
            description="Airflow: starts jobs, reads outcomes and queues, loads the warehouse",
            assumed_by=iam.CompositePrincipal(
                iam.ServicePrincipal("airflow.amazonaws.com"), iam.ServicePrincipal("airflow-env.amazonaws.com")
            ),
        )
        buckets = ("lake", "artifacts", "quality")
        self.allow(role, ["s3:ListBucket", "s3:GetBucket*", "s3:GetEncryptionConfiguration"],
                   [self.bucket_arn(name) for name in buckets])  # fmt: skip
        self.allow(role, ["s3:GetObject*"], [self.bucket_arn(name, "*") for name in buckets])
        self.allow(role, ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
                   [self.bucket_arn("lake", "*"), self.bucket_arn("quality", "*")])  # fmt: skip
        self.allow(role, ["glue:StartJobRun", "glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns",
                          "glue:BatchStopJobRun"],
                   [self.arn("glue", f"job/sluice-{name}") for name in GLUE_JOBS])  # fmt: skip
        self.allow(role, ["iam:GetRole", "iam:PassRole"], [self.arn("iam", f"role/{JOBS_ROLE}", region="")])
        self.allow(
            role,
            ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"],
            [
                self.arn("glue", "catalog"),
                *(self.arn("glue", f"database/{zone}") for zone in DATASET_ZONES),
                *(self.arn("glue", f"table/{zone}/*") for zone in DATASET_ZONES),
            ],
        )
        self.allow(role, ["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"],
                   [self.arn("dynamodb", f"table/{OUTCOMES_TABLE}")])  # fmt: skip
        self.allow(role, ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes",
                          "sqs:ChangeMessageVisibility"], [self.arn("sqs", RAW_QUEUE)])  # fmt: skip
        self.allow(role, ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards",
                          "kinesis:GetShardIterator", "kinesis:GetRecords"],
                   [self.arn("kinesis", f"stream/{STREAM}")])  # fmt: skip
        self.allow(role, ["firehose:DescribeDeliveryStream"],
                   [self.arn("firehose", f"deliverystream/{DELIVERY_STREAM}")])  # fmt: skip
        self.allow(role, ["sns:Publish"], [topic])
        self.allow(role, ["logs:GetLogEvents", "logs:FilterLogEvents", "logs:DescribeLogStreams"],
                   [self.arn("logs", "log-group:/aws-glue/*")])  # fmt: skip
        self.allow(role, ["cloudwatch:PutMetricData"], ["*"],
                   conditions={"StringEquals": {"cloudwatch:namespace": ["AmazonMWAA", "Sluice"]}})  # fmt: skip
        if self.stage.managed_services:
            self._as_mwaa(role)
        self.allow_key(role)
        cdk.CfnOutput(self, "PlatformRoleArn", value=role.role_arn)

    def _as_mwaa(self, role: iam.Role) -> None:
        """What MWAA's execution role needs besides, after the service's own guide."""
        self.allow(role, ["airflow:PublishMetrics"], [self.arn("airflow", "environment/sluice*")])
        self.allow(role, ["s3:GetAccountPublicAccessBlock"], ["*"])
        self.allow(role, ["logs:CreateLogStream", "logs:CreateLogGroup", "logs:PutLogEvents", "logs:GetLogRecord",
                          "logs:GetLogGroupFields", "logs:GetQueryResults"],
                   [self.arn("logs", "log-group:airflow-sluice-*")])  # fmt: skip
        self.allow(role, ["logs:DescribeLogGroups"], ["*"])
        # The queue of MWAA's Celery lies in an account of the service.
        self.allow(role, ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
                          "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"],
                   [f"arn:{self.partition}:sqs:{self.region}:*:airflow-celery-*"])  # fmt: skip
        self.allow(role, ["secretsmanager:GetSecretValue"], [self.arn("secretsmanager", "secret:airflow/*")])
        self.allow(role, ["redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup"],
                   [self.arn("redshift-serverless", "workgroup/*")])  # fmt: skip
