"""dbt builds the marts from a synthetic lake; the tests tell a story and run in order of the file."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from sluice.warehouse.questions import MARTS, QUESTIONS, mart_rows_statement
from tests.support.lake_rows import SHOPS, day_of_events, event, revenue, sessions, store

pytestmark = pytest.mark.slow

DAYS = [date(2026, 11, 20) + timedelta(days=number) for number in range(3)]
LATE_DAY = DAYS[1]


@pytest.fixture(scope="module")
def events(warehouse):
    """The lake's events by day; whatever a test puts here it stores as a load would."""
    lake = {day: day_of_events(day) for day in DAYS}
    store(warehouse, [each for day in DAYS for each in lake[day]], DAYS)
    return lake


@pytest.fixture(scope="module")
def built(dbt, events):
    return dbt("build")


def everything(events):
    return [each for day in events.values() for each in day]


def people(events):
    return [each for each in everything(events) if not each["is_bot"]]


def contents(warehouse):
    return {mart: sorted(map(repr, warehouse.rows(f"select * from marts.{mart}"))) for mart in MARTS}


def expected_shop_days(events):
    """(shop, day) -> sessions, converted, users, views, clicks, purchases, revenue, events, bot events; by hand."""
    days = {}
    for shop in SHOPS:
        for day, members in events.items():
            own = [each for each in members if each["tenant_id"] == shop]
            human = [each for each in own if not each["is_bot"]]
            visits = [visit for visit in sessions(own) if not visit["is_bot"]]
            kinds = Counter(each["event_type"] for each in human)
            days[shop, day] = (
                len(visits), sum(visit["purchases"] > 0 for visit in visits), len({each["user_id"] for each in human}),
                kinds["view"], kinds["click"], kinds["purchase"], revenue(human), len(own), len(own) - len(human),
            )
    return days


def shop_days(warehouse):
    rows = warehouse.rows(
        "select tenant_id, event_date, sessions, converted_sessions, users, views, clicks, purchases, revenue, events,"
        " bot_events from marts.agg_shop_daily"
    )
    return {(shop, day): tuple(numbers) for shop, day, *numbers in rows}


def test_the_whole_project_builds_and_every_test_of_it_passes(built):
    assert built.failed == []
    assert set(built.status.values()) <= {"pass", "success"}
    assert set(MARTS) <= set(built.status)
    assert sum(name.startswith("source_") for name in built.status) > 10


def test_shop_days_are_what_a_count_by_hand_gives(built, warehouse, events):
    assert shop_days(warehouse) == expected_shop_days(events)


def test_conversion_and_bot_share_are_quotients_of_the_same_row(built, warehouse):
    rows = warehouse.rows(
        "select conversion_rate, converted_sessions, sessions, bot_share, bot_events, events from marts.agg_shop_daily"
    )
    assert rows
    for rate, converted, visits, share, bots, total in rows:
        assert abs(rate - Decimal(converted) / visits) < Decimal("0.000001")
        assert abs(share - Decimal(bots) / total) < Decimal("0.000001")


def test_bots_are_in_no_mart_of_people_but_counted(built, warehouse, events):
    bots = [each for each in everything(events) if each["is_bot"]]
    assert bots, "the lake has no bots; the test would show nothing"
    ids = {each["session_id"] for each in bots}
    assert not ids & {row[0] for row in warehouse.rows("select session_id from marts.fct_sessions")}
    assert not ids & {row[0] for row in warehouse.rows("select session_id from marts.fct_purchases")}
    assert warehouse.rows("select sum(bot_events) from marts.fct_page_views_hourly") == [(len(bots),)]


def test_users_span_days_and_shops_are_kept_apart(built, warehouse, events):
    expected = {}
    for each in people(events):
        key = each["tenant_id"], each["user_id"]
        expected.setdefault(key, []).append(each)
    rows = warehouse.rows(
        "select tenant_id, user_id, first_seen_at, last_seen_at, active_days, orders, lifetime_revenue"
        " from marts.dim_users"
    )
    assert {(shop, user): tuple(rest) for shop, user, *rest in rows} == {
        key: (
            min(each["event_timestamp"] for each in members).replace(tzinfo=None),
            max(each["event_timestamp"] for each in members).replace(tzinfo=None),
            len({each["event_date"] for each in members}),
            sum(each["event_type"] == "purchase" for each in members),
            revenue(members),
        )
        for key, members in expected.items()
    }


def test_the_physical_layout_is_declared(built, warehouse):
    rows = warehouse.rows("select \"table\", diststyle, sortkey1 from svv_table_info where \"schema\" = 'marts'")
    layout = {table: (style, key) for table, style, key in rows}
    assert layout["fct_sessions"] == ("KEY(user_id)", "event_date")
    assert layout["agg_shop_daily"][0] == "ALL"


def test_a_late_rerun_of_a_past_day_corrects_that_day_and_no_other(built, dbt, warehouse, events):
    before = shop_days(warehouse)
    moment = datetime(LATE_DAY.year, LATE_DAY.month, LATE_DAY.day, 23, 59, 59, tzinfo=UTC)
    late = event(event_id="late", tenant_id="alpine", user_id="user-late", session_id="late", event_type="purchase",
                 event_timestamp=moment, amount=Decimal("12.34"))
    # One event arrived late, and everything of one shop turned out to be invalid: its day becomes empty.
    events[LATE_DAY] = [each for each in events[LATE_DAY] if each["tenant_id"] != "cobalt"] + [late]
    store(warehouse, events[LATE_DAY], [LATE_DAY])

    run = dbt("build", "--select", "marts", "--exclude-resource-type", "unit_test",
              days=(LATE_DAY, LATE_DAY + timedelta(days=1)))

    assert run.failed == []
    after = shop_days(warehouse)
    assert ("cobalt", LATE_DAY) in before and ("cobalt", LATE_DAY) not in after
    assert after["alpine", LATE_DAY][6] == before["alpine", LATE_DAY][6] + Decimal("12.34")
    assert {key: row for key, row in after.items() if key[1] != LATE_DAY} == {
        key: row for key, row in before.items() if key[1] != LATE_DAY
    }
    expected = expected_shop_days(events)
    del expected["cobalt", LATE_DAY]
    assert after == expected
    assert warehouse.rows("select first_seen_at from marts.dim_users where user_id = 'user-late'") == [
        (moment.replace(tzinfo=None),)
    ]


def test_every_question_has_an_answer(built, warehouse):
    for question in QUESTIONS:
        rows = warehouse.rows(question.sql)
        assert rows, question.title
        assert all(None not in row[:3] for row in rows), question.title
    counts = dict(warehouse.rows(mart_rows_statement()))
    assert set(counts) == set(MARTS)
    assert all(counts.values())


def test_rows_lost_between_lake_and_marts_are_found_and_the_next_run_repairs_them(built, dbt, warehouse, events):
    day_by_day = contents(warehouse)
    warehouse.execute("delete from marts.fct_purchases where purchase_id = 'late'")
    run = dbt("test", "--select", "test_type:singular", days=(LATE_DAY, LATE_DAY + timedelta(days=1)))
    assert not run.success
    assert run.failed == ["purchases_of_the_lake_are_in_the_marts", "revenue_agrees_between_marts"]
    # Over every day, twice what most of it holds already: the same marts as from a first build and one corrected day.
    assert dbt("run", "--select", "marts").failed == []
    assert contents(warehouse) == day_by_day


def test_a_wrong_interval_stops_the_run_before_it_begins(built, dbt):
    with pytest.raises(Exception, match="interval_end is exclusive and must be after interval_start"):
        dbt("parse", days=(DAYS[1], DAYS[1]))
