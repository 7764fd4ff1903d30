"""Which days of a raw dataset hold something that no promotion has read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from sluice.lake.interval import Interval
from sluice.lake.raw_zone import RawObject, days_present, fingerprint, list_objects


class Promotions(Protocol):
    """Where the fingerprints of past promotions are kept; `sluice.outcomes.OutcomeStore` does."""

    def latest(self, dataset: str, interval: str, step: str) -> Any: ...


@dataclass(frozen=True)
class PendingDay:
    """A day to promote.

    Attributes
    ----------
    day : str
        ``YYYY-MM-DD``.
    last_hour : str
        ISO 8601 start of the last hour that has objects; when that one has landed, the day has.
    """

    day: str
    last_hour: str


def pending_days(
    s3: Any, bucket: str, prefix: str, dataset: str, promotions: Promotions, announced: Iterable[str], lookback: int
) -> list[PendingDay]:
    """Days whose raw objects differ from what the last promotion of the day read.

    Parameters
    ----------
    announced : iterable of str
        Days that notifications spoke of, looked at whatever their age.
    lookback : int
        How many days back to look for objects whose notification was lost.
    """
    oldest = datetime.now(UTC).date() - timedelta(days=lookback)
    recent = {day for day in days_present(s3, bucket, prefix) if day >= oldest}
    pending = []
    for day in sorted(recent | {date.fromisoformat(day) for day in announced}):
        objects = list_objects(s3, bucket, prefix, Interval.of_partition(day.isoformat()))
        last = promotions.latest(dataset, day.isoformat(), "promote")
        if objects and (last is None or last.input_fingerprint != fingerprint(objects)):
            pending.append(PendingDay(day.isoformat(), _last_hour(day, objects)))
    return pending


def _last_hour(day: date, objects: list[RawObject]) -> str:
    hour = max(int(item.key.rsplit("/hour=", 1)[1][:2]) for item in objects)
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC).isoformat()
