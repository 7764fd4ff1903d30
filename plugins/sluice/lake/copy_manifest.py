"""COPY manifests: Redshift loads the very Parquet files of a published interval, nothing is written twice.

Format: https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html; for Parquet every entry
carries ``meta.content_length``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from sluice.lake.interval import Interval
    from sluice.lake.tables import LakeTable


def manifest_key(table: LakeTable, interval: Interval) -> str:
    """Where the manifest of an interval lies in the lake's bucket; the latest publication replaces the one before."""
    return f"manifests/{table.database}/{table.name}/{interval.key}.manifest"


def interval_files(spark: SparkSession, table: LakeTable, column: str, interval: Interval) -> list[tuple[str, int]]:
    """Path and bytes of the data files that hold an interval of the published table.

    Parameters
    ----------
    column : str
        The column that the table is partitioned by; its partitions divide days, so no file holds two intervals.
    """
    frame = spark.table(table.identifier)
    kind = frame.schema[column].dataType.typeName()
    condition = interval.contains(column)
    if kind == "date":
        condition = f"{column} >= date '{interval.start}' and {column} < date '{interval.end}'"
    paths = frame.where(condition).select("_file").distinct()
    sizes = spark.table(f"{table.identifier}.files").select("file_path", "file_size_in_bytes")
    found = paths.join(sizes, paths["_file"] == sizes["file_path"])
    return sorted((row["file_path"], row["file_size_in_bytes"]) for row in found.collect())


def write_manifest(s3: Any, bucket: str, key: str, files: list[tuple[str, int]]) -> str:
    """Store a manifest; S3 replaces an object in one step.

    Returns
    -------
    str
        The manifest's ``s3://`` address.
    """
    entries = [{"url": path, "mandatory": True, "meta": {"content_length": size}} for path, size in files]
    body = json.dumps({"entries": entries}, indent=1).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
    return f"s3://{bucket}/{key}"
