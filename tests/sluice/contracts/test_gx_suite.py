from __future__ import annotations

from sluice.contracts.gx_suite import expectation_suite, suite_config


def by_rule(dataset) -> dict[str, dict]:
    config = suite_config(dataset)
    found = {entry["meta"]["rule"]: entry for entry in config["expectations"]}
    assert len(found) == len(config["expectations"]), "two expectations share a rule name"
    return found


def test_the_suite_knows_contract_version_and_owner(events):
    suite = expectation_suite(events)
    assert suite.name == "curated.clickstream_events"
    assert suite.meta["contract"] == "clickstream.events"
    assert suite.meta["contract_version"] == "1.0.0"
    assert suite.meta["owner_email"] == "web-analytics@sluice.example"


def test_great_expectations_accepts_every_expectation_unchanged(contracts):
    for dataset in contracts.values():
        written = suite_config(dataset)["expectations"]
        read = expectation_suite(dataset).to_json_dict()["expectations"]
        assert [entry["type"] for entry in read] == [entry["type"] for entry in written]
        assert [entry["severity"] for entry in read] == [entry["severity"] for entry in written]


def test_schema_rules_become_expectations(events):
    rules = by_rule(events)
    assert rules["columns_in_order"]["kwargs"]["column_list"] == [column.name for column in events.columns]
    assert rules["event_id_unique"]["type"] == "expect_column_values_to_be_unique"
    assert rules["event_type_in_set"]["kwargs"]["value_set"] == ["click", "view", "purchase"]
    assert rules["amount_type"]["kwargs"]["type_"] == "DecimalType"
    assert rules["amount_in_range"]["kwargs"] == {"column": "amount", "min_value": 0, "strict_min": False}
    assert rules["email_hash_is_hash"]["kwargs"]["regex"] == "^[0-9a-f]{64}$"
    assert rules["has_rows"]["kwargs"] == {"min_value": 0, "strict_min": True}
    assert "user_agent_not_null" not in rules


def test_rules_over_raw_records_are_not_asked_of_the_table_that_lost_those_columns(events):
    assert "email_format" not in by_rule(events)


def test_row_rules_of_other_datasets_become_queries(contracts):
    rule = by_rule(contracts["clickstream.sessions"])["ends_after_it_starts"]
    assert rule["type"] == "unexpected_rows_expectation"
    assert rule["kwargs"]["unexpected_rows_query"] == (
        "select * from {batch} where not coalesce(ended_at >= started_at, true)")
    assert rule["severity"] == "critical"
    assert rule["meta"]["dimension"] == "consistency"


def test_severity_percentages_and_queries_of_quality_rules(dataset_of):
    rules = by_rule(dataset_of(
        {"name": "x", "quality": [
            {"metric": "nullValues", "mustBeLessThan": 5, "unit": "percent", "severity": "warning"},
            {"metric": "invalidValues", "mustBe": 0, "severity": "info", "arguments": {"pattern": "^a{2}$"}},
            {"name": "few_x", "type": "sql", "query": "select count(distinct ${property}) from ${object}",
             "mustBeBetween": [1, 9]}]},
        {"name": "y"},
        quality=[{"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["x", "y"]}},
                 {"metric": "rowCount", "mustBeBetween": [1, 100]}]))
    assert rules["x_null_values"]["kwargs"] == {"column": "x", "mostly": 0.95}
    assert rules["x_null_values"]["severity"] == "warning"
    assert rules["x_invalid_values_pattern"]["severity"] == "info"
    assert rules["few_x"]["kwargs"]["unexpected_rows_query"] == (
        "select * from (select count(distinct x) from {batch}) as result(measured) "
        "where not coalesce(measured between 1 and 9, false)")
    assert rules["x_y_duplicate_values"]["kwargs"] == {"column_list": ["x", "y"]}
    assert rules["row_count"]["kwargs"] == {"min_value": 1, "max_value": 100}
