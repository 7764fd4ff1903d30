"""Promotion raw -> curated: every line of an interval gets exactly one fate.

redelivered
    A copy of a record that the producer sent again under the same record id; the first delivery counts.
quarantined
    Breaks a rule of the contract; kept with its file, line, text and reason.
duplicate
    Another record with the same business key won, by the contract's winner rule.
curated
    Written to the curated table.

One scan parses and validates batch-wise in DuckDB inside ``mapInArrow``, one shuffle by key settles the fates, and the
staged result feeds the counts and both writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluice.contracts.model import Dataset, OrderKey
from sluice.lake.interval import Interval
from sluice.lake.raw_zone import RawObject, split

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, SparkSession

OUTSIDE_INTERVAL = "outside_interval"
# Stored bytes (usually gzip) that one task reads; an object is never divided.
_TASK_BYTES = 8 << 20
_LEAST_TASKS = 4
_PROVENANCE = ("record_id", "source_file", "source_line", "raw_line", "reason")


@dataclass(frozen=True)
class Fates:
    """How many lines met which fate.

    Attributes
    ----------
    curated, duplicates, quarantined, redelivered : int
        See the module's description.
    reasons : dict
        Rule name -> quarantined lines.
    """

    curated: int
    duplicates: int
    quarantined: int
    redelivered: int
    reasons: dict[str, int]

    @property
    def records_in(self) -> int:
        """Distinct records: lines without their redelivered copies."""
        return self.curated + self.duplicates + self.quarantined


def parse(spark: SparkSession, dataset: Dataset, bucket: str, objects: list[RawObject], salt: str) -> DataFrame:
    """Parse, type, validate and mask the lines of raw objects.

    Parameters
    ----------
    dataset : Dataset
        The curated dataset's contract.
    objects : list of RawObject
        What to read.
    salt : str
        Key of the contract's PII hashes.

    Returns
    -------
    DataFrame
        The contract's columns, then record_id, source_file, source_line, raw_line (the text, for rejected lines only)
        and
        reason (the first rule broken; null for a valid line).
    """
    from pyspark.sql import types as T
    from pyspark.sql.pandas.types import to_arrow_schema

    from sluice.contracts.raw_sql import raw_select_sql
    from sluice.contracts.spark_schema import spark_schema_json

    tasks = max(_LEAST_TASKS, sum(item.size for item in objects) // _TASK_BYTES)
    groups = [[item.key for item in group] for group in split(objects, tasks)]
    columns = T.StructType.fromJson(spark_schema_json(dataset)).fields
    schema = T.StructType(
        [T.StructField(field.name, field.dataType) for field in columns]
        + [T.StructField(name, T.LongType() if name == "source_line" else T.StringType()) for name in _PROVENANCE]
    )
    # The query is written here, once: a worker that only runs it starts without reading contracts.
    query = raw_select_sql(dataset, "lines", "line", passthrough=("source_file", "source_line"))
    read = _reader(query, salt, bucket, groups, to_arrow_schema(schema))
    return spark.range(0, len(groups), 1, len(groups)).mapInArrow(read, schema)


def _reader(
    query: str, salt: str, bucket: str, groups: list[list[str]], target: pa.Schema
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import boto3
        import duckdb
        import pyarrow as pa

        from sluice.lake.lines import line_batches

        s3 = boto3.client("s3")
        engine = duckdb.connect()
        engine.execute("set threads = 1; set TimeZone = 'UTC'; set preserve_insertion_order = false")
        engine.execute("set autoinstall_known_extensions = false; set autoload_known_extensions = false")
        for batch in batches:
            for group in batch.column(0).to_pylist():
                for lines in line_batches(s3, bucket, groups[group]):
                    engine.register("lines", pa.table(lines))
                    rows = engine.execute(query, {"salt": salt}).to_arrow_table()
                    yield from rows.select(target.names).cast(target).to_batches()

    return read


def settle(parsed: DataFrame, dataset: Dataset, interval: Interval) -> DataFrame:
    """Give each parsed line its fate.

    Returns
    -------
    DataFrame
        `parsed` plus ``fate``: curated, duplicate, quarantined or redelivered.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    position = F.concat_ws(":", "source_file", "source_line")
    record = F.coalesce("record_id", position)
    # Copies of one record carry the same business key, valid or not, so one shuffle by it brings together both the
    # copies of a record and the rivals for a key.
    has_key = F.lit(True)
    for name in dataset.key:
        has_key = has_key & F.col(name).isNotNull()
    key = F.when(has_key, F.concat_ws("\x1f", *dataset.key)).otherwise(record)

    frame = parsed
    if dataset.partitioning:
        inside = F.expr(interval.contains(dataset.partitioning[0].column))
        frame = frame.withColumn(
            "reason", F.when(F.col("reason").isNull() & ~inside, OUTSIDE_INTERVAL).otherwise(F.col("reason"))
        )
    frame = frame.withColumn("_key", key).withColumn("_record", record).repartition("_key")

    first_delivery = Window.partitionBy("_key", "_record").orderBy(
        *[_order(o, reverse=True) for o in dataset.winner], "source_file", "source_line"
    )
    rivals = Window.partitionBy("_key", "fate").orderBy(
        *[_order(o) for o in dataset.winner], F.col("_record").desc(), "source_file", "source_line"
    )
    return (
        frame.withColumn("_delivery", F.row_number().over(first_delivery))
        .withColumn(
            "fate",
            F.when(F.col("_delivery") > 1, "redelivered")
            .when(F.col("reason").isNotNull(), "quarantined")
            .otherwise("valid"),
        )
        .withColumn("_place", F.row_number().over(rivals))
        .withColumn(
            "fate",
            F.when(F.col("fate") != "valid", F.col("fate"))
            .when(F.col("_place") == 1, "curated")
            .otherwise("duplicate"),
        )
        .drop("_key", "_record", "_delivery", "_place")
    )


