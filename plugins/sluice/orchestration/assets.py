"""The assets that connect the pipelines, one per dataset; their partitions are UTC days."""

from __future__ import annotations

from airflow.sdk import Asset

RAW_EVENTS = Asset("raw.clickstream_events", uri="sluice://raw/clickstream_events", group="clickstream")
CURATED_EVENTS = Asset("curated.clickstream_events", uri="sluice://curated/clickstream_events", group="clickstream")
HOURLY_ACTIVITY = Asset(
    "enriched.clickstream_hourly_activity", uri="sluice://enriched/clickstream_hourly_activity", group="clickstream"
)
SESSIONS = Asset("enriched.clickstream_sessions", uri="sluice://enriched/clickstream_sessions", group="clickstream")
MARTS = Asset("marts.clickstream", uri="sluice://marts/clickstream", group="clickstream")
