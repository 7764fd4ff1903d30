"""Reads a user's own events: a file of JSON lines as it is, or a CSV file with a mapping of its columns.

The mapping is YAML, column name to event field (``contracts/clickstream/events.yaml``)::

    columns:
      visitor: user_id
      visited_at: event_timestamp
    constants:
      event_type: view
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from local.demo.traffic_batches import BYTES_PER_BATCH, LINES_PER_BATCH, Batch

_NUMBERS = frozenset({"amount"})


class EventsFileError(Exception):
    """The user's file cannot be sent; the message names file, line and remedy."""


@dataclass(frozen=True)
class Mapping:
    """Which column becomes which field, and fields that are the same in every event."""

    columns: dict[str, str]
    constants: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Mapping:
        """Read a mapping file.

        Raises
        ------
        EventsFileError
            When it is not there, no YAML, or does not have the form described above.
        """
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise EventsFileError(f"{path}: cannot be read ({error.strerror})") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{path}:{mark.line + 1}" if mark else str(path)
            raise EventsFileError(f"{where}: is no YAML; write lines like `visitor: user_id`") from None
        if isinstance(content, dict) and "columns" not in content:
            content = {"columns": content}
        parts = content if isinstance(content, dict) else {}
        for name in ("columns", "constants"):
            part = parts.get(name, {})
            if not isinstance(part, dict) or not all(isinstance(value, str) for value in part.values()):
                raise EventsFileError(f"{path}: `{name}` must map names to names, e.g. `visitor: user_id`")
        if not parts.get("columns"):
            raise EventsFileError(f"{path}: maps no column; write lines like `visitor: user_id`")
        return cls(parts["columns"], parts.get("constants", {}))


def batches_of_file(path: Path, tenant: str, write_key: str, mapping: Mapping | None = None) -> Iterator[Batch]:
    """Yield the requests that send a file.

    Each request's idempotency key is the digest of its lines, so that sending the file again sends the same records.

    Parameters
    ----------
    path
        JSON lines, or CSV (``.csv``, ``.tsv``), which needs ``mapping``.

    Raises
    ------
    EventsFileError
        When the file cannot be read, is empty, or a CSV does not fit its mapping. Lines that are no JSON are sent as
        they are: the platform's quarantine shows them.
    """
    if path.suffix.lower() in (".csv", ".tsv"):
        if mapping is None:
            raise EventsFileError(f"{path}: a CSV file needs --mapping FILE, which says which column is which field")
        lines = _csv_lines(path, mapping)
    else:
        if mapping is not None:
            raise EventsFileError(f"{path}: --mapping is for CSV files; JSON lines are sent as they are")
        lines = _json_lines(path)
    nothing = True
    for chunk in _chunks(lines):
        nothing = False
        body = b"\n".join(chunk) + b"\n"
        yield Batch(tenant, write_key, hashlib.sha256(body).hexdigest(), body, len(chunk))
    if nothing:
        raise EventsFileError(f"{path}: holds no events")


def _json_lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                stripped = line.rstrip(b"\r\n")
                if number == 1:
                    stripped = stripped.removeprefix(b"\xef\xbb\xbf")
                    if stripped.lstrip().startswith(b"[") and not stripped.rstrip().endswith(b"]"):
                        raise EventsFileError(f"{path}:1: begins a JSON array; write one event per line instead")
                _check_size(path, number, stripped)
                if stripped.strip():
                    yield stripped
    except OSError as error:
        raise EventsFileError(f"{path}: cannot be read ({error.strerror})") from None


def _csv_lines(path: Path, mapping: Mapping) -> Iterator[bytes]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    row_number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, delimiter=delimiter, strict=True)
            header = rows.fieldnames or []
            missing = [column for column in mapping.columns if column not in header]
            if missing:
                raise EventsFileError(
                    f"{path}:1: has no column {', '.join(missing)}; it has {', '.join(header) or 'none'}. "
                    "Correct the mapping."
                )
            for row in rows:
                row_number = rows.line_num
                if None in row or None in row.values():
                    raise EventsFileError(f"{path}:{row_number}: has not the {len(header)} columns of the header")
                line = json.dumps(_event(row, mapping), ensure_ascii=False, separators=(",", ":")).encode()
                _check_size(path, row_number, line)
                yield line
    except UnicodeDecodeError:
        raise EventsFileError(f"{path}: is not UTF-8 (near line {row_number + 1}); save it as UTF-8") from None
    except csv.Error as error:
        raise EventsFileError(f"{path}:{row_number + 1}: is no CSV ({error})") from None
    except OSError as error:
        raise EventsFileError(f"{path}: cannot be read ({error.strerror})") from None


def _event(row: dict[str, str], mapping: Mapping) -> dict[str, object]:
    event: dict[str, object] = dict(mapping.constants)
    for column, name in mapping.columns.items():
        text = row[column].strip()
        if text:
            event[name] = _number(text) if name in _NUMBERS else text
    return event


def _number(text: str) -> object:
    """Return a JSON number where the text is one; else the text, for the contract to judge."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    exact = isinstance(value, (int, float)) and not isinstance(value, bool) and len(text) <= 15
    return value if exact else text


def _check_size(path: Path, number: int, line: bytes) -> None:
    if len(line) > BYTES_PER_BATCH:
        raise EventsFileError(f"{path}:{number}: is longer than {BYTES_PER_BATCH:,} bytes, which no event is")


def _chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        if chunk and (len(chunk) == LINES_PER_BATCH or size + len(line) + 1 > BYTES_PER_BATCH):
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line) + 1
    if chunk:
        yield chunk
