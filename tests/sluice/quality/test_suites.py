"""Hand-written expectations join the derived suite, or are refused by file and entry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluice.contracts import load_contracts
from sluice.quality.suites import SuiteError, gate_suite, written_expectations

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = load_contracts(ROOT / "contracts")
FILES = sorted((ROOT / "expectations").glob("*.json"))


def _entry(**changes):
    entry = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "a"}, "severity": "warning",
             "meta": {"rule": "r"}}  # fmt: skip
    return json.dumps({"expectations": [entry | changes]})


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_of_the_repository_joins_the_suite_of_its_dataset(file):
    dataset = CONTRACTS[file.stem]
    written = written_expectations(file.read_text(), file.name, {column.name for column in dataset.columns})
    rules = {one.meta["rule"] for one in gate_suite(dataset, written).expectations}
    assert {entry["meta"]["rule"] for entry in written} < rules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no json", "expected JSON"),
        ("[]", "expected JSON"),
        (_entry(type="between"), r"s\.json: expectations\[0\]: `type`"),
        (_entry(meta={}), "meta.rule"),
        (_entry(severity="fatal"), "'fatal'"),
        (_entry(kwargs={"column": "b"}), "no column 'b'"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(text, message):
    with pytest.raises(SuiteError, match=message):
        written_expectations(text, "s.json", {"a"})


def test_a_rule_cannot_be_written_twice():
    dataset = CONTRACTS["curated.clickstream_events"]
    written = json.loads(_entry(kwargs={"column": "currency"}, meta={"rule": "event_id_unique"}))["expectations"]
    with pytest.raises(SuiteError, match="derived from the contract"):
        gate_suite(dataset, written)
