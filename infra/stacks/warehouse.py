"""The warehouse: the role COPY reads the lake with and, where the stage manages services, Redshift Serverless."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_redshiftserverless as redshift
from constructs import Construct

from infra.settings import WAREHOUSE_ROLE, Stage

from .base import SluiceStack
from .network import private_network

DATABASE = "warehouse"
PORT = 5439


class WarehouseStack(SluiceStack):
    """Role ``sluice-warehouse``; on AWS also the network, namespace and workgroup."""

    def __init__(self, scope: Construct, stage: Stage, key_arn: str | None = None) -> None:
        super().__init__(scope, "warehouse", stage, key_arn)
        role = self.role(WAREHOUSE_ROLE, "redshift.amazonaws.com", "Redshift: COPY from the lake, UNLOAD to exports")
        if stage.managed_services:
            # Serverless takes the role under a principal of its own.
            role.assume_role_policy.add_statements(self._serverless_may_assume())
        self.allow(role, ["s3:ListBucket", "s3:GetBucketLocation"], [self.bucket_arn("lake")])
        readable = ("curated", "enriched", "manifests")
        self.allow(role, ["s3:GetObject"], [self.bucket_arn("lake", f"{zone}/*") for zone in readable])
        self.allow_key(role)
        cdk.CfnOutput(self, "WarehouseRoleArn", value=role.role_arn)
        if stage.managed_services:
            self._serverless(role.role_arn)

    def _serverless_may_assume(self) -> cdk.aws_iam.PolicyStatement:
        return cdk.aws_iam.PolicyStatement(
            actions=["sts:AssumeRole"],
            principals=[cdk.aws_iam.ServicePrincipal("redshift-serverless.amazonaws.com")],
        )

    def _serverless(self, role_arn: str) -> None:
        network = private_network(self, "warehouse", zones=3)
        group = ec2.CfnSecurityGroup(
            self,
            "warehouse-access",
            group_description="Redshift Serverless: reachable inside the network only",
            vpc_id=network.vpc_id,
            security_group_ingress=[
                ec2.CfnSecurityGroup.IngressProperty(
                    ip_protocol="tcp", from_port=PORT, to_port=PORT, cidr_ip=network.cidr, description="Redshift"
                )
            ],
        )
        namespace = redshift.CfnNamespace(
            self,
            "namespace",
            namespace_name="sluice",
            db_name=DATABASE,
            admin_username="sluice",
            manage_admin_password=True,
            iam_roles=[role_arn],
            default_iam_role_arn=role_arn,
            kms_key_id=self.key_arn,
            log_exports=["userlog", "connectionlog", "useractivitylog"],
        )
        self.keep(namespace)
        workgroup = redshift.CfnWorkgroup(
            self,
            "workgroup",
            workgroup_name="sluice",
            namespace_name=namespace.ref,
            base_capacity=self.stage.redshift_base_capacity,
            enhanced_vpc_routing=True,
            publicly_accessible=False,
            subnet_ids=list(network.subnet_ids),
            security_group_ids=[group.attr_group_id],
            config_parameters=[
                redshift.CfnWorkgroup.ConfigParameterProperty(parameter_key="require_ssl", parameter_value="true")
            ],
        )
        cdk.CfnOutput(self, "WarehouseEndpoint", value=workgroup.attr_workgroup_endpoint_address)
