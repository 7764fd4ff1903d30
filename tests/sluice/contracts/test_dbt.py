from __future__ import annotations

import yaml

from sluice.contracts.dbt import dbt_sources, dbt_sources_yaml


def tables(contracts) -> dict:
    [source] = dbt_sources(contracts.values())["sources"]
    assert (source["name"], source["schema"]) == ("lake", "lake")
    return {table["name"]: table for table in source["tables"]}


def test_each_dataset_of_the_warehouse_is_a_table_of_the_source(contracts):
    assert list(tables(contracts)) == ["clickstream_events", "clickstream_hourly_activity", "clickstream_sessions"]


def test_freshness_and_owner_come_from_the_contract(contracts):
    config = tables(contracts)["clickstream_events"]["config"]
    assert config["loaded_at_field"] == "received_at"
    assert config["freshness"] == {"warn_after": {"count": 1, "period": "day"},
                                   "error_after": {"count": 2, "period": "day"}}
    assert config["meta"]["owner_email"] == "web-analytics@sluice.example"


def test_columns_bring_their_tests_and_types(contracts):
    columns = {column["name"]: column for column in tables(contracts)["clickstream_events"]["columns"]}
    assert columns["event_id"]["data_tests"] == ["not_null", "unique"]
    assert columns["event_type"]["data_tests"] == [
        "not_null", {"accepted_values": {"arguments": {"values": ["click", "view", "purchase"]}}}]
    assert columns["amount"]["data_type"] == "decimal(12,2)"
    assert "data_tests" not in columns["referrer"]


def test_a_quality_rule_becomes_a_test_of_its_severity(dataset_of):
    dataset = dataset_of({"name": "x", "quality": [
        {"metric": "duplicateValues", "mustBe": 0, "severity": "warning"}]}, custom={"warehouse": {"schema": "lake"}})
    [table] = dbt_sources([dataset])["sources"][0]["tables"]
    assert table["columns"][0]["data_tests"] == [{"unique": {"config": {"severity": "warn"}}}]


def test_the_file_is_yaml_with_a_header_that_tells_how_to_renew_it(contracts):
    text = dbt_sources_yaml(contracts.values(), "models/_sources.yml")
    assert "dbt-sources --out models/_sources.yml" in text.splitlines()[1]
    assert yaml.safe_load(text) == dbt_sources(contracts.values())
