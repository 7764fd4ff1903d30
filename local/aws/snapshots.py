"""Snapshots: the state of services that ministack keeps in memory, written about once a second while it changes.

S3 objects, Kinesis records and Firehose checkpoints are durable by themselves. Everything else (tables, queues,
functions, jobs, ...) is in a snapshot: one JSON file per service, replaced atomically, so a kill loses at most the last
one or two seconds of it. A service whose snapshot takes long is written less often, a tenth of the time at most.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence

from local.aws import gateway

logger = logging.getLogger("sluice.snapshots")

USES = {
    "ministack.app": ("_build_persistence_save_dict", "_load_persisted_state"),
    "ministack.core.persistence": ("_json_default", "_state_format_version", "save_all", "STATE_DIR", "PERSIST_STATE"),
}

_INTERVAL = 1.0
# Metrics are worth little after a restart and change every second.
_SLOW = {"cloudwatch": 15.0}


class Snapshots:
    """Writes the state of every loaded service to a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._written: dict[str, int] = {}
        self._next: dict[str, float] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write everything that changed a last time."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(8)

    def save(self, service: str) -> None:
        """Write one service now, from the event loop's thread or an engine's."""
        state = app._build_persistence_save_dict().get(service)
        if state is not None:
            self._write(service, state)

    def save_all(self) -> None:
        """Write every service that changed since its last snapshot."""
        for service, state in app._build_persistence_save_dict().items():
            self._write(service, state)

    def _run(self) -> None:
        while not self._stop.wait(_INTERVAL / 4):
            for service, state in app._build_persistence_save_dict().items():
                started = time.monotonic()
                if self._next.get(service, 0.0) > started:
                    continue
                try:
                    self._write(service, state)
                except Exception:
                    logger.exception("Snapshot of %s failed; the last one stands", service)
                spent = time.monotonic() - started
                self._next[service] = started + max(_SLOW.get(service, _INTERVAL), 10 * spent)

    def _write(self, service: str, state: Callable[[], Any]) -> None:
        with self._locks[service]:
            content = self._serialise(state)
            if content is None:
                return
            digest = zlib.crc32(content) ^ (len(content) << 32)
            path = self._directory / f"{service}.json"
            if self._written.get(service) == digest:
                return
            version = persistence._state_format_version(service)
            temporary = path.with_suffix(".new")
            temporary.write_bytes(b'{"__ministack_format__": %d, "payload": %b}' % (version, content))
            os.replace(temporary, path)
            self._written[service] = digest

    @staticmethod
    def _serialise(state: Callable[[], Any]) -> bytes | None:
        for attempt in range(20):
            try:
                with gateway.scope(*gateway.DEFAULT_OWNER):
                    value = state()
                    return None if value is None else json.dumps(value, default=persistence._json_default).encode()
            except RuntimeError as error:
                # Request handlers change these dictionaries meanwhile; what is needed is one pass without a change.
                if "changed size during iteration" not in str(error) or attempt == 19:
                    raise
                time.sleep(0.005 * (attempt + 1))
        return None
