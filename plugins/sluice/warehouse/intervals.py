"""Partition keys as intervals of days."""

from __future__ import annotations

from datetime import date, timedelta

from sluice.lake.interval import Interval


def interval_of_key(key: str) -> Interval:
    """The interval that `Interval.key` names: ``YYYY-MM-DD``, or two such days joined by ``_``, the last one included.

    Raises
    ------
    ValueError
        The key is not of this form.
    """
    first, joined, last = key.partition("_")
    try:
        return Interval(date.fromisoformat(first), date.fromisoformat(last if joined else first) + timedelta(days=1))
    except ValueError as error:
        raise ValueError(
            f"{key!r} is not an interval: give a day like 2026-11-22, or two joined by _ (2026-11-01_2026-11-30)"
        ) from error
