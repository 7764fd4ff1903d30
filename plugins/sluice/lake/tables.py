"""Iceberg tables: created from a contract, written on an audit branch, published by moving ``main``.

Write, audit, publish: a promotion writes its interval to a branch that starts at the table's current snapshot; the
quality
gate reads that branch; publishing moves ``main`` to it in one catalog commit. Readers see the old interval or the new
one,
never a part, and a refused interval never reaches them. The statements are Iceberg's own Spark DDL and procedures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from sluice.lake.interval import Interval

CATALOG = "glue"


@dataclass(frozen=True)
class LakeTable:
    """A table of the lake.

    Attributes
    ----------
    database, name : str
        As in the Glue catalog: ``curated``, ``clickstream_events``.
    """

    database: str
    name: str

    @property
    def dataset(self) -> str:
        return f"{self.database}.{self.name}"

    @property
    def identifier(self) -> str:
        return f"{CATALOG}.{self.database}.{self.name}"

    def on_branch(self, branch: str) -> str:
        """The identifier that Spark reads and writes a branch by."""
        return f"{self.identifier}.branch_{branch}"


def audit_branch(interval: Interval) -> str:
    """The branch that one interval is written to before it is published."""
    return f"audit_{interval.key.replace('-', '_')}"


def ensure_table(spark: SparkSession, ddl: str) -> None:
    """Create a table unless it exists; `ddl` is a ``create table if not exists`` statement."""
    spark.sql(ddl)


def open_audit(spark: SparkSession, table: LakeTable, interval: Interval) -> str:
    """Start the audit branch of an interval at the table's current snapshot, discarding an earlier attempt's.

    Returns
    -------
    str
        The branch's name.
    """
    branch = audit_branch(interval)
    # Not "create or replace": Iceberg refuses to replace a branch while main, still empty, has no snapshot.
    spark.sql(f"alter table {table.identifier} drop branch if exists {branch}")
    spark.sql(f"alter table {table.identifier} create branch {branch}")
    return branch


def overwrite_interval(frame: DataFrame, target: str, column: str, interval: Interval) -> None:
    """Replace an interval of a table or branch by the rows of `frame`, in one commit.

    Parameters
    ----------
    column : str
        The timestamp or date column whose partitions the interval covers.
    """
    from pyspark.sql import functions as F

    kind = frame.schema[column].dataType.typeName()
    start, end = (interval.start_time, interval.end_time) if kind == "timestamp" else (interval.start, interval.end)
    frame.writeTo(target).overwrite((F.col(column) >= F.lit(start)) & (F.col(column) < F.lit(end)))


def snapshot_id(spark: SparkSession, table: LakeTable, ref: str = "main") -> int | None:
    """The snapshot a branch points to; None for a table or branch without one."""
    rows = spark.sql(f"select snapshot_id from {table.identifier}.refs where name = '{ref}'").collect()
    return rows[0][0] if rows else None


def publish(spark: SparkSession, table: LakeTable, branch: str) -> int | None:
    """Move ``main`` to an audited branch and drop the branch; doing it twice is the same as once.

    Returns
    -------
    int or None
        The snapshot that readers see from now on.

    Raises
    ------
    py4j.protocol.Py4JJavaError
        When ``main`` was moved since the branch was opened; run the promotion again.
    """
    if snapshot_id(spark, table, branch) is not None:
        spark.sql(f"call {CATALOG}.system.fast_forward('{table.dataset}', 'main', '{branch}')")
        spark.sql(f"alter table {table.identifier} drop branch if exists {branch}")
    return snapshot_id(spark, table)
