"""A believable month in the stores behind the quality page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sluice.outcomes import OutcomeStore
from sluice.quality.results import ExpectationOutcome, ValidationResult, ValidationStore
from tests.support.quality_data import expectation, outcome, unmet_email, unmet_key, validation

EVENTS = "curated.clickstream_events"
SESSIONS = "enriched.clickstream_sessions"
HOURLY = "enriched.clickstream_hourly_activity"
SCRIPT = "<script>document.title='owned'</script>"


def create_stores(s3: Any, dynamodb: Any, bucket: str, table: str) -> tuple[ValidationStore, OutcomeStore]:
    """Make the empty bucket and table."""
    s3.create_bucket(Bucket=bucket)
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("dataset", "outcome")],
        KeySchema=[
            {"AttributeName": "dataset", "KeyType": "HASH"},
            {"AttributeName": "outcome", "KeyType": "RANGE"},
        ],
    )
    return ValidationStore(bucket, s3), OutcomeStore(table, dynamodb)


def fill(validations: ValidationStore, outcomes: OutcomeStore, today: date | None = None) -> ValidationResult:
    """A month of three datasets: mostly met, some warnings, one repaired failure, and one failure of today.

    Returns
    -------
    ValidationResult
        The failing validation of today.
    """
    today = today or datetime.now(UTC).date()
    for back in range(29, -1, -1):
        day = today - timedelta(days=back)
        if back == 17:  # a day without a run stays visible as a gap
            continue
        for dataset in (EVENTS, SESSIONS, HOURLY):
            zone = dataset.split(".")[0]
            found = _expectations(dataset, back)
            validations.write(validation(*found, dataset=dataset, suite=dataset, zone=zone, interval=day.isoformat()))
        sent = 11_000 + 137 * back
        kept = {"step": "gate", "duplicates": 0, "quarantined": 0, "reasons": {}}
        bad = 40 + 9 * (back % 5)
        outcomes.put(
            outcome(
                day,
                records_in=sent,
                records_out=sent - 260 - bad,
                duplicates=260,
                quarantined=bad,
                reasons={"event_type_allowed": bad - 12, "amount_positive": 9, "malformed_json": 3},
            )
        )
        outcomes.put(outcome(day, records_in=sent - 260 - bad, records_out=sent - 260 - bad, **kept))
    repaired = (today - timedelta(days=11)).isoformat()
    validations.write(validation(unmet_key(), interval=repaired, run_id="a-first-try"))
    failing = _todays_failure(today)
    validations.write(failing)
    validations.client.put_object(
        Bucket=validations.bucket,
        Key="data-docs/validations/today.html",
        Body=b"<!DOCTYPE html><html><head><title>GX</title></head><body><div class='container-fluid'>"
        b"<h1>Validation of today</h1><script>document.title='owned'</script></div></body></html>",
        ContentType="text/html",
    )
    return failing


def _expectations(dataset: str, back: int) -> tuple[ExpectationOutcome, ...]:
    met = (
        expectation(),
        expectation(
            expectation="expect_column_values_to_be_in_set",
            rule="event_type_allowed",
            column="event_type",
            kwargs={"column": "event_type", "value_set": ["click", "view", "purchase"]},
        ),
        expectation(
            expectation="expect_table_row_count_to_be_between",
            rule="volume",
            severity="warn",
            column=None,
            kwargs={"min_value": 1000, "max_value": 5_000_000},
            observed=11_482,
        ),
        expectation(
            expectation="expect_column_values_to_be_between",
            rule="amount_positive",
            column="amount",
            kwargs={"column": "amount", "min_value": 0, "strict_min": True},
        ),
    )
    if dataset == EVENTS and back % 7 == 3:
        return (*met, unmet_email())
    if dataset == SESSIONS and back == 22:
        return (*met, unmet_key(column="session_id", rule="session_id_unique", kwargs={"column": "session_id"}))
    return met


def _todays_failure(today: date) -> ValidationResult:
    amount = expectation(
        expectation="expect_column_values_to_be_between",
        rule="amount_positive",
        success=False,
        column="amount",
        kwargs={"column": "amount", "min_value": 0, "strict_min": True},
        unexpected_count=41,
        unexpected_percent=0.36,
        # What a visitor of the shop typed may be hostile; the page shows it and nothing more.
        sample=(
            {"event_id": "c1d2", "amount": -5, "referrer": SCRIPT},
            {"event_id": "e3f4", "amount": 0, "referrer": None},
        ),
    )
    freshness = expectation(
        expectation="expect_column_max_to_be_between",
        rule="freshness",
        success=False,
        column="received_at",
        kwargs={"column": "received_at", "min_value": f"{today} 22:00:00"},
        observed=f"{today} 19:12:44",
    )
    met = _expectations(EVENTS, 0)[:3]
    return validation(
        unmet_email(),
        amount,
        unmet_key(),
        freshness,
        *met,
        interval=today.isoformat(),
        data_docs_url="data-docs/validations/today.html",
    )
