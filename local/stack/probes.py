"""How to see that a component is ready: by asking it what its users will ask."""

from __future__ import annotations

import json
import socket
import struct
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

# proxies of the environment never apply to the loopback interface
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Probe(Protocol):
    """Answers whether a component is ready; never raises."""

    def ready(self, since: float, timeout: float = 5) -> bool:
        """Whether the process started at `since` (seconds since 1970) serves now."""
        ...


@dataclass(frozen=True)
class Http:
    """Ready when a GET of `url` answers with one of `statuses`."""

    url: str
    statuses: tuple[int, ...] = (200,)

    def ready(self, since: float, timeout: float = 5) -> bool:
        try:
            with _direct.open(self.url, timeout=timeout) as answer:
                return answer.status in self.statuses
        except urllib.error.HTTPError as error:
            return error.code in self.statuses
        except (OSError, ValueError):
            return False


@dataclass(frozen=True)
class PostgresWire:
    """Ready when a server speaking PostgreSQL's protocol asks for a password (or lets us in)."""

    port: int
    database: str = "postgres"
    user: str = "sluice"

    def ready(self, since: float, timeout: float = 5) -> bool:
        # StartupMessage, PostgreSQL documentation "Message Formats"; the answer R is an authentication request,
        # E an error such as "the database system is starting up"
        fields = f"user\0{self.user}\0database\0{self.database}\0\0".encode()
        message = struct.pack("!II", 8 + len(fields), 196608) + fields
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
                connection.settimeout(timeout)
                connection.sendall(message)
                return connection.recv(1) == b"R"
        except OSError:
            return False


@dataclass(frozen=True)
class AirflowHeartbeat:
    """Ready when Airflow's health page shows a heartbeat of `job` that is younger than the process."""

    url: str
    job: str

    def ready(self, since: float, timeout: float = 5) -> bool:
        try:
            with _direct.open(self.url, timeout=timeout) as answer:
                health = json.load(answer)[self.job]
        except (OSError, ValueError, KeyError):
            return False
        beat = health.get(f"latest_{self.job}_heartbeat")
        return health.get("status") == "healthy" and bool(beat) and datetime.fromisoformat(beat).timestamp() >= since
