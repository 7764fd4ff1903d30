"""The data interval of a promotion: whole UTC days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta


@dataclass(frozen=True, order=True)
class Interval:
    """Days from `start` up to but without `end`.

    Attributes
    ----------
    start, end : date
        UTC days; `end` is exclusive.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"interval end {self.end} must lie after its start {self.start}")

    @classmethod
    def of_partition(cls, key: str) -> Interval:
        """The one-day interval of an Airflow partition key.

        Parameters
        ----------
        key : str
            ``YYYY-MM-DD``, or an ISO timestamp whose day counts.

        Raises
        ------
        ValueError
            When the key does not begin with a date.
        """
        try:
            day = date.fromisoformat(key[:10])
        except ValueError as error:
            raise ValueError(f"partition key {key!r} is not a day of the form YYYY-MM-DD") from error
        return cls(day, day + timedelta(days=1))

    @property
    def key(self) -> str:
        """``YYYY-MM-DD`` for one day, ``YYYY-MM-DD_YYYY-MM-DD`` (last day included) for more."""
        last = self.end - timedelta(days=1)
        return f"{self.start}" if last == self.start else f"{self.start}_{last}"

    @property
    def start_time(self) -> datetime:
        return datetime.combine(self.start, datetime.min.time(), UTC)

    @property
    def end_time(self) -> datetime:
        return datetime.combine(self.end, datetime.min.time(), UTC)

    def days(self) -> Iterator[date]:
        """Each day of the interval, in order."""
        for offset in range((self.end - self.start).days):
            yield self.start + timedelta(days=offset)

    def contains(self, column: str) -> str:
        """A SQL condition, true where the timestamp `column` lies in the interval."""
        return f"{column} >= timestamp '{self.start} 00:00:00 UTC' and {column} < timestamp '{self.end} 00:00:00 UTC'"
