"""The session's connection to PostgreSQL."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from local.redshift import wire
from local.redshift.errors import Refused
from local.redshift.lexer import literal

CHUNK = 1 << 18


class BackendError(Exception):
    """PostgreSQL answered a statement of ours with an error; `body` is its ErrorResponse."""

    def __init__(self, body: bytes) -> None:
        super().__init__(wire.fields(body).get("M", "unknown error"))
        self.body = body


@dataclass
class Result:
    """What a query of ours gave."""

    rows: list[list[str | None]] = field(default_factory=list)
    columns: list[tuple[str, int, int]] = field(default_factory=list)
    tag: str = ""


class Backend:
    """A PostgreSQL backend that serves one client."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.settimeout(None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = wire.Buffer()
        self.status = b"I"

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def receive(self) -> None:
        """Read once from the socket. Raises `EOFError` when PostgreSQL has hung up."""
        data = self.socket.recv(CHUNK)
        if not data:
            raise EOFError
        self.buffer.feed(data)

    def send(self, data: bytes) -> None:
        """Send everything, reading meanwhile: both sides could else wait for each other with full buffers."""
        view = memoryview(data)
        while view:
            readable, writable, _ = select.select([self.socket], [self.socket], [])
            if readable:
                self.receive()
            if writable:
                view = view[self.socket.send(view[:CHUNK]) :]

    def messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield messages as they come, without end."""
        while True:
            for kind, body in self.buffer.messages():
                if kind == b"Z":
                    self.status = body
                yield kind, body
            self.receive()

    def query(self, sql: str) -> Result:
        """Run a statement of our own in the client's session. Raises `BackendError`."""
        self.send(wire.query(sql))
        result, failure = Result(), None
        for kind, body in self.messages():
            if kind == b"D":
                result.rows.append(wire.row(body))
            elif kind == b"T":
                result.columns = wire.row_description(body)
            elif kind == b"C":
                result.tag = body[:-1].decode()
            elif kind == b"E":
                failure = body
            elif kind == b"Z":
                break
        if failure is not None:
            raise BackendError(failure)
        return result

    def fail(self, reason: Refused) -> None:
        """Raise an error inside the session, so that a transaction that is open fails. Always raises `BackendError`."""
        message, code = literal(reason.message), literal(reason.code)
        body = f"begin raise exception using errcode={code}, message={message}; end".replace("$rs$", "")
        self.query(f"do $rs${body}$rs$")

    def copy_in(self, sql: str, chunks: Iterable[bytes]) -> str:
        """Stream `chunks` into a COPY FROM STDIN and return its command tag.

        Raises
        ------
        BackendError
            When PostgreSQL refuses the statement or a row.
        Refused
            What the chunks raised; the COPY has then failed in the session too.
        """
        self.send(wire.query(sql))
        for kind, body in self.messages():
            if kind == b"G":
                break
            if kind == b"E":
                self._until_ready()
                raise BackendError(body)
        reason: Refused | None = None
        try:
            for chunk in chunks:
                self.send(wire.message(b"d", chunk))
            self.send(wire.message(b"c"))
        except Refused as refused:
            reason = refused
            self.send(wire.message(b"f", b"stopped by the local warehouse\0"))
        tag, failure = self._until_ready()
        if reason is not None:
            raise reason
        if failure is not None:
            raise BackendError(failure)
        return tag

    def copy_out(self, sql: str) -> Iterator[bytes]:
        """Yield the data of a COPY TO STDOUT. Raises `BackendError`."""
        self.send(wire.query(sql))
        failure = None
        for kind, body in self.messages():
            if kind == b"d":
                yield body
            elif kind == b"E":
                failure = body
            elif kind == b"Z":
                break
        if failure is not None:
            raise BackendError(failure)

    def _until_ready(self) -> tuple[str, bytes | None]:
        tag, failure = "", None
        for kind, body in self.messages():
            if kind == b"C":
                tag = body[:-1].decode()
            elif kind == b"E":
                failure = body
            elif kind == b"Z":
                break
        return tag, failure
