from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.outcomes import ConservationError, Outcome
from tests.support.quality_data import outcome


def test_a_balanced_record_passes():
    outcome().check_conservation()


def test_a_lost_record_is_named_with_all_its_numbers():
    lossy = outcome(records_out=969)
    with pytest.raises(ConservationError) as caught:
        lossy.check_conservation()
    text = str(caught.value)
    assert "1 records are unaccounted for in curated.clickstream_events 2026-11-22, step promote" in text
    assert "in 1000 != out 969 + duplicates 20 + quarantined 10" in text


def test_a_record_out_of_nowhere_is_refused_too():
    with pytest.raises(ConservationError, match="2 records came from nowhere"):
        outcome(records_out=972).check_conservation()


def test_quarantined_records_need_reasons():
    with pytest.raises(ConservationError, match=r"10 records are quarantined .* the reasons name only 3"):
        outcome(reasons={"amount_positive": 3}).check_conservation()


def test_a_record_that_breaks_two_rules_counts_in_both_reasons():
    outcome(reasons={"event_type_allowed": 10, "amount_positive": 10}).check_conservation()


def test_a_failed_run_may_leave_an_incomplete_record():
    outcome(status="failed", records_out=0).check_conservation()


def test_an_aggregate_that_changes_the_grain_need_not_balance():
    outcome(conserves=False, records_out=24, duplicates=0, quarantined=0, reasons={}).check_conservation()


@given(
    out=st.integers(0, 10**9),
    duplicates=st.integers(0, 10**9),
    quarantined=st.integers(0, 10**9),
    off=st.integers(-5, 5),
)
def test_only_exact_balance_passes(out: int, duplicates: int, quarantined: int, off: int):
    record = outcome(
        records_in=max(out + duplicates + quarantined + off, 0),
        records_out=out,
        duplicates=duplicates,
        quarantined=quarantined,
        reasons={"rule": quarantined},
    )
    if record.records_in == out + duplicates + quarantined:
        record.check_conservation()
    else:
        with pytest.raises(ConservationError):
            record.check_conservation()


@pytest.mark.parametrize(
    ("length", "interval"),
    [
        (timedelta(days=1), "2026-11-22"),
        (timedelta(days=3), "2026-11-22_2026-11-24"),
        (timedelta(hours=1), "2026-11-22T00"),
    ],
)
def test_the_interval_is_named_by_its_length(length: timedelta, interval: str):
    record = outcome(interval_end=datetime(2026, 11, 22, tzinfo=UTC) + length)
    assert record.interval == interval
    assert record.outcome_id == f"{interval}#promote#scheduled__2026-11-22T00:00:00+00:00"


def test_instants_are_kept_in_utc_whatever_zone_they_came_in():
    tokyo = timezone(timedelta(hours=9))
    record = outcome(interval_start=datetime(2026, 11, 22, 9, tzinfo=tokyo))
    assert record.interval_start == datetime(2026, 11, 22, tzinfo=UTC)
    assert record.interval == "2026-11-22"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"records_in": -1}, "records_in .* is negative: -1"),
        ({"interval_start": datetime(2026, 11, 22)}, "interval_start .* has no time zone"),
        ({"interval_end": datetime(2026, 11, 22, tzinfo=UTC)}, "ends before it starts"),
        ({"step": "pro#mote"}, "must not contain '#'"),
        ({"status": "done"}, "one of success, failed, not 'done'"),
        ({"run_id": ""}, "needs a run_id"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused_at_once(changes: dict, words: str):
    with pytest.raises(ValueError, match=words):
        outcome(**changes)


def test_the_plain_form_reads_back_and_newer_fields_do_not_disturb():
    plain = {**outcome().to_dict(), "field_of_a_later_version": 1}
    assert Outcome.from_dict(plain) == outcome()


def test_a_record_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        outcome().records_in = 5  # type: ignore[misc]
