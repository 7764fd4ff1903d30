"""Glue jobs of the lake, and the role they run with."""

from __future__ import annotations

from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra.pins import job_modules
from infra.settings import DATASET_ZONES, GLUE_JOBS, JOBS_ROLE, OUTCOMES_TABLE, PII_SECRET, Stage

from .base import SluiceStack


class JobsStack(SluiceStack):
    """``sluice-promote``, ``sluice-enrich`` and ``sluice-gate`` on Glue 5.1 with Iceberg."""

    def __init__(self, scope: Construct, stage: Stage, key_arn: str | None = None) -> None:
        super().__init__(scope, "jobs", stage, key_arn)
        role = self.role(JOBS_ROLE, "glue.amazonaws.com", "Glue jobs: read raw, write curated, enriched, quarantine")
        self._permissions(role)
        self.allow(role, ["secretsmanager:GetSecretValue"], [self._pii_key().ref])
        for name in GLUE_JOBS:
            job = glue.CfnJob(
                self,
                f"{name}-job",
                name=f"sluice-{name}",
                role=role.role_arn,
                glue_version="5.1",
                command=glue.CfnJob.JobCommandProperty(
                    name="glueetl",
                    python_version="3",
                    script_location=f"s3://{self.bucket_name('artifacts')}/jobs/{name}.py",
                ),
                worker_type="G.1X",
                number_of_workers=stage.glue_workers,
                timeout=120,
                max_retries=0,  # Airflow decides about retries
                execution_property=glue.CfnJob.ExecutionPropertyProperty(max_concurrent_runs=4),
                default_arguments=self._arguments(),
            )
            job.node.add_dependency(role)

    def _pii_key(self) -> secrets.CfnSecret:
        """The key of the hashes that stand for personal data; losing it means that new hashes match no old ones."""
        secret = secrets.CfnSecret(
            self,
            "pii-key",
            name=PII_SECRET,
            description="Key of the hashes that stand for personal data in the lake",
            kms_key_id=self.key_arn,
            generate_secret_string=secrets.CfnSecret.GenerateSecretStringProperty(
                password_length=64, exclude_punctuation=True
            ),
        )
        self.keep(secret)
        return secret

    def _permissions(self, role: iam.Role) -> None:
        writable = ("curated", "enriched", "quarantine", "manifests")
        self.allow(role, ["s3:ListBucket", "s3:GetBucketLocation"], [self.bucket_arn(n) for n in _BUCKETS])
        self.allow(
            role,
            ["s3:GetObject"],
            [self.bucket_arn("lake", "*"), self.bucket_arn("artifacts", "*"), self.bucket_arn("quality", "*")],
        )
        self.allow(
            role,
            ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            [
                *(self.bucket_arn("lake", f"{zone}/*") for zone in writable),
                self.bucket_arn("quality", "*"),
                self.bucket_arn("artifacts", "tmp/*"),  # --TempDir
            ],
        )
        databases = [self.arn("glue", f"database/{zone}") for zone in DATASET_ZONES]
        tables = [self.arn("glue", f"table/{zone}/*") for zone in DATASET_ZONES]
        self.allow(
            role,
            [
                "glue:GetDatabase",
                "glue:GetDatabases",
                "glue:GetTable",
                "glue:GetTables",
                "glue:CreateTable",
                "glue:UpdateTable",
                "glue:DeleteTable",
                "glue:GetPartitions",
                "glue:BatchGetPartition",
            ],
            [self.arn("glue", "catalog"), *databases, *tables],
        )
        self.allow(
            role,
            ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:GetItem"],
            [self.arn("dynamodb", f"table/{OUTCOMES_TABLE}")],
        )
        self.allow(
            role,
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [self.arn("logs", "log-group:/aws-glue/*")],
        )
        self.allow(
            role,
            ["cloudwatch:PutMetricData"],
            ["*"],  # the action knows no resources
            conditions={"StringEquals": {"cloudwatch:namespace": ["Glue", "Sluice"]}},
        )
        self.allow_key(role)

    def _arguments(self) -> dict[str, str]:
        artifacts = f"s3://{self.bucket_name('artifacts')}"
        settings = {
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "spark.sql.catalog.glue": "org.apache.iceberg.spark.SparkCatalog",
            "spark.sql.catalog.glue.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
            "spark.sql.catalog.glue.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
            "spark.sql.catalog.glue.warehouse": f"s3://{self.bucket_name('lake')}/",
            "spark.sql.session.timeZone": "UTC",
        }
        return {
            "--job-language": "python",
            "--datalake-formats": "iceberg",
            # Glue takes one --conf; further settings are chained inside its value.
            "--conf": " --conf ".join(f"{key}={value}" for key, value in settings.items()),
            "--extra-py-files": f"{artifacts}/libs/sluice.zip",
            "--additional-python-modules": job_modules(),
            "--enable-metrics": "true",
            "--enable-continuous-cloudwatch-log": "true",
            "--TempDir": f"{artifacts}/tmp/",
        }


_BUCKETS = ("lake", "artifacts", "quality")
