"""The timetable of the promotions: driven by assets, open to backfills."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import Asset

from sluice.orchestration.timetables import DailyPartitions

TIMETABLE = DailyPartitions(Asset("raw.test"))


def test_a_backfill_makes_one_partition_a_day_both_ends_included():
    infos = TIMETABLE.iter_partition_dagrun_infos(
        earliest=datetime(2026, 2, 27, tzinfo=UTC), latest=datetime(2026, 3, 1, tzinfo=UTC)
    )
    assert [info.partition_key for info in infos] == ["2026-02-27", "2026-02-28", "2026-03-01"]


def test_a_key_is_the_start_of_its_day():
    assert TIMETABLE.resolve_partition_date("2026-11-22") == datetime(2026, 11, 22, tzinfo=UTC)


def test_airflow_accepts_backfills_and_schedules_nothing_by_itself():
    assert TIMETABLE.periodic and TIMETABLE.partitioned
    assert TIMETABLE.next_dagrun_info(last_automated_data_interval=None, restriction=None) is None


def test_it_survives_serialization():
    again = DailyPartitions.deserialize(TIMETABLE.serialize())
    assert [asset.name for _, asset in again.asset_condition.iter_assets()] == ["raw.test"]
    assert again.periodic
