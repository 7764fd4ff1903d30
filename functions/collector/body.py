"""From the bytes of a request to its items: decoded, unpacked, split, never judged."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from typing import Any

import orjson

from .errors import Refusal

MAX_BODY_BYTES = 1_000_000
MAX_ITEMS = 5_000
_LINES_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def request_body(body: str | None, is_base64: bool, content_encoding: str) -> bytes:
    """Return the plain bytes the client meant to send.

    Raises
    ------
    Refusal
        400 for a body that cannot be unpacked, 413 for one above the limit, 415 for an unknown encoding.
    """
    raw = _transport_bytes(body, is_base64)
    encoding = content_encoding.strip().lower()
    if encoding == "gzip":
        raw = _gunzip(raw)
    elif encoding not in ("", "identity"):
        raise Refusal(415, "unsupported_encoding", "Content-Encoding must be gzip or absent.")
    if len(raw) > MAX_BODY_BYTES:
        raise _too_large()
    if not raw.strip():
        raise Refusal(400, "empty_body", "The body is empty. Send a JSON event, an array of events or JSON lines.")
    return raw


def _transport_bytes(body: str | None, is_base64: bool) -> bytes:
    if not body:
        return b""
    if not is_base64:
        # A JSON event can carry lone surrogates, which UTF-8 cannot.
        return body.encode("utf-8", "backslashreplace")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(400, "bad_base64", "The body is marked as base64 but is not.") from None


def _gunzip(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unpacker.decompress(packed, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise Refusal(400, "bad_gzip", "Content-Encoding says gzip, but the body is not gzip.") from None
    if len(plain) > MAX_BODY_BYTES:
        raise _too_large()
    if not unpacker.eof:
        raise Refusal(400, "bad_gzip", "The gzip body ends early. Send it again.")
    return plain


def _too_large() -> Refusal:
    limit = f"{MAX_BODY_BYTES:,}"
    return Refusal(413, "body_too_large", f"A body holds at most {limit} bytes unpacked. Send smaller batches.")


def one_item(raw: bytes) -> list[Any]:
    """Return the body of ``/v1/events``: the whole of it is one item."""
    return [parse_item(raw)]


def batch_items(raw: bytes, content_type: str) -> Sequence[Any]:
    """Return the items of ``/v1/batch`` in their order.

    An item is a parsed JSON value, or the bytes themselves where they are no JSON. JSON lines are split at
    newlines, empty lines do not count; a JSON body is an array, or an object with the array under ``batch``.

    Raises
    ------
    Refusal
        413 for more than MAX_ITEMS items.
    """
    if content_type.split(";", 1)[0].strip().lower() in _LINES_TYPES:
        items: Sequence[Any] = [parse_item(line) for line in raw.split(b"\n") if line.strip()]
    else:
        items = _json_items(raw)
    if len(items) > MAX_ITEMS:
        raise Refusal(413, "too_many_items", f"A batch holds at most {MAX_ITEMS:,} events. Send smaller batches.")
    return items


def _json_items(raw: bytes) -> Sequence[Any]:
    value = parse_item(raw)
    if isinstance(value, dict) and isinstance(value.get("batch"), list):
        value = value["batch"]
    elif isinstance(value, dict):
        value = [raw]  # an object without a batch is no batch: kept as malformed
    return value if isinstance(value, list) else [value]


def parse_item(raw: bytes) -> Any:
    """Return the JSON value in ``raw``, or ``raw`` itself when there is none."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw
