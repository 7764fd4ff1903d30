"""# Clickstream: landing

Objects that the delivery stream wrote to the raw zone wake this pipeline through the bucket's notifications; a schedule
wakes it after each hour has closed. It finds the days with something in closed hours that no promotion has read, waits
until the last of these hours has completely landed and announces each day as a partition of the asset
`raw.clickstream_events`, which starts its promotion.

What is promoted is decided by what lies in the lake, never by the notification: one that is lost, repeated or late
changes nothing.

**Runbook**: [landing](https://github.com/sluice-data/sluice/blob/main/docs/runbooks/landing.md)
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable, dag, task, task_group

from sluice.orchestration.assets import RAW_EVENTS
from sluice.orchestration.defaults import DEFAULT_ARGS
from sluice.orchestration.glue import LAKE_BUCKET
from sluice.orchestration.sensors import HourLandedSensor
from sluice.orchestration.triggers import RawLandedTrigger

PREFIX = "raw/clickstream/events/"
LOOKBACK_DAYS = 7
# How long an hour stays open. An event that comes later, as long as the contract allows it, promotes its day again.
LATENESS = timedelta(minutes=15)

raw_objects = Asset(
    "raw.clickstream_objects",
    uri="sluice://raw/clickstream_objects",
    group="clickstream",
    watchers=[AssetWatcher(name="raw_landed", trigger=RawLandedTrigger("sluice-raw-landed", PREFIX))],
)


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("16 * * * *", timezone="UTC"), assets=[raw_objects]),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["clickstream", "raw"],
    doc_md=__doc__,
)
def clickstream_landing():
    @task
    def find_closed_hours(bucket: str, triggering_asset_events=None) -> list[str]:
        """For each day to promote, the last hour to wait for."""
        from datetime import UTC

        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from sluice.orchestration.landing import pending_days
        from sluice.outcomes import OutcomeStore

        events = [event for group in triggering_asset_events.values() for event in group]
        found = pending_days(
            S3Hook().get_conn(), bucket, PREFIX, "curated.clickstream_events", OutcomeStore(),
            announced={day for event in events for day in _days(event.extra)},
            lookback=LOOKBACK_DAYS, lateness=LATENESS, now=datetime.now(UTC),
        )
        return [day.last_hour for day in found]

    @task_group
    def land(hour: str):
        landed = HourLandedSensor(
            task_id="wait_until_landed",
            delivery_stream="clickstream-raw",
            bucket=LAKE_BUCKET,
            prefix=PREFIX,
            hour=hour,
            lateness=LATENESS,
            timeout=3 * 3600,
        )
        announce(landed.output)

    @task(outlets=[RAW_EVENTS])
    def announce(hour: str, outlet_events=None) -> str:
        """Tell of the hour's day as a partition."""
        day = hour[:10]
        outlet_events[RAW_EVENTS].add_partitions(day)
        return day

    land.expand(hour=find_closed_hours(LAKE_BUCKET))


def _days(extra: dict) -> list[str]:
    """The days a watcher's event speaks of; its payload lies in the event's extra."""
    payload = extra.get("payload", extra)
    return payload.get("days", []) if isinstance(payload, dict) else []


clickstream_landing()
