"""# Clickstream: raw -> curated

Promotes one UTC day of raw events: typed, validated, deduplicated by `event_id`, personal data hashed. Lines that break
the contract go to `quarantine.clickstream_events` with the reason. The result is written to an audit branch of the
Iceberg table; Great Expectations judges the branch, and only what passes becomes visible.

Runs for each day that landing announces; any range of days can be run again:
`./sluice backfill clickstream_raw_to_curated --from 2026-11-01 --to 2026-11-07`.

**Runbook**: [promotion](https://github.com/sluice-data/sluice/blob/main/docs/runbooks/promotion.md)
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag

from sluice.orchestration.assets import CURATED_EVENTS, RAW_EVENTS
from sluice.orchestration.defaults import DEFAULT_ARGS
from sluice.orchestration.glue import (
    EXPECTATIONS,
    LAKE_BUCKET,
    QUALITY_BUCKET,
    LakeJobOperator,
    contract_address,
)
from sluice.orchestration.timetables import DailyPartitions

EVENTS = contract_address("clickstream/events")


@dag(
    schedule=DailyPartitions(RAW_EVENTS),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["clickstream", "curated"],
    doc_md=__doc__,
)
def clickstream_raw_to_curated():
    promote = LakeJobOperator(
        task_id="promote",
        job_name="sluice-promote",
        script_args={"--contract": EVENTS, "--lake_bucket": LAKE_BUCKET, "--pii_secret": "sluice/pii-salt"},
    )
    gate = LakeJobOperator(
        task_id="quality_gate",
        job_name="sluice-gate",
        script_args={
            "--contracts": EVENTS,
            "--expectations": EXPECTATIONS,
            "--lake_bucket": LAKE_BUCKET,
            "--quality_bucket": QUALITY_BUCKET,
        },
        outlets=[CURATED_EVENTS],
    )
    promote >> gate


clickstream_raw_to_curated()
