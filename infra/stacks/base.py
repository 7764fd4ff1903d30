"""What all stacks share: the stage, names that need the account, tags, deterministic synthesis."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.settings import Stage


class SluiceStack(cdk.Stack):
    """A stack of one stage.

    Resources of other stacks are named, not imported: a stack can be deployed again without the ones that use it.
    """

    def __init__(self, scope: Construct, topic: str, stage: Stage, key_arn: str | None = None) -> None:
        super().__init__(
            scope,
            f"sluice-{topic}",
            # No bootstrap bucket, no asset hashes: templates are the same on every machine.
            synthesizer=cdk.LegacyStackSynthesizer(),
            analytics_reporting=False,
            termination_protection=stage.keep_data,
        )
        self.stage = stage
        self.key_arn = key_arn
        cdk.Tags.of(self).add("project", "sluice")
        cdk.Tags.of(self).add("stage", stage.name)

    def bucket_name(self, name: str) -> str:
        """Return the name of the platform's bucket ``name``."""
        return self.stage.bucket(name, self.account)

    def bucket_arn(self, name: str, path: str = "") -> str:
        """Return the ARN of the platform's bucket ``name``, or of ``path`` in it."""
        return f"arn:{self.partition}:s3:::{self.bucket_name(name)}{path and '/' + path}"

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """Return an ARN of this account; ``region=''`` for global services."""
        return f"arn:{self.partition}:{service}:{self.region if region is None else region}:{self.account}:{resource}"

    def keep(self, resource: cdk.CfnResource) -> None:
        """Let a resource that holds data outlive the stack, where the stage says so."""
        policy = cdk.RemovalPolicy.RETAIN if self.stage.keep_data else cdk.RemovalPolicy.DESTROY
        resource.apply_removal_policy(policy)

    def role(self, name: str, service: str, description: str) -> iam.Role:
        """Return a role that ``service`` may take, without any permission yet."""
        return iam.Role(
            self,
            f"{name}-role",
            role_name=name,
            description=description,
            assumed_by=iam.ServicePrincipal(service, conditions=self._for_this_account(service)),
        )

    def _for_this_account(self, service: str) -> dict[str, object]:
        """Keep a service from taking the role on behalf of another account, in the way that service supports."""
        if service == "firehose.amazonaws.com":
            return {"StringEquals": {"sts:ExternalId": self.account}}
        if service == "glue.amazonaws.com":
            return {"StringEquals": {"aws:SourceAccount": self.account}}
        return {}

    def allow(self, role: iam.Role, actions: list[str], resources: list[str], **more: object) -> None:
        """Allow ``role`` the actions on the resources."""
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, **more))

    def allow_key(self, role: iam.Role) -> None:
        """Allow ``role`` to use the platform's key, where the stage has one."""
        if self.key_arn:
            self.allow(role, ["kms:Decrypt", "kms:GenerateDataKey"], [self.key_arn])
