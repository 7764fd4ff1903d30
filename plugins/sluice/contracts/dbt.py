"""dbt sources: what dbt knows about the tables that the lake's datasets are copied to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import yaml

from sluice.contracts.model import Column, Dataset
from sluice.contracts.redshift import redshift_type

HEADER = """\
# Derived from the data contracts; do not edit. After a change of a contract write it anew:
#   python -m sluice.contracts dbt-sources --out {path}
"""
_SEVERITIES = {"error": "error", "warning": "warn", "info": "warn"}


def dbt_sources(datasets: Iterable[Dataset]) -> dict[str, Any]:
    """Return the content of a dbt properties file: one source per warehouse schema, one table per dataset."""
    schemas: dict[str, list[Dataset]] = {}
    for dataset in datasets:
        if dataset.warehouse is not None:
            schemas.setdefault(dataset.warehouse.schema, []).append(dataset)
    return {"version": 2, "sources": [
        {"name": schema, "schema": schema, "description": "Datasets of the lake, copied after they passed their gates.",
         "tables": [_table(dataset) for dataset in sorted(members, key=lambda dataset: dataset.table)]}
        for schema, members in sorted(schemas.items())]}


def dbt_sources_yaml(datasets: Iterable[Dataset], path: str) -> str:
    """Return the text of the file `path`, with a header that says how to write it anew."""
    body = yaml.safe_dump(dbt_sources(datasets), sort_keys=False, width=110, allow_unicode=True)
    return HEADER.format(path=path) + body


def _table(dataset: Dataset) -> dict[str, Any]:
    config: dict[str, Any] = {"meta": {"contract": dataset.id, "contract_version": dataset.version,
                                       "dataset": dataset.name, "owner": dataset.owner,
                                       "owner_email": dataset.owner_email}}
    if dataset.freshness is not None and dataset.freshness_column is not None:
        config["loaded_at_field"] = dataset.freshness_column
        config["freshness"] = {"warn_after": _period(dataset.freshness), "error_after": _period(2 * dataset.freshness)}
    warehouse = dataset.warehouse
    assert warehouse is not None
    return {"name": warehouse.table, "description": dataset.description, "config": config,
            "columns": [_column(dataset, column) for column in dataset.columns]}


def _column(dataset: Dataset, column: Column) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": column.name, "description": column.description, "data_type": redshift_type(column)}
    if column.classification or column.pii_class:
        entry["config"] = {"meta": {key: value for key, value in (
            ("classification", column.classification), ("pii_class", column.pii_class)) if value}}
    tests: list[Any] = ["not_null"] if column.required else []
    if column.unique or dataset.key == (column.name,):
        tests.append("unique")
    if column.enum:
        tests.append({"accepted_values": {"arguments": {"values": list(column.enum)}}})
    for check in dataset.table_checks:
        if check.columns == (column.name,) and check.forbids_any and check.metric in _TESTS:
            test = _TESTS[check.metric]
            if test not in tests:
                tests.append({test: {"config": {"severity": _SEVERITIES[check.severity]}}})
    if tests:
        entry["data_tests"] = tests
    return entry


_TESTS = {"nullValues": "not_null", "duplicateValues": "unique"}


def _period(time: timedelta) -> dict[str, Any]:
    minutes = int(time.total_seconds() // 60)
    for period, size in (("day", 1440), ("hour", 60)):
        if minutes % size == 0:
            return {"count": minutes // size, "period": period}
    return {"count": minutes, "period": "minute"}
