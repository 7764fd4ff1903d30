"""JSON objects as Redshift's COPY reads them: matched by column name, or by a JSONPaths file."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from local.redshift import text_reader
from local.redshift.copy_options import CopyCommand
from local.redshift.errors import Refused
from local.redshift.objects import Location

if TYPE_CHECKING:
    from local.redshift.columns import Column

ROWS = 16384
_DECODER = json.JSONDecoder(parse_float=Decimal)  # a float would destroy the digits of a DECIMAL
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[['\"]([^'\"]+)['\"]\]")


def dump(value: Any) -> str:
    """Return a nested value as JSON text."""
    return json.dumps(
        value, default=lambda other: float(other) if isinstance(other, Decimal) else str(other), ensure_ascii=False
    )


def paths(file: IO[bytes], url: str) -> list[str]:
    """Return the expressions of a JSONPaths file."""
    try:
        found = json.load(file)["jsonpaths"]
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, list) or not all(isinstance(path, str) and path.startswith("$") for path in found):
        raise Refused(f'the JSONPaths file {url} is not of the form {{"jsonpaths": ["$.a", "$.b"]}}')
    return found


def batches(
    file: IO[bytes], location: Location, command: CopyCommand, columns: list[Column], expressions: list[str] | None
) -> Iterator[pa.RecordBatch]:
    """Yield the objects of one file as rows of strings and NULLs."""
    if expressions is not None and len(expressions) != len(columns):
        raise Refused(
            f"Number of jsonpaths and the number of columns should match. JSONPath size: {len(expressions)}, "
            f"Number of columns in table or column list: {len(columns)}"
        )
    ignore_case = command.json_paths.lower() == "auto ignorecase"
    steps = [_steps(expression) for expression in expressions] if expressions is not None else None
    rows: list[list[str | None]] = []
    for value in _objects(file, location):
        if steps is not None:
            picked = [_follow(value, path) for path in steps]
        else:
            if ignore_case:
                value = {key.lower(): each for key, each in value.items()}
            picked = [value.get(column.name) for column in columns]
        rows.append([_text(each) for each in picked])
        if len(rows) >= ROWS:
            yield _batch(rows, columns, command)
            rows = []
    if rows:
        yield _batch(rows, columns, command)


def _objects(file: IO[bytes], location: Location) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file, whether each has its line, several share one, or one spans many."""
    carried = ""
    for number, line in enumerate(io.TextIOWrapper(file, encoding="utf-8"), 1):  # type: ignore[arg-type]
        text = carried + line if carried else line
        position, end = 0, len(text)
        while True:
            while position < end and text[position] in " \t\r\n":
                position += 1
            if position == end:
                carried = ""
                break
            try:
                value, position = _DECODER.raw_decode(text, position)
            except ValueError:
                carried = text[position:]
                if len(carried) > 4 << 20:
                    raise Refused(f"Invalid JSON or an object above 4 MB near line {number} of {location}") from None
                break
            if not isinstance(value, dict):
                raise Refused(f"Invalid JSON in line {number} of {location}: every value must be an object")
            yield value
    if carried:
        raise Refused(f"Invalid JSON at the end of {location}")


def _steps(expression: str) -> list[str | int]:
    found: list[str | int] = []
    position = 1
    while position < len(expression):
        match = _STEP.match(expression, position)
        if match is None:
            raise Refused(f"Invalid JSONPath format: {expression}")
        found.append(int(match[2]) if match[2] else match[1] or match[3])
        position = match.end()
    return found


def _follow(value: Any, path: list[str | int]) -> Any:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return dump(value) if isinstance(value, (dict, list)) else str(value)


def _batch(rows: list[list[str | None]], columns: list[Column], command: CopyCommand) -> pa.RecordBatch:
    arrays = [
        text_reader.clean(pa.array(values, pa.string()), column, command)
        for values, column in zip(zip(*rows, strict=True), columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, [str(position) for position in range(len(columns))])
