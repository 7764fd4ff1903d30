from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import uuid4

import boto3
import pytest

from sluice.outcomes import ConservationError, OutcomeStore
from tests.support.aws_endpoint import REPO, SETTINGS
from tests.support.quality_data import outcome

DAY = date(2026, 11, 22)
EVENTS = "curated.clickstream_events"


@pytest.fixture
def store(aws_endpoint: str) -> Iterator[OutcomeStore]:
    client = boto3.client(
        "dynamodb",
        endpoint_url=aws_endpoint,
        region_name="us-east-1",
        aws_access_key_id=SETTINGS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=SETTINGS["AWS_SECRET_ACCESS_KEY"],
    )
    table = f"outcomes-{uuid4().hex[:8]}"
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("dataset", "outcome")],
        KeySchema=[
            {"AttributeName": "dataset", "KeyType": "HASH"},
            {"AttributeName": "outcome", "KeyType": "RANGE"},
        ],
    )
    yield OutcomeStore(table, client)
    client.delete_table(TableName=table)


def test_a_record_comes_back_as_it_was_written(store: OutcomeStore):
    written = store.put(outcome(seconds=0.1 + 0.2))
    assert store.get(EVENTS, written.outcome_id) == written


def test_a_retry_of_the_same_run_overwrites_its_record(store: OutcomeStore):
    store.put(outcome(status="failed", records_out=0))
    store.put(outcome())
    (only,) = store.list(EVENTS).outcomes
    assert (only.status, only.records_out) == ("success", 970)


def test_a_record_that_loses_data_is_not_written(store: OutcomeStore):
    with pytest.raises(ConservationError):
        store.put(outcome(records_out=969))
    assert store.list(EVENTS).outcomes == []
    assert store.datasets() == ()


def test_the_list_is_newest_interval_first_and_pages_to_the_end(store: OutcomeStore):
    for n in range(7):
        store.put(outcome(DAY + timedelta(days=n)))
    store.put(outcome(dataset="curated.orders"))
    seen, token = [], None
    while True:
        page = store.list(EVENTS, limit=3, token=token)
        assert len(page.outcomes) <= 3
        seen += [one.interval for one in page.outcomes]
        token = page.next_token
        if token is None:
            break
    assert seen == [(DAY + timedelta(days=n)).isoformat() for n in reversed(range(7))]


def test_latest_is_the_record_written_last_of_that_step_only(store: OutcomeStore):
    hour = timedelta(hours=1)
    first = outcome(run_id="z-first")
    second = outcome(run_id="a-repair", recorded_at=first.recorded_at + hour)
    other_step = outcome(step="promote_late", recorded_at=first.recorded_at + 2 * hour)
    other_day = outcome(DAY + timedelta(days=1))
    for record in (second, first, other_step, other_day):
        store.put(record)
    assert store.latest(EVENTS, "2026-11-22", "promote") == second
    assert store.latest(EVENTS, "2026-11-01", "promote") is None


def test_between_holds_both_days_whole(store: OutcomeStore):
    for n in range(5):
        store.put(outcome(DAY + timedelta(days=n)))
    store.put(outcome(DAY + timedelta(days=2), step="zz"))
    found = [one.interval for one in store.between(EVENTS, "2026-11-23", "2026-11-24")]
    assert found == ["2026-11-24", "2026-11-24", "2026-11-23"]


def test_datasets_are_known_without_reading_their_history(store: OutcomeStore):
    store.put(outcome())
    store.put(outcome(dataset="curated.orders"))
    assert store.datasets() == ("curated.clickstream_events", "curated.orders")


def test_importing_the_package_does_not_import_boto3():
    code = (
        "import sys, sluice.outcomes, sluice.quality.results, sluice.quality.gx_results; print('boto3' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO / "plugins", capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"
