"""CSV and delimited text as Redshift's COPY reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from local.redshift.copy_options import CopyCommand
from local.redshift.errors import Refused
from local.redshift.objects import Location

if TYPE_CHECKING:
    from local.redshift.columns import Column

_BLOCK = 8 << 20


def batches(
    file: IO[bytes], location: Location, command: CopyCommand, columns: list[Column]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one text file as strings and NULLs."""
    is_csv = command.format == "csv"
    names = [str(position) for position in range(len(columns))]
    read = pa.csv.ReadOptions(column_names=names, skip_rows=command.ignore_header, block_size=_BLOCK)
    problems: list[str] = []

    def wrong_width(row: pa.csv.InvalidRow) -> str:
        found = "Extra column(s) found" if row.actual_columns > row.expected_columns else "Delimiter not found"
        where = f" in line {row.number}" if row.number is not None else ""
        problems.append(
            f"Load failed: {found}{where} of {location}: {row.expected_columns} columns expected, "
            f"{row.actual_columns} found"
        )
        return "error"

    parse = pa.csv.ParseOptions(
        delimiter=_delimiter(command),
        quote_char=command.quote if is_csv else False,
        double_quote=is_csv,
        newlines_in_values=is_csv,
        ignore_empty_lines="ignoreblanklines" in command.flags,
        invalid_row_handler=wrong_width,
    )
    convert = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    try:
        for batch in pa.csv.open_csv(file, read, parse, convert):
            yield pa.RecordBatch.from_arrays(
                [clean(array, column, command) for array, column in zip(batch.columns, columns, strict=True)], names
            )
    except pa.ArrowInvalid as error:
        if problems:
            raise Refused(problems[0]) from None
        if "Empty CSV file" not in str(error):
            raise


def _delimiter(command: CopyCommand) -> str:
    given = command.delimiter or ("," if command.format == "csv" else "|")
    given = "\t" if given in ("\\t", "\\\\t") else given
    if len(given) != 1:
        raise Refused("COPY: DELIMITER must be a single character in the local warehouse", "0A000")
    return given


def clean(array: pa.Array, column: Column, command: CopyCommand) -> pa.Array:
    """Apply the options about NULL, blanks and length to one column of strings."""
    flags = command.flags
    if "removequotes" in flags:
        array = pc.replace_substring_regex(array, r"""(?s)^(?:"(.*)"|'(.*)')$""", r"\1\2")
    missing = pc.equal(array, command.null)
    if column.is_text:
        if "trimblanks" in flags:
            array = pc.utf8_rtrim(array, " ")
        if "emptyasnull" in flags:
            missing = pc.or_(missing, pc.equal(array, ""))
        if "blanksasnull" in flags:
            missing = pc.or_(missing, pc.and_(pc.equal(pc.utf8_trim_whitespace(array), ""), pc.not_equal(array, "")))
        if "truncatecolumns" in flags and column.length:
            array = pc.utf8_slice_codeunits(array, 0, column.length)
    else:
        array = pc.utf8_trim_whitespace(array)
        missing = pc.or_(missing, pc.equal(array, ""))
    array = pc.if_else(missing, pa.scalar(None, pa.string()), array)
    return epoch(array, column, command.time_format)


def epoch(array: pa.Array, column: Column, time_format: str) -> pa.Array:
    """Turn seconds or milliseconds since 1970 into timestamps where TIMEFORMAT says so."""
    if column.type not in ("timestamp", "timestamptz") or not time_format.startswith("epoch"):
        return array
    scale = 1_000_000 if time_format == "epochsecs" else 1_000
    micros = pc.cast(pc.multiply(pc.cast(array, pa.float64()), float(scale)), pa.int64(), safe=False)
    return pc.cast(pc.cast(micros, pa.timestamp("us")), pa.string())
