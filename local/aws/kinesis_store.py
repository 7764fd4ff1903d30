"""Streams on disk: the shards of every Kinesis stream as record logs, beside one small file of metadata each.

ministack keeps streams as dictionaries of Python lists, rebuilt from a snapshot. Here a shard's records live in a
:class:`~local.aws.record_log.RecordLog` under ``kinesis/<account>/<region>/<stream>/``, so an acknowledged record
survives a kill, and memory holds three integers per record. Metadata is written whenever it changes.
"""

from __future__ import annotations

import binascii
import copy
import shutil
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ministack.services import kinesis

from local.aws import gateway
from local.aws.record_log import Record, RecordLog

USES = {
    "ministack.services.kinesis": (
        "_streams",
        "_create_stream",
        "_delete_stream",
        "_build_shards",
        "_expire_records",
        "_expire_iterators",
        "_resolve_stream",
        "_increase_retention",
        "_decrease_retention",
        "_add_tags",
        "_remove_tags",
        "_start_stream_encryption",
        "_stop_stream_encryption",
        "_enable_enhanced_monitoring",
        "_disable_enhanced_monitoring",
        "_consumers",
        "_resource_policies",
        "get_state",
        "_restore_state",
        "reset",
    ),
}

# Sequence numbers of AWS have 56 decimal digits and start with 49; ours count microseconds below that.
_SEQUENCE_BASE = 49 * 10**54
_TRIM_SECONDS = 60.0

_root = Path()
_clock_lock = threading.Lock()
_last_sequence = 0

Stream = dict[str, Any]
Shard = dict[str, Any]


def sequence_text(sequence: int) -> str:
    """A sequence number as clients see it."""
    return str(_SEQUENCE_BASE + sequence)


def sequence_number(text: str) -> int:
    """The number within a text a client sent.

    Raises
    ------
    ValueError
        When the text is no sequence number.
    """
    return int(text) - _SEQUENCE_BASE


