"""What the demo has sent to this stack, so that its numbers can be held against what arrived.

One JSON line per batch that the collector took. A batch that is sent again has the same idempotency key and counts
once,
in the lake as well as here.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path


class Ledger:
    """The batches sent so far.

    Parameters
    ----------
    path : Path
        Lies with the data of the stack, so that both are thrown away together.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._lines: dict[str, int] = {}
        self._deliveries = 0
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                except ValueError:  # the last line of a demo that was killed while writing it
                    continue
                self._count(entry["key"], entry["lines"])

    def add(self, key: str, lines: int) -> None:
        """Note a batch that the collector has acknowledged."""
        with self._lock:
            self._count(key, lines)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as file:
                file.write(json.dumps({"key": key, "lines": lines}) + "\n")

    def _count(self, key: str, lines: int) -> None:
        self._lines[key] = lines
        self._deliveries += lines

    @property
    def deliveries(self) -> int:
        """Lines acknowledged, those sent again included: so many must have landed, or more."""
        return self._deliveries

    @property
    def records(self) -> int:
        """Distinct records sent."""
        return sum(self._lines.values())
