"""A small cache for a page that several people reload."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """Keeps the newest ``size`` values, each for ``seconds`` (None: until pushed out). Threads may share it."""

    def __init__(self, size: int, seconds: float | None = None) -> None:
        self._size = size
        self._seconds = seconds
        self._kept: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The kept value of ``key``, or a new one from ``make`` (whose errors are not kept)."""
        now = time.monotonic()
        with self._lock:
            if key in self._kept:
                made, value = self._kept[key]
                if self._seconds is None or now - made < self._seconds:
                    self._kept.move_to_end(key)
                    return value
        value = make()
        with self._lock:
            self._kept[key] = (now, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return value
