"""The CDK app. ``cdk deploy`` runs it; ``python -m infra.synth`` writes its templates into the repository."""

from __future__ import annotations

import os

import aws_cdk as cdk

from infra.settings import STAGES, Stage
from infra.stacks.ingest import IngestStack
from infra.stacks.jobs import JobsStack
from infra.stacks.lake import LakeStack
from infra.stacks.ops import OpsStack
from infra.stacks.warehouse import WarehouseStack


def build_app(stage: Stage, outdir: str | None = None) -> cdk.App:
    """Return the app of a stage; its stacks stand in the order they are deployed in."""
    app = cdk.App(outdir=outdir, analytics_reporting=False, tree_metadata=False)
    lake = LakeStack(app, stage)
    for stack_class in (IngestStack, JobsStack, OpsStack, WarehouseStack):
        stack_class(app, stage, lake.key_arn).add_stack_dependency(lake)
    if stage.managed_services:
        from infra.stacks.airflow import AirflowStack

        AirflowStack(app, stage, lake.key_arn).add_stack_dependency(lake)
    return app


if __name__ == "__main__":
    build_app(STAGES[os.environ.get("SLUICE_STAGE", "dev")]).synth()
