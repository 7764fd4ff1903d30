from __future__ import annotations

import datetime as dt
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.contracts import Dataset, load_contract
from sluice.contracts.quarantine import quarantine_rules
from sluice.contracts.raw_sql import raw_select_sql

UTC = dt.UTC
KEY = "k3y"
EVENTS_BYTES = (Path(__file__).parents[3] / "contracts" / "clickstream" / "events.yaml").read_bytes()
GOOD: dict[str, Any] = {
    "event_id": "e1", "tenant_id": "acme", "user_id": "u1", "session_id": "s1", "event_type": "purchase",
    "page_id": "/cart", "event_timestamp": "2026-03-01T10:00:00.123Z", "_received_at": "2026-03-01T10:00:01.000Z",
    "device_type": "mobile", "user_agent": "Mozilla/5.0", "referrer": "https://shop.example/", "ip": "192.0.2.7",
    "email": " Ann@Example.com ", "product_id": "p1", "amount": 12.34, "currency": "EUR", "_record_id": "r1:0",
    "_event_hour": "2026-03-01T10",
}


@pytest.fixture(scope="module")
def connection():
    """DuckDB in a session far from UTC: results must not depend on the session's time zone."""
    with duckdb.connect() as found:
        found.execute("set TimeZone = 'America/New_York'; set threads = 1")
        yield found


def run(connection: duckdb.DuckDBPyConnection, dataset: Dataset, *lines: str) -> list[dict[str, Any]]:
    connection.execute("create or replace temp table lines (value varchar)")
    connection.executemany("insert into lines values (?)", [[line] for line in lines])
    found = connection.sql(raw_select_sql(dataset, "lines"), params={"salt": KEY}).to_arrow_table()
    return found.to_pylist()


def event(**changes: Any) -> str:
    return json.dumps({name: value for name, value in {**GOOD, **changes}.items() if value is not ...})


def reason(connection, dataset: Dataset, line: str) -> str | None:
    [row] = run(connection, dataset, line)
    return row["reason"]


def test_a_good_event_becomes_a_typed_row_without_personal_data(connection, events):
    [row] = run(connection, events, event(user_agent="Googlebot/2.1"))
    assert row == {
        "event_id": "e1", "tenant_id": "acme", "user_id": "u1", "session_id": "s1", "event_type": "purchase",
        "page_id": "/cart", "event_timestamp": dt.datetime(2026, 3, 1, 10, 0, 0, 123000, UTC),
        "received_at": dt.datetime(2026, 3, 1, 10, 0, 1, tzinfo=UTC), "device_type": "mobile",
        "user_agent": "Googlebot/2.1", "referrer": "https://shop.example/",
        "ip_hash": hashlib.sha256(b"k3y192.0.2.7").hexdigest(),
        "email_hash": hashlib.sha256(b"k3yann@example.com").hexdigest(), "product_id": "p1",
        "amount": Decimal("12.34"), "currency": "EUR", "is_bot": True, "event_date": dt.date(2026, 3, 1),
        "record_id": "r1:0", "reason": None, "warnings": None, "raw_line": None,
    }


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, None),
    ({"event_id": ...}, "missing_event_id"),
    ({"user_id": None}, "missing_user_id"),
    ({"user_id": ""}, "missing_user_id"),
    ({"user_id": 42}, None),
    ({"user_id": {"id": 1}}, "bad_user_id"),
    ({"page_id": [1, 2]}, "bad_page_id"),
    ({"page_id": "[draft] page"}, None),
    ({"page_id": "a\x00b"}, "bad_page_id"),
    ({"session_id": "s" * 129}, "session_id_length"),
    ({"event_type": "scroll"}, "event_type_not_in_set"),
    ({"event_type": "Click"}, "event_type_not_in_set"),
    ({"event_timestamp": "yesterday"}, "bad_event_timestamp"),
    ({"event_timestamp": 1772359200}, "bad_event_timestamp"),
    ({"event_timestamp": "infinity"}, "bad_event_timestamp"),
    ({"event_timestamp": "epoch"}, "bad_event_timestamp"),
    ({"event_timestamp": "0026-03-01T10:00:00Z"}, "bad_event_timestamp"),
    ({"event_timestamp": "2026-02-30T10:00:00Z"}, "bad_event_timestamp"),
    ({"event_timestamp": "2026-03-01"}, "bad_event_timestamp"),
    ({"event_timestamp": "2026-03-02T10:00:01Z"}, None),
    ({"event_timestamp": "2026-03-02T10:00:02Z"}, "event_timestamp_in_future"),
    ({"event_timestamp": "2026-01-25T10:00:01Z"}, None),
    ({"event_timestamp": "2026-01-25T10:00:00Z"}, "event_timestamp_too_old"),
    ({"email": "broken"}, "email_format"),
    ({"email": None}, None),
    ({"email": ""}, None),
    ({"amount": None}, "amount_required_for_purchase"),
    ({"amount": 0}, "amount_positive_for_purchase"),
    ({"amount": -1}, "amount_out_of_range"),
    ({"amount": "12.30"}, None),
    ({"amount": "free"}, "bad_amount"),
    ({"amount": True}, "bad_amount"),
    ({"amount": 12.345}, "bad_amount"),
    ({"amount": 0.1 + 0.2}, None),
    ({"amount": 1e300}, "bad_amount"),
    ({"amount": float("nan")}, "bad_amount"),
    ({"amount": float("inf")}, "bad_amount"),
    ({"currency": ...}, "currency_required_for_purchase"),
    ({"currency": "eur"}, "currency_pattern"),
    ({"event_type": "view", "amount": None, "currency": None}, None),
    ({"event_type": "view", "amount": 0}, None),
    ({"_malformed": "<html>"}, "malformed"),
    ({"user_id": None, "event_type": "scroll"}, "missing_user_id"),
])
def test_each_broken_rule_is_named(connection, events, changes, expected):
    [row] = run(connection, events, event(**changes))
    assert row["reason"] == expected
    assert row["raw_line"] == (None if expected is None else event(**changes))


