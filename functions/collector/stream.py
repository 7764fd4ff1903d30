"""Hands records to Kinesis: in chunks the service takes, only the failed ones again, never silently fewer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from .errors import Refusal
from .records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CHUNK_RECORDS = 500
MAX_CHUNK_BYTES = 5 * 1_048_576
ATTEMPTS = 6
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0


class StreamWriter:
    """Writes records to one Kinesis stream.

    Parameters
    ----------
    kinesis
        boto3 client of Kinesis.
    stream_name
        Stream to write to.
    sleep
        Called with the seconds to pause between attempts.
    """

    def __init__(self, kinesis: Any, stream_name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._kinesis = kinesis
        self._stream_name = stream_name
        self._sleep = sleep
        self.retried = 0

    def write(self, records: Sequence[Record]) -> None:
        """Write all records.

        Raises
        ------
        Refusal
            503 when some are still refused after all attempts. Others may be in the stream by then: the client sends
            the request again with the same idempotency key, and promotion drops what came twice.
        """
        for chunk in chunks(records):
            self._write_chunk(chunk)

    def _write_chunk(self, chunk: list[Record]) -> None:
        pending = chunk
        for attempt in range(ATTEMPTS):
            if attempt:
                # Full jitter: clients that failed together do not come back together.
                self._sleep(random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)))
                self.retried += len(pending)
            pending = self._put(pending)
            if not pending:
                return
        raise Refusal(503, "stream_busy", "The stream takes no more now. Send again with the same Idempotency-Key.", 2)

    def _put(self, records: list[Record]) -> list[Record]:
        """Put records, return those that were refused."""
        entries = [{"Data": record.data, "PartitionKey": record.partition_key} for record in records]
        try:
            answer: Mapping[str, Any] = self._kinesis.put_records(StreamName=self._stream_name, Records=entries)
        except (ClientError, BotoCoreError) as error:
            raise Refusal(
                503, "stream_unavailable", "The stream cannot be reached. Send again with the same Idempotency-Key.", 2
            ) from error
        if not answer["FailedRecordCount"]:
            return []
        return [record for record, result in zip(records, answer["Records"], strict=True) if result.get("ErrorCode")]


def chunks(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Yield records in order, in groups that one PutRecords call takes."""
    chunk: list[Record] = []
    size = 0
    for record in records:
        weight = len(record.data) + len(record.partition_key.encode())
        if chunk and (len(chunk) == MAX_CHUNK_RECORDS or size + weight > MAX_CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += weight
    if chunk:
        yield chunk
