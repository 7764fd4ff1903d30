"""From an item to the raw record of the lake: one JSON line with the collector's own fields.

The collector adds who sent it (tenant), when it came, which hour it belongs to and an id that is the same when the same
request comes again. It judges nothing else: what is no JSON object travels on as text and ends in quarantine.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
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


def event_hour(timestamp: Any, received_at: datetime) -> str | None:
    """Return the UTC hour ``YYYY-MM-DDTHH`` that an event happened in, by its own ISO 8601 timestamp (no offset: UTC).

    None when it does not parse, is more than 35 days old or more than one day ahead, so that a broken clock cannot
    scatter files over years.
    """
    if not isinstance(timestamp, str):
        return None
    try:
        moment = datetime.fromisoformat(timestamp.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        if received_at - OLDEST <= moment <= received_at + NEWEST:
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")
    except (ValueError, OverflowError):
        pass
    return None


def filing_hours(items: Sequence[Any], received_at: datetime) -> list[str]:
    """Return the hour each item of a request is filed under.

    Its own; without one, that of the item before it in the request (or the first that has one), so that broken lines
    stay with the events they came with, also when a day is sent again later; and when none has one, the hour of
    receipt.
    """
    own = [event_hour(item.get("event_timestamp"), received_at) if isinstance(item, dict) else None for item in items]
    last = next((hour for hour in own if hour), received_at.strftime("%Y-%m-%dT%H"))
    hours = []
    for hour in own:
        last = hour or last
        hours.append(last)
    return hours


def build_records(items: Sequence[Any], origin: Origin) -> tuple[list[Record], int]:
    """Return the records of a request, in order, and how many of them are malformed."""
    received = origin.received_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    records: list[Record] = []
    malformed = 0
    for position, (item, hour) in enumerate(zip(items, filing_hours(items, origin.received_at), strict=True)):
        record_id = f"{origin.request_key}:{position}"
        record = _event_record(item, record_id, received, hour, origin) if isinstance(item, dict) else None
        if record is None:
            record = _malformed_record(item, record_id, received, hour, origin)
            malformed += 1
        records.append(record)
    return records, malformed


def _event_record(event: dict[str, Any], record_id: str, received: str, hour: str, origin: Origin) -> Record | None:
    record = {  # a copy: what cannot be written is kept as it came
        **event,
        "_record_id": record_id,
        "_received_at": received,
        "tenant_id": origin.tenant,
        "_event_hour": hour,
    }
    record.pop("_malformed", None)  # the collector's own mark: a client cannot set it
    if origin.ip and event.get("ip") in (None, ""):
        record["ip"] = origin.ip
    if origin.user_agent and event.get("user_agent") in (None, ""):
        record["user_agent"] = origin.user_agent
    try:
        data = orjson.dumps(record)
    except (orjson.JSONEncodeError, RecursionError):
        return None  # orjson reads deeper nesting than it writes
    if len(data) > MAX_RECORD_BYTES:
        return None
    key = event.get("user_id") or event.get("session_id") or record_id
    return Record(data, str(key)[:256])


def _malformed_record(item: Any, record_id: str, received: str, hour: str, origin: Origin) -> Record:
    text = item_text(item)
    head = {
        "_record_id": record_id,
        "_received_at": received,
        "tenant_id": origin.tenant,
        "_event_hour": hour,
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
