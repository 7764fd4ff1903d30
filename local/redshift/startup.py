"""From the first byte of a client to the first ReadyForQuery: parameters and authentication."""

from __future__ import annotations

import socket
import struct

from local.redshift import wire
from local.redshift.backend import CHUNK, Backend

# redshift_connector and the JDBC driver send more, which PostgreSQL would refuse.
KNOWN_PARAMETERS = frozenset(
    [
        "user",
        "database",
        "options",
        "replication",
        "application_name",
        "client_encoding",
        "datestyle",
        "timezone",
        "extra_float_digits",
        "search_path",
        "statement_timeout",
    ]
)
# Every session of the warehouse: UTC, and a backslash in a string is an escape, as on Redshift.
FORCED = {
    "timezone": "UTC",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "bytea_output": "hex",
}
SERVER_VERSION = b"server_version\x008.0.2\0"


class Goodbye(Exception):
    """The client only asked for something that needs no session."""


def connect(client: socket.socket, buffer: wire.Buffer, address: tuple[str, int]) -> Backend:
    """Relay start-up and authentication; return the backend that is ready for queries.

    Raises
    ------
    Goodbye
        After a request to cancel, or when the client goes.
    OSError
        When PostgreSQL cannot be reached.
    """
    packet = _startup_packet(client, buffer, address)
    parts = packet[4:].split(b"\0")
    given = {parts[i].decode(): parts[i + 1] for i in range(0, len(parts) - 1, 2) if parts[i]}
    kept = {
        name: value for name, value in given.items() if name.lower() in KNOWN_PARAMETERS or name.startswith("_pq_.")
    }
    kept.update({name: value.encode() for name, value in FORCED.items()})
    body = packet[:4] + b"".join(name.encode() + b"\0" + value + b"\0" for name, value in kept.items()) + b"\0"
    try:
        backend = Backend(address)
    except OSError:
        client.sendall(
            wire.error(
                "the warehouse's PostgreSQL does not answer; look at the component postgres-warehouse", "08006", "FATAL"
            )
        )
        raise Goodbye from None
    try:
        backend.send(struct.pack("!I", len(body) + 4) + body)
        _authenticate(
            client, buffer, backend, connector="client_protocol_version" in given or "driver_version" in given
        )
    except BaseException:
        backend.close()
        raise
    return backend


def _startup_packet(client: socket.socket, buffer: wire.Buffer, address: tuple[str, int]) -> bytes:
    while True:
        packet = buffer.startup()
        if packet is None:
            _receive(client, buffer)
            continue
        (code,) = struct.unpack("!I", packet[:4])
        if code in (wire.SSL_REQUEST, wire.GSS_REQUEST):
            client.sendall(b"N")
        elif code == wire.CANCEL_REQUEST:
            with socket.create_connection(address, timeout=10) as backend:
                backend.sendall(struct.pack("!I", len(packet) + 4) + packet)
                backend.recv(1)  # PostgreSQL closes when it has passed the request on
            raise Goodbye
        else:
            return packet


def _receive(client: socket.socket, buffer: wire.Buffer) -> None:
    data = client.recv(CHUNK)
    if not data:
        raise Goodbye
    buffer.feed(data)


def _authenticate(client: socket.socket, buffer: wire.Buffer, backend: Backend, connector: bool) -> None:
    for kind, body in backend.messages():
        if kind == b"R" and connector and body[:4] == b"\0\0\0\x0a":
            body = body[:4] + b"SCRAM-SHA-256\0"  # redshift_connector takes the list's end for a mechanism
        elif kind == b"S" and body.startswith(b"server_version\0"):
            body = SERVER_VERSION
        client.sendall(wire.message(kind, body))
        if kind == b"E":
            raise Goodbye
        if kind == b"Z":
            return
        if kind == b"R" and struct.unpack("!I", body[:4])[0] in (3, 5, 10, 11):  # answers are wanted
            while (answer := next(buffer.messages(), None)) is None:
                _receive(client, buffer)
            backend.send(wire.message(*answer))
