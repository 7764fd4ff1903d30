"""UNLOAD through real clients, PostgreSQL, and an S3 endpoint."""

from __future__ import annotations

import datetime
import gzip
import io
import json
from decimal import Decimal

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def source(warehouse, schema):
    warehouse.run(
        f"create table {schema}.t (id bigint, n int, name varchar(20), amount decimal(12,2), ratio float, ok "
        f"boolean, day date, at timestamp, atz timestamptz);"
        f"insert into {schema}.t values (1, 2, 'a,\"b\"', 1.5, 0.5, true, '2026-01-02', '2026-01-02 "
        f"03:04:05.25', '2026-01-02 03:04:05+02'), (2, null, '', null, null, null, null, null, null),"
        "(3, null, null, null, null, false, '2026-01-03', null, null)"
    )
    return schema


def read(warehouse, key: str) -> pa.Table:
    return pq.read_table(io.BytesIO(warehouse.get(key)))


def test_parquet_has_the_names_types_and_values_of_the_query(warehouse, source):
    sql = f"select *, sum(amount) over () as total from {source}.t order by id"
    assert (
        warehouse.run(f"unload ($$ {sql} $$) to 's3://lake/{source}/out_' iam_role default format parquet parallel off")
        == "UNLOAD"
    )
    table = read(warehouse, f"{source}/out_000.parquet")
    assert dict(zip(table.column_names, table.schema.types, strict=True)) == {
        "id": pa.int64(),
        "n": pa.int32(),
        "name": pa.string(),
        "amount": pa.decimal128(12, 2),
        "ratio": pa.float64(),
        "ok": pa.bool_(),
        "day": pa.date32(),
        "at": pa.timestamp("us"),
        "atz": pa.timestamp("us", "UTC"),
        "total": pa.decimal128(38, 2),
    }
    first, second, third = table.to_pylist()
    assert first["at"] == datetime.datetime(2026, 1, 2, 3, 4, 5, 250000)
    assert first["atz"] == datetime.datetime(2026, 1, 2, 1, 4, 5, tzinfo=datetime.UTC)
    assert (first["name"], first["amount"], first["ok"]) == ('a,"b"', Decimal("1.50"), True)
    assert second["name"] == "" and second["ok"] is None and third["name"] is None and third["ok"] is False


def test_what_is_unloaded_can_be_copied_back(warehouse, source):
    warehouse.run(f"unload ('select * from {source}.t') to 's3://lake/{source}/back/' iam_role default parquet")
    warehouse.run(
        f"create table {source}.u (like {source}.t); copy {source}.u from 's3://lake/{source}/back/' iam_role "
        f"default parquet"
    )
    assert warehouse.run(f"select * from {source}.t minus select * from {source}.u") == []
    assert warehouse.run(f"select count(*) from {source}.u") == [(3,)]


def test_csv_with_header_and_gzip(warehouse, source):
    warehouse.run(
        f"unload ('select id, name, ok, at from {source}.t order by 1') to 's3://lake/{source}/c_' iam_role "
        f"default csv header gzip parallel off"
    )
    lines = gzip.decompress(warehouse.get(f"{source}/c_000.gz")).decode().splitlines()
    assert lines[:2] == ["id,name,ok,at", '1,"a,""b""",t,2026-01-02 03:04:05.25']


def test_the_target_must_be_empty_unless_overwriting_is_allowed(warehouse, source):
    unload = f"unload ('select id from {source}.t') to 's3://lake/{source}/x_' iam_role default parquet"
    warehouse.run(unload)
    with pytest.raises(psycopg2.Error, match="unload destination on S3 is not empty"):
        warehouse.run(unload)
    warehouse.run(unload + " allowoverwrite manifest")
    manifest = json.loads(warehouse.get(f"{source}/x_manifest"))
    assert manifest["entries"][0]["url"] == f"s3://lake/{source}/x_0000_part_00.parquet"
    assert manifest["entries"][0]["meta"]["record_count"] == 3


def test_partitions_become_directories(warehouse, source):
    warehouse.run(
        f"unload ('select id, day from {source}.t') to 's3://lake/{source}/p/' iam_role default parquet "
        f"partition by (day)"
    )
    table = read(warehouse, f"{source}/p/day=2026-01-02/0000_part_00.parquet")
    assert table.to_pylist() == [{"id": 1}]
    assert read(warehouse, f"{source}/p/day=__HIVE_DEFAULT_PARTITION__/0000_part_00.parquet").to_pylist() == [{"id": 2}]


def test_an_empty_result_keeps_its_columns(warehouse, source):
    warehouse.run(
        f"unload ('select id, name from {source}.t where false') to 's3://lake/{source}/e_' iam_role default parquet"
    )
    table = read(warehouse, f"{source}/e_0000_part_00.parquet")
    assert (table.num_rows, table.column_names, table.schema.types) == (0, ["id", "name"], [pa.int64(), pa.string()])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select id from t limit 1", "Limit clause is not supported"),
        ("select 1", "a name of its own"),
        ("select nope from t", "nope"),
    ],
)
def test_queries_redshift_would_not_unload_are_refused(warehouse, source, query, message):
    with pytest.raises(psycopg2.Error, match=message):
        warehouse.run(
            f"set search_path to {source}; unload ('{query}') to 's3://lake/{source}/no_' iam_role default parquet"
        )
