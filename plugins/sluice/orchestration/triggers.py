"""Triggers: what waits outside a worker slot."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from airflow.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent

from sluice.lake.raw_zone import day_prefix
from sluice.streams.watermark import hour_state, metric_query, read_delivery

_DAY = re.compile(r"/year=(\d{4})/month=(\d{2})/day=(\d{2})/")


def landed_days(body: str, prefix: str) -> set[str]:
    """The days (``YYYY-MM-DD``) whose raw partitions an S3 event message speaks of; none for any other message."""
    try:
        records = json.loads(body).get("Records", ())
        keys = [unquote_plus(record["s3"]["object"]["key"]) for record in records]
    except (ValueError, AttributeError, KeyError, TypeError):
        return set()
    found = (_DAY.search(key) for key in keys if key.startswith(prefix))
    return {"-".join(match.groups()) for match in found if match}


class RawLandedTrigger(BaseEventTrigger):
    """Tells that objects have landed in the raw zone, from the S3 notifications in an SQS queue.

    A burst of notifications becomes one event: it fires when the queue was still for `quiet_seconds`, or after
    `max_seconds`. Messages are deleted after the event was handed over, so one that is lost on the way comes again;
    what has to be promoted is never read from the message but from the lake, so one that comes twice does no harm.

    Parameters
    ----------
    queue_name : str
        The SQS queue that the lake's bucket notifies.
    prefix : str
        Raw prefix of the dataset.
    aws_conn_id : str
        Airflow connection.
    """

    def __init__(
        self,
        queue_name: str,
        prefix: str,
        aws_conn_id: str = "aws_default",
        quiet_seconds: float = 3.0,
        max_seconds: float = 60.0,
    ) -> None:
        super().__init__()
        self.queue_name, self.prefix, self.aws_conn_id = queue_name, prefix, aws_conn_id
        self.quiet_seconds, self.max_seconds = quiet_seconds, max_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            "sluice.orchestration.triggers.RawLandedTrigger",
            {
                "queue_name": self.queue_name, "prefix": self.prefix, "aws_conn_id": self.aws_conn_id,
                "quiet_seconds": self.quiet_seconds, "max_seconds": self.max_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while True:
            try:
                async for event in self._watch():
                    yield event
            except asyncio.CancelledError:
                raise
            except Exception as error:  # the queue must be watched again, whatever broke
                self.log.warning("queue %s cannot be read (%s); trying again", self.queue_name, type(error).__name__)
                await asyncio.sleep(5)

    async def _watch(self) -> AsyncIterator[TriggerEvent]:
        from airflow.providers.amazon.aws.hooks.sqs import SqsHook

        async with await SqsHook(aws_conn_id=self.aws_conn_id).get_async_conn() as sqs:
            url = (await sqs.get_queue_url(QueueName=self.queue_name))["QueueUrl"]
            while True:
                days, receipts = await self._burst(sqs, url)
                if days:
                    yield TriggerEvent({"days": sorted(days), "messages": len(receipts)})
                await self._delete(sqs, url, receipts)

    async def _burst(self, sqs: Any, url: str) -> tuple[set[str], list[str]]:
        """Read until the queue is still; returns the days spoken of and the messages' receipts."""
        days: set[str] = set()
        receipts: list[str] = []
        clock = asyncio.get_running_loop().time
        first: float | None = None
        while True:
            # Long polling: the call itself waits; the first one for as long as SQS allows.
            wait = 20 if first is None else max(1, round(self.quiet_seconds))
            answer = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait)
            messages = answer.get("Messages", ())
            for message in messages:
                days |= landed_days(message["Body"], self.prefix)
                receipts.append(message["ReceiptHandle"])
            if messages and first is None:
                first = clock()
            if first is not None and (not messages or clock() - first > self.max_seconds):
                return days, receipts

    @staticmethod
    async def _delete(sqs: Any, url: str, receipts: list[str]) -> None:
        for start in range(0, len(receipts), 10):
            entries = [{"Id": str(i), "ReceiptHandle": r} for i, r in enumerate(receipts[start : start + 10])]
            await sqs.delete_message_batch(QueueUrl=url, Entries=entries)


class HourLandedTrigger(BaseTrigger):
    """Fires when an hour of a dataset has completely landed; see `sluice.streams.watermark.hour_state`.

    Parameters
    ----------
    hour : str
        Start of the hour, ISO 8601, UTC.
    lateness_seconds, settle_seconds, poll_seconds : float
        See `hour_state`; `poll_seconds` is the time between two looks.
    """

    def __init__(
        self,
        *,
        delivery_stream: str,
        bucket: str,
        prefix: str,
        hour: str,
        lateness_seconds: float,
        settle_seconds: float,
        poll_seconds: float,
        aws_conn_id: str = "aws_default",
    ) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "delivery_stream": delivery_stream, "bucket": bucket, "prefix": prefix, "hour": hour,
            "lateness_seconds": lateness_seconds, "settle_seconds": settle_seconds, "poll_seconds": poll_seconds,
            "aws_conn_id": aws_conn_id,
        }

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "sluice.orchestration.triggers.HourLandedTrigger", dict(self.settings)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        s = self.settings
        hour = datetime.fromisoformat(s["hour"]).astimezone(UTC)
        prefix = f"{day_prefix(s['prefix'], hour.date())}hour={hour:%H}/"
        hooks = [AwsBaseHook(aws_conn_id=s["aws_conn_id"], client_type=kind) for kind in ("cloudwatch", "s3")]
        async with await hooks[0].get_async_conn() as cloudwatch, await hooks[1].get_async_conn() as s3:
            said = None
            while True:
                now = datetime.now(UTC)
                answer = await cloudwatch.get_metric_statistics(**metric_query(s["delivery_stream"], now))
                newest = await self._newest(s3, s["bucket"], prefix)
                state = hour_state(
                    hour,
                    read_delivery(answer, now),
                    newest,
                    timedelta(seconds=s["lateness_seconds"]),
                    timedelta(seconds=s["settle_seconds"]),
                )
                if state.reason != said:
                    self.log.info("%s: %s", s["hour"], state.reason)
                    said = state.reason
                if state.landed:
                    yield TriggerEvent({"hour": s["hour"], "reason": state.reason})
                    return
                await asyncio.sleep(s["poll_seconds"])

    @staticmethod
    async def _newest(s3: Any, bucket: str, prefix: str) -> datetime | None:
        newest: datetime | None = None
        async for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                newest = max(newest or item["LastModified"], item["LastModified"])
        return newest

