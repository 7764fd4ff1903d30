"""Write, audit, publish on real Iceberg: readers see the old interval or the new one."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from pyspark.sql import Row

from sluice.lake.copy_manifest import interval_files
from sluice.lake.interval import Interval
from sluice.lake.tables import (
    LakeTable,
    audit_branch,
    ensure_table,
    open_audit,
    overwrite_interval,
    publish,
    snapshot_id,
)

pytestmark = pytest.mark.slow
DAY = Interval.of_partition("2026-11-22")
NEXT = Interval.of_partition("2026-11-23")


@pytest.fixture
def table(spark, request):
    table = LakeTable("curated", f"t_{abs(hash(request.node.name))}")
    ensure_table(
        spark,
        f"create table if not exists {table.identifier} (id bigint, at timestamp) using iceberg "
        "partitioned by (hours(at)) tblproperties ('format-version' = '2')",
    )
    return table


def _rows(spark, *ids: int, day: int = 22):
    return spark.createDataFrame(
        [Row(id=i, at=datetime(2026, 11, day, i % 24)) for i in ids] or [], "id bigint, at timestamp"
    )


def _ids(spark, table, source: str | None = None) -> list[int]:
    return sorted(row.id for row in spark.table(source or table.identifier).collect())


def _write(spark, table, rows, interval=DAY) -> str:
    branch = open_audit(spark, table, interval)
    overwrite_interval(rows, table.on_branch(branch), "at", interval)
    return branch


def test_nothing_is_seen_before_it_is_published(spark, table):
    branch = _write(spark, table, _rows(spark, 1, 2))
    assert _ids(spark, table) == []
    assert _ids(spark, table, table.on_branch(branch)) == [1, 2]
    published = publish(spark, table, branch)
    assert _ids(spark, table) == [1, 2]
    assert published == snapshot_id(spark, table)


def test_a_second_run_replaces_the_interval_and_only_that(spark, table):
    publish(spark, table, _write(spark, table, _rows(spark, 1, 2)))
    publish(spark, table, _write(spark, table, _rows(spark, 7, day=23), NEXT))
    publish(spark, table, _write(spark, table, _rows(spark, 3)))
    assert _ids(spark, table) == [3, 7]


def test_hours_that_became_empty_are_emptied(spark, table):
    publish(spark, table, _write(spark, table, _rows(spark, 1, 5)))
    publish(spark, table, _write(spark, table, _rows(spark)))
    assert _ids(spark, table) == []


def test_publishing_twice_is_the_same_as_once(spark, table):
    branch = _write(spark, table, _rows(spark, 1))
    assert publish(spark, table, branch) == publish(spark, table, branch)
    assert _ids(spark, table) == [1]


def test_a_refused_attempt_is_discarded_by_the_next(spark, table):
    publish(spark, table, _write(spark, table, _rows(spark, 1)))
    _write(spark, table, _rows(spark, 99))  # judged and refused: never published
    publish(spark, table, _write(spark, table, _rows(spark, 2)))
    assert _ids(spark, table) == [2]


def test_a_refused_first_attempt_on_an_empty_table_is_discarded_too(spark, table):
    _write(spark, table, _rows(spark, 99))
    publish(spark, table, _write(spark, table, _rows(spark, 2)))
    assert _ids(spark, table) == [2]


def test_rows_outside_the_interval_are_refused_by_the_table(spark, table):
    publish(spark, table, _write(spark, table, _rows(spark, 4, day=23), NEXT))
    publish(spark, table, _write(spark, table, _rows(spark, 1)))
    assert _ids(spark, table) == [1, 4]


def test_a_table_of_dates_is_cut_by_dates(spark):
    table = LakeTable("enriched", "by_date")
    ensure_table(
        spark,
        f"create table if not exists {table.identifier} (id bigint, on_day date) using iceberg partitioned by (on_day)",
    )
    rows = spark.createDataFrame([(1, date(2026, 11, 22))], "id bigint, on_day date")
    branch = open_audit(spark, table, DAY)
    overwrite_interval(rows, table.on_branch(branch), "on_day", DAY)
    publish(spark, table, branch)
    assert _ids(spark, table) == [1]
    assert len(interval_files(spark, table, "on_day", DAY)) == 1
    assert interval_files(spark, table, "on_day", NEXT) == []


def test_the_manifest_names_exactly_the_files_of_the_interval(spark, table):
    publish(spark, table, _write(spark, table, _rows(spark, 1, 2)))
    publish(spark, table, _write(spark, table, _rows(spark, 3, day=23), NEXT))
    files = interval_files(spark, table, "at", DAY)
    assert len(files) == 2 and all(size > 0 for _, size in files)
    assert {row.id for path, _ in files for row in spark.read.parquet(path).collect()} == {1, 2}


def test_branches_are_named_by_their_interval():
    assert audit_branch(DAY) == "audit_2026_11_22"
