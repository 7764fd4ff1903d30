"""One delivery stream at work: read its source, partition and buffer, write one object per buffer, then checkpoint.

The source is a set of record logs: the shards of a Kinesis stream, or the stream's own log of direct puts. Buffers are
never persisted. A checkpoint, the position per shard before which everything is in S3, is written after each delivery;
after a kill the source is read again from there, so delivery is at least once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ministack.services import firehose

from local.aws import firehose_records as records
from local.aws import gateway
from local.aws.firehose_buffers import Buffer, Buffers
from local.aws.record_log import RecordLog

logger = logging.getLogger("sluice.firehose")

_READ_RECORDS = 5_000
_READ_BYTES = 8 << 20
_MAX_HELD_BYTES = 512 << 20
_RETRY_SECONDS = 1.0

Logs = Mapping[str, RecordLog]


class Delivery:
    """Runtime of one delivery stream.

    Parameters
    ----------
    stream
        ministack's record of the delivery stream; read anew for each batch, so UpdateDestination takes effect.
    logs
        Gives the source's logs by shard name.
    checkpoint
        File of the positions before which everything is in S3.
    """

    def __init__(self, stream: dict[str, Any], logs: Callable[[], Logs], checkpoint: Path) -> None:
        self.stream, self._logs, self._file = stream, logs, checkpoint
        self._saved: dict[str, int] = gateway.read_json(checkpoint, {})
        self._read = dict(self._saved)
        self._buffers = Buffers()
        self.delivered_records = 0
        self.delivered_bytes = 0

    def start_at_end(self) -> None:
        """Skip what the source already holds, as a new delivery stream does."""
        self._read = {name: log.end for name, log in self._logs().items()}
        self._save()

    def pump(self) -> bool:
        """Read once from every shard and deliver what is due; True when there may be more to read."""
        destinations = [d for d in self.stream["destinations"] if d["type"] in ("ExtendedS3", "S3")]
        if not destinations:
            return False
        dest = destinations[0]
        more = False
        if self._buffers.size() < _MAX_HELD_BYTES:
            for name, log in self._logs().items():
                more |= self._take(dest, name, log)
        self._flush(dest)
        return more

    def _take(self, dest: dict[str, Any], shard: str, log: RecordLog) -> bool:
        position = max(self._read.get(shard, 0), log.start)
        batch = log.read(position, _READ_RECORDS, _READ_BYTES)
        if not batch:
            return False
        config = dest["config"]
        size = ((config.get("BufferingHints") or {}).get("SizeInMBs") or 5) << 20
        queries = records.processors(config, "MetadataExtraction")
        query = queries[0].get("MetadataExtractionQuery", "") if queries else ""
        newline = records.delimited(config)
        kept, lambda_keys = records.transform(self.stream, dest, [(n, r.data) for n, r in enumerate(batch)])
        for number, data in kept:
            arrived = batch[number].arrived
            keys: dict[str, Mapping[str, str]] = {}
            error = None
            try:
                if query:
                    keys["partitionKeyFromQuery"] = records.query_keys(query, data)
                if number in lambda_keys:
                    keys["partitionKeyFromLambda"] = lambda_keys[number]
            except records.RecordRefused as failure:
                data, error = records.error_document(failure, data, arrived), failure.output_type
            else:
                if newline and not data.endswith(b"\n"):
                    data += b"\n"
            self._buffers.add(keys, error, (shard, position + number, arrived, data), size)
        self._read[shard] = position + len(batch)
        return True

    def _flush(self, dest: dict[str, Any]) -> None:
        interval = (dest["config"].get("BufferingHints") or {}).get("IntervalInSeconds")
        for buffer in self._buffers.due(300 if interval is None else interval):
            try:
                self._deliver(dest["config"], buffer)
            except gateway.CallFailed as failure:
                # As on AWS the records wait and are tried again; freshness shows it.
                buffer.attempts += 1
                buffer.retry_at = time.monotonic() + min(_RETRY_SECONDS * 2**buffer.attempts, 60)
                logger.warning("Firehose %s: %s; trying again", self.stream["name"], failure)
            else:
                self._buffers.delivered(buffer)
                self.delivered_records += len(buffer.data)
                self.delivered_bytes += buffer.size
        if self.checkpoint() != self._saved:
            self._save()

    def _deliver(self, config: Mapping[str, Any], buffer: Buffer) -> None:
        bucket = firehose._s3_bucket_from_arn(config["BucketARN"])
        at = records.object_time(config, buffer.oldest)
        try:
            body, extension = (b"".join(buffer.data), "") if buffer.error else records.encode(config, buffer.data)
            key = records.object_key(self.stream, config, at, buffer.keys, buffer.error, extension)
        except records.RecordRefused as failure:
            self._deliver_refused(config, buffer, failure)
        else:
            gateway.put_object(bucket, key, body)

    def _deliver_refused(self, config: Mapping[str, Any], buffer: Buffer, failure: records.RecordRefused) -> None:
        """Write what is good of a buffer that was refused as a whole, and the rest under the error prefix."""
        bucket = firehose._s3_bucket_from_arn(config["BucketARN"])
        at = records.object_time(config, buffer.oldest)
        good, bad = [], []
        for data in buffer.data:
            try:
                records.encode(config, [data])
                records.object_key(self.stream, config, at, buffer.keys, None, "")
                good.append(data)
            except records.RecordRefused as refusal:
                bad.append(records.error_document(refusal, data, buffer.oldest))
        if good:
            body, extension = records.encode(config, good)
            gateway.put_object(bucket, records.object_key(self.stream, config, at, buffer.keys, None, extension), body)
        if bad:
            key = records.object_key(self.stream, config, at, records.NO_KEYS, failure.output_type, "")
            gateway.put_object(bucket, key, b"".join(bad))

    def checkpoint(self) -> dict[str, int]:
        """Per shard, the position before which everything is in S3."""
        safe = dict(self._read)
        for buffer in self._buffers.all():
            for shard, position in buffer.first.items():
                safe[shard] = min(safe[shard], position)
        return safe

    def _save(self) -> None:
        self._saved = self.checkpoint()
        gateway.write_json(self._file, self._saved)

    def freshness(self) -> float:
        """Age in seconds of the oldest record not yet in S3, 0 when there is none."""
        safe = self.checkpoint()
        arrivals = [log.arrival(safe.get(name, 0)) for name, log in self._logs().items()]
        oldest = min((a for a in arrivals if a is not None), default=None)
        return 0.0 if oldest is None else max(0.0, time.time() - oldest / 1000)

    def millis_behind(self) -> int:
        """How far reading lags behind the source, in milliseconds of the record to read next."""
        arrivals = [log.arrival(self._read.get(name, 0)) for name, log in self._logs().items()]
        oldest = min((a for a in arrivals if a is not None), default=None)
        return 0 if oldest is None else max(0, int(time.time() * 1000) - oldest)
