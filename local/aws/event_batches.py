"""Which records of a shard go to the function next, and what follows from a failure: retry, bisect, give up."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.aws.record_log import Record, RecordLog

# 6 MB is what Lambda accepts as an event; base64 takes a third of it.
_MAX_BATCH_BYTES = 4 << 20
_FOREVER = 10**9


@dataclass(frozen=True)
class Batch:
    """Records at positions ``first`` <= position < ``last``, tried ``attempts`` times so far."""

    first: int
    last: int
    attempts: int = 0
    condition: str = "RetryAttemptsExhausted"


@dataclass(frozen=True)
class Outcome:
    """Position of the first record that failed, or None when all succeeded."""

    failed_at: int | None


class ShardWork:
    """Batches of one shard that are under way: a stack, the earliest records on top."""

    def __init__(self, esm: Mapping[str, Any]) -> None:
        self._esm = esm
        self._stack: list[Batch] = []
        self._not_before = 0.0

    def _setting(self, name: str, default: int) -> int:
        value = self._esm.get(name)
        return default if value is None or value < 0 else int(value)

    def next(self, log: RecordLog, position: int, growing: bool) -> Batch | None:
        """The batch to invoke with now, or None when there is nothing to do yet."""
        if self._stack:
            return self._stack[-1] if time.monotonic() >= self._not_before else None
        available = log.end - position
        size = self._setting("BatchSize", 100)
        if available <= 0:
            return None
        window = self._setting("MaximumBatchingWindowInSeconds", 0)
        arrived = log.arrival(position) or 0
        if available < size and growing and time.time() - arrived / 1000 < window:
            return None
        count = len(log.read(position, min(size, available), _MAX_BATCH_BYTES))
        self._stack.append(Batch(position, position + count))
        return self._stack[-1]

    def settle(self, batch: Batch, outcome: Outcome, records: list[Record]) -> list[Batch]:
        """Take note of an outcome; return the batches given up."""
        self._stack.pop()
        self._not_before = 0.0
        failed = outcome.failed_at
        if failed is None:
            return []
        # Records before the first failure are done; a checkpoint that moved starts the attempts anew.
        attempts = batch.attempts + 1 if failed == batch.first else 1
        given_up = []
        age = self._setting("MaximumRecordAgeInSeconds", _FOREVER)
        horizon = (time.time() - age) * 1000
        expired = failed
        while expired < batch.last and records[expired - batch.first].arrived < horizon:
            expired += 1
        if expired > failed:
            given_up.append(Batch(failed, expired, attempts, "RecordAgeExceeded"))
            failed = expired
        if failed >= batch.last:
            return given_up
        if self._esm.get("BisectBatchOnFunctionError") and batch.last - failed > 1:
            middle = (failed + batch.last) // 2
            self._stack += [Batch(middle, batch.last), Batch(failed, middle)]
        elif attempts > self._setting("MaximumRetryAttempts", _FOREVER):
            given_up.append(Batch(failed, batch.last, attempts))
        else:
            self._stack.append(Batch(failed, batch.last, attempts))
            self._not_before = time.monotonic() + min(0.1 * 2**attempts, 10.0)
        return given_up

    def checkpoint(self, default: int) -> int:
        """Position before which every record succeeded or was given up."""
        return self._stack[-1].first if self._stack else default
