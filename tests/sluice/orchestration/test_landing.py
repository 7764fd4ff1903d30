"""Which days landing announces: those with something in closed hours that no promotion has read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sluice.lake.interval import Interval
from sluice.lake.raw_zone import fingerprint, list_objects
from sluice.orchestration.landing import PendingDay, pending_days
from tests.support.fake_s3 import FakeS3

PREFIX = "raw/clickstream/events/"
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


@dataclass
class Promotion:
    input_fingerprint: str
    recorded_at: datetime
    seconds: float = 5.0


class Promotions(dict):
    def latest(self, dataset, interval, step):
        assert (dataset, step) == ("curated.clickstream_events", "promote")
        return self.get(interval)


def _key(day: int, hour: int, name: str = "a") -> str:
    return f"{PREFIX}year=2026/month=11/day={day:02d}/hour={hour:02d}/{name}.gz"


def _pending(s3, promotions=None, announced=(), lookback=7):
    return pending_days(
        s3,
        "lake",
        PREFIX,
        "curated.clickstream_events",
        promotions or Promotions(),
        announced,
        lookback,
        timedelta(minutes=15),
        NOW,
    )


def _fingerprint(s3, day: str) -> str:
    return fingerprint(list_objects(s3, "lake", PREFIX, Interval.of_partition(day)))


def test_a_day_that_was_never_promoted_is_pending_up_to_its_last_hour():
    found = _pending(FakeS3({_key(22, 3): b"x", _key(22, 21): b"x"}))
    assert found == [PendingDay("2026-11-22", "2026-11-22T21:00:00+00:00")]


def test_a_day_whose_input_was_read_is_not_pending():
    s3 = FakeS3({_key(22, 3): b"x"})
    assert _pending(s3, Promotions({"2026-11-22": Promotion(_fingerprint(s3, "2026-11-22"), NOW)})) == []


def test_an_object_that_came_later_makes_its_hour_pending_again():
    s3 = FakeS3({_key(22, 3): b"x", _key(22, 21): b"x"})
    read = Promotions({"2026-11-22": Promotion(_fingerprint(s3, "2026-11-22"), NOW - timedelta(minutes=10))})
    s3.objects[_key(22, 3, "late")] = b"y"
    s3.stored = {
        _key(22, 3): NOW - timedelta(hours=9),
        _key(22, 21): NOW - timedelta(hours=9),
        _key(22, 3, "late"): NOW,
    }
    assert _pending(s3, read) == [PendingDay("2026-11-22", "2026-11-22T03:00:00+00:00")]


def test_an_open_hour_waits_for_its_close_and_keeps_no_closed_one_waiting():
    assert _pending(FakeS3({_key(23, 12): b"x"})) == []
    assert _pending(FakeS3({_key(23, 11): b"x", _key(23, 12): b"x"})) == [
        PendingDay("2026-11-23", "2026-11-23T11:00:00+00:00")
    ]


def test_an_old_day_is_looked_at_only_when_announced():
    s3 = FakeS3({_key(2, 5): b"x"})
    assert _pending(s3, lookback=7) == []
    assert [day.day for day in _pending(s3, announced=["2026-11-02"])] == ["2026-11-02"]


def test_an_announced_day_without_objects_is_nothing():
    assert _pending(FakeS3({}), announced=["2026-11-20"]) == []
