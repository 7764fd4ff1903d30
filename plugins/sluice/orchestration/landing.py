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
        ISO 8601 start of the last closed hour with something new; when that one has landed, the day can be promoted.
    """

    day: str
    last_hour: str


def pending_days(
    s3: Any,
    bucket: str,
    prefix: str,
    dataset: str,
    promotions: Promotions,
    announced: Iterable[str],
    lookback: int,
    lateness: timedelta,
    now: datetime,
) -> list[PendingDay]:
    """Days with objects in closed hours that no promotion has read.

    An hour that is still open is left alone until it closes: its day is found then, by the schedule, if nothing else
    asks before.

    Parameters
    ----------
    announced : iterable of str
        Days that notifications spoke of, looked at whatever their age.
    lookback : int
        How many days back to look for objects whose notification was lost.
    lateness : timedelta
        How long after its end an hour stays open.
    """
    oldest = now.date() - timedelta(days=lookback)
    recent = {day for day in days_present(s3, bucket, prefix) if day >= oldest}
    pending = []
    for day in sorted(recent | {date.fromisoformat(day) for day in announced}):
        objects = list_objects(s3, bucket, prefix, Interval.of_partition(day.isoformat()))
        last = promotions.latest(dataset, day.isoformat(), "promote")
        if last is not None and last.input_fingerprint == fingerprint(objects):
            continue
        hours = (_hour(day, item) for item in objects if last is None or item.landed_at >= _read_at(last))
        closed = [hour for hour in hours if hour + timedelta(hours=1) + lateness <= now]
        if closed:
            pending.append(PendingDay(day.isoformat(), max(closed).isoformat()))
    return pending


def _hour(day: date, item: RawObject) -> datetime:
    return datetime(day.year, day.month, day.day, int(item.key.rsplit("/hour=", 1)[1][:2]), tzinfo=UTC)


def _read_at(promotion: Any) -> datetime:
    """When a promotion listed its input, less the second that S3's timestamps are rounded by."""
    return promotion.recorded_at - timedelta(seconds=promotion.seconds + 1)
