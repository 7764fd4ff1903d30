"""The timetable of the zone promotions: driven by assets, partitioned by day, and open to backfills.

Airflow's own ``PartitionedAssetTimetable`` starts a run for each partition of an upstream asset but refuses
``airflow backfill create``, as it has no calendar. Our partitions are days, so there is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from airflow.timetables.base import DagRunInfo
from airflow.timetables.simple import PartitionedAssetTimetable
from airflow.timetables.trigger import CronPartitionTimetable

DAY_KEY = "%Y-%m-%d"


class DailyPartitions(PartitionedAssetTimetable):
    """One run for each day that an upstream asset announces, and for each day of a backfill.

    Parameters
    ----------
    assets : Asset or asset condition
        Upstream; its events carry partition keys ``YYYY-MM-DD`` (UTC days).
    """

    # Lets `airflow backfill create` and the UI's backfill dialog accept the DAG.
    periodic = True

    def __init__(self, assets: Any, **kwargs: Any) -> None:
        super().__init__(assets=assets, **kwargs)
        self._days = CronPartitionTimetable("0 0 * * *", timezone="UTC", key_format=DAY_KEY)

    @property
    def summary(self) -> str:
        return "Daily partitions of an asset"

    def iter_partition_dagrun_infos(self, *, earliest: datetime, latest: datetime) -> Iterable[DagRunInfo]:
        """The days of a backfill, both ends included."""
        return self._days.iter_partition_dagrun_infos(earliest=earliest, latest=latest)

    def resolve_partition_date(self, partition_key: str | None) -> datetime | None:
        """The start of the day that a key names; None for no key."""
        return self._days.resolve_partition_date(partition_key)

    def localize_partition_datetime(self, dt: datetime) -> Any:
        return self._days.localize_partition_datetime(dt)
