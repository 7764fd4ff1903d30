"""COPY through real clients, PostgreSQL, and an S3 endpoint."""

from __future__ import annotations

import bz2
import datetime
import gzip
import io
import json
from decimal import Decimal

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redshift_connector

EVENTS = pa.table(
    {
        "anything": pa.array([1, 2, 3], pa.int64()),
        "maps": pa.array(["a", "", None]),
        "by": pa.array([Decimal("1.50"), None, Decimal("-2.25")], pa.decimal128(12, 2)),
        "position": pa.array([datetime.datetime(2026, 1, 1, 12, 30, 0, 250000), None, None], pa.timestamp("us")),
    }
)
TABLE = "create table {0}.t (id bigint, name varchar(8), amount decimal(12,2), at timestamp)"
ROWS = [
    (1, "a", Decimal("1.50"), datetime.datetime(2026, 1, 1, 12, 30, 0, 250000)),
    (2, "", None, None),
    (3, None, Decimal("-2.25"), None),
]


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


@pytest.fixture
def target(warehouse, schema):
    warehouse.run(TABLE.format(schema))
    return schema


def rows(warehouse, schema):
    return warehouse.run(f"select * from {schema}.t order by id")


def test_parquet_is_mapped_by_position_and_null_is_not_the_empty_string(warehouse, target):
    warehouse.put(f"{target}/one.parquet", parquet(EVENTS))
    warehouse.put(f"{target}/_SUCCESS", b"x")
    assert warehouse.run(f"copy {target}.t from 's3://lake/{target}/' iam_role default format as parquet") == "COPY"
    assert rows(warehouse, target) == ROWS


def test_redshift_connector_copies_counts_and_rolls_back(warehouse, target):
    warehouse.put(f"{target}/one.parquet", parquet(EVENTS))
    connection = warehouse.connector()
    cursor = connection.cursor()
    cursor.execute(f"copy {target}.t from 's3://lake/{target}/one' iam_role 'arn:aws:iam::000000000000:role/x' parquet")
    cursor.execute("select pg_last_copy_count()")
    assert cursor.fetchall() == ([3],)
    connection.rollback()
    cursor.execute(f"select count(*) from {target}.t")
    assert cursor.fetchall() == ([0],)
    connection.close()


def test_delete_and_copy_in_one_message_are_one_transaction(warehouse, target):
    warehouse.put(f"{target}/one.parquet", parquet(EVENTS))
    copy = f"copy {target}.t from 's3://lake/{target}/one' iam_role default parquet"
    warehouse.run(f"begin; delete from {target}.t; {copy}; commit;")
    warehouse.run(f"begin; delete from {target}.t; {copy}; commit;")
    assert rows(warehouse, target) == ROWS
    with pytest.raises(psycopg2.Error, match="does not exist"):
        warehouse.run(
            f"delete from {target}.t; copy {target}.t from 's3://lake/{target}/nothing' iam_role default parquet"
        )
    assert rows(warehouse, target) == ROWS, "the failed load took its delete back"


def test_a_failed_copy_fails_the_transaction_it_is_in(warehouse, target):
    connection = warehouse.psycopg2(autocommit=False)
    cursor = connection.cursor()
    cursor.execute(f"insert into {target}.t values (9)")
    with pytest.raises(psycopg2.Error, match="S3 prefix"):
        cursor.execute(f"copy {target}.t from 's3://lake/{target}/nothing' iam_role default parquet")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        cursor.execute("select 1")
    connection.rollback()
    assert rows(warehouse, target) == []
    connection.close()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            EVENTS.drop_columns(["by"]),
            "unmatched number of columns between table and file. Table columns: 4, Data columns: 3",
        ),
        (
            EVENTS.set_column(0, "anything", pa.array([1, 2, 3], pa.int32())),
            "incompatible Parquet schema for column 1 'id'",
        ),
        (
            EVENTS.set_column(3, "position", pa.array(["2026-01-01"] * 3)),
            "incompatible Parquet schema for column 4 'at'",
        ),
    ],
)
def test_a_parquet_file_of_another_shape_is_refused(warehouse, target, table, message):
    warehouse.put(f"{target}/one.parquet", parquet(table))
    with pytest.raises(psycopg2.Error, match=message):
        warehouse.run(f"copy {target}.t from 's3://lake/{target}/' iam_role default parquet")


def test_a_value_that_does_not_fit_is_named_by_row_and_column_but_never_shown(warehouse, target):
    warehouse.put(f"{target}/one.csv", b"1,ok,1,\njane@example.org,x,2,\n")
    with pytest.raises(psycopg2.Error, match="row 2 of the load, column id") as caught:
        warehouse.run(f"copy {target}.t from 's3://lake/{target}/' iam_role default csv")
    assert "jane" not in str(caught.value)
    assert "jane" not in warehouse.log.read_text()


