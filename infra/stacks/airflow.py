"""Amazon MWAA: the managed Airflow that runs the platform's DAGs."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_mwaa as mwaa
from constructs import Construct

from infra.settings import PLATFORM_ROLE, Stage

from .base import SluiceStack
from .network import private_network

AIRFLOW_VERSION = "3.3.1"


class AirflowStack(SluiceStack):
    """Environment ``sluice`` in a network of its own, reachable over IAM only."""

    def __init__(self, scope: Construct, stage: Stage, key_arn: str | None = None) -> None:
        super().__init__(scope, "airflow", stage, key_arn)
        network = private_network(self, "airflow", zones=2, reaches_out=True)
        group = ec2.CfnSecurityGroup(
            self, "airflow-access", group_description="MWAA: members reach each other", vpc_id=network.vpc_id
        )
        ec2.CfnSecurityGroupIngress(
            self,
            "airflow-members",
            group_id=group.attr_group_id,
            ip_protocol="-1",
            source_security_group_id=group.attr_group_id,
            description="Scheduler, workers and web server of the environment",
        )
        log = mwaa.CfnEnvironment.ModuleLoggingConfigurationProperty(enabled=True, log_level="INFO")
        environment = mwaa.CfnEnvironment(
            self,
            "environment",
            name="sluice",
            airflow_version=AIRFLOW_VERSION,
            environment_class=stage.airflow_class,
            min_workers=1,
            max_workers=stage.airflow_workers,
            execution_role_arn=self.arn("iam", f"role/{PLATFORM_ROLE}", region=""),
            kms_key=self.key_arn,
            source_bucket_arn=self.bucket_arn("artifacts"),
            dag_s3_path="airflow/dags",
            plugins_s3_path="airflow/plugins.zip",
            plugins_s3_object_version=self._version_of("Plugins", "plugins.zip"),
            requirements_s3_path="airflow/requirements.txt",
            requirements_s3_object_version=self._version_of("Requirements", "requirements.txt"),
            webserver_access_mode="PUBLIC_ONLY",
            network_configuration=mwaa.CfnEnvironment.NetworkConfigurationProperty(
                subnet_ids=list(network.subnet_ids), security_group_ids=[group.attr_group_id]
            ),
            logging_configuration=mwaa.CfnEnvironment.LoggingConfigurationProperty(
                dag_processing_logs=log, scheduler_logs=log, task_logs=log, webserver_logs=log, worker_logs=log
            ),
        )
        cdk.CfnOutput(self, "AirflowUrl", value=f"https://{environment.attr_webserver_url}")

    def _version_of(self, what: str, name: str) -> str | None:
        """Let the deployer name the object's version: MWAA takes a new file only by its version."""
        if not self.stage.keep_data:  # the bucket has versions only where data is kept
            return None
        parameter = cdk.CfnParameter(self, f"{what}Version", description=f"S3 version of airflow/{name}")
        return parameter.value_as_string
