from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluice.contracts import ContractError, UnknownDatasetError, load_contract, load_contracts

EVENTS = Path(__file__).parents[3] / "contracts" / "clickstream" / "events.yaml"


def faults(text: str) -> list[str]:
    with pytest.raises(ContractError) as caught:
        load_contract(text.encode(), source="c.yaml")
    return [str(problem) for problem in caught.value.problems]


def changed(old: str, new: str) -> tuple[str, int]:
    """Change one place of the events contract; return the text and the line of the change."""
    text = EVENTS.read_text()
    assert old in text
    return text.replace(old, new, 1), text[:text.index(old)].count("\n") + 1


def test_the_events_contract_says_what_the_promotion_needs(events):
    assert events.name == "curated.clickstream_events"
    assert events.id == "clickstream.events"
    assert events.key == ("event_id",)
    assert [str(key) for key in events.winner] == ["received_at desc", "record_id desc"]
    assert [str(field) for field in events.partitioning] == ["hour(event_timestamp)"]
    assert (events.owner, events.owner_email) == ("Web Analytics", "web-analytics@sluice.example")
    assert events.freshness == timedelta(days=1)
    assert events.retention == timedelta(days=400)
    assert events.allowed_lateness == timedelta(days=35)
    assert events.raw.prefix == "raw/clickstream/events/"
    assert events.column("amount").type.precision == 12
    assert {column.name: column.pii_transform for column in events.columns if column.pii_transform} == {
        "ip_hash": "hash", "email_hash": "hash"}


def test_the_contracts_have_the_columns_the_pipelines_agreed_on(contracts):
    assert {name: " ".join(column.name for column in dataset.columns) for name, dataset in contracts.items()} == {
        "curated.clickstream_events":
            "event_id tenant_id user_id session_id event_type page_id event_timestamp received_at device_type "
            "user_agent referrer ip_hash email_hash product_id amount currency is_bot event_date",
        "enriched.clickstream_hourly_activity":
            "tenant_id event_hour event_date page_id views clicks purchases unique_users revenue",
        "enriched.clickstream_sessions":
            "tenant_id session_id user_id started_at ended_at event_date duration_seconds views clicks purchases "
            "revenue entry_page exit_page device_type is_bot",
    }


def test_no_personal_data_is_stored_without_a_transform(contracts):
    for dataset in contracts.values():
        for column in dataset.columns:
            assert column.pii_class in (None, "pseudonym") or column.pii_transform in ("hash", "mask"), column.name


def test_a_dataset_is_found_by_name_contract_id_and_table(contracts):
    found = contracts["enriched.clickstream_sessions"]
    assert contracts["clickstream.sessions"] is found
    assert contracts["clickstream_sessions"] is found
    with pytest.raises(UnknownDatasetError, match=r"'nope'; known datasets: curated\.clickstream_events, "):
        contracts["nope"]
    assert contracts.get("nope") is None


def test_datasets_survive_pickling(events):
    import pickle

    assert pickle.loads(pickle.dumps(events)) == events


@pytest.mark.parametrize(("old", "new", "expected"), [
    ("logicalType: boolean", "logicalType: bool",
     "schema[0].properties[16].logicalType: 'bool' is not allowed (did you mean 'boolean'?), expected one of string, "),
    ("physicalType: decimal(12,2)", "physicalType: decimal(2,12)",
     "schema[0].properties[14].physicalType: 'decimal(2,12)' is impossible"),
    ("physicalType: decimal(12,2)", "physicalType: boolean",
     "schema[0].properties[14].physicalType: 'boolean' cannot hold logicalType 'number', expected one of double, "),
    ("version: 1.0.0", "version: 1.0", "version: expected string, found a number; put it in quotes"),
    ("status: active", "statuss: active", "statuss: ODCS has no field 'statuss' here; did you mean 'status'?"),
    ("- {property: zone, value: curated}", "- {property: zone, value: gold}",
     "schema[0].customProperties[0].value: 'gold' is not allowed, expected one of curated, enriched"),
    ("piiTransform, value: hash", "piiTransfrom, value: hash",
     "schema[0].properties[11].customProperties[2].property: unknown custom property 'piiTransfrom', did you mean "
     "'piiTransform'?"),
    ("piiTransform, value: hash", "piiTransform, value: hide",
     "'hide' is not allowed, expected one of hash, mask, drop"),
    ("hour(event_timestamp)", "hour(event_time)", "there is no column 'event_time'"),
    ("hour(event_timestamp)", "week(event_timestamp)", "is not a partition transform; expected a column, hour(c)"),
    ("received_at desc", "received_at newest", "is not an ordering; expected a column followed by asc or desc"),
    ("severity: error", "severity: fatal", "'fatal' is not allowed, expected one of error, warning, info"),
    ("dimension: timeliness", "dimension: time", "'time' is not allowed, expected one of accuracy"),
    ("implementation: {check:", "implementation: {checks:", "expected {check: \"SQL that is true for a good row\"}"),
    ("name: event_timestamp_in_future", "name: Future!", "'Future!' cannot name a rule"),
    ("role: owner", "role: reader", "a member with role: owner and an e-mail address as username is required"),
    ("mustBe: 0", "mustBe: 0\n            mustNotBe: 1", "a rule needs exactly one of mustBe, mustNotBe"),
    ("mustBe: 0", "mustBe: 3", "Sluice checks invalidValues with mustBe: 0"),
    ("element: clickstream_events.received_at", "element: clickstream_events.arrived_at", "is not a column of this"),
    ("{property: rawPath, value: device_type}", "{property: rawPath, value: 'device[0]'}", "is not a path of names"),
    ("distKey: session_id", "distKey: sid", "there is no column 'sid'"),
    ("distKey: session_id", "distStyle: all", "unknown key 'distStyle', expected one of schema, table, distKey"),
    ("name: session_id", "name: user_id", "there are two columns 'user_id'"),
    ("apiVersion: v3.1.0", "apiVersion: v3.0.2", "'v3.0.2' is too old; Sluice reads v3.1.0"),
])
def test_a_fault_is_reported_with_line_field_and_what_is_expected(old, new, expected):
    text, line = changed(old, new)
    found = faults(text)
    assert any(expected in fault for fault in found), "\n".join(found)
    assert any(abs(int(fault.split(":")[1]) - line) <= 7 for fault in found if expected in fault)


