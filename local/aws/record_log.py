"""An append-only log of records in segment files, with its index in memory.

A record is acknowledged once ``write`` returned, so it survives a kill of the process. Reading costs the records read,
never the records retained: three integers per record stay in memory, the payload stays in the files.

Layout of an entry: payload length (u32), sequence (u64), arrival in milliseconds (u64), key length (u16), key, data.
"""

from __future__ import annotations

import os
import struct
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_HEADER = struct.Struct(">IQQH")
SEGMENT_BYTES = 32 << 20


class Record(NamedTuple):
    """One record: its sequence number, arrival in milliseconds, partition key and data."""

    sequence: int
    arrived: int
    key: bytes
    data: bytes


class _Segment:
    def __init__(self, path: Path, base: int) -> None:
        self.path, self.base = path, base
        self.sequences, self.arrivals, self.offsets = array("Q"), array("Q"), array("Q", [0])
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    @property
    def end(self) -> int:
        return self.base + len(self.sequences)

    @property
    def size(self) -> int:
        return self.offsets[-1]

    def load(self) -> None:
        """Rebuild the index; an entry cut short by a kill was never acknowledged and is dropped."""
        size, offset = os.fstat(self.fd).st_size, 0
        with self.path.open("rb", buffering=1 << 20) as file:
            while offset + _HEADER.size <= size:
                length, sequence, arrived, _ = _HEADER.unpack(file.read(_HEADER.size))
                if offset + _HEADER.size + length > size:
                    break
                file.seek(length, os.SEEK_CUR)
                offset += _HEADER.size + length
                self._index(sequence, arrived, offset)
        if offset < size:
            os.ftruncate(self.fd, offset)

    def _index(self, sequence: int, arrived: int, end: int) -> None:
        self.offsets.append(end)
        self.arrivals.append(arrived)
        self.sequences.append(sequence)

    def append(self, records: Sequence[Record]) -> None:
        parts: list[bytes] = []
        for record in records:
            length = len(record.key) + len(record.data)
            parts += (_HEADER.pack(length, record.sequence, record.arrived, len(record.key)), record.key, record.data)
        buffer = memoryview(b"".join(parts))
        while buffer:
            buffer = buffer[os.write(self.fd, buffer) :]
        end = self.size
        for record in records:
            end += _HEADER.size + len(record.key) + len(record.data)
            self._index(record.sequence, record.arrived, end)

    def read(self, first: int, last: int) -> list[Record]:
        """Records with position ``first`` <= position < ``last``."""
        start = self.offsets[first - self.base]
        blob = os.pread(self.fd, self.offsets[last - self.base] - start, start)
        records, offset = [], 0
        while offset < len(blob):
            length, sequence, arrived, key_length = _HEADER.unpack_from(blob, offset)
            offset += _HEADER.size
            records.append(
                Record(
                    sequence, arrived, blob[offset : offset + key_length], blob[offset + key_length : offset + length]
                )
            )
            offset += length
        return records

    def remove(self) -> None:
        os.close(self.fd)
        self.path.unlink(missing_ok=True)


class RecordLog:
    """Records by position: 0 is the first ever appended, and a position never changes its record."""

    def __init__(self, directory: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.directory, self._segment_bytes = directory, segment_bytes
        self._lock = threading.RLock()
        directory.mkdir(parents=True, exist_ok=True)
        bases = sorted(int(path.stem) for path in directory.glob("*.log"))
        self._segments = [self._open(base) for base in bases or [0]]
        for segment in self._segments:
            segment.load()
        self._start = self._segments[0].base

    def _open(self, base: int) -> _Segment:
        return _Segment(self.directory / f"{base:020d}.log", base)

    @property
    def start(self) -> int:
        """Position of the oldest record retained."""
        return self._start

    @property
    def end(self) -> int:
        """Position the next record will get."""
        return self._segments[-1].end

    @property
    def last_sequence(self) -> int:
        """Sequence number of the newest record in the files, 0 when there is none."""
        return next((s.sequences[-1] for s in reversed(self._segments) if s.sequences), 0)

    def append(self, records: Sequence[Record]) -> None:
        """Write records at the end; they survive a kill of the process once this returned."""
        with self._lock:
            if self._segments[-1].size >= self._segment_bytes:
                self._segments.append(self._open(self.end))
            self._segments[-1].append(records)

    def read(self, position: int, limit: int, max_bytes: int = 10 << 20) -> list[Record]:
        """Up to ``limit`` records from ``position`` on, at most ``max_bytes`` of them but at least one."""
        with self._lock:
            position = max(position, self._start)
            if position >= self.end or limit < 1:
                return []
            segment = self._segments[bisect_right([s.base for s in self._segments], position) - 1]
            local = position - segment.base
            fits = bisect_right(segment.offsets, segment.offsets[local] + max_bytes) - 1
            last = min(segment.base + max(fits, local + 1), position + limit, segment.end)
            return segment.read(position, last)

    def arrival(self, position: int) -> int | None:
        """Arrival in milliseconds of the record at ``position``; None when there is no such record yet."""
        with self._lock:
            position = max(position, self._start)
            if position >= self.end:
                return None
            segment = self._segments[bisect_right([s.base for s in self._segments], position) - 1]
            return segment.arrivals[position - segment.base]

    def position_of_sequence(self, sequence: int) -> int:
        """Position of the first retained record whose sequence number is at least ``sequence``."""
        return self._find("sequences", sequence)

    def position_of_time(self, milliseconds: int) -> int:
        """Position of the first retained record that arrived at ``milliseconds`` or later."""
        return self._find("arrivals", milliseconds)

    def _find(self, column: str, value: int) -> int:
        with self._lock:
            for segment in self._segments:
                values = getattr(segment, column)
                if values and values[-1] >= value:
                    return max(segment.base + bisect_left(values, value), self._start)
            return self.end

    def trim(self, position: int) -> None:
        """Forget records before ``position``; the files of whole segments are deleted."""
        with self._lock:
            self._start = max(self._start, min(position, self.end))
            if self._start == self.end and self._segments[-1].size:
                self._segments.append(self._open(self.end))
            while len(self._segments) > 1 and self._segments[0].end <= self._start:
                self._segments.pop(0).remove()

    def delete(self) -> None:
        """Remove the log and its files."""
        with self._lock:
            for segment in self._segments:
                segment.remove()
            self._segments = [_Segment(Path(os.devnull), 0)]
            if self.directory.is_dir():
                self.directory.rmdir()
