"""A pool of warm Spark JVMs.

A JVM that has finished a run cleanly is kept: its classes are loaded and compiled, so the next run is about twice as
fast. A JVM whose run failed or was stopped is thrown away, so no run ever sees another's leftovers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from local.glue.jvm import SparkJvm


class SparkPool:
    """Hands out JVMs, keeps `spare` of them ready.

    Parameters
    ----------
    start : callable
        Starts a new JVM; returns at once, the JVM warms up by itself.
    limit : int
        JVMs in use at the same time; further runs wait.
    max_runs : int
        Runs after which a JVM is replaced (bounds what a leak can cost).
    """

    def __init__(self, start: Callable[[], SparkJvm], limit: int = 2, max_runs: int = 200) -> None:
        self._start, self._max_runs = start, max_runs
        self._idle: list[SparkJvm] = []
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(limit)
        self._closed = False

    def warm(self) -> None:
        """Start a JVM ahead of the first run."""
        with self._lock:
            if not self._idle and not self._closed:
                self._idle.append(self._start())

    def acquire(self) -> SparkJvm:
        """A live JVM, the warmest first; blocks while `limit` are in use."""
        self._slots.acquire()
        with self._lock:
            self._idle = [jvm for jvm in self._idle if jvm.alive]
            if self._idle:
                return self._idle.pop()
        try:
            return self._start()
        except BaseException:
            self._slots.release()
            raise

    def release(self, jvm: SparkJvm, clean: bool) -> None:
        """Give a JVM back; `clean` says that its run ended well and stopped its Spark context."""
        jvm.runs += 1
        keep = clean and jvm.alive and jvm.runs < self._max_runs and not self._closed
        if not keep:
            jvm.kill()
        with self._lock:
            if keep:
                self._idle.append(jvm)
        self._slots.release()
        if not keep:
            self.warm()

    def close(self) -> None:
        """End every idle JVM; those in use end with their runs."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for jvm in idle:
            jvm.kill()
