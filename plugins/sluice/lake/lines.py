"""Reading raw objects line by line inside a Spark task, keeping where each line came from.

Spark's own text source knows the file of a line but not its number, and needs a Hadoop file system for S3; the AWS SDK
reads the same objects on Glue and on a laptop.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import Any

BATCH_BYTES = 16 << 20


def open_object(s3: Any, bucket: str, key: str) -> io.BufferedReader:
    """A stream of an object's content; gzip is undone, whatever the key is called."""
    body = io.BufferedReader(_Body(s3.get_object(Bucket=bucket, Key=key)["Body"]), 1 << 20)
    return gzip.open(body) if body.peek(2)[:2] == b"\x1f\x8b" else body  # type: ignore[return-value]


def line_batches(s3: Any, bucket: str, keys: list[str]) -> Iterator[dict[str, list]]:
    """The lines of some objects in batches of about `BATCH_BYTES`.

    Yields
    ------
    dict
        ``source_file`` (s3 address), ``source_line`` (from 1) and ``line`` (text without its line end; bytes that are
        not UTF-8 become U+FFFD), as lists of equal length. Blank lines are left out: they carry no record.
    """
    files: list[str] = []
    numbers: list[int] = []
    lines: list[str] = []
    held = 0
    for key in keys:
        address = f"s3://{bucket}/{key}"
        with open_object(s3, bucket, key) as stream:
            for number, raw in enumerate(stream, 1):
                text = raw.rstrip(b"\r\n")
                if not text.strip():
                    continue
                files.append(address)
                numbers.append(number)
                lines.append(text.decode("utf-8", "replace"))
                held += len(text)
                if held >= BATCH_BYTES:
                    yield {"source_file": files, "source_line": numbers, "line": lines}
                    files, numbers, lines, held = [], [], [], 0
    if lines:
        yield {"source_file": files, "source_line": numbers, "line": lines}


class _Body(io.RawIOBase):
    """botocore's streaming body as a raw stream that Python's buffers accept."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
