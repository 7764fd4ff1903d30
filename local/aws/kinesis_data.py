"""Put and get records of Kinesis streams at the cost of the records moved.

Limits are those of the PutRecords and GetRecords API reference: 500 records and 5 MB per PutRecords, 1 MB per record,
10,000 records and 10 MB per GetRecords.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import time
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.core.responses import error_response_json, json_response
from ministack.services import kinesis

from local.aws import kinesis_store as store
from local.aws.gateway import Response
from local.aws.record_log import Record

USES = {
    "ministack.services.kinesis": (
        "_put_record",
        "_put_records",
        "_get_shard_iterator",
        "_get_records",
        "put_record_internal",
        "_resolve_stream",
        "_resolve_stream_by_arn",
        "_cbor_response",
    ),
    "ministack.core.concurrency": ("esm_wake",),
}

MAX_RECORDS = 500
MAX_REQUEST_BYTES = 5 << 20
MAX_RECORD_BYTES = 1 << 20
MAX_GET_RECORDS = 10_000
MAX_GET_BYTES = 10 << 20
_ITERATOR_SECONDS = 300


def _error(code: str, message: str) -> Response:
    return error_response_json(code, message, 400)


def _not_found(data: dict[str, Any]) -> Response:
    name = data.get("StreamName") or data.get("StreamARN")
    return _error("ResourceNotFoundException", f"Stream {name} under account not found.")


def _constraint(member: str, rule: str) -> Response:
    message = f"1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must {rule}"
    return _error("ValidationException", message)


def _decode(entries: list[dict[str, Any]]) -> list[tuple[str, bytes, str | None]] | Response:
    total, decoded = 0, []
    for number, entry in enumerate(entries, start=1):
        key = entry.get("PartitionKey") or ""
        if not 1 <= len(key) <= 256:
            return _constraint(f"records.{number}.member.partitionKey", "have length between 1 and 256")
        try:
            data = binascii.a2b_base64(entry.get("Data") or "")
        except (binascii.Error, ValueError):
            return _error("SerializationException", f"Data of record {number} is not base64")
        if len(data) > MAX_RECORD_BYTES:
            return _constraint(f"records.{number}.member.data", "have length less than or equal to 1048576")
        total += len(data) + len(key.encode())
        decoded.append((key, data, entry.get("ExplicitHashKey")))
    if total > MAX_REQUEST_BYTES:
        return _error("InvalidArgumentException", "Records size exceeds 5 MB limit")
    return decoded


def _append(stream: store.Stream, entries: list[tuple[str, bytes, str | None]]) -> list[dict[str, str]]:
    sequence, now = store.next_sequences(len(entries)), int(time.time() * 1000)
    batches: dict[str, list[Record]] = {}
    answers = []
    encryption = stream.get("EncryptionType", "NONE")
    for key, data, explicit in entries:
        raw_key = key.encode()
        hash_key = int(explicit) if explicit else int.from_bytes(hashlib.md5(raw_key).digest(), "big")
        shard = store.route(stream, hash_key)
        batches.setdefault(shard, []).append(Record(sequence, now, raw_key, data))
        answers.append(
            {"SequenceNumber": store.sequence_text(sequence), "ShardId": shard, "EncryptionType": encryption}
        )
        sequence += 1
    for shard, records in batches.items():
        stream["shards"][shard]["log"].append(records)
    esm_wake.set()
    return answers


def put_records(data: dict[str, Any]) -> Response:
    """PutRecords: refuses what exceeds AWS's limits, else writes every record before it answers."""
    _, stream = kinesis._resolve_stream(data)
    if not stream:
        return _not_found(data)
    entries = data.get("Records") or []
    if not 1 <= len(entries) <= MAX_RECORDS:
        return _constraint("records", "have length less than or equal to 500" if entries else "not be empty")
    decoded = _decode(entries)
    if isinstance(decoded, tuple):
        return decoded
    store.expire(stream)
    answers = _append(stream, decoded)
    return json_response(
        {"FailedRecordCount": 0, "Records": answers, "EncryptionType": stream.get("EncryptionType", "NONE")}
    )


def put_record(data: dict[str, Any]) -> Response:
    """PutRecord."""
    _, stream = kinesis._resolve_stream(data)
    if not stream:
        return _not_found(data)
    decoded = _decode([data])
    if isinstance(decoded, tuple):
        return decoded
    store.expire(stream)
    return json_response(_append(stream, decoded)[0])


