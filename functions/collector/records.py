"""From an item to the raw record of the lake: one JSON line with the collector's own fields.

The collector adds who sent it (tenant), when it came, which hour it belongs to and an id that is the same when the same
request comes again. It judges nothing else: what is no JSON object travels on as text and ends in quarantine.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

OLDEST = timedelta(days=35)
NEWEST = timedelta(days=1)
# Kinesis takes 1 MiB per record, partition key (256 characters, up to 1 KiB) included.
MAX_RECORD_BYTES = 1_048_576 - 1_024
_KEPT_CHARACTERS = 100_000


class Record(NamedTuple):
    """What goes to the stream: the line and the key that picks the shard."""

    data: bytes
    partition_key: str


@dataclass(frozen=True)
class Origin:
    """What is known of the request an item came with."""

    tenant: str
    request_key: str
    received_at: datetime
    ip: str | None = None
    user_agent: str | None = None


def request_key(tenant: str, client_key: str | None, body: bytes) -> str:
    """Return the idempotency key of a request, as 32 hexadecimal digits.

    The same tenant sending the same body with the same ``Idempotency-Key`` gets the same key. The body takes part
    even where the client gives a key: a client that reuses one key for different events loses none of them.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in (tenant.encode(), (client_key or "").encode("utf-8", "backslashreplace")):
        digest.update(len(part).to_bytes(4, "big") + part)
    digest.update(body)
    return digest.hexdigest()


def event_hour(timestamp: Any, received_at: datetime) -> str:
    """Return the UTC hour ``YYYY-MM-DDTHH`` an event is filed under.

    The event's own hour when its ISO 8601 timestamp parses (without offset: UTC) and is at most 35 days old and at most
    one day ahead; else the hour it was received in, so that a broken clock cannot scatter files over years.
    """
    if isinstance(timestamp, str):
        try:
            moment = datetime.fromisoformat(timestamp.strip())
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            if received_at - OLDEST <= moment <= received_at + NEWEST:
                return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")
        except (ValueError, OverflowError):
            pass
    return received_at.strftime("%Y-%m-%dT%H")


def build_records(items: Iterable[Any], origin: Origin) -> tuple[list[Record], int]:
    """Return the records of a request, in order, and how many of them are malformed."""
    received = origin.received_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    records: list[Record] = []
    malformed = 0
    for position, item in enumerate(items):
        record_id = f"{origin.request_key}:{position}"
        record = _event_record(item, record_id, received, origin) if isinstance(item, dict) else None
        if record is None:
            record = _malformed_record(item, record_id, received, origin)
            malformed += 1
        records.append(record)
    return records, malformed


def _event_record(event: dict[str, Any], record_id: str, received: str, origin: Origin) -> Record | None:
    if origin.ip and event.get("ip") in (None, ""):
        event["ip"] = origin.ip
    if origin.user_agent and event.get("user_agent") in (None, ""):
        event["user_agent"] = origin.user_agent
    event["_record_id"] = record_id
    event["_received_at"] = received
    event["tenant_id"] = origin.tenant
    event["_event_hour"] = event_hour(event.get("event_timestamp"), origin.received_at)
    event.pop("_malformed", None)  # the collector's own mark: a client cannot set it
    try:
        data = orjson.dumps(event)
    except (orjson.JSONEncodeError, RecursionError):
        return None  # orjson reads deeper nesting than it writes
    if len(data) > MAX_RECORD_BYTES:
        return None
    key = event.get("user_id") or event.get("session_id") or record_id
    return Record(data, str(key)[:256])


def _malformed_record(item: Any, record_id: str, received: str, origin: Origin) -> Record:
    text = item_text(item)
    head = {
        "_record_id": record_id,
        "_received_at": received,
        "tenant_id": origin.tenant,
        "_event_hour": origin.received_at.strftime("%Y-%m-%dT%H"),
    }
    data = orjson.dumps({**head, "_malformed": text})
    if len(data) > MAX_RECORD_BYTES:
        cut = f"{text[:_KEPT_CHARACTERS]} [cut by the collector, {len(text)} characters]"
        data = orjson.dumps({**head, "_malformed": cut})
    return Record(data, record_id)


def item_text(item: Any) -> str:
    """Return a malformed item as text; bytes that are no UTF-8 stay visible as ``\\xNN``."""
    if isinstance(item, bytes):
        return item.decode("utf-8", "backslashreplace")
    try:
        return orjson.dumps(item).decode()
    except (orjson.JSONEncodeError, RecursionError):
        return _deep_text(item)


def _deep_text(item: Any) -> str:
    """Write what orjson reads (1,024 levels) but does not write (254)."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 10_000))
    try:
        return json.dumps(item, separators=(",", ":"))
    finally:
        sys.setrecursionlimit(limit)
