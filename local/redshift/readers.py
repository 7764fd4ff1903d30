"""Files of a COPY as Arrow batches of the table's columns, and those as CSV for PostgreSQL."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.orc
import pyarrow.parquet

from local.redshift import json_reader, text_reader
from local.redshift.columns import Column
from local.redshift.copy_options import CopyCommand
from local.redshift.errors import Refused
from local.redshift.objects import Location, Store

ROWS = 65536


def columnar(command: CopyCommand) -> bool:
    """Tell whether the format stores columns, which Redshift maps by position."""
    return command.format in ("parquet", "orc")


def json_paths(command: CopyCommand, store: Store) -> list[str] | None:
    """Return the expressions of a JSONPaths file, or None."""
    if command.format != "json" or not command.json_paths.lower().startswith("s3://"):
        return None
    with store.open(Location.parse(command.json_paths)) as file:
        return json_reader.paths(file, command.json_paths)


def batches(
    file: IO[bytes], location: Location, command: CopyCommand, columns: list[Column], paths: list[str] | None
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one file, columns in the order of `columns`.

    Raises
    ------
    Refused
        When the file is not what the statement says; never with a value of a row.
    """
    try:
        if command.format == "parquet":
            yield from _parquet(file, location, columns, "serializetojson" in command.flags)
        elif command.format == "orc":
            table = pa.orc.ORCFile(file).read()
            _check(table.schema, location, columns, False)
            yield from map(_plain, table.to_batches(ROWS))
        else:
            source = (
                pa.CompressedInputStream(file, {"bzip2": "bz2"}.get(command.compression, command.compression))
                if command.compression
                else file
            )
            if command.format == "json":
                yield from json_reader.batches(source, location, command, columns, paths)
            else:
                yield from text_reader.batches(source, location, command, columns)
    except (pa.ArrowInvalid, OSError) as error:
        # The first line at most, and no text of the file: Arrow quotes rows behind a colon.
        raise Refused(
            f"{location} cannot be read as {command.format.upper()}: {str(error).splitlines()[0].split(':')[0][:120]}"
        ) from None


def _parquet(file: IO[bytes], location: Location, columns: list[Column], nested: bool) -> Iterator[pa.RecordBatch]:
    parquet = pa.parquet.ParquetFile(file)
    _check(parquet.schema_arrow, location, columns, nested)
    yield from map(_plain, parquet.iter_batches(ROWS))


def _check(schema: pa.Schema, location: Location, columns: list[Column], nested: bool) -> None:
    if len(schema) != len(columns):
        raise Refused(
            f"Spectrum Scan Error: {location}: unmatched number of columns between table and file. "
            f"Table columns: {len(columns)}, Data columns: {len(schema)}"
        )
    for position, (field, column) in enumerate(zip(schema, columns, strict=True)):
        if not _fits(field.type, column, nested):
            raise Refused(
                f"Spectrum Scan Error: File '{location}' has an incompatible Parquet schema for column "
                f"{position + 1} '{column.name}' "
                f"(columns are mapped by position; the file calls it '{field.name}'). Column type: "
                f"{column.type.upper()}, Parquet schema: {field.type}"
            )


def _fits(kind: pa.DataType, column: Column, nested: bool) -> bool:
    """Redshift reads columnar files without conversion: the widths must agree."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind):
        return True
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.is_text or column.type == "jsonb"
    if pa.types.is_nested(kind):
        return column.type == "jsonb" and nested
    if pa.types.is_decimal(kind):
        precision, scale = (
            ((column.modifier - 4) >> 16, (column.modifier - 4) & 0x7FF) if column.modifier > 4 else (38, 37)
        )
        return column.type == "numeric" and kind.scale <= scale and kind.precision - kind.scale <= precision - scale
    allowed = {
        "bool": pa.types.is_boolean,
        "int2": lambda t: t in (pa.int8(), pa.int16(), pa.int32(), pa.uint8()),
        "int4": lambda t: t in (pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16()),
        "int8": lambda t: t in (pa.int64(), pa.uint32()),
        "float4": pa.types.is_float32,
        "float8": pa.types.is_float64,
        "date": pa.types.is_date,
        "timestamp": pa.types.is_timestamp,
        "timestamptz": pa.types.is_timestamp,
        "time": pa.types.is_time,
        "bytea": lambda t: pa.types.is_binary(t) or pa.types.is_large_binary(t),
    }.get(column.type)
    return allowed is not None and allowed(kind)


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch with types that Arrow can write as CSV and PostgreSQL can read."""
    arrays = []
    for array in batch.columns:
        kind = array.type
        if pa.types.is_dictionary(kind):
            array = array.dictionary_decode()
        elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            array = pa.array(
                [None if value is None else "\\x" + value.hex() for value in array.to_pylist()], pa.string()
            )
        elif pa.types.is_nested(kind):
            array = pa.array(
                [None if value is None else json_reader.dump(value) for value in array.to_pylist()], pa.string()
            )
        elif pa.types.is_timestamp(kind):
            array = pc.cast(array, pa.timestamp("us", kind.tz), safe=False)  # PostgreSQL and Redshift keep microseconds
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, [str(position) for position in range(len(arrays))])


def to_csv(batch: pa.RecordBatch) -> bytes:
    """Return the rows as CSV: NULL is nothing, an empty string is a pair of quotes."""
    out = io.BytesIO()
    pa.csv.write_csv(batch, out, pa.csv.WriteOptions(include_header=False, quoting_style="needed"))
    return out.getvalue()
