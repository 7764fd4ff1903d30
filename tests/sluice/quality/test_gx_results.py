"""The converter against results that Great Expectations itself made."""

from __future__ import annotations

import json
from typing import Any

import great_expectations as gx
import pandas as pd
import pytest
from great_expectations import expectations as gxe

from sluice.quality.gx_results import from_gx
from sluice.quality.results import ExpectationOutcome, ValidationResult

SECRETS = ("jo.smith@corp.example", "broken-at", "10.20.30.40", "4111111111111111")


@pytest.fixture(scope="module")
def gx_result() -> dict[str, Any]:
    frame = pd.DataFrame(
        {
            "event_id": ["a", "b", "b", "d"],
            "email": ["jo.smith@corp.example", "broken-at", "jo.smith@corp.example", None],
            "ip": ["10.20.30.40", "10.20.30.40", "x", "10.20.30.40"],
            "amount": [1.0, -5.0, 3.0, None],
            "card": [4111111111111111, 1, 2, 3],
        }
    )
    context = gx.get_context(mode="ephemeral")
    batch = context.data_sources.add_pandas("frames").add_dataframe_asset("events")
    suite = context.suites.add(gx.ExpectationSuite(name="curated.clickstream_events"))
    for one in (
        gxe.ExpectColumnValuesToBeUnique(column="event_id", meta={"rule": "event_id_unique", "severity": "fail"}),
        gxe.ExpectColumnValuesToMatchRegex(
            column="email", regex=".+@.+", severity="warning", meta={"rule": "email_shape"}
        ),
        gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0, severity="info"),
        gxe.ExpectColumnMaxToBeBetween(column="card", max_value=10),
        gxe.ExpectColumnDistinctValuesToBeInSet(column="email", value_set=["nobody"]),
        gxe.ExpectColumnPairValuesToBeEqual(column_A="email", column_B="ip"),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["ip", "email"]),
        gxe.ExpectColumnValuesToBeInSet(column="nowhere", value_set=[1]),
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
    ):
        suite.add_expectation(one)
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name="v", data=batch.add_batch_definition_whole_dataframe("all"), suite=suite)
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name="c",
            validation_definitions=[definition],
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["event_id"]},
        )
    )
    (result,) = checkpoint.run(batch_parameters={"dataframe": frame}).run_results.values()
    return result.to_json_dict()


@pytest.fixture(scope="module")
def converted(gx_result: dict[str, Any]) -> ValidationResult:
    return from_gx(
        gx_result,
        dataset="curated.clickstream_events",
        interval="2026-11-22",
        run_id="manual__1",
        zone="curated",
        started_at="2026-11-22T23:58:04+00:00",
        seconds=1.5,
        contract_version="1.2.0",
        owner="clickstream@example.com",
        pii={"email", "ip", "card"},
    )


def of_kind(result: ValidationResult, kind: str) -> ExpectationOutcome:
    (found,) = (one for one in result.expectations if one.expectation == kind)
    return found


def test_no_personal_value_is_stored_in_any_form(gx_result: dict[str, Any], converted: ValidationResult):
    raw = json.dumps(gx_result)
    stored = converted.to_json()
    for secret in SECRETS:
        assert secret in raw, "the sample must hold the secret for this test to mean anything"
        assert secret not in stored


def test_counts_and_severities_add_up(converted: ValidationResult):
    assert (converted.evaluated, converted.successful) == (9, 2)
    assert (converted.failed_fail, converted.failed_warn) == (5, 2)
    assert not converted.success
    assert converted.suite == "curated.clickstream_events"


def test_the_contracts_rule_and_severity_are_kept(converted: ValidationResult):
    unique = of_kind(converted, "expect_column_values_to_be_unique")
    assert (unique.rule, unique.severity, unique.column) == ("event_id_unique", "fail", "event_id")
    assert unique.sample == ({"event_id": "b"},)
    assert (unique.unexpected_count, unique.unexpected_percent) == (2, 50.0)
    assert "batch_id" not in unique.kwargs


def test_gx_severity_counts_where_the_contract_gives_none(converted: ValidationResult):
    assert of_kind(converted, "expect_column_values_to_match_regex").severity == "warn"
    assert of_kind(converted, "expect_column_values_to_be_between").severity == "warn"
    assert of_kind(converted, "expect_column_max_to_be_between").severity == "fail"


def test_a_personal_value_shows_its_shape_beside_the_rows_key(converted: ValidationResult):
    assert of_kind(converted, "expect_column_values_to_match_regex").sample == ({"email": "x-x", "event_id": "b"},)


def test_values_of_other_columns_stay_readable(converted: ValidationResult):
    assert of_kind(converted, "expect_column_values_to_be_between").sample == ({"amount": -5.0, "event_id": "b"},)


def test_an_observed_maximum_of_a_personal_column_is_masked(converted: ValidationResult):
    assert of_kind(converted, "expect_column_max_to_be_between").observed == "9"
    assert of_kind(converted, "expect_table_row_count_to_be_between").observed == 4


def test_an_expectation_that_could_not_run_says_why_and_has_failed(converted: ValidationResult):
    broken = of_kind(converted, "expect_column_values_to_be_in_set")
    assert not broken.success
    assert broken.error == 'Error: The column "nowhere" in BatchData does not exist.'


def test_columns_the_contract_does_not_know_are_masked_too(gx_result: dict[str, Any]):
    result = from_gx(
        gx_result, dataset="d", interval="i", run_id="r", zone="z", started_at="", seconds=0,
        contract_version="1", owner="o", pii={"email"}, columns={"email", "event_id"},
    )  # fmt: skip
    assert of_kind(result, "expect_column_values_to_be_between").sample == ({"amount": "-9.9", "event_id": "b"},)
