"""A believable month of validations and outcomes, for the tests of stores and pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sluice.outcomes import Outcome
from sluice.quality.results import ExpectationOutcome, ValidationResult


def expectation(**changes: Any) -> ExpectationOutcome:
    """An expectation that is met, unless changed."""
    plain: dict[str, Any] = {
        "expectation": "expect_column_values_to_not_be_null",
        "rule": "user_id_required",
        "severity": "fail",
        "success": True,
        "column": "user_id",
        "kwargs": {"column": "user_id"},
        "unexpected_count": 0,
        "unexpected_percent": 0.0,
    }
    return ExpectationOutcome(**{**plain, **changes})


def unmet_email(**changes: Any) -> ExpectationOutcome:
    """A warning with masked sample rows."""
    plain: dict[str, Any] = {
        "expectation": "expect_column_values_to_match_regex",
        "rule": "email_shape",
        "severity": "warn",
        "success": False,
        "column": "email",
        "kwargs": {"column": "email", "regex": r".+@.+\..+", "mostly": 0.99},
        "unexpected_count": 212,
        "unexpected_percent": 1.84,
        "sample": ({"email": "x@", "event_id": "5f0c…"}, {"email": "x.x9", "event_id": "77ab…"}),
    }
    return expectation(**{**plain, **changes})


def unmet_key(**changes: Any) -> ExpectationOutcome:
    """A failure that closes the gate."""
    plain: dict[str, Any] = {
        "expectation": "expect_column_values_to_be_unique",
        "rule": "event_id_unique",
        "success": False,
        "column": "event_id",
        "kwargs": {"column": "event_id"},
        "unexpected_count": 3,
        "unexpected_percent": 0.03,
        "sample": (
            {"event_id": "0b8d5d4e-7a1c", "tenant_id": "acme", "ip": "9.9.9.9"},
            {"event_id": "0b8d5d4e-7a1c", "tenant_id": "acme", "ip": None},
        ),
    }
    return expectation(**{**plain, **changes})


def validation(*expectations: ExpectationOutcome, **changes: Any) -> ValidationResult:
    """A result over the given expectations (one that is met, if none is given)."""
    expectations = expectations or (expectation(),)
    failed = [one for one in expectations if not one.success]
    failed_fail = sum(one.severity == "fail" for one in failed)
    interval = changes.get("interval", "2026-11-22")
    plain: dict[str, Any] = {
        "dataset": "curated.clickstream_events",
        "interval": interval,
        "run_id": f"scheduled__{interval}T00:00:00+00:00",
        "suite": "curated.clickstream_events",
        "zone": "curated",
        "success": not failed_fail,
        "evaluated": len(expectations),
        "successful": len(expectations) - len(failed),
        "failed_fail": failed_fail,
        "failed_warn": len(failed) - failed_fail,
        "started_at": f"{interval[:10]}T23:58:04+00:00",
        "seconds": 12.4,
        "contract_version": "1.2.0",
        "owner": "clickstream@example.com",
        "snapshot_id": "5873190471234567890",
        "expectations": expectations,
    }
    return ValidationResult(**{**plain, **changes})


def outcome(day: date = date(2026, 11, 22), **changes: Any) -> Outcome:
    """A promotion of one day that balances."""
    start = datetime.combine(day, datetime.min.time(), UTC)
    plain: dict[str, Any] = {
        "dataset": "curated.clickstream_events",
        "step": "promote",
        "run_id": f"scheduled__{day}T00:00:00+00:00",
        "interval_start": start,
        "interval_end": start + timedelta(days=1),
        "records_in": 1000,
        "records_out": 970,
        "duplicates": 20,
        "quarantined": 10,
        "redelivered": 4,
        "reasons": {"event_type_allowed": 7, "amount_positive": 3},
        "bytes_in": 500_000,
        "bytes_out": 90_000,
        "seconds": 31.5,
        "engine_versions": {"spark": "3.5.6"},
        "snapshot_id": "5873190471234567890",
        "input_fingerprint": "sha256:aa",
        "recorded_at": start + timedelta(hours=23, minutes=57),
    }
    return Outcome(**{**plain, **changes})
