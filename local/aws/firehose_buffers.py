"""Buffers of a delivery stream: what was read from the source and not yet written to S3, one buffer per partition."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass
class Buffer:
    """Records of one partition that will become one object.

    Attributes
    ----------
    keys
        Partition keys by namespace (``partitionKeyFromQuery``, ``partitionKeyFromLambda``).
    error
        Error output type when the records go to the error prefix, else None.
    first
        Per source shard, the position of the first record held here.
    oldest
        Arrival of the oldest record held, in milliseconds.
    """

    keys: Mapping[str, Mapping[str, str]]
    error: str | None = None
    data: list[bytes] = field(default_factory=list)
    size: int = 0
    first: dict[str, int] = field(default_factory=dict)
    oldest: int = 0
    born: float = field(default_factory=time.monotonic)
    retry_at: float = 0.0
    attempts: int = 0

    def add(self, shard: str, position: int, arrived: int, data: bytes) -> None:
        """Hold one record."""
        if not self.data:
            self.oldest = arrived
        self.oldest = min(self.oldest, arrived)
        self.first.setdefault(shard, position)
        self.data.append(data)
        self.size += len(data)


class Buffers:
    """All buffers of one delivery stream."""

    def __init__(self) -> None:
        self._open: dict[tuple, Buffer] = {}
        self._full: list[Buffer] = []

    def add(
        self,
        keys: Mapping[str, Mapping[str, str]],
        error: str | None,
        record: tuple[str, int, int, bytes],
        limit: int,
    ) -> None:
        """Put a record (shard, position, arrival, data) into its partition's buffer; at ``limit`` bytes it closes."""
        name = (error, *((space, key, value) for space, pairs in keys.items() for key, value in pairs.items()))
        buffer = self._open.get(name)
        if buffer is None:
            buffer = self._open[name] = Buffer(keys=keys, error=error)
        buffer.add(*record)
        if buffer.size >= limit:
            self._full.append(self._open.pop(name))

    def due(self, interval: float) -> list[Buffer]:
        """Buffers to deliver now: full ones, and open ones older than ``interval`` seconds."""
        now = time.monotonic()
        for name in [n for n, b in self._open.items() if now - b.born >= interval]:
            self._full.append(self._open.pop(name))
        return [b for b in self._full if b.retry_at <= now]

    def delivered(self, buffer: Buffer) -> None:
        """Forget a buffer whose object is in S3."""
        self._full.remove(buffer)

    def all(self) -> Iterable[Buffer]:
        """Every buffer not yet delivered."""
        return [*self._full, *self._open.values()]

    def size(self) -> int:
        """Bytes held."""
        return sum(buffer.size for buffer in self.all())

    def clear(self) -> None:
        """Drop everything held; the source will be read again from the last checkpoint."""
        self._open.clear()
        self._full.clear()
