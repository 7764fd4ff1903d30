"""Every line gets exactly one fate: properties over arbitrary deliveries, checked against plain Python."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from sluice.contracts import load_contract
from sluice.contracts.raw_sql import raw_select_sql
from sluice.lake.interval import Interval
from sluice.lake.promote import OUTSIDE_INTERVAL, count_fates, curated_rows, quarantined_rows, settle

pytestmark = pytest.mark.slow
CONTRACT = load_contract(Path(__file__).parents[3] / "contracts/clickstream/events.yaml")
DAY = Interval.of_partition("2026-11-22")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _line(event: int, record: int, received: int = 0, kind: str = "view", at: datetime = NOON, **more) -> str:
    return json.dumps(
        {
            "event_id": f"00000000-0000-4000-8000-{event:012d}",
            "user_id": "u1",
            "session_id": "s1",
            "event_type": kind,
            "page_id": "p1",
            "event_timestamp": at.isoformat(),
            "tenant_id": "shop",
            "_record_id": f"r:{record}",
            "_received_at": (NOON + timedelta(seconds=received)).isoformat(),
            **more,
        }
    )


def _settled(spark, lines: list[str]):
    """Parse lines as the job's tasks do, then settle them on Spark."""
    import duckdb
    import pyarrow as pa
    from pyspark.sql import types as T

    from sluice.contracts.spark_schema import spark_schema_json

    engine = duckdb.connect()
    engine.execute("set TimeZone = 'UTC'")
    engine.register(
        "lines",
        pa.table(
            {
                "source_file": pa.array(["s3://lake/f"] * len(lines), pa.string()),
                "source_line": pa.array(range(1, len(lines) + 1), pa.int64()),
                "line": pa.array(lines, pa.string()),
            }
        ),
    )
    query = raw_select_sql(CONTRACT, "lines", "line", passthrough=("source_file", "source_line"))
    columns = [T.StructField(f.name, f.dataType) for f in T.StructType.fromJson(spark_schema_json(CONTRACT)).fields]
    names = ("record_id", "source_file", "source_line", "raw_line", "reason")
    schema = T.StructType(
        columns + [T.StructField(n, T.LongType() if n == "source_line" else T.StringType()) for n in names]
    )
    rows = engine.execute(query, {"salt": "pepper"}).to_arrow_table().select(schema.fieldNames()).to_pylist()
    return settle(spark.createDataFrame([tuple(row.values()) for row in rows], schema), CONTRACT, DAY)


def test_the_latest_of_two_deliveries_of_an_event_wins(spark):
    settled = _settled(spark, [_line(1, 1, received=5, page_id="early"), _line(1, 2, received=9, page_id="late")])
    assert [row.page_id for row in curated_rows(settled, CONTRACT).collect()] == ["late"]
    assert count_fates(settled).duplicates == 1


def test_a_record_that_was_sent_again_is_redelivered_and_keeps_its_first_arrival(spark):
    settled = _settled(spark, [_line(1, 1, received=60), _line(1, 1, received=0), _line(1, 1, received=30)])
    fates = count_fates(settled)
    assert (fates.curated, fates.duplicates, fates.redelivered) == (1, 0, 2)
    assert curated_rows(settled, CONTRACT).first().received_at == NOON.replace(tzinfo=None)


def test_a_bad_record_does_not_hide_a_good_one_of_the_same_event(spark):
    settled = _settled(spark, [_line(1, 1, received=99, kind="hover"), _line(1, 2, received=1)])
    fates = count_fates(settled)
    assert (fates.curated, fates.quarantined, fates.reasons) == (1, 1, {"event_type_not_in_set": 1})


def test_an_event_of_another_day_is_quarantined_and_not_lost(spark):
    settled = _settled(spark, [_line(1, 1, at=NOON + timedelta(days=1)), _line(2, 2)])
    assert count_fates(settled).reasons == {OUTSIDE_INTERVAL: 1}


def test_quarantine_keeps_the_line_its_place_and_the_reason(spark):
    settled = _settled(spark, [_line(2, 2), '{"torn": '])
    row = quarantined_rows(settled, CONTRACT, DAY, "run-1").first()
    assert (row.raw, row.source_file, row.source_line, row.reason) == ('{"torn": ', "s3://lake/f", 2, "malformed")
    assert (row.run_id, str(row.interval_date), row.contract_version) == ("run-1", "2026-11-22", CONTRACT.version)


def test_personal_data_leaves_the_job_as_hashes_only(spark):
    settled = _settled(spark, [_line(1, 1, email="Ann@Example.org", ip="192.0.2.7")])
    row = curated_rows(settled, CONTRACT).first()
    assert len(row.email_hash) == len(row.ip_hash) == 64
    assert "ann" not in str(row).lower() and "192.0.2.7" not in str(row)


deliveries = st.lists(
    st.one_of(
        st.builds(
            lambda event, received, kind: (f"{event}:{kind}", event, received, kind),
            st.integers(1, 4),
            st.integers(0, 3),
            st.sampled_from(["view", "click", "hover"]),
        ),
        st.just(None),
    ),
    max_size=14,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries)
def test_fates_add_up_and_match_a_plain_count_in_any_order_with_any_copies(spark, items):
    lines, records = [], {}
    for place, item in enumerate(items):
        if item is None:
            lines.append("{" + f'"torn {place}')
            continue
        name, event, received, kind = item
        record = records.setdefault(name, len(records))
        lines.append(_line(event, record, received, kind))
    fates = count_fates(_settled(spark, lines))

    torn = sum(item is None for item in items)
    good = {(item[0], item[1]) for item in items if item and item[3] != "hover"}
    events = {event for _, event in good}
    assert fates.curated == len(events)
    assert fates.duplicates == len(good) - len(events)
    assert fates.quarantined == torn + len({item[0] for item in items if item and item[3] == "hover"})
    assert fates.redelivered == sum(Counter(item[0] for item in items if item).values()) - len(records)
    assert fates.records_in + fates.redelivered == len(items)


def test_the_result_does_not_depend_on_the_order_of_lines(spark):
    lines = [_line(1, 1, 3, page_id="a"), _line(1, 2, 3, page_id="b"), _line(1, 3, 1, page_id="c"), _line(2, 4)]
    results = []
    for order in (lines, lines[::-1]):
        rows = (
            curated_rows(_settled(spark, order), CONTRACT)
            .orderBy("event_id")
            .select("event_id", F.col("page_id"))
            .collect()
        )
        results.append(rows)
    assert results[0] == results[1]
