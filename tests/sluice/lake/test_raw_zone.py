"""What lies in the raw zone, and whether it changed."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from sluice.lake.interval import Interval
from sluice.lake.raw_zone import RawObject, days_present, fingerprint, list_objects, split
from tests.support.fake_s3 import FakeS3

PREFIX = "raw/clickstream/events/"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
objects = st.builds(
    RawObject, key=st.text("abc", min_size=1), size=st.integers(1, 10**9), etag=st.text("01"), landed_at=st.just(NOW)
)


def test_objects_of_the_interval_are_listed_and_empty_ones_left_out():
    s3 = FakeS3(
        {
            f"{PREFIX}year=2026/month=11/day=22/hour=00/b.gz": b"1",
            f"{PREFIX}year=2026/month=11/day=22/hour=23/a.gz": b"22",
            f"{PREFIX}year=2026/month=11/day=22/hour=05/empty.gz": b"",
            f"{PREFIX}year=2026/month=11/day=23/hour=00/c.gz": b"3",
            "raw/other/events/year=2026/month=11/day=22/hour=00/d.gz": b"4",
        }
    )
    listed = list_objects(s3, "lake", PREFIX, Interval.of_partition("2026-11-22"))
    assert [item.key.rsplit("/", 1)[1] for item in listed] == ["b.gz", "a.gz"]


def test_days_are_read_from_the_folders():
    s3 = FakeS3(
        {f"{PREFIX}year=2025/month=12/day=31/hour=23/a": b"1", f"{PREFIX}year=2026/month=01/day=02/hour=00/b": b"1"}
    )
    assert list(days_present(s3, "lake", PREFIX)) == [date(2025, 12, 31), date(2026, 1, 2)]


@given(st.lists(objects, unique_by=lambda item: item.key), st.randoms())
def test_the_fingerprint_does_not_depend_on_the_order(items, random):
    shuffled = items[:]
    random.shuffle(shuffled)
    assert fingerprint(items) == fingerprint(shuffled)


@given(st.lists(objects, unique_by=lambda item: item.key), objects)
def test_another_object_is_another_fingerprint(items, extra):
    if extra.key not in {item.key for item in items}:
        assert fingerprint(items) != fingerprint([*items, extra])


@given(st.lists(objects), st.integers(1, 20))
def test_splitting_keeps_every_object_once(items, parts):
    groups = split(items, parts)
    assert sorted(item for group in groups for item in group) == sorted(items)
    assert 1 <= len(groups) <= max(1, min(parts, len(items)))