@pytest.mark.parametrize("line", ["", "null", "[1]", '"text"', "1", "{", '{"event_id": "e1"', "<xml/>", "{'a': 1}",
                                  '{"a": "\\ud800"}', "\ufeff{}", "{} {}"])
def test_what_is_not_one_json_object_is_malformed(connection, events, line):
    assert reason(connection, events, line) == "malformed"


def test_a_null_line_is_malformed_too(connection, events):
    connection.execute("create or replace temp table lines as select null::varchar as value")
    rows = connection.execute(f"select reason from ({raw_select_sql(events, 'lines')})", {"salt": KEY}).fetchall()
    assert rows == [("malformed",)]


@pytest.mark.parametrize(("text", "utc"), [
    ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00"),
    ("2026-03-01T10:00:00z", "2026-03-01T10:00:00"),
    ("2026-03-01T10:00Z", "2026-03-01T10:00:00"),
    ("2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00"),
    ("2026-03-01T15:30:00.5+0530", "2026-03-01T10:00:00.500000"),
    ("2026-03-01T06:00:00-04", "2026-03-01T10:00:00"),
    ("2026-03-01 10:00:00", "2026-03-01T10:00:00"),
    ("2026-03-01T10:00:00.123456789Z", "2026-03-01T10:00:00.123456"),
])
def test_timestamps_of_any_offset_become_the_same_instant(connection, events, text, utc):
    [row] = run(connection, events, event(event_timestamp=text))
    assert row["event_timestamp"] == dt.datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert row["event_date"] == dt.date(2026, 3, 1)


def test_the_day_of_an_event_is_its_utc_day_whatever_the_session_says(connection, events):
    [row] = run(connection, events, event(event_timestamp="2026-03-01T01:30:00+02:00"))
    assert row["event_date"] == dt.date(2026, 2, 28)


def test_only_purchases_keep_an_amount(connection, events):
    [row] = run(connection, events, event(event_type="click", amount=0))
    assert row["reason"] is None
    assert row["amount"] is None


def test_the_hash_ignores_case_and_surrounding_spaces_and_depends_on_the_key(connection, events):
    first, second = run(connection, events, event(), event(email="ann@example.COM"))
    assert first["email_hash"] == second["email_hash"] != hashlib.sha256(b"ann@example.com").hexdigest()


@pytest.mark.parametrize("key", ["", None])
def test_an_empty_hash_key_is_refused_loudly(connection, events, key):
    connection.execute("create or replace temp table lines as select ? as value", [event()])
    with pytest.raises(duckdb.Error, match="the key of the PII hash is empty"):
        connection.execute(raw_select_sql(events, "lines"), {"salt": key}).fetchall()


def test_the_first_of_two_equal_keys_counts(connection, events):
    line = event()[:-1] + ', "user_id": "other"}'
    [row] = run(connection, events, line)
    assert (row["user_id"], row["reason"]) == ("u1", None)


def test_columns_of_the_relation_are_handed_on(connection, events):
    connection.execute("create or replace temp table lines as select ? as line, 'f.gz' as file", [event()])
    sql = raw_select_sql(events, "lines", "line", passthrough=["file"])
    assert connection.execute(f"select event_id, file from ({sql})", {"salt": KEY}).fetchall() == [("e1", "f.gz")]


