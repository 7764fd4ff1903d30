from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from functions.collector.records import (
    MAX_RECORD_BYTES,
    Origin,
    build_records,
    event_hour,
    filing_hours,
    request_key,
)

RECEIVED = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
ORIGIN = Origin("aurora", "f" * 32, RECEIVED)


@pytest.mark.parametrize(
    ("timestamp", "hour"),
    [
        ("2026-11-22T08:59:59.999Z", "2026-11-22T08"),
        ("2026-11-22T08:59:59", "2026-11-22T08"),
        ("2026-11-21T23:30:00-05:00", "2026-11-22T04"),
        ("2026-11-22 08:00:00+00:00", "2026-11-22T08"),
        (" 2026-11-22T08:00:00.123456Z ", "2026-11-22T08"),
        ("2026-10-18T10:30:00Z", "2026-10-18T10"),
        ("2026-10-18T10:29:59Z", None),
        ("2026-11-23T10:30:00Z", "2026-11-23T10"),
        ("2026-11-23T10:30:01Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-13-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1_795_000_000, None),
        (["2026-11-22"], None),
    ],
)
def test_an_event_has_an_hour_while_its_timestamp_is_plausible(timestamp: object, hour: str | None) -> None:
    assert event_hour(timestamp, RECEIVED) == hour


def test_what_has_no_hour_of_its_own_stays_with_its_neighbours() -> None:
    def at(hour: int) -> dict[str, str]:
        return {"event_timestamp": f"2026-11-20T{hour:02d}:00:00Z"}

    items = [b"torn", at(8), b"torn", {"event_timestamp": "yesterday"}, at(9), {}]
    assert [hour[-2:] for hour in filing_hours(items, RECEIVED)] == ["08", "08", "08", "08", "09", "09"]
    assert filing_hours([b"torn", {}], RECEIVED) == ["2026-11-22T10"] * 2, "nobody knows better than the receipt"


def test_collector_fields_win_over_those_of_the_event() -> None:
    event = {"_record_id": "x", "_received_at": "x", "_event_hour": "x", "tenant_id": "x", "_malformed": "x", "a": 1}
    (record,), malformed = build_records([event], ORIGIN)
    assert malformed == 0
    assert json.loads(record.data) == {
        "_record_id": "f" * 32 + ":0",
        "_received_at": "2026-11-22T10:30:00.000Z",
        "tenant_id": "aurora",
        "_event_hour": "2026-11-22T10",
        "a": 1,
    }


def test_the_partition_key_is_the_user_then_the_session_then_the_record() -> None:
    users = [{"user_id": "u", "session_id": "s"}, {"user_id": ""}, {"user_id": "x" * 999}, {"user_id": 7}]
    items = [users[0], {"session_id": "s"}, *users[1:]]
    records, _ = build_records(items, ORIGIN)
    assert [record.partition_key for record in records] == ["u", "s", "f" * 32 + ":2", "x" * 256, "7"]


def test_an_object_nested_too_deeply_to_be_written_keeps_its_text() -> None:
    deep: object = {}
    for _ in range(900):
        deep = {"a": deep}
    (record,), malformed = build_records([deep], ORIGIN)
    assert malformed == 1
    assert json.loads(record.data)["_malformed"] == '{"a":' * 900 + "{}" + "}" * 900


def test_a_malformed_line_that_grows_beyond_a_record_is_cut_and_says_so() -> None:
    (record,), malformed = build_records([b"\x01" * 900_000], ORIGIN)
    assert malformed == 1 and len(record.data) <= MAX_RECORD_BYTES
    assert json.loads(record.data)["_malformed"].endswith("[cut by the collector, 900000 characters]")


def test_request_keys_do_not_mix_tenant_key_and_body() -> None:
    parts = [("ab", "c", b"d"), ("a", "bc", b"d"), ("ab", "cd", b""), ("ab", None, b"cd")]
    assert len({request_key(*part) for part in parts}) == len(parts)
    assert request_key("ab", "c", b"d") == request_key("ab", "c", b"d")


def test_received_at_has_milliseconds() -> None:
    origin = Origin("aurora", "k", RECEIVED + timedelta(microseconds=123_456))
    (record,), _ = build_records([{}], origin)
    assert json.loads(record.data)["_received_at"] == "2026-11-22T10:30:00.123Z"
