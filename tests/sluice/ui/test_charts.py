from __future__ import annotations

from datetime import date, timedelta

from sluice.ui.charts import flows, grid, reasons
from tests.support.quality_data import outcome, unmet_email, unmet_key, validation

DAYS = [date(2026, 11, 20) + timedelta(days=n) for n in range(4)]


def test_rows_follow_the_way_of_the_data():
    results = [
        validation(dataset=f"{zone}.t", zone=zone) for zone in ("marts", "another", "enriched", "raw", "curated")
    ]
    assert [row.zone for row in grid(results, DAYS)] == ["raw", "curated", "enriched", "marts", "another"]


def test_a_cell_stands_on_its_day_and_days_without_a_run_stay_empty():
    (row,) = grid([validation(interval="2026-11-20"), validation(interval="2026-11-23")], DAYS)
    assert [cell.column for cell in row.cells] == [0, 3]
    assert row.latest.interval == "2026-11-23"


def test_results_outside_of_the_days_are_left_out():
    assert grid([validation(interval="2026-12-01")], DAYS) == ()


def test_of_hours_the_worst_of_an_interval_the_newest_is_shown():
    hours = [
        validation(interval="2026-11-22T01"),
        validation(unmet_email(), interval="2026-11-22T02"),
        validation(unmet_key(), interval="2026-11-22T03", run_id="a", started_at="2026-11-22T03:00:00+00:00"),
        validation(interval="2026-11-22T03", run_id="b", started_at="2026-11-22T04:00:00+00:00"),
    ]
    ((cell,),) = (row.cells for row in grid(hours, DAYS))
    assert (cell.result.status, cell.runs) == ("warned", 4)


def test_flows_add_up_over_intervals_and_leave_out_what_cannot_balance():
    days = [date(2026, 11, 21), date(2026, 11, 22)]
    gate = {"step": "gate", "records_in": 970, "duplicates": 0, "quarantined": 0, "reasons": {}}
    outcomes = [
        *(outcome(day, **gate) for day in days),
        *(outcome(day) for day in days),
        outcome(step="failed_one", status="failed"),
        outcome(step="aggregate", conserves=False, records_out=24),
    ]
    promote, gated = flows(outcomes)
    assert (promote.step, promote.records_in, promote.quarantined, promote.intervals) == ("promote", 2000, 20, 2)
    assert (promote.missing, promote.lossless) == (0, False)
    assert gated.lossless


def test_the_parts_of_a_bar_fill_it_exactly_and_show_what_is_missing():
    (flow,) = flows([outcome(records_out=900)])
    assert flow.missing == 70
    assert [name for name, *_ in flow.parts] == ["written", "duplicates", "quarantined", "missing"]
    assert sum(width for *_, width in flow.parts) == 100
    starts = [start for _, _, start, _ in flow.parts]
    assert starts == sorted(starts) and starts[0] == 0


def test_reasons_are_summed_and_the_longest_bar_is_full():
    bars = reasons([outcome(), outcome(date(2026, 11, 21), reasons={"amount_positive": 10, "never": 0})])
    assert [(bar.label, bar.count) for bar in bars] == [("amount_positive", 13), ("event_type_allowed", 7)]
    assert bars[0].width == 100
