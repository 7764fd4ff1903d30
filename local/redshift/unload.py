"""UNLOAD: from a query in the client's transaction to objects in S3."""

from __future__ import annotations

import csv
import io
import json
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from local.redshift.backend import Backend
from local.redshift.errors import Refused
from local.redshift.lexer import lex
from local.redshift.objects import Location, Store
from local.redshift.plan import Unload
from local.redshift.unload_options import UnloadCommand

_BY_OID: dict[int, pa.DataType] = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    700: pa.float32(),
    701: pa.float64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", "UTC"),
}
NUMERIC, BYTEA = 1700, 17


def unload(backend: Backend, made: Unload) -> int:
    """Run the UNLOAD and return the number of rows written.

    Raises
    ------
    Refused
        When the target is not empty, or the statement asks for what Redshift refuses.
    BackendError
        When the query fails.
    """
    command = made.command
    _check_limit(command.query)
    store = Store(command.credentials, command.region)
    target = Location.parse(command.target)
    columns = backend.query(f"select * from ({made.sql}\n) as _unload limit 0").columns
    names = [name for name, _, _ in columns]
    if missing := [name for name in command.partition_by if name not in names]:
        raise Refused(f'UNLOAD: the partition column "{missing[0]}" is not in the query', "42703")
    if len(set(names)) < len(names) or "?column?" in names:
        raise Refused("UNLOAD: every column of the query needs a name of its own", "42601")
    _clear(store, target, command)
    table = _fetch(backend, made.sql, columns)
    parts = _partitions(table, command) if command.partition_by else [("", table)]
    written = []
    for directory, part in parts:
        place = Location(target.bucket, target.key + directory + _file_name(command))
        content = _parquet(part) if command.format == "parquet" else _text(part, command)
        store.write(place, io.BytesIO(content))
        written.append((place, len(content), part.num_rows))
    if "manifest" in command.flags:
        entries = [
            {"url": str(place), "meta": {"content_length": size, "record_count": rows}} for place, size, rows in written
        ]
        store.write(
            Location(target.bucket, target.key + "manifest"), io.BytesIO(json.dumps({"entries": entries}).encode())
        )
    return table.num_rows


def _check_limit(query: str) -> None:
    depth = 0
    for token in lex(query):
        depth += (token.text == "(") - (token.text == ")") if token.kind == "op" else 0
        if token.low == "limit" and token.kind == "word" and depth == 0:
            raise Refused("Limit clause is not supported in the outer query of UNLOAD; put it into a subquery", "0A000")


def _clear(store: Store, target: Location, command: UnloadCommand) -> None:
    there = [location for location, _ in store.list(target)]
    if there and "cleanpath" in command.flags:
        for location in there:
            store.delete(location)
    elif there and "allowoverwrite" not in command.flags:
        raise Refused(
            "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, "
            "manually removing the target "
            "files in S3, or using the ALLOWOVERWRITE option."
        )


def _fetch(backend: Backend, sql: str, columns: list[tuple[str, int, int]]) -> pa.Table:
    data = b"".join(backend.copy_out(f"copy ({sql}\n) to stdout (format csv, force_quote *)"))
    names = [str(position) for position in range(len(columns))]
    if not data:
        strings = pa.table({name: pa.array([], pa.string()) for name in names})
    else:
        convert = pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        )
        read = pa.csv.ReadOptions(column_names=names, block_size=max(8 << 20, min(len(data), 64 << 20)))
        strings = pa.csv.read_csv(io.BytesIO(data), read, pa.csv.ParseOptions(newlines_in_values=True), convert)
    arrays = [_typed(strings.column(position), oid, modifier) for position, (_, oid, modifier) in enumerate(columns)]
    return pa.Table.from_arrays(arrays, [name for name, _, _ in columns])


