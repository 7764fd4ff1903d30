"""Health checks of the containers, by the probes of `./sluice status`. Exit code 0: it serves.

    python docker/healthy.py http URL | postgres PORT DATABASE | heartbeat URL JOB | gateway PORT
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from local.stack.probes import AirflowHeartbeat, Http, PostgresWire

_FRESH_SECONDS = 60


def healthy(kind: str, *arguments: str) -> bool:
    """Whether the component serves now."""
    since = time.time() - _FRESH_SECONDS
    if kind == "http":
        return Http(arguments[0], statuses=(200, 403)).ready(since)
    if kind == "postgres":
        return PostgresWire(int(arguments[0]), arguments[1]).ready(since)
    if kind == "heartbeat":
        return AirflowHeartbeat(*arguments).ready(since)
    if kind == "gateway":
        try:
            socket.create_connection((socket.gethostbyname(socket.gethostname()), int(arguments[0])), 3).close()
        except OSError:
            return False
        return True
    raise SystemExit(__doc__)


if __name__ == "__main__":
    sys.exit(0 if healthy(*sys.argv[1:]) else 1)
