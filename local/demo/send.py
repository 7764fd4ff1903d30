"""Sends batches to the collector over HTTP, as a tracker's server would: keeps connections, retries, loses nothing."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from local.demo.traffic_batches import Batch

_TIMEOUT = 60
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_WORTH_RETRYING = frozenset({408, 425, 429, 500, 502, 503, 504})


class SendError(Exception):
    """The collector did not take a batch; the message says why and what to do."""


@dataclass
class Sent:
    """What was sent: ``lines`` = ``accepted`` + ``malformed``."""

    batches: int = 0
    lines: int = 0
    bytes: int = 0
    accepted: int = 0
    malformed: int = 0
    retries: int = 0
    seconds: float = 0.0


Progress = Callable[[Sent, Batch], None]


def send(
    batches: Iterable[Batch],
    collector_url: str,
    *,
    threads: int = 3,
    patience: float = 60.0,
    progress: Progress | None = None,
) -> Sent:
    """Send all batches and return the counts the collector answered with.

    Parameters
    ----------
    batches
        Taken one by one as threads become free, so that a generator need not be held in memory.
    collector_url
        Base URL of the HTTP API, e.g. the output ``CollectorUrl``.
    threads
        Connections used side by side.
    patience
        Seconds for which a batch is tried again while the collector cannot be reached or is busy.
    progress
        Told the counts so far and each batch that was taken, one call at a time.

    Raises
    ------
    SendError
        When the collector refuses a batch, or stays away longer than ``patience``. Batches sent before stay sent;
        sending all again is safe, because their idempotency keys are the same.
    """
    work = _Work(iter(batches), progress)
    started = time.monotonic()
    workers = [
        threading.Thread(target=_work_off, args=(work, collector_url, patience), name=f"send-{number}", daemon=True)
        for number in range(threads)
    ]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    except BaseException:
        work.stop.set()
        raise
    if work.failure:
        raise work.failure
    work.sent.seconds = time.monotonic() - started
    return work.sent


@dataclass
class _Work:
    """What the threads share."""

    batches: Iterator[Batch]
    progress: Progress | None
    sent: Sent = field(default_factory=Sent)
    stop: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None
    _taking: threading.Lock = field(default_factory=threading.Lock)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> Batch | None:
        with self._taking:
            return None if self.stop.is_set() else next(self.batches, None)

    def count(self, batch: Batch, accepted: int, malformed: int) -> None:
        with self._counting:
            self.sent.batches += 1
            self.sent.lines += batch.lines
            self.sent.bytes += len(batch.body)
            self.sent.accepted += accepted
            self.sent.malformed += malformed
            if self.progress:
                self.progress(self.sent, batch)

    def count_retry(self) -> None:
        with self._counting:
            self.sent.retries += 1

    def fail(self, error: Exception) -> None:
        with self._counting:
            self.failure = self.failure or error
        self.stop.set()


def _work_off(work: _Work, url: str, patience: float) -> None:
    try:
        connection = _Connection(url)
        try:
            while (batch := work.take()) is not None:
                accepted, malformed = _deliver(connection, batch, work, patience)
                work.count(batch, accepted, malformed)
        finally:
            connection.close()
    except Exception as error:
        work.fail(error)


def _deliver(connection: _Connection, batch: Batch, work: _Work, patience: float) -> tuple[int, int]:
    deadline = time.monotonic() + patience
    pause = _FIRST_PAUSE
    while True:
        wait: float | None = None
        try:
            status, headers, body = connection.post(batch)
        except (OSError, http.client.HTTPException) as error:
            trouble = f"cannot be reached ({type(error).__name__}: {error})"
            connection.close()
        else:
            if status == 200:
                return _counts(body, batch)
            if status not in _WORTH_RETRYING:
                raise SendError(f"The collector refused a batch of {batch.tenant}: {status} {_message(body)}")
            trouble = f"answers {status} {_message(body)}"
            wait = _seconds(headers.get("Retry-After"))
        wait = random.uniform(pause / 2, pause) if wait is None else wait
        if time.monotonic() + wait > deadline:
            raise SendError(f"The collector {trouble}, for {patience:.0f} s now. Is the stack up? See ./sluice status.")
        work.count_retry()
        if work.stop.wait(wait):
            raise SendError("Sending was stopped.")
        pause = min(_LONGEST_PAUSE, pause * 2)


class _Connection:
    """One kept connection to the collector, opened again after a failure."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SendError(f"{url!r} is no collector URL; it looks like http://host:port")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(_address(parts.hostname), parts.port, timeout=_TIMEOUT)
        self._host = parts.netloc
        self._path = f"{parts.path.rstrip('/')}/v1/batch"

    def post(self, batch: Batch) -> tuple[int, http.client.HTTPMessage, bytes]:
        headers = {
            "Host": self._host,
            "Content-Type": "application/x-ndjson",
            "X-Write-Key": batch.write_key,
            "Idempotency-Key": batch.idempotency_key,
        }
        self._connection.request("POST", self._path, batch.body, headers)
        response = self._connection.getresponse()
        return response.status, response.headers, response.read()

    def close(self) -> None:
        self._connection.close()


def _address(hostname: str) -> str:
    """Return where to connect to for a host name.

    An API's name stands in front of the endpoint's host, as on AWS. Below ``localhost`` that is loopback by definition
    (RFC 6761), but not every resolver knows; below a loopback address no resolver can.
    """
    loopback = ("localhost", "127.0.0.1")
    return "127.0.0.1" if hostname.endswith(tuple(f".{name}" for name in loopback)) else hostname


def _counts(body: bytes, batch: Batch) -> tuple[int, int]:
    try:
        answer = json.loads(body)
        accepted, malformed = int(answer["accepted"]), int(answer["malformed"])
    except (ValueError, KeyError, TypeError):
        raise SendError("The answer is not a collector's; check the URL.") from None
    if accepted + malformed != batch.lines:
        raise SendError(f"The collector took {accepted + malformed} of {batch.lines} lines of a batch.")
    return accepted, malformed


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body).get("message", ""))[:300]
    except (ValueError, AttributeError):
        return body[:200].decode("utf-8", "replace")


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None
