"""# Clickstream: lake -> warehouse -> marts

Loads one UTC day of curated events, hourly activity and sessions into Redshift with COPY, straight from the published
Parquet files, then builds and tests the dbt models of that day, one task per layer.

**Runbook**: [warehouse](https://github.com/sluice-data/sluice/blob/main/docs/runbooks/warehouse.md)
"""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag

from sluice.orchestration.assets import HOURLY_ACTIVITY, MARTS, SESSIONS
from sluice.orchestration.defaults import DEFAULT_ARGS
from sluice.orchestration.glue import LAKE_BUCKET, PARTITION
from sluice.orchestration.timetables import DailyPartitions
from sluice.warehouse.operators import DbtOperator, LakeToRedshiftOperator

TABLES = {
    "events": "curated/clickstream_events",
    "hourly_activity": "enriched/clickstream_hourly_activity",
    "sessions": "enriched/clickstream_sessions",
}


@dag(
    schedule=DailyPartitions(HOURLY_ACTIVITY & SESSIONS),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["clickstream", "warehouse", "dbt"],
    doc_md=__doc__,
)
def clickstream_enriched_to_marts():
    loads = [
        LakeToRedshiftOperator(
            task_id=f"load_{name}",
            contract=f"contracts/clickstream/{name}.yaml",
            interval=PARTITION,
            manifest_uri=f"s3://{LAKE_BUCKET}/manifests/{table}/{PARTITION}.manifest",
        )
        for name, table in TABLES.items()
    ]
    staging = DbtOperator(task_id="dbt_staging", select="staging", interval=PARTITION)
    marts = DbtOperator(task_id="dbt_marts", select="marts", interval=PARTITION, outlets=[MARTS])
    loads >> staging >> marts


clickstream_enriched_to_marts()
