"""# Clickstream: curated -> enriched

Computes hourly activity and sessions of one UTC day from curated events, each on an audit branch; one quality gate
judges both, and both become visible or neither does.

**Runbook**: [promotion](https://github.com/sluice-data/sluice/blob/main/docs/runbooks/promotion.md)
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag

from sluice.orchestration.assets import CURATED_EVENTS, HOURLY_ACTIVITY, SESSIONS
from sluice.orchestration.defaults import DEFAULT_ARGS
from sluice.orchestration.glue import (
    EXPECTATIONS,
    LAKE_BUCKET,
    QUALITY_BUCKET,
    LakeJobOperator,
    contract_address,
)
from sluice.orchestration.timetables import DailyPartitions

CONTRACTS = ",".join(contract_address(f"clickstream/{name}") for name in ("hourly_activity", "sessions"))


@dag(
    schedule=DailyPartitions(CURATED_EVENTS),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["clickstream", "enriched"],
    doc_md=__doc__,
)
def clickstream_curated_to_enriched():
    enrich = LakeJobOperator(
        task_id="enrich",
        job_name="sluice-enrich",
        script_args={"--contracts": CONTRACTS, "--source_contract": contract_address("clickstream/events")},
    )
    gate = LakeJobOperator(
        task_id="quality_gate",
        job_name="sluice-gate",
        script_args={
            "--contracts": CONTRACTS,
            "--expectations": EXPECTATIONS,
            "--lake_bucket": LAKE_BUCKET,
            "--quality_bucket": QUALITY_BUCKET,
        },
        outlets=[HOURLY_ACTIVITY, SESSIONS],
    )
    enrich >> gate


clickstream_curated_to_enriched()
