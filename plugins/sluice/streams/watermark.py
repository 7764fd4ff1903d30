"""Up to which time a delivery stream has delivered everything, read from the metrics it publishes.

Firehose publishes ``DeliveryToS3.DataFreshness``: the age in seconds of the oldest record that it holds and has not
delivered (https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html). Every record that
arrived before *now - freshness* is therefore in S3, and that instant is the watermark of arrival.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

NAMESPACE = "AWS/Firehose"
# Firehose publishes once a minute, and nothing at all while no data flows.
SILENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Delivery:
    """What a delivery stream says of itself at one moment.

    Attributes
    ----------
    observed_at : datetime
        When the stream was asked, UTC.
    watermark : datetime
        Every record that arrived before this instant has been delivered.
    """

    observed_at: datetime
    watermark: datetime


@dataclass(frozen=True)
class HourState:
    """Whether one hour of a dataset has completely landed, and if not, what is missing.

    Attributes
    ----------
    landed : bool
        True when nothing of the hour is still on its way.
    reason : str
        For the log and for the person who waits.
    """

    landed: bool
    reason: str


def metric_query(delivery_stream: str, now: datetime) -> dict[str, Any]:
    """Arguments of ``cloudwatch.get_metric_statistics`` that `read_delivery` understands the answer of."""
    return {
        "Namespace": NAMESPACE,
        "MetricName": "DeliveryToS3.DataFreshness",
        "Dimensions": [{"Name": "DeliveryStreamName", "Value": delivery_stream}],
        "StartTime": now - SILENCE,
        "EndTime": now + timedelta(minutes=1),
        "Period": 60,
        "Statistics": ["Maximum"],
    }


def read_delivery(answer: dict[str, Any], now: datetime) -> Delivery:
    """Interpret the answer to `metric_query`.

    A datapoint speaks for the start of its minute, so the watermark may lag by one but never runs ahead. No datapoint
    within `SILENCE` means that nothing waits.
    """
    points = answer.get("Datapoints", ())
    if not points:
        return Delivery(now, now)
    newest = max(points, key=lambda point: point["Timestamp"])
    return Delivery(now, newest["Timestamp"] - timedelta(seconds=newest["Maximum"]))


def hour_state(
    hour: datetime,
    delivery: Delivery,
    newest_object: datetime | None,
    lateness: timedelta,
    settle: timedelta,
) -> HourState:
    """Decide whether an hour has landed.

    Parameters
    ----------
    hour : datetime
        Start of the hour, by the events' own time, UTC.
    delivery : Delivery
        What the delivery stream says now.
    newest_object : datetime or None
        When the newest object of the hour's partition was stored; None when it has none.
    lateness : timedelta
        How long after its end an hour still takes late events (from the contract).
    settle : timedelta
        How long the partition must have been still; at least the buffer interval of the delivery stream, so that a
        burst of older events, such as a replay, is taken as one.
    """
    closes = hour + timedelta(hours=1) + lateness
    if delivery.watermark < closes:
        return HourState(False, f"delivered up to {delivery.watermark:%F %T}Z, the hour closes at {closes:%F %T}Z")
    if newest_object is not None and delivery.observed_at - newest_object < settle:
        return HourState(False, f"still landing: the newest object is from {newest_object:%F %T}Z")
    return HourState(True, f"delivered up to {delivery.watermark:%F %T}Z")
