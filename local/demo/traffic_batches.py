"""What is sent to the collector in one request."""

from __future__ import annotations

from typing import NamedTuple

LINES_PER_BATCH = 500
#: Stay below the collector's limit of 1,000,000 bytes.
BYTES_PER_BATCH = 900_000


class Batch(NamedTuple):
    """One request to the collector.

    ``body`` holds ``lines`` JSON lines. Sent again with the same ``idempotency_key`` they are the same records.
    """

    tenant: str
    write_key: str
    idempotency_key: str
    body: bytes
    lines: int
