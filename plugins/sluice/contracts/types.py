"""The column types of the lake: those that Iceberg, Spark, Glue, DuckDB and Redshift all can hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

KINDS = ("string", "boolean", "int", "bigint", "double", "decimal", "date", "timestamp")

_LOGICAL = {
    "string": ("string",), "boolean": ("boolean",), "integer": ("int", "bigint"),
    "number": ("double", "decimal", "int", "bigint"), "date": ("date",), "timestamp": ("timestamp",),
}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")


@dataclass(frozen=True)
class DataType:
    """A column type; `precision` and `scale` belong to decimals. A timestamp is an instant (UTC)."""

    kind: str
    precision: int = 0
    scale: int = 0

    def __str__(self) -> str:
        return f"decimal({self.precision},{self.scale})" if self.kind == "decimal" else self.kind

    @property
    def is_numeric(self) -> bool:
        return self.kind in ("int", "bigint", "double", "decimal")


def parse_type(logical: str | None, physical: str | None, bits: str | None = None) -> DataType:
    """Find the type of a property.

    Parameters
    ----------
    logical
        ODCS ``logicalType``.
    physical
        ODCS ``physicalType`` in Spark's spelling; None takes the usual one of `logical`.
    bits
        ODCS ``logicalTypeOptions.format`` of an integer (``i32``, ``i64``).

    Raises
    ------
    ValueError
        The type is unknown or the two types contradict each other.
    """
    if logical is None:
        raise ValueError(f"a logicalType is required: one of {', '.join(_LOGICAL)}")
    if logical not in _LOGICAL:
        raise ValueError(f"{logical!r} has no column type in the lake, expected one of {', '.join(_LOGICAL)}")
    if physical is None:
        return DataType("bigint" if logical == "integer" and bits in ("i64", "u32") else _LOGICAL[logical][0])
    text = physical.strip().lower()
    match = _DECIMAL.fullmatch(text)
    if match:
        precision, scale = int(match[1]), int(match[2])
        if not 1 <= precision <= 38 or scale > precision:
            raise ValueError(f"{physical!r} is impossible: precision is 1 to 38 and scale at most the precision")
        found = DataType("decimal", precision, scale)
    elif text in KINDS and text != "decimal":
        found = DataType(text)
    else:
        raise ValueError(f"{physical!r} is unknown, expected one of {', '.join(KINDS)} (decimal as decimal(12,2))")
    if found.kind not in _LOGICAL[logical]:
        raise ValueError(f"{physical!r} cannot hold logicalType {logical!r}, expected one of "
                         f"{', '.join(_LOGICAL[logical])}")
    return found