def next_sequences(count: int) -> int:
    """Reserve ``count`` sequence numbers, larger than all given before; return the first."""
    global _last_sequence
    with _clock_lock:
        first = max(_last_sequence + 1, time.time_ns() // 1000)
        _last_sequence = first + count - 1
        return first


class ShardRecords(Sequence):
    """The records of a shard in the shape ministack's own code expects (enhanced fan-out, DynamoDB streaming)."""

    def __init__(self, log: RecordLog) -> None:
        self.log = log

    def __len__(self) -> int:
        return self.log.end - self.log.start

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            first, last, _ = index.indices(len(self))
            return list(self._between(self.log.start + first, self.log.start + last))
        if index < 0:
            index += len(self)
        found = list(self._between(self.log.start + index, self.log.start + index + 1))
        if not found:
            raise IndexError(index)
        return found[0]

    def _between(self, position: int, last: int) -> Iterator[dict[str, Any]]:
        while position < last:
            records = self.log.read(position, last - position)
            if not records:
                return
            position += len(records)
            yield from map(record_out, records)

    def append(self, record: dict[str, Any]) -> None:
        data = binascii.a2b_base64(record["Data"])
        now = int(time.time() * 1000)
        self.log.append([Record(next_sequences(1), now, record["PartitionKey"].encode(), data)])

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return []


def record_out(record: Record) -> dict[str, Any]:
    """A record in the shape of GetRecords."""
    return {
        "SequenceNumber": sequence_text(record.sequence),
        "ApproximateArrivalTimestamp": record.arrived / 1000,
        "Data": binascii.b2a_base64(record.data, newline=False).decode("ascii"),
        "PartitionKey": record.key.decode("utf-8"),
    }


def directory(stream: Stream) -> Path:
    """Where a stream's files are."""
    _, _, _, region, account, tail = stream["StreamARN"].split(":", 5)
    return _root / account / region / tail.split("/", 1)[1]


def save(stream: Stream) -> None:
    """Write a stream's metadata; called after every change of it."""
    stream.pop("_routes", None)
    meta = {k: v for k, v in stream.items() if k not in ("shards", "_trimmed")}
    meta["shards"] = {
        name: {k: v for k, v in shard.items() if k not in ("records", "log")}
        for name, shard in stream["shards"].items()
    }
    gateway.write_json(directory(stream) / "stream.json", meta)


def attach(stream: Stream) -> None:
    """Open the record log of every shard that has none yet."""
    for name, shard in stream["shards"].items():
        if "log" not in shard:
            shard["log"] = RecordLog(directory(stream) / name)
            shard["records"] = ShardRecords(shard["log"])
            shard.setdefault("starting_sequence", next_sequences(1))
            shard["starting_sequence_number"] = sequence_text(shard["starting_sequence"])


def is_open(shard: Shard) -> bool:
    """Whether a shard still takes records."""
    return "closed" not in shard


def route(stream: Stream, hash_key: int) -> str:
    """Name of the open shard whose hash key range holds ``hash_key``."""
    routes = stream.get("_routes")
    if routes is None:
        opened = sorted((int(s["starting_hash_key"]), n) for n, s in stream["shards"].items() if is_open(s))
        routes = stream["_routes"] = ([start for start, _ in opened], [name for _, name in opened])
    return routes[1][bisect_right(routes[0], hash_key) - 1]


def expire(stream: Stream) -> None:
    """Forget records older than the retention, at most once a minute; a closed shard goes when its records went."""
    now = time.time()
    if now - stream.get("_trimmed", 0.0) < _TRIM_SECONDS:
        return
    stream["_trimmed"] = now
    horizon = int((now - stream["RetentionPeriodHours"] * 3600) * 1000)
    for name, shard in list(stream["shards"].items()):
        log = shard["log"]
        log.trim(log.position_of_time(horizon))
        if not is_open(shard) and log.start == log.end and shard["closed_at"] * 1000 < horizon:
            log.delete()
            del stream["shards"][name]
            save(stream)


def _created(create: Any) -> Any:
    def create_stream(data: dict[str, Any]) -> gateway.Response:
        response = create(data)
        if response[0] == 200:
            stream = kinesis._streams[data["StreamName"]]
            shutil.rmtree(directory(stream), ignore_errors=True)
            attach(stream)
            save(stream)
        return response

    return create_stream


def _deleted(delete: Any) -> Any:
    def delete_stream(data: dict[str, Any]) -> gateway.Response:
        _, stream = kinesis._resolve_stream(data)
        response = delete(data)
        if response[0] == 200 and stream:
            for shard in stream["shards"].values():
                shard["log"].delete()
            shutil.rmtree(directory(stream), ignore_errors=True)
        return response

    return delete_stream


def _saved(change: Any) -> Any:
    def changed(data: dict[str, Any]) -> gateway.Response:
        response = change(data)
        _, stream = kinesis._resolve_stream(data)
        if response[0] == 200 and stream:
            save(stream)
        return response

    return changed


def _state() -> dict[str, Any]:
    # Streams are saved here, not in ministack's snapshot; iterators carry their own state.
    return {
        "consumers": copy.deepcopy(kinesis._consumers),
        "resource_policies": copy.deepcopy(kinesis._resource_policies),
    }


def _load() -> None:
    global _last_sequence
    for path in sorted(_root.glob("*/*/*/stream.json")):
        stream = gateway.read_json(path, {})
        account, region, name = path.parts[-4:-1]
        attach(stream)
        newest = [s["log"].last_sequence for s in stream["shards"].values()]
        _last_sequence = max(_last_sequence, *newest, *(s["starting_sequence"] for s in stream["shards"].values()))
        kinesis._streams.set_scoped(account, region, name, stream)


def install(root: Path) -> None:
    """Put the streams on disk under ``root`` and load those that are there."""
    global _root
    _root = root
    kinesis._create_stream = _created(kinesis._create_stream)
    kinesis._delete_stream = _deleted(kinesis._delete_stream)
    for name in (
        "_increase_retention",
        "_decrease_retention",
        "_add_tags",
        "_remove_tags",
        "_start_stream_encryption",
        "_stop_stream_encryption",
        "_enable_enhanced_monitoring",
        "_disable_enhanced_monitoring",
    ):
        setattr(kinesis, name, _saved(getattr(kinesis, name)))
    kinesis._expire_records = expire
    kinesis._expire_iterators = lambda: None
    kinesis.get_state = _state
    _load()
