"""The suite that a gate uses: derived from the contract, plus what people wrote in ``expectations/``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sluice.contracts.gx_suite import suite_config
from sluice.contracts.model import Dataset

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

SEVERITIES = ("critical", "warning", "info")


class SuiteError(ValueError):
    """A hand-written suite cannot be used; says which file, which entry and why."""


def written_expectations(text: str | bytes, source: str, columns: set[str]) -> list[dict[str, Any]]:
    """Read the hand-written expectations of a dataset.

    Parameters
    ----------
    text
        JSON: ``{"expectations": [{"type", "kwargs", "severity", "meta": {"rule"}}]}``.
    source
        Name of the file, for messages.
    columns
        The dataset's columns.

    Raises
    ------
    SuiteError
        The file is no such JSON, or an entry has no rule, an unknown severity or an unknown column.
    """
    try:
        entries = json.loads(text)["expectations"]
    except (ValueError, KeyError, TypeError):
        raise SuiteError(f'{source}: expected JSON of the form {{"expectations": [...]}}') from None
    for number, entry in enumerate(entries):
        where = f"{source}: expectations[{number}]"
        if not isinstance(entry, dict) or not str(entry.get("type", "")).startswith("expect_"):
            raise SuiteError(f"{where}: `type` names no expectation, e.g. expect_column_values_to_be_between")
        if not (entry.get("meta") or {}).get("rule"):
            raise SuiteError(f"{where}: `meta.rule` is missing; give the rule a name")
        if entry.get("severity") not in SEVERITIES:
            raise SuiteError(f"{where}: `severity` is one of {', '.join(SEVERITIES)}, not {entry.get('severity')!r}")
        column = (entry.get("kwargs") or {}).get("column")
        if column is not None and column not in columns:
            raise SuiteError(f"{where}: the dataset has no column {column!r}")
    return entries


def gate_suite(dataset: Dataset, written: list[dict[str, Any]]) -> ExpectationSuite:
    """The derived suite with the hand-written expectations added.

    Raises
    ------
    SuiteError
        A hand-written rule has the name of a derived one.
    """
    from great_expectations import ExpectationSuite

    config = suite_config(dataset)
    derived = {entry["meta"].get("rule") for entry in config["expectations"]}
    for entry in written:
        if entry["meta"]["rule"] in derived:
            raise SuiteError(f"{dataset.name}: the rule {entry['meta']['rule']!r} is derived from the contract already")
    return ExpectationSuite(name=config["name"], expectations=[*config["expectations"], *written], meta=config["meta"])
