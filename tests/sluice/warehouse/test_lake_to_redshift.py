"""The load operator on a real warehouse and a real S3: what a user sees after runs, retries and mistakes."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from redshift_connector import Error

from sluice.contracts import load_contract
from sluice.lake.interval import Interval
from sluice.outcomes import OutcomeStore
from sluice.outcomes.store import DEFAULT_TABLE
from sluice.warehouse.lake_to_redshift import LakeToRedshiftOperator, interval_bounds
from tests.support.aws_endpoint import SETTINGS, running_endpoint
from tests.support.lake_rows import event, hourly_activity
from tests.support.quality_world import create_stores
from tests.support.warehouse import running_warehouse

REPO = Path(__file__).resolve().parents[3]
CONTRACT = "contracts/clickstream/hourly_activity.yaml"
BUCKET = "sluice-lake"
ROLE = "arn:aws:iam::000000000000:role/sluice-platform"
DAY = date(2026, 11, 22)
SCHEMA = pa.schema([
    ("tenant_id", pa.string()), ("event_hour", pa.timestamp("us", "UTC")), ("event_date", pa.date32()),
    ("page_id", pa.string()), ("views", pa.int64()), ("clicks", pa.int64()), ("purchases", pa.int64()),
    ("unique_users", pa.int64()), ("revenue", pa.decimal128(18, 2)),
])

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def endpoint():
    with running_endpoint() as url, pytest.MonkeyPatch.context() as patch:
        for name, value in {**SETTINGS, "AWS_ENDPOINT_URL": url}.items():
            patch.setenv(name, value)
        create_stores(boto3.client("s3"), boto3.client("dynamodb"), BUCKET, DEFAULT_TABLE)
        yield url


@pytest.fixture(scope="module")
def warehouse(endpoint):
    with running_warehouse(endpoint) as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_REDSHIFT_DEFAULT", running.airflow_connection)
        patch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws"}))
        yield running


@pytest.fixture
def lake(warehouse):
    """An empty warehouse table's worth of freedom: every test starts without the schema."""
    warehouse.execute("drop schema if exists lake cascade")
    return warehouse


def activity(day=DAY, count=3):
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return hourly_activity(
        event(event_id=f"e{hour}", tenant_id="alpine", user_id="u", session_id="s", event_type="purchase",
              event_timestamp=moment + timedelta(hours=hour), amount=Decimal("10.50"))
        for hour in range(count)
    )


def publish(rows, key=str(DAY)):
    """Put rows as Parquet and a manifest of them into the lake; return the manifest's address."""
    s3, entries = boto3.client("s3"), []
    for number, row in enumerate(rows):
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([row], SCHEMA), file)
        name = f"enriched/clickstream_hourly_activity/{key}/{number}.parquet"
        s3.put_object(Bucket=BUCKET, Key=name, Body=file.getvalue())
        entries.append({"url": f"s3://{BUCKET}/{name}", "mandatory": True, "meta": {"content_length": file.tell()}})
    manifest = f"manifests/enriched/clickstream_hourly_activity/{key}.manifest"
    s3.put_object(Bucket=BUCKET, Key=manifest, Body=json.dumps({"entries": entries}).encode())
    return f"s3://{BUCKET}/{manifest}"


def load(manifest, interval=str(DAY), role=ROLE):
    operator = LakeToRedshiftOperator(
        task_id="load", contract=CONTRACT, interval=interval, manifest_uri=manifest, iam_role=role
    )
    return operator.execute({"dag": SimpleNamespace(fileloc=str(REPO / "dags" / "any.py")), "run_id": "run-1"})


def stored(warehouse):
    return warehouse.rows(
        "select cast(event_hour as timestamp), purchases, revenue from lake.clickstream_hourly_activity order by 1"
    )


def test_the_first_load_creates_schema_and_table_and_returns_the_rows(lake):
    assert load(publish(activity())) == 3
    assert stored(lake) == [(datetime(2026, 11, 22, hour), 1, Decimal("10.50")) for hour in range(3)]


def test_a_load_leaves_an_outcome(lake):
    load(publish(activity(count=4)))
    outcome = OutcomeStore().latest("lake.clickstream_hourly_activity", str(DAY), "load")
    assert (outcome.records_in, outcome.records_out, outcome.run_id) == (4, 4, "run-1")


def test_the_clusters_default_role_loads_too(lake):
    assert load(publish(activity()), role="default") == 3


def test_loading_again_replaces_and_leaves_other_days_alone(lake):
    yesterday = DAY - timedelta(days=1)
    load(publish(activity(yesterday), str(yesterday)), str(yesterday))
    load(publish(activity(count=5)))
    assert load(publish(activity(count=2))) == 2
    assert [moment.day for moment, *_ in stored(lake)] == [21, 21, 21, 22, 22]


def test_a_manifest_without_entries_empties_the_interval(lake):
    load(publish(activity()))
    assert load(publish([])) == 0
    assert stored(lake) == []


def test_the_first_load_may_be_an_empty_one(lake):
    assert load(publish([])) == 0
    assert stored(lake) == []


def test_an_interval_of_many_days_is_replaced_as_one(lake):
    days = [DAY, DAY + timedelta(days=1)]
    manifest = publish([row for day in days for row in activity(day)], "two-days")
    assert load(manifest, "2026-11-22_2026-11-23") == 6
    assert load(manifest, "2026-11-22_2026-11-23") == 6
    assert len(stored(lake)) == 6


def test_files_of_another_interval_are_refused_and_nothing_changes(lake):
    load(publish(activity()))
    before = stored(lake)
    tomorrow = DAY + timedelta(days=1)
    with pytest.raises(RuntimeError, match="COPY brought 3 rows, but the interval then held 0"):
        load(publish(activity(tomorrow), "wrong"))
    assert stored(lake) == before


def test_a_failing_copy_leaves_the_rows_that_were_there(lake):
    load(publish(activity()))
    before = stored(lake)
    manifest = publish(activity(count=4))
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=f"enriched/clickstream_hourly_activity/{DAY}/2.parquet")
    with pytest.raises(Error):
        load(manifest)
    assert stored(lake) == before


def test_two_loads_at_once_both_succeed_and_leave_the_rows_of_one(lake):
    manifest = publish(activity())
    load(manifest)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(load, [manifest] * 4)) == [3] * 4
    assert len(stored(lake)) == 3


def test_a_manifest_that_is_not_there_is_an_error_and_not_an_empty_day(lake):
    load(publish(activity()))
    with pytest.raises(Exception, match=r"404|NoSuchKey|Not Found"):
        load(f"s3://{BUCKET}/manifests/nowhere.manifest")
    assert len(stored(lake)) == 3


def test_intervals_are_cut_by_the_column_that_the_contract_partitions_by():
    interval = Interval(DAY, DAY + timedelta(days=1))
    events = load_contract(REPO / "contracts/clickstream/events.yaml")
    assert interval_bounds(events, interval) == (
        "event_timestamp", datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
    )
    assert interval_bounds(load_contract(REPO / CONTRACT), interval) == ("event_date", DAY, DAY + timedelta(days=1))