def test_warnings_are_counted_without_holding_the_row_back(connection, dataset_of):
    dataset = dataset_of({"name": "a"}, quality=[
        {"name": "a_is_short", "type": "custom", "engine": "sluice", "severity": "warning",
         "implementation": {"check": "length(a) < 3"}},
        {"name": "a_is_x", "type": "custom", "engine": "sluice", "severity": "info",
         "implementation": {"check": "a = 'x'"}}])
    rows = run(connection, dataset, '{"a": "x"}', '{"a": "long"}', '{"a": null}', "no")
    assert [(row["reason"], row["warnings"]) for row in rows] == [
        (None, None), (None, "a_is_short,a_is_x"), (None, None), ("malformed", None)]


def test_nested_fields_masks_and_dropped_columns(connection, dataset_of):
    dataset = dataset_of(
        {"name": "device", "custom": {"rawPath": "client.device.kind"}},
        {"name": "phone", "custom": {"rawPath": "client.phone", "piiTransform": "mask"}},
        {"name": "age", "logicalType": "integer", "custom": {"piiTransform": "drop"}},
        {"name": "is_adult", "logicalType": "boolean", "transformLogic": "age >= 18"},
        quality=[{"name": "age_is_human", "type": "custom", "engine": "sluice",
                  "implementation": {"check": "age between 0 and 130"}}])
    assert [column.name for column in dataset.columns] == ["device", "phone", "is_adult"]
    rows = run(connection, dataset, '{"client": {"device": {"kind": "tv"}, "phone": "+491"}, "age": 20}',
               '{"client": "x", "age": 200}', '{"client": {"device": 3}, "age": 1.5}')
    assert [(row["device"], row["phone"], row["is_adult"], row["reason"]) for row in rows] == [
        ("tv", "+***", True, None), (None, None, True, "age_is_human"), (None, None, False, "bad_age")]
    assert "age" not in rows[0]


@pytest.mark.parametrize(("physical", "logical", "value", "expected"), [
    ("bigint", "integer", "9223372036854775807", 9223372036854775807),
    ("bigint", "integer", "9223372036854775808", "bad_x"),
    ("int", "integer", "2147483648", "bad_x"),
    ("int", "integer", "1.7", "bad_x"),
    ("int", "integer", '"17"', 17),
    ("double", "number", "NaN", "bad_x"),
    ("double", "number", "1e400", "bad_x"),
    ("double", "number", "-0.5", -0.5),
    ("decimal(18,2)", "number", "123456789012.34", Decimal("123456789012.34")),
    ("decimal(18,2)", "number", "1234567890123456.12", "bad_x"),
    ("decimal(18,2)", "number", '"1234567890123456.12"', Decimal("1234567890123456.12")),
    ("boolean", "boolean", "true", True),
    ("boolean", "boolean", "1", "bad_x"),
    ("date", "date", '"2026-02-28"', dt.date(2026, 2, 28)),
    ("date", "date", '"2026-02-29"', "bad_x"),
    ("date", "date", '"infinity"', "bad_x"),
])
def test_values_are_exact_or_bad_never_rounded(connection, dataset_of, physical, logical, value, expected):
    dataset = dataset_of({"name": "x", "logicalType": logical, "physicalType": physical})
    [row] = run(connection, dataset, f'{{"x": {value}}}')
    assert (row["reason"] or row["x"]) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8)
records = st.fixed_dictionaries({}, optional={name: st.just(value) | json_values for name, value in GOOD.items()})
lines = (st.text() | json_values.map(json.dumps) | records.map(json.dumps)
         | records.map(lambda record: json.dumps(record, ensure_ascii=False))
         | st.tuples(records.map(json.dumps), st.integers(0, 80)).map(lambda pair: pair[0][:pair[1]]))


@settings(max_examples=40, deadline=None)
@given(batch=st.lists(lines, min_size=1, max_size=30))
def test_every_line_whatever_it_holds_has_exactly_one_outcome(batch):
    dataset = load_contract(EVENTS_BYTES)
    names = {rule.name for rule in quarantine_rules(dataset)}
    # Lone surrogates cannot be UTF-8, so no file and no Arrow batch can hold them.
    batch = [line.encode("utf-8", "replace").decode() for line in batch]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 1")
        rows = run(connection, dataset, *batch)
    assert len(rows) == len(batch)
    required = [column.name for column in dataset.columns if column.required]
    for row, line in zip(rows, batch, strict=True):
        if row["reason"] is None:
            assert row["raw_line"] is None
            assert all(row[name] is not None for name in required)
            assert row["event_type"] in ("click", "view", "purchase")
        else:
            assert row["reason"] in names
            assert row["raw_line"] == line
