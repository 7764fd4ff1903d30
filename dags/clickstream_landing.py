"""# Clickstream: landing

Objects that the delivery stream wrote to the raw zone wake this pipeline through the bucket's notifications. It finds the
days with something that no promotion has read yet, waits until their last hour has completely landed and announces them
as partitions of the asset `raw.clickstream_events`, which starts the promotion of each.

What is promoted is decided by what lies in the lake, never by the notification: one that is lost, repeated or late
changes nothing.

**Runbook**: [landing](https://github.com/sluice-data/sluice/blob/main/docs/runbooks/landing.md)
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import Asset, AssetWatcher, dag, task

from sluice.orchestration.assets import RAW_EVENTS
from sluice.orchestration.defaults import DEFAULT_ARGS
from sluice.orchestration.glue import LAKE_BUCKET
from sluice.orchestration.sensors import HourLandedSensor
from sluice.orchestration.triggers import RawLandedTrigger

PREFIX = "raw/clickstream/events/"
LOOKBACK_DAYS = 7

raw_objects = Asset(
    "raw.clickstream_objects",
    uri="sluice://raw/clickstream_objects",
    group="clickstream",
    watchers=[AssetWatcher(name="raw_landed", trigger=RawLandedTrigger("sluice-raw-landed", PREFIX))],
)


@dag(
    schedule=[raw_objects],
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["clickstream", "raw"],
    doc_md=__doc__,
)
def clickstream_landing():
    @task
    def find_pending(bucket: str, triggering_asset_events=None) -> list[dict[str, str]]:
        """Days to promote, with the last hour to wait for."""
        from dataclasses import asdict

        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from sluice.orchestration.landing import pending_days
        from sluice.outcomes import OutcomeStore

        events = [event for group in triggering_asset_events.values() for event in group]
        announced = {day for event in events for day in _days(event.extra)}
        found = pending_days(
            S3Hook().get_conn(), bucket, PREFIX, "curated.clickstream_events", OutcomeStore(), announced, LOOKBACK_DAYS
        )
        return [asdict(day) for day in found]

    @task
    def hours(pending: list[dict[str, str]]) -> list[str]:
        """The last hour of each day."""
        return [day["last_hour"] for day in pending]

    @task(outlets=[RAW_EVENTS])
    def announce(landed: list[str], outlet_events=None) -> list[str]:
        """Tell of each day as a partition."""
        days = sorted({hour[:10] for hour in landed})
        if days:
            outlet_events[RAW_EVENTS].add_partitions(days)
        return days

    landed = HourLandedSensor.partial(
        task_id="wait_until_landed",
        delivery_stream="clickstream-raw",
        bucket=LAKE_BUCKET,
        prefix=PREFIX,
        lateness=timedelta(minutes=15),
        map_index_template="{{ task.hour }}",
        timeout=26 * 3600,
    ).expand(hour=hours(find_pending(LAKE_BUCKET)))
    announce(landed.output)


def _days(extra: dict) -> list[str]:
    """The days a watcher's event speaks of; its payload lies in the event's extra."""
    payload = extra.get("payload", extra)
    return payload.get("days", []) if isinstance(payload, dict) else []


clickstream_landing()
