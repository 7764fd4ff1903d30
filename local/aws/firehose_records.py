"""What Firehose does to records between source and object: Lambda transformation, jq metadata extraction, conversion.

Formats follow the Amazon Data Firehose developer guide ("Dynamic partitioning", "Convert input data format",
"Custom prefixes for Amazon S3 objects", "Failed records of the data transformation").
"""

from __future__ import annotations

import base64
import gzip
import json
import time
import uuid
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jq
from ministack.services import firehose

from local.aws import firehose_parquet
from local.aws.firehose_parquet import ConversionFailed, ParquetConversion

USES = {
    "ministack.services.firehose": (
        "_apply_lambda_processors",
        "_evaluate_prefix",
        "_java_time",
        "_DeliveryError",
        "_s3_bucket_from_arn",
    ),
    **firehose_parquet.USES,
}

NO_KEYS: Mapping[str, Mapping[str, str]] = {}


class RecordRefused(Exception):
    """A record goes to the error prefix.

    Attributes
    ----------
    output_type
        The ``error-output-type`` of the prefix.
    """

    def __init__(self, output_type: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.output_type, self.code = output_type, code


def processors(config: Mapping[str, Any], kind: str) -> list[dict[str, str]]:
    """Parameters of every enabled processor of a type."""
    processing = config.get("ProcessingConfiguration") or {}
    if not processing.get("Enabled"):
        return []
    return [
        {p["ParameterName"]: p["ParameterValue"] for p in processor.get("Parameters") or []}
        for processor in processing.get("Processors") or []
        if processor.get("Type") == kind
    ]


@lru_cache(maxsize=64)
def _program(query: str) -> Any:
    return jq.compile(query)


def check_query(config: Mapping[str, Any]) -> str | None:
    """Why a destination's metadata extraction query cannot be used, or None when it can."""
    for parameters in processors(config, "MetadataExtraction"):
        try:
            _program(parameters.get("MetadataExtractionQuery", ""))
        except ValueError as error:
            return f"MetadataExtractionQuery is not a valid jq expression: {error}"
    return None


def query_keys(query: str, data: bytes) -> dict[str, str]:
    """Partition keys jq extracts from one record.

    Raises
    ------
    RecordRefused
        When the record is no JSON object or a key is missing, null or not a scalar.
    """
    try:
        found = _program(query).input_text(data.decode("utf-8")).first()
    except (ValueError, UnicodeDecodeError, StopIteration) as error:
        raise RecordRefused("processing-failed", f"Metadata extraction failed: {error}") from error
    if not isinstance(found, dict):
        raise RecordRefused("processing-failed", "Metadata extraction failed: the query gave no object of keys")
    keys = {}
    for name, value in found.items():
        if value is None or isinstance(value, (dict, list)) or value == "":
            raise RecordRefused("processing-failed", f"Metadata extraction failed: partition key {name} has no value")
        keys[name] = value if isinstance(value, str) else json.dumps(value)
    return keys


def transform(stream: dict[str, Any], dest: dict[str, Any], records: list[tuple[int, bytes]]) -> tuple[list, dict]:
    """Run the Lambda processors over ``(id, data)``; return what is left of them and the Lambda's partition keys."""
    if not processors(dest["config"], "Lambda"):
        return records, {}
    sink: dict[str, dict[str, str]] = {}
    named = [(str(number), data) for number, data in records]
    done = firehose._apply_lambda_processors(stream, dest, named, partition_sink=sink)
    return [(int(number), data) for number, data in done], {int(number): keys for number, keys in sink.items()}


def delimited(config: Mapping[str, Any]) -> bool:
    """Whether a newline follows every record."""
    return bool(processors(config, "AppendDelimiterToRecord"))


def object_time(config: Mapping[str, Any], milliseconds: int) -> time.struct_time:
    """The time a prefix is evaluated with: arrival of the object's oldest record, in the stream's time zone."""
    zone = config.get("CustomTimeZone")
    if zone and zone != "UTC":
        from datetime import datetime
        from zoneinfo import ZoneInfo

        return datetime.fromtimestamp(milliseconds / 1000, ZoneInfo(zone)).timetuple()
    return time.gmtime(milliseconds / 1000)


def object_key(
    stream: Mapping[str, Any],
    config: Mapping[str, Any],
    at: time.struct_time,
    keys: Mapping[str, Mapping[str, str]],
    error: str | None,
    extension: str,
) -> str:
    """Key of the object a buffer becomes.

    Raises
    ------
    RecordRefused
        When the prefix names a partition key the records do not have.
    """
    stamp = firehose._java_time("yyyy-MM-dd-HH-mm-ss", at)
    name = f"{stream['name']}-{stream['version']}-{stamp}-{uuid.uuid4()}"
    prefix = config.get("Prefix", "")
    if error:
        if config.get("ErrorOutputPrefix"):
            return firehose._evaluate_prefix(config["ErrorOutputPrefix"], at, error_type=error) + name
        return f"{error}/{firehose._java_time('yyyy/MM/dd/HH/', at)}{name}"
    try:
        evaluated = firehose._evaluate_prefix(
            prefix, at, keys.get("partitionKeyFromQuery"), keys.get("partitionKeyFromLambda")
        )
    except firehose._DeliveryError as failure:
        raise RecordRefused(failure.output_type, failure.message, failure.code) from failure
    if (config.get("DynamicPartitioningConfiguration") or {}).get("Enabled") and "!{timestamp:" not in prefix:
        # A dynamic partition's prefix stands as written; only others get the default yyyy/MM/dd/HH/ appended.
        evaluated = evaluated.removesuffix(firehose._java_time("yyyy/MM/dd/HH/", at))
    return f"{evaluated}{name}{config.get('FileExtension') or extension}"


def encode(config: Mapping[str, Any], data: list[bytes]) -> tuple[bytes, str]:
    """Body and extension of an object.

    Raises
    ------
    RecordRefused
        When the records do not fit the table their format is converted with.
    """
    conversion = config.get("DataFormatConversionConfiguration") or {}
    if conversion and conversion.get("Enabled", True):
        try:
            return ParquetConversion(conversion).encode(data), ".parquet"
        except ConversionFailed as failure:
            raise RecordRefused("format-conversion-failed", str(failure), failure.code) from failure
    body = b"".join(data)
    compression = config.get("CompressionFormat", "UNCOMPRESSED")
    if compression == "GZIP":
        # Level 1: four times faster than the default and a sixth larger on JSON lines.
        return gzip.compress(body, compresslevel=1), ".gz"
    if compression == "ZIP":
        return zlib.compress(body), ".zip"
    return body, ""


def error_document(failure: RecordRefused, data: bytes, arrived: int) -> bytes:
    """The line that stands for a refused record under the error prefix."""
    now = int(time.time() * 1000)
    document = {
        "attemptsMade": 1,
        "arrivalTimestamp": arrived,
        "errorCode": failure.code or "DynamicPartitioning.MetadataExtractionFailed",
        "errorMessage": str(failure),
        "attemptEndingTimestamp": now,
        "rawData": base64.b64encode(data).decode(),
    }
    return json.dumps(document).encode() + b"\n"
