"""Messages of the PostgreSQL protocol 3.0 (https://www.postgresql.org/docs/current/protocol-message-formats.html)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
_LENGTH = struct.Struct("!I")
_JSONB, _SUPER = struct.pack("!I", 3802), struct.pack("!I", 4000)


def message(kind: bytes, body: bytes = b"") -> bytes:
    """Return one message."""
    return kind + _LENGTH.pack(len(body) + 4) + body


def query(sql: str) -> bytes:
    """Return a simple query."""
    return message(b"Q", sql.encode() + b"\0")


def error(text: str, code: str, severity: str = "ERROR") -> bytes:
    """Return an error response."""
    fields = (
        b"S"
        + severity.encode()
        + b"\0V"
        + severity.encode()
        + b"\0C"
        + code.encode()
        + b"\0M"
        + text.encode()
        + b"\0\0"
    )
    return message(b"E", fields)


def info(text: str) -> bytes:
    """Return a notice of severity INFO, as Redshift sends after a COPY."""
    return message(b"N", b"SINFO\0VINFO\0C00000\0M" + text.encode() + b"\0\0")


def complete(tag: str) -> bytes:
    """Return a command completion."""
    return message(b"C", tag.encode() + b"\0")


def fields(body: bytes) -> dict[str, str]:
    """Return the fields of an error or notice by their one-letter type."""
    return {part[:1].decode(): part[1:].decode(errors="replace") for part in body.split(b"\0") if part}


def pack_fields(values: dict[str, str]) -> bytes:
    """Return the body of an error or notice."""
    return b"".join(key.encode() + value.encode() + b"\0" for key, value in values.items()) + b"\0"


def row(body: bytes) -> list[str | None]:
    """Return the values of a DataRow in text format."""
    (count,) = struct.unpack_from("!H", body)
    offset, values = 2, []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, offset)
        offset += 4
        if length < 0:
            values.append(None)
        else:
            values.append(body[offset : offset + length].decode())
            offset += length
    return values


def row_description(body: bytes) -> list[tuple[str, int, int]]:
    """Return `(name, type oid, type modifier)` of each column of a RowDescription."""
    (count,) = struct.unpack_from("!H", body)
    offset, columns = 2, []
    for _ in range(count):
        end = body.index(b"\0", offset)
        name = body[offset:end].decode()
        _table, _number, oid, _size, modifier, _format = struct.unpack_from("!IhIhih", body, end + 1)
        columns.append((name, oid, modifier))
        offset = end + 19
    return columns


def redshift_types(body: bytes) -> bytes:
    """Return a RowDescription with JSONB announced as SUPER, which drivers hand out as text."""
    if _JSONB not in body:
        return body
    (count,) = struct.unpack_from("!H", body)
    changed, offset = bytearray(body), 2
    for _ in range(count):
        offset = body.index(b"\0", offset) + 1 + 6
        if changed[offset : offset + 4] == _JSONB:
            changed[offset : offset + 4] = _SUPER
        offset += 12
    return bytes(changed)


def cut(body: bytes, offset: int = 0) -> tuple[bytes, int]:
    """Return the zero-terminated string at `offset` and the offset behind it."""
    end = body.index(b"\0", offset)
    return body[offset:end], end + 1


class Buffer:
    """Bytes received, taken out again message by message."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._start = 0

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        if self._start > 1 << 20 or self._start == len(self._data):
            del self._data[: self._start]
            self._start = 0
        self._data += data

    def take(self, count: int) -> bytes | None:
        """Return the next `count` bytes, or None while fewer are there."""
        if len(self._data) - self._start < count:
            return None
        self._start += count
        return bytes(self._data[self._start - count : self._start])

    def startup(self) -> bytes | None:
        """Return the body of a startup packet (which has no type byte)."""
        if len(self._data) - self._start < 4:
            return None
        (length,) = _LENGTH.unpack_from(self._data, self._start)
        packet = self.take(length)
        return None if packet is None else packet[4:]

    def messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield each whole message as `(kind, body)`."""
        while len(self._data) - self._start >= 5:
            (length,) = _LENGTH.unpack_from(self._data, self._start + 1)
            packet = self.take(length + 1)
            if packet is None:
                return
            yield packet[:1], packet[5:]
