"""Intervals are whole UTC days, named by partition keys."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sluice.lake.interval import Interval


def test_a_partition_key_is_one_day():
    interval = Interval.of_partition("2026-11-22")
    assert (interval.start, interval.end, interval.key) == (date(2026, 11, 22), date(2026, 11, 23), "2026-11-22")
    assert interval.start_time == datetime(2026, 11, 22, tzinfo=UTC)


def test_a_timestamp_as_partition_key_counts_by_its_day():
    assert Interval.of_partition("2026-11-22T13:00:00").key == "2026-11-22"


def test_several_days_are_named_by_the_first_and_the_last():
    interval = Interval(date(2026, 2, 27), date(2026, 3, 2))
    assert interval.key == "2026-02-27_2026-03-01"
    assert [day.day for day in interval.days()] == [27, 28, 1]


@pytest.mark.parametrize("key", ["", "yesterday", "2026-13-01", "22.11.2026"])
def test_what_is_no_day_is_refused_by_name(key):
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        Interval.of_partition(key)


def test_an_interval_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="must lie after"):
        Interval(date(2026, 1, 2), date(2026, 1, 2))