def _order(key: OrderKey, reverse: bool = False) -> Column:
    from pyspark.sql import functions as F

    column = F.col(key.column)
    return column.desc_nulls_last() if key.descending != reverse else column.asc_nulls_last()


def count_fates(settled: DataFrame) -> Fates:
    """Count the fates of a staged result."""
    from pyspark.sql import functions as F

    rows: list[Any] = (
        settled.groupBy("fate", F.when(F.col("fate") == "quarantined", F.col("reason")).alias("reason"))
        .count()
        .collect()
    )
    counts: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for fate, reason, number in rows:
        counts[fate] = counts.get(fate, 0) + number
        if reason is not None:
            reasons[reason] = number
    return Fates(
        curated=counts.get("curated", 0),
        duplicates=counts.get("duplicate", 0),
        quarantined=counts.get("quarantined", 0),
        redelivered=counts.get("redelivered", 0),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    )


def curated_rows(settled: DataFrame, dataset: Dataset) -> DataFrame:
    """The rows that go to the curated table, in the contract's columns."""
    from pyspark.sql import functions as F

    return settled.where(F.col("fate") == "curated").select(*[column.name for column in dataset.columns])


def quarantined_rows(settled: DataFrame, dataset: Dataset, interval: Interval, run_id: str) -> DataFrame:
    """The rows that go to quarantine, in the columns of `quarantine_ddl`."""
    from pyspark.sql import functions as F

    tenant = F.col(dataset.tenant_column) if dataset.tenant_column else F.lit(None).cast("string")
    return settled.where(F.col("fate") == "quarantined").select(
        F.lit(interval.start).alias("interval_date"),
        tenant.alias("tenant_id"),
        "record_id",
        "source_file",
        "source_line",
        F.col("raw_line").alias("raw"),
        "reason",
        F.lit(dataset.version).alias("contract_version"),
        F.lit(run_id).alias("run_id"),
    )


def quarantine_ddl(catalog: str, dataset: Dataset) -> str:
    """The quarantine table of a dataset: one row per rejected line, enough to show it, mend it and promote it again."""
    return f"""
        create table if not exists {catalog}.quarantine.{dataset.table} (
            interval_date date not null comment 'UTC day of the promotion that rejected the line',
            tenant_id string comment 'tenant that sent it, when known',
            record_id string comment 'id of the delivered record',
            source_file string not null comment 'raw object',
            source_line bigint not null comment 'line in it, from 1',
            raw string comment 'the line as it landed; may hold personal data',
            reason string not null comment 'first rule of the contract that it breaks',
            contract_version string not null comment 'version of the contract that judged it',
            run_id string not null comment 'run that rejected it'
        ) using iceberg partitioned by (interval_date)
        tblproperties ('format-version' = '2', 'write.parquet.compression-codec' = 'snappy')
    """