def put_record_internal(stream_arn: str, partition_key: str, data: bytes) -> bool:
    """Append one record for another service (DynamoDB's streaming destination); False when there is no such stream."""
    stream = kinesis._resolve_stream_by_arn(stream_arn)
    if not stream:
        return False
    _append(stream, [(partition_key, data, None)])
    return True


def _iterator(arn: str, shard: str, position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([arn, shard, position, int(time.time())]).encode()).decode()


def get_shard_iterator(data: dict[str, Any]) -> Response:
    """GetShardIterator; an iterator carries its own state, so it survives a restart of the endpoint."""
    _, stream = kinesis._resolve_stream(data)
    if not stream:
        return _not_found(data)
    shard = stream["shards"].get(data.get("ShardId"))
    if shard is None:
        name, shard_id = stream["StreamName"], data.get("ShardId")
        return _error("ResourceNotFoundException", f"Shard {shard_id} in stream {name} does not exist")
    store.expire(stream)
    log, kind = shard["log"], data.get("ShardIteratorType")
    if kind == "TRIM_HORIZON":
        position = log.start
    elif kind == "LATEST":
        position = log.end
    elif kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        try:
            sequence = store.sequence_number(data["StartingSequenceNumber"])
        except (KeyError, ValueError):
            return _error("InvalidArgumentException", "StartingSequenceNumber is not a sequence number of this stream")
        position = log.position_of_sequence(max(0, sequence) + (kind == "AFTER_SEQUENCE_NUMBER"))
    elif kind == "AT_TIMESTAMP" and data.get("Timestamp") is not None:
        position = log.position_of_time(max(0, int(float(data["Timestamp"]) * 1000)))
    else:
        return _error("InvalidArgumentException", f"ShardIteratorType {kind} is unknown or lacks its Timestamp")
    return json_response({"ShardIterator": _iterator(stream["StreamARN"], data["ShardId"], position)})


def _children(stream: store.Stream, parent: str) -> list[dict[str, Any]]:
    return [
        {
            "ShardId": name,
            "ParentShards": [p for p in (s.get("parent_shard_id"), s.get("adjacent_parent_shard_id")) if p],
            "HashKeyRange": {"StartingHashKey": s["starting_hash_key"], "EndingHashKey": s["ending_hash_key"]},
        }
        for name, s in sorted(stream["shards"].items())
        if parent in (s.get("parent_shard_id"), s.get("adjacent_parent_shard_id"))
    ]


def get_records(data: dict[str, Any]) -> Response:
    """GetRecords; at the end of a closed shard there is no next iterator but the shard's children."""
    try:
        arn, shard_id, position, issued = json.loads(base64.urlsafe_b64decode(data.get("ShardIterator") or ""))
    except ValueError:
        return _error("InvalidArgumentException", "Invalid ShardIterator.")
    if time.time() - issued > _ITERATOR_SECONDS:
        return _error("ExpiredIteratorException", "Iterator expired: it is older than 5 minutes.")
    limit = data.get("Limit", MAX_GET_RECORDS)
    if not 1 <= limit <= MAX_GET_RECORDS:
        return _constraint("limit", "be between 1 and 10000")
    stream = kinesis._resolve_stream_by_arn(arn)
    shard = stream and stream["shards"].get(shard_id)
    if not stream or not shard:
        return _error("ResourceNotFoundException", f"Shard {shard_id} of {arn} does not exist")
    store.expire(stream)
    log = shard["log"]
    position = max(position, log.start)
    records = log.read(position, limit, MAX_GET_BYTES)
    position += len(records)
    behind = log.arrival(position)
    encryption = stream.get("EncryptionType", "NONE")
    answer: dict[str, Any] = {
        "Records": [{**store.record_out(record), "EncryptionType": encryption} for record in records],
        "MillisBehindLatest": 0 if behind is None else max(0, int(time.time() * 1000) - behind),
    }
    if store.is_open(shard) or position < log.end:
        answer["NextShardIterator"] = _iterator(arn, shard_id, position)
    else:
        answer["ChildShards"] = _children(stream, shard_id)
    return json_response(answer)


def install() -> None:
    """Serve the data plane of Kinesis from the record logs."""
    kinesis._put_records = put_records
    kinesis._put_record = put_record
    kinesis._get_shard_iterator = get_shard_iterator
    kinesis._get_records = get_records
    kinesis.put_record_internal = put_record_internal
