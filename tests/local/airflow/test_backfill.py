from __future__ import annotations

from datetime import date

from local.airflow.backfill import covered_day, days_between, still_to_run

DAYS = days_between(date(2026, 2, 27), date(2026, 3, 1))


def run(day: str, state: str) -> dict:
    return {"partition_key": day, "state": state}


def test_both_ends_of_a_range_belong_to_it() -> None:
    assert [day.isoformat() for day in DAYS] == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert days_between(DAYS[0], DAYS[0]) == [DAYS[0]]


def test_a_run_is_for_its_partition_else_for_its_interval() -> None:
    interval = {"data_interval_start": "2026-02-28T00:00:00Z", "logical_date": "2026-03-01T00:00:00Z"}
    assert covered_day({"partition_key": "2026-02-27", **interval}) == "2026-02-27"
    assert covered_day({"partition_key": None, **interval}) == "2026-02-28"
    assert covered_day({"partition_key": None, "data_interval_start": None, "logical_date": None}) == ""


def test_only_days_without_success_are_run_again() -> None:
    runs = [run("2026-02-27", "success"), run("2026-02-28", "failed")]
    assert still_to_run(DAYS, runs, again=False) == DAYS[1:]
    assert still_to_run(DAYS, runs, again=True) == DAYS


def test_a_day_under_way_is_never_started_twice() -> None:
    assert still_to_run(DAYS, [run("2026-02-27", "running"), run("2026-02-28", "queued")], again=True) == DAYS[2:]
