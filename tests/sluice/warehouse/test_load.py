from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.warehouse.load import interval_count_statement, load_statements

ROLE = "arn:aws:iam::000000000000:role/sluice-platform"
MANIFEST = "s3://sluice-lake/manifests/curated/clickstream_events/2026-11-22.manifest"


def statements(**changes):
    arguments = {
        "table": "lake.clickstream_events",
        "columns": ["event_id", "amount"],
        "interval_column": "event_date",
        "start": date(2026, 11, 22),
        "end": date(2026, 11, 23),
        "manifest_uri": MANIFEST,
        "iam_role": ROLE,
    }
    return load_statements(**(arguments | changes))


def test_a_load_locks_the_table_empties_the_interval_and_copies_the_manifest():
    assert statements() == [
        'lock "lake"."clickstream_events"',
        'delete from "lake"."clickstream_events" '
        "where \"event_date\" >= '2026-11-22' and \"event_date\" < '2026-11-23'",
        'copy "lake"."clickstream_events" ("event_id", "amount") '
        "from 's3://sluice-lake/manifests/curated/clickstream_events/2026-11-22.manifest' "
        "iam_role 'arn:aws:iam::000000000000:role/sluice-platform' format as parquet manifest",
    ]


def test_bounds_of_a_timestamp_column_name_their_zone():
    paris = timezone(timedelta(hours=1))
    _, delete, _ = statements(
        interval_column="event_timestamp",
        start=datetime(2026, 11, 22, tzinfo=UTC),
        end=datetime(2026, 11, 23, 1, tzinfo=paris),
    )
    assert "\"event_timestamp\" >= '2026-11-22 00:00:00'" in delete
    assert "\"event_timestamp\" < '2026-11-23 00:00:00'" in delete


def test_the_count_looks_at_the_same_rows_as_the_delete():
    delete = statements()[1]
    count = interval_count_statement(
        "lake.clickstream_events", "event_date", date(2026, 11, 22), date(2026, 11, 23)
    )
    assert count.split(" where ")[1] == delete.split(" where ")[1]


def test_an_interval_without_rows_is_only_emptied():
    assert [statement.split()[0] for statement in statements(manifest_uri=None)] == ["lock", "delete"]


def test_the_default_role_of_the_cluster_is_a_keyword():
    assert " iam_role default " in statements(iam_role="default")[-1]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"table": "clickstream_events"}, "schema.table"),
        ({"table": "lake.events; drop table x"}, "plain lower-case SQL name"),
        ({"columns": []}, "no columns"),
        ({"columns": ['a", "b']}, "plain lower-case SQL name"),
        ({"interval_column": "a or 1=1"}, "plain lower-case SQL name"),
        ({"manifest_uri": "https://example.org/x"}, "not an s3://bucket/key address"),
        ({"manifest_uri": "s3://bucket/x' credentials 'y"}, "not an s3://bucket/key address"),
        ({"iam_role": "admin"}, "neither 'default' nor the ARN"),
        ({"iam_role": "arn:aws:iam::000000000000:role/x' y"}, "neither 'default' nor the ARN"),
        ({"end": date(2026, 11, 22)}, "must lie after its start"),
        ({"end": datetime(2026, 11, 23, tzinfo=UTC)}, "two of a kind"),
        ({"start": datetime(2026, 11, 22), "end": datetime(2026, 11, 23)}, "no time zone"),
    ],
)
def test_what_is_not_what_it_should_be_never_reaches_sql(change, complaint):
    with pytest.raises(ValueError, match=complaint.replace("(", r"\(")):
        statements(**change)


@given(st.text(max_size=40))
def test_no_manifest_address_can_leave_its_literal(text):
    try:
        copy = statements(manifest_uri=f"s3://bucket/{text}")[-1]
    except ValueError:
        return
    # ROLE and the address: two literals, four quotes, whatever the address holds.
    assert copy.count("'") == 4
    assert "\\" not in copy
