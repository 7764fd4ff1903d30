"""Record format conversion: JSON records to one Parquet file with the columns of a Glue table.

Types are Hive's, as the Glue catalog writes them. A record that does not fit is found alone, so it costs no other.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from ministack.services import glue

USES = {"ministack.services.glue": ("_tables",)}

_PLAIN = {
    "string": pa.string(),
    "varchar": pa.string(),
    "char": pa.string(),
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms", tz="UTC"),
    "binary": pa.binary(),
}


class ConversionFailed(Exception):
    """Records do not fit the table; ``code`` is Firehose's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = f"DataFormatConversion.{code}"


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "<(") - (char in ">)")
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*(p.strip() for p in parts), text[start:].strip()]


def arrow_type(hive: str) -> pa.DataType:
    """The Arrow type of a Hive type.

    Raises
    ------
    ConversionFailed
        When the type is not one of Hive's.
    """
    text = hive.strip()
    kind = text.lower()
    if kind.startswith("array<"):
        return pa.list_(arrow_type(text[6:-1]))
    if kind.startswith("map<"):
        key, value = _split(text[4:-1])
        return pa.map_(arrow_type(key), arrow_type(value))
    if kind.startswith("struct<"):
        fields = [field.partition(":") for field in _split(text[7:-1])]
        return pa.struct([(name.strip(), arrow_type(type_)) for name, _, type_ in fields])
    if kind.startswith("decimal"):
        precision, scale = ([*map(int, kind[8:-1].split(",")), 0])[:2] if "(" in kind else (10, 0)
        return pa.decimal128(precision, scale)
    plain = _PLAIN.get(kind.split("(")[0])
    if plain is None:
        raise ConversionFailed("InvalidSchema", f"The table has a column of the unknown type {hive}")
    return plain


def _value(value: Any, kind: pa.DataType) -> Any:
    """JSON has no dates and no decimals: read them as Hive's JSON reader does."""
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        return Decimal(str(value)).quantize(Decimal(1).scaleb(-kind.scale))
    if pa.types.is_timestamp(kind):
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value / 1000, UTC)
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if pa.types.is_date(kind):
        return date.fromisoformat(str(value))
    if pa.types.is_list(kind):
        return [_value(item, kind.value_type) for item in value]
    if pa.types.is_map(kind):
        return [(name, _value(item, kind.item_type)) for name, item in value.items()]
    if pa.types.is_struct(kind):
        return {field.name: _value(value.get(field.name), field.type) for field in kind}
    return json.dumps(value) if pa.types.is_string(kind) and isinstance(value, (dict, list)) else value


class ParquetConversion:
    """A destination's DataFormatConversionConfiguration, ready to convert.

    Raises
    ------
    ConversionFailed
        When the table does not exist or the output is not Parquet.
    """

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        serializer = (configuration.get("OutputFormatConfiguration") or {}).get("Serializer") or {}
        if "ParquetSerDe" not in serializer:
            raise ConversionFailed("ConversionFailureException", "Only Parquet output is served by this endpoint")
        self._compression = {"GZIP": "gzip", "UNCOMPRESSED": "none"}.get(
            (serializer["ParquetSerDe"] or {}).get("Compression", "SNAPPY"), "snappy"
        )
        schema = configuration.get("SchemaConfiguration") or {}
        table = glue._tables.get(f"{schema.get('DatabaseName')}/{schema.get('TableName')}") or {}
        columns = (table.get("StorageDescriptor") or {}).get("Columns") or []
        if not columns:
            raise ConversionFailed("EntityNotFound", "The specified table/database could not be found")
        self._schema = pa.schema([(c["Name"], arrow_type(c.get("Type") or "string")) for c in columns])

    def row(self, data: bytes) -> dict[str, Any]:
        """The row of one record.

        Raises
        ------
        ConversionFailed
            When the record does not fit the table.
        """
        try:
            document = json.loads(data)
        except ValueError as error:
            raise ConversionFailed("ParseError", "Encountered malformed JSON.") from error
        if not isinstance(document, dict):
            raise ConversionFailed("MalformedData", "The record is not a JSON object.")
        fields = {name.lower(): value for name, value in document.items()}
        try:
            row = {field.name: _value(fields.get(field.name.lower()), field.type) for field in self._schema}
            pa.Table.from_pylist([row], schema=self._schema)
        except (pa.ArrowException, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise ConversionFailed("MalformedData", f"Data does not match the schema: {error}") from error
        return row

    def encode(self, data: list[bytes]) -> bytes:
        """One Parquet file of records.

        Raises
        ------
        ConversionFailed
            When one of them does not fit.
        """
        table = pa.Table.from_pylist([self.row(record) for record in data], schema=self._schema)
        file = io.BytesIO()
        pq.write_table(table, file, compression=self._compression)
        return file.getvalue()