def test_the_position_of_a_fault_is_exact():
    text, line = changed("physicalType: decimal(12,2)", "physicalType: money")
    column = text.splitlines()[line - 1].index("physicalType") + 1
    assert faults(text) == [
        f"c.yaml:{line}:{column}: schema[0].properties[14].physicalType: 'money' is unknown, expected one of string, "
        "boolean, int, bigint, double, decimal, date, timestamp (decimal as decimal(12,2))"]


def test_all_faults_of_a_file_are_reported_at_once_and_in_order():
    text = EVENTS.read_text()
    for old, new in (("version: 1.0.0", "version: 1.0"), ("logicalType: boolean", "logicalType: bool"),
                     ("zone, value: curated", "zone, value: gold"), ("physicalType: decimal(12,2)", "physicalType: x"),
                     ("hour(event_timestamp)", "hour(nope)"), ("description: The page on which it happened.", "")):
        assert old in text
        text = text.replace(old, new, 1)
    found = faults(text)
    assert len(found) == 6, "\n".join(found)
    lines = [int(fault.split(":")[1]) for fault in found]
    assert lines == sorted(lines)


@pytest.mark.parametrize(("text", "expected"), [
    ("", "c.yaml:1:1: expected a data contract (a YAML mapping), found an empty file"),
    ("- a", "c.yaml:1:1: expected a data contract (a YAML mapping), found a list"),
    ("a: [1", "c.yaml:1:"),
    ("id: a\nid: b", "c.yaml:2:1: id: this key is given twice"),
    ("a: &x [*x]", "c.yaml:1:"),
    ("\x00", "not readable as YAML"),
])
def test_a_file_that_is_no_contract_is_refused(text, expected):
    found = faults(text)
    assert expected in found[0]


def test_a_contract_of_another_vendor_tool_may_have_its_own_custom_properties(minimal: dict[str, Any]):
    minimal["schema"][0]["customProperties"].append({"property": "acmeCostCenter", "value": 7})
    assert load_contract(yaml.safe_dump(minimal).encode()).table == "orders"


def test_a_curated_column_that_nothing_fills_is_a_fault(minimal: dict[str, Any]):
    del minimal["schema"][0]["properties"][0]["customProperties"]
    found = faults(yaml.safe_dump(minimal))
    assert any("nothing fills 'order_id': add the custom property rawPath or a transformLogic" in one for one in found)


def test_a_folder_reports_the_faults_of_every_file(tmp_path: Path, minimal: dict[str, Any]):
    for name in ("a", "b"):
        minimal["id"] = name
        minimal["schema"][0]["properties"][0]["logicalType"] = "text"
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(minimal))
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path)
    assert {Path(problem.source).name for problem in caught.value.problems} == {"a.yaml", "b.yaml"}


def test_two_contracts_of_one_dataset_are_a_fault(tmp_path: Path, minimal: dict[str, Any]):
    for name in ("a", "b"):
        minimal["id"] = name
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(minimal))
    with pytest.raises(ContractError, match=r"dataset curated.orders is already described by .*a.yaml"):
        load_contracts(tmp_path)


def test_a_folder_without_contracts_is_not_taken_for_a_sound_one(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="no data contract"):
        load_contracts(tmp_path)
