"""Hourly activity and sessions, computed from a handful of events that can be counted by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from sluice.lake.enrich import hourly_activity, sessions
from sluice.lake.interval import Interval

pytestmark = pytest.mark.slow
DAY = Interval.of_partition("2026-11-22")
SCHEMA = (
    "event_id string, tenant_id string, user_id string, session_id string, event_type string, page_id string, "
    "event_timestamp timestamp, device_type string, amount decimal(12,2), is_bot boolean, event_date date"
)


def _event(number, kind, at, *, tenant="a", user="u1", session="s1", page="p1", amount=None, bot=False):
    return (f"e{number}", tenant, user, session, kind, page, at, "mobile", amount, bot, at.date())


def _frame(spark, *events):
    return spark.createDataFrame(list(events), SCHEMA)


def test_activity_is_counted_per_tenant_hour_and_page_without_bots(spark):
    ten = datetime(2026, 11, 22, 10, 30)
    rows = hourly_activity(
        _frame(
            spark,
            _event(1, "view", ten),
            _event(2, "view", ten, user="u2"),
            _event(3, "purchase", ten, amount=Decimal("9.90")),
            _event(4, "view", ten, bot=True),
            _event(5, "view", ten, tenant="b"),
            _event(6, "view", ten.replace(hour=11)),
            _event(7, "view", ten.replace(day=23)),
        ),
        DAY,
    ).collect()
    first = next(r for r in rows if r.tenant_id == "a" and r.event_hour == datetime(2026, 11, 22, 10))
    assert (first.views, first.clicks, first.purchases, first.unique_users, first.revenue) == (
        2,
        0,
        1,
        2,
        Decimal("9.90"),
    )
    assert len(rows) == 3


def test_a_session_over_midnight_is_whole_and_belongs_to_the_day_it_started(spark):
    start, end = datetime(2026, 11, 22, 23, 50), datetime(2026, 11, 23, 0, 5)
    frame = _frame(
        spark, _event(1, "view", start, page="in"), _event(2, "purchase", end, page="out", amount=Decimal("5"))
    )
    row = sessions(frame, DAY).first()
    assert (row.event_date, row.duration_seconds, row.purchases, row.revenue) == (
        date(2026, 11, 22),
        900,
        1,
        Decimal("5.00"),
    )
    assert (row.entry_page, row.exit_page) == ("in", "out")
    assert sessions(frame, Interval.of_partition("2026-11-23")).count() == 0


def test_two_shops_may_use_the_same_session_id(spark):
    at = datetime(2026, 11, 22, 10)
    assert sessions(_frame(spark, _event(1, "view", at), _event(2, "view", at, tenant="b")), DAY).count() == 2


def test_pages_of_the_same_instant_are_ordered_by_event_id(spark):
    at = datetime(2026, 11, 22, 10)
    row = sessions(
        _frame(spark, _event(2, "view", at, page="second"), _event(1, "view", at, page="first")), DAY
    ).first()
    assert (row.entry_page, row.exit_page) == ("first", "second")
