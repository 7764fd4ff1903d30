from __future__ import annotations

import duckdb
import pytest

from sluice.contracts.quarantine import quarantine_rules


def test_the_rules_of_the_events_contract_keep_their_names_and_order(events):
    assert [rule.name for rule in quarantine_rules(events)] == [
        "malformed",
        "bad_event_id", "bad_tenant_id", "bad_user_id", "bad_session_id", "bad_event_type", "bad_page_id",
        "bad_event_timestamp", "bad_received_at", "bad_device_type", "bad_user_agent", "bad_referrer", "bad_ip",
        "bad_email", "bad_product_id", "bad_amount", "bad_currency",
        "missing_event_id", "missing_tenant_id", "missing_user_id", "missing_session_id", "missing_event_type",
        "missing_page_id", "missing_event_timestamp", "missing_received_at",
        "event_id_length", "tenant_id_length", "user_id_length", "session_id_length", "event_type_not_in_set",
        "event_type_length", "page_id_length", "device_type_length", "user_agent_length", "referrer_length",
        "product_id_length", "amount_out_of_range", "currency_pattern", "currency_length",
        "event_timestamp_in_future", "event_timestamp_too_old", "email_format", "amount_required_for_purchase",
        "amount_positive_for_purchase", "currency_required_for_purchase",
    ]


def test_every_rule_says_in_words_what_it_refuses(events):
    assert all(rule.description.endswith(".") for rule in quarantine_rules(events))


@pytest.mark.parametrize(("options", "value", "breaks"), [
    ({"logicalType": "integer", "logicalTypeOptions": {"minimum": 1, "maximum": 3}}, "3", False),
    ({"logicalType": "integer", "logicalTypeOptions": {"minimum": 1, "maximum": 3}}, "4", True),
    ({"logicalType": "integer", "logicalTypeOptions": {"exclusiveMinimum": 1}}, "1", True),
    ({"logicalType": "date", "logicalTypeOptions": {"minimum": "2026-01-01"}}, "date '2025-12-31'", True),
    ({"logicalType": "timestamp", "logicalTypeOptions": {"maximum": "2026-01-01T00:00:00+02:00"}},
     "timestamptz '2025-12-31 22:00:01Z'", True),
    ({"logicalType": "timestamp", "logicalTypeOptions": {"maximum": "2026-01-01"}},
     "timestamptz '2026-01-01 00:00:00Z'", False),
    ({"logicalTypeOptions": {"minLength": 2}}, "'x'", True),
    ({"logicalTypeOptions": {"pattern": "^it's$"}}, "'it''s'", False),
    ({"logicalTypeOptions": {"pattern": "^it's$"}}, "'its'", True),
    ({"logicalTypeOptions": {"pattern": "x"}}, "null::varchar", False),
])
def test_limits_are_judged_by_the_database(dataset_of, options, value, breaks):
    rules = quarantine_rules(dataset_of({"name": "x", **options}))
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'America/New_York'")
        assert connection.sql(f"select {rules[-1].sql} from (select {value} as x)").fetchall() == [(breaks,)]


def test_a_dataset_without_raw_records_has_nothing_to_quarantine(contracts):
    with pytest.raises(ValueError, match="is not made from raw records"):
        quarantine_rules(contracts["clickstream.sessions"])
