"""An hour has landed when the stream delivered past its close and its partition is still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sluice.streams.watermark import hour_state, metric_query, read_delivery

HOUR = datetime(2026, 11, 22, 9, tzinfo=UTC)
LATE, SETTLE = timedelta(minutes=15), timedelta(seconds=12)


def _delivery(now: datetime, age: float | None):
    points = [] if age is None else [{"Timestamp": now, "Maximum": age}]
    return read_delivery({"Datapoints": points}, now)


def test_an_open_hour_has_not_landed():
    state = hour_state(HOUR, _delivery(HOUR + timedelta(minutes=30), 0), None, LATE, SETTLE)
    assert not state.landed and "closes at 2026-11-22 10:15:00Z" in state.reason


def test_late_events_keep_the_hour_open_for_the_allowed_lateness():
    assert not hour_state(HOUR, _delivery(HOUR + timedelta(minutes=74), 0), None, LATE, SETTLE).landed
    assert hour_state(HOUR, _delivery(HOUR + timedelta(minutes=75), 0), None, LATE, SETTLE).landed


def test_records_that_wait_in_the_stream_hold_the_watermark_back():
    now = HOUR + timedelta(minutes=80)
    assert not hour_state(HOUR, _delivery(now, 600), None, LATE, SETTLE).landed
    assert hour_state(HOUR, _delivery(now, 299), None, LATE, SETTLE).landed


def test_a_partition_that_still_grows_has_not_landed():
    now = HOUR + timedelta(days=1)
    assert not hour_state(HOUR, _delivery(now, 0), now - timedelta(seconds=5), LATE, SETTLE).landed
    assert hour_state(HOUR, _delivery(now, 0), now - timedelta(seconds=13), LATE, SETTLE).landed


def test_a_stream_without_traffic_publishes_nothing_and_holds_nothing_back():
    assert hour_state(HOUR, _delivery(HOUR + timedelta(hours=2), None), None, LATE, SETTLE).landed


def test_the_newest_datapoint_counts_and_an_old_one_only_up_to_its_own_minute():
    now = HOUR + timedelta(minutes=80)
    answer = {"Datapoints": [{"Timestamp": now - timedelta(minutes=3), "Maximum": 0.0},
                             {"Timestamp": now - timedelta(minutes=1), "Maximum": 30.0}]}
    assert read_delivery(answer, now).watermark == now - timedelta(seconds=90)


def test_the_query_asks_for_the_delivery_stream_by_name():
    query = metric_query("clickstream-raw", HOUR)
    assert query["Dimensions"] == [{"Name": "DeliveryStreamName", "Value": "clickstream-raw"}]
    assert query["MetricName"] == "DeliveryToS3.DataFreshness"
