from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.quality.results import StoredKey, ValidationResult, ValidationStore, key_of
from tests.support.aws_endpoint import SETTINGS
from tests.support.quality_data import expectation, unmet_email, unmet_key, validation

EVENTS = "curated.clickstream_events"


@pytest.fixture
def store(aws_endpoint: str) -> Iterator[ValidationStore]:
    client = boto3.client(
        "s3",
        endpoint_url=aws_endpoint,
        region_name="us-east-1",
        aws_access_key_id=SETTINGS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=SETTINGS["AWS_SECRET_ACCESS_KEY"],
    )
    bucket = f"quality-{uuid4().hex[:8]}"
    client.create_bucket(Bucket=bucket)
    yield ValidationStore(bucket, client)


def test_a_result_comes_back_as_it_was_written(store: ValidationStore):
    written = validation(expectation(), unmet_email(), unmet_key())
    address = store.write(written)
    assert address == (f"s3://{store.bucket}/validations/{EVENTS}/2026-11-22/scheduled__2026-11-22T00:00:00+00:00.json")
    assert store.read(EVENTS, "2026-11-22", written.run_id) == written


def test_the_stored_form_has_the_documented_fields():
    plain = json.loads(validation(unmet_key()).to_json())
    assert set(plain) == {
        "dataset", "interval", "run_id", "suite", "zone", "success", "evaluated", "successful", "failed_fail",
        "failed_warn", "started_at", "seconds", "contract_version", "owner", "snapshot_id", "expectations",
        "data_docs_url",
    }  # fmt: skip
    assert set(plain["expectations"][0]) == {
        "expectation", "column", "kwargs", "severity", "success", "observed", "unexpected_count",
        "unexpected_percent", "sample", "rule", "error",
    }  # fmt: skip


def test_a_retry_of_the_same_run_overwrites_its_result(store: ValidationStore):
    store.write(validation(unmet_key()))
    store.write(validation())
    (key,) = store.list(EVENTS)
    assert store.read_key(key.key) == validation()


def test_what_does_not_exist_is_none(store: ValidationStore):
    assert store.read(EVENTS, "2026-11-22", "no-such-run") is None


def test_the_list_holds_the_days_asked_for_whole(store: ValidationStore):
    for interval in ("2026-11-20", "2026-11-21", "2026-11-22", "2026-11-22T13", "2026-11-23"):
        store.write(validation(interval=interval))
    store.write(validation(dataset="curated.clickstream_events_v2"))
    listed = [key.interval for key in store.list(EVENTS, "2026-11-21", "2026-11-22")]
    assert listed == ["2026-11-21", "2026-11-22", "2026-11-22T13"]
    assert len(list(store.list(EVENTS))) == 5


def test_datasets_are_the_folders_that_hold_results(store: ValidationStore):
    store.write(validation())
    store.write(validation(dataset="enriched.sessions"))
    store.client.put_object(Bucket=store.bucket, Key="data-docs/index.html", Body=b"")
    assert store.datasets() == (EVENTS, "enriched.sessions")


def test_the_status_tells_a_closed_gate_from_a_warning():
    assert validation().status == "passed"
    assert validation(unmet_email()).status == "warned"
    assert validation(unmet_email(), unmet_key()).status == "failed"


names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40)


@given(dataset=names, interval=names, run_id=names)
def test_any_name_makes_a_key_of_three_parts_that_reads_back(dataset: str, interval: str, run_id: str):
    key = key_of(dataset, interval, run_id)
    assert key.count("/") == 3
    assert ".." not in key
    parsed = StoredKey.parse(key)
    assert parsed is not None
    assert (parsed.dataset, parsed.interval, parsed.run_id) == (dataset, interval, run_id)


def test_newer_fields_do_not_disturb_and_garbage_is_told():
    plain = {**json.loads(validation(unmet_key()).to_json()), "field_of_a_later_version": 1}
    plain["expectations"][0]["another"] = 2
    assert ValidationResult.from_json(json.dumps(plain)) == validation(unmet_key())
    for garbage in ("", "[]", "{}", '{"dataset": "x"}', "<html>"):
        with pytest.raises(ValueError, match="not a stored validation result"):
            ValidationResult.from_json(garbage)