def test_csv_with_header_quotes_gzip_and_nulls(warehouse, target):
    body = b'id,name,amount,at\n1,"a,""b""",1.5,2026-01-01 00:00:00\n2,,,\n3,\\N,\\N,\\N\n'
    warehouse.put(f"{target}/one.csv.gz", gzip.compress(body[:40]) + gzip.compress(body[40:]))
    warehouse.run(f"copy {target}.t from 's3://lake/{target}/' iam_role default csv ignoreheader 1 gzip")
    assert [row[:3] for row in rows(warehouse, target)] == [
        (1, 'a,"b"', Decimal("1.50")),
        (2, "", None),
        (3, None, None),
    ]


def test_delimited_text_with_its_options(warehouse, target):
    warehouse.put(f"{target}/one.bz2", bz2.compress(b"1|'long name of it'|1|1767225600\n2||2|\n"))
    warehouse.run(
        f"copy {target}.t from 's3://lake/{target}/' iam_role default bzip2 removequotes emptyasnull "
        f"truncatecolumns timeformat 'epochsecs'"
    )
    assert rows(warehouse, target) == [
        (1, "long nam", Decimal("1.00"), datetime.datetime(2026, 1, 1)),
        (2, None, Decimal("2.00"), None),
    ]


def test_a_row_of_another_width_is_refused_without_its_text(warehouse, target):
    warehouse.put(f"{target}/one.csv", b"1,a,1,,secret\n")
    with pytest.raises(psycopg2.Error, match=r"Extra column.*4 columns expected, 5 found") as caught:
        warehouse.run(f"copy {target}.t from 's3://lake/{target}/' iam_role default csv")
    assert "secret" not in str(caught.value)


def test_json_by_name_keeps_every_digit(warehouse, target):
    lines = (
        '{"id": 9007199254740993, "amount": 1234567890.12, "name": "é", "more": 1}\n'
        '{"id": 2,\n "at": "2026-01-01T00:00:00Z"} {"id": 3}'
    )
    warehouse.put(f"{target}/one.json", lines.encode())
    warehouse.run(f"copy {target}.t from 's3://lake/{target}/one' iam_role default json 'auto'")
    assert rows(warehouse, target) == [
        (2, None, None, datetime.datetime(2026, 1, 1)),
        (3, None, None, None),
        (9007199254740993, "é", Decimal("1234567890.12"), None),
    ]


def test_json_by_paths_into_listed_columns(warehouse, target):
    paths = warehouse.put(f"{target}/paths.json", b'{"jsonpaths": ["$.a[1].b", "$[\'c\']"]}')
    warehouse.put(f"{target}/data.json", b'{"a": [0, {"b": 7}], "c": "x"}')
    warehouse.run(f"copy {target}.t (id, name) from 's3://lake/{target}/data' iam_role default json '{paths}'")
    assert rows(warehouse, target) == [(7, "x", None, None)]


def test_a_manifest_loads_what_it_lists_and_insists_on_what_is_mandatory(warehouse, target):
    url = warehouse.put(f"{target}/one.csv", b"1,a,,\n")
    warehouse.put(f"{target}/two.csv", b"2,b,,\n")
    entries = [{"url": url, "mandatory": True}, {"url": f"s3://lake/{target}/gone.csv", "mandatory": False}]
    manifest = warehouse.put(f"{target}/manifest", json.dumps({"entries": entries}).encode())
    warehouse.run(f"copy {target}.t from '{manifest}' iam_role default csv manifest")
    assert [row[0] for row in rows(warehouse, target)] == [1]
    entries[1]["mandatory"] = True
    warehouse.put(f"{target}/manifest", json.dumps({"entries": entries}).encode())
    with pytest.raises(psycopg2.Error, match=r"mandatory file .*gone.csv does not exist"):
        warehouse.run(f"copy {target}.t from '{manifest}' iam_role default csv manifest")


def test_credentials_in_a_statement_appear_in_no_error_and_no_log(warehouse, target):
    keys = "aws_access_key_id=AKIASECRETKEY;aws_secret_access_key=hush/hush"
    copy = f"copy {target}.t from 's3://lake/{target}/nothing' credentials '{keys}' csv"
    for connect, failure in ((warehouse.psycopg2, psycopg2.Error), (warehouse.connector, redshift_connector.Error)):
        connection = connect()
        with pytest.raises(failure) as caught:
            connection.cursor().execute(copy)
        connection.close()
        assert "hush" not in str(caught.value) and "AKIASECRETKEY" not in str(caught.value)
    everything = "".join(path.read_text() for path in warehouse.log.parent.glob("*.log"))
    assert "hush" not in everything and "AKIASECRETKEY" not in everything


def test_a_copy_into_a_missing_table_or_column_says_so(warehouse, target):
    warehouse.put(f"{target}/one.csv", b"1\n")
    for what, message in ((f"{target}.missing", "missing"), (f"{target}.t (nope)", 'column "nope"')):
        with pytest.raises(psycopg2.Error, match=message):
            warehouse.run(f"copy {what} from 's3://lake/{target}/' iam_role default csv")
