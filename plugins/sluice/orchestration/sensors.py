"""Sensors that wait in the triggerer, not in a worker slot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class HourLandedSensor(BaseSensorOperator):
    """Wait until one hour of a dataset has completely landed in the raw zone.

    Complete means: the delivery stream has delivered everything that arrived before the hour closed (its end plus the
    lateness that the contract allows), and the hour's partition has been still for a while. It never sleeps a fixed
    time.

    Parameters
    ----------
    delivery_stream : str
        Name of the Firehose stream that writes the raw zone.
    bucket, prefix : str
        The lake's bucket and the dataset's raw prefix.
    hour : str or datetime
        Start of the hour, UTC.
    lateness, settle : timedelta
        See `sluice.streams.watermark.hour_state`.
    aws_conn_id : str
        Airflow connection.
    """

    template_fields: Sequence[str] = ("delivery_stream", "bucket", "prefix", "hour")
    ui_color = "#d6ecf5"

    def __init__(
        self,
        *,
        delivery_stream: str,
        bucket: str,
        prefix: str,
        hour: str | datetime,
        lateness: timedelta = timedelta(0),
        settle: timedelta = timedelta(seconds=12),
        aws_conn_id: str = "aws_default",
        poke_interval: float = 2.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.delivery_stream, self.bucket, self.prefix, self.hour = delivery_stream, bucket, prefix, hour
        self.lateness, self.settle, self.aws_conn_id = lateness, settle, aws_conn_id

    def execute(self, context: Context) -> None:
        from sluice.orchestration.triggers import HourLandedTrigger

        self.defer(
            trigger=HourLandedTrigger(
                delivery_stream=self.delivery_stream,
                bucket=self.bucket,
                prefix=self.prefix,
                hour=self.hour if isinstance(self.hour, str) else self.hour.isoformat(),
                lateness_seconds=self.lateness.total_seconds(),
                settle_seconds=self.settle.total_seconds(),
                poll_seconds=float(self.poke_interval),
                aws_conn_id=self.aws_conn_id,
            ),
            method_name="finish",
            timeout=timedelta(seconds=self.timeout),
        )

    def finish(self, context: Context, event: dict[str, str]) -> str:
        """Called when the trigger fired; returns the hour that landed."""
        self.log.info("%s has landed: %s", event["hour"], event["reason"])
        return event["hour"]
