"""Private networks: subnets without a way in, gateway to S3, NAT where a service has to reach out."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

_CIDRS = {"warehouse": "10.60.0.0/16", "airflow": "10.61.0.0/16"}


@dataclass(frozen=True)
class Network:
    """Ids of a network, as CloudFormation tokens."""

    vpc_id: str
    cidr: str
    subnet_ids: tuple[str, ...]


def private_network(stack: cdk.Stack, name: str, zones: int, reaches_out: bool = False) -> Network:
    """Add a network with one private subnet per zone to ``stack``.

    Parameters
    ----------
    zones
        Number of availability zones (Redshift Serverless asks for 3, MWAA for 2).
    reaches_out
        Add a NAT gateway, for services that call public endpoints.
    """
    cidr = _CIDRS[name]
    kind = ec2.SubnetType.PRIVATE_WITH_EGRESS if reaches_out else ec2.SubnetType.PRIVATE_ISOLATED
    subnets = [ec2.SubnetConfiguration(name="private", subnet_type=kind, cidr_mask=20)]
    if reaches_out:
        subnets.append(ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24))
    vpc = ec2.Vpc(
        stack,
        f"{name}-network",
        ip_addresses=ec2.IpAddresses.cidr(cidr),
        availability_zones=[cdk.Fn.select(zone, cdk.Fn.get_azs()) for zone in range(zones)],
        subnet_configuration=subnets,
        nat_gateways=1 if reaches_out else 0,
        restrict_default_security_group=False,  # would need a custom resource
        gateway_endpoints={"s3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
    )
    chosen = vpc.select_subnets(subnet_type=kind)
    return Network(vpc.vpc_id, cidr, tuple(chosen.subnet_ids))