def _typed(array: pa.ChunkedArray, oid: int, modifier: int) -> pa.ChunkedArray:
    if oid == NUMERIC:
        if modifier > 4:
            return pc.cast(array, pa.decimal128((modifier - 4) >> 16, (modifier - 4) & 0x7FF))
        digits = pc.utf8_length(pc.replace_substring_regex(array, r"^[^.]*\.?", ""))
        return pc.cast(array, pa.decimal128(38, pc.max(digits).as_py() or 0))
    if oid == BYTEA:
        return pa.chunked_array(
            [
                pa.array(
                    [None if value is None else bytes.fromhex(value[2:]) for value in array.to_pylist()], pa.binary()
                )
            ]
        )
    if oid == 16:
        return pc.equal(array, "t")
    if oid == 1184:  # "2026-01-01 00:00:00.5+00": sessions of the gate are in UTC
        array = pc.replace_substring_regex(array, r"\+00$", "")
        return pc.assume_timezone(pc.cast(array, pa.timestamp("us")), "UTC")
    kind = _BY_OID.get(oid)
    return pc.cast(array, kind) if kind is not None else array


def _partitions(table: pa.Table, command: UnloadCommand) -> list[tuple[str, pa.Table]]:
    keys = table.select(list(command.partition_by)).group_by(list(command.partition_by)).aggregate([]).to_pylist()
    kept = (
        table.column_names
        if command.include
        else [name for name in table.column_names if name not in command.partition_by]
    )
    parts = []
    for key in keys:
        mask = None
        for name, value in key.items():
            matches = (
                pc.is_null(table[name])
                if value is None
                else pc.fill_null(pc.equal(table[name], pa.scalar(value, table[name].type)), False)
            )
            mask = matches if mask is None else pc.and_(mask, matches)
        values = [
            "__HIVE_DEFAULT_PARTITION__" if value is None else quote(str(value), safe=" :-.+") for value in key.values()
        ]
        directory = "".join(f"{name}={value}/" for name, value in zip(key, values, strict=True))
        parts.append((directory, table.filter(mask).select(kept)))
    return parts


def _file_name(command: UnloadCommand) -> str:
    name = "0000_part_00" if command.parallel else "000"
    if command.format == "parquet":
        return name + ".parquet"
    return name + {None: "", "gzip": ".gz", "bzip2": ".bz2", "zstd": ".zst"}[command.compression]


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pa.parquet.write_table(table, out, compression="snappy")
    return out.getvalue()


def _text(table: pa.Table, command: UnloadCommand) -> bytes:
    delimiter = command.delimiter or ("," if command.format == "csv" else "|")
    columns = [_as_text(column, command.null).to_pylist() for column in table.columns]
    rows = zip(*columns, strict=True) if columns else iter(())
    quoting = (
        csv.QUOTE_MINIMAL
        if command.format == "csv"
        else csv.QUOTE_ALL
        if "addquotes" in command.flags
        else csv.QUOTE_NONE
    )
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=delimiter,
        quoting=quoting,
        lineterminator="\n",
        quotechar='"' if quoting != csv.QUOTE_NONE else None,
    )
    try:
        if "header" in command.flags:
            writer.writerow(table.column_names)
        writer.writerows(rows)
    except csv.Error:
        raise Refused("UNLOAD: a value holds a delimiter or a line break; use FORMAT CSV or ADDQUOTES") from None
    content = out.getvalue().encode()
    if command.compression:
        codec = pa.BufferOutputStream()
        with pa.CompressedOutputStream(codec, {"bzip2": "bz2"}.get(command.compression, command.compression)) as stream:
            stream.write(content)
        content = codec.getvalue().to_pybytes()
    return content


def _as_text(column: pa.ChunkedArray, null: str) -> pa.ChunkedArray:
    if pa.types.is_boolean(column.type):
        text = pc.if_else(column, "t", "f")
    elif pa.types.is_timestamp(column.type):
        text = _timestamps(column)
    elif pa.types.is_binary(column.type):
        text = pa.chunked_array(
            [pa.array([None if value is None else value.hex() for value in column.to_pylist()], pa.string())]
        )
    else:
        text = pc.cast(column, pa.string())
    return pc.fill_null(text, null) if null else text


def _timestamps(values: pa.ChunkedArray) -> pa.ChunkedArray:
    zone = values.type.tz is not None
    text = pc.cast(pc.cast(values, pa.timestamp("us")), pa.string())
    text = pc.replace_substring_regex(pc.replace_substring_regex(text, r"(\.\d*?)0+$", r"\1"), r"\.$", "")
    return pc.binary_join_element_wise(text, "+00", "") if zone else text
