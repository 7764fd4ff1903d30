"""Great Expectations suite of a dataset: the gate its table must pass after every load.

Only expectations that run on the Spark engine of Great Expectations 1.24 are used; tests run all of them there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sluice.contracts.model import Column, Dataset, Severity, TableCheck

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

# A contract's severity in the words of Great Expectations (FailureSeverity).
SEVERITIES: dict[Severity, str] = {"error": "critical", "warning": "warning", "info": "info"}
_SPARK_TYPES = {"string": "StringType", "boolean": "BooleanType", "int": "IntegerType", "bigint": "LongType",
                "double": "DoubleType", "decimal": "DecimalType", "date": "DateType", "timestamp": "TimestampType"}
_BOUNDS = {"mustBeGreaterThan": ("min_value", True), "mustBeGreaterOrEqualTo": ("min_value", False),
           "mustBeLessThan": ("max_value", True), "mustBeLessOrEqualTo": ("max_value", False)}
_SQL = {"mustBe": "= {}", "mustNotBe": "<> {}", "mustBeGreaterThan": "> {}", "mustBeGreaterOrEqualTo": ">= {}",
        "mustBeLessThan": "< {}", "mustBeLessOrEqualTo": "<= {}", "mustBeBetween": "between {} and {}",
        "mustNotBeBetween": "not between {} and {}"}


def suite_name(dataset: Dataset) -> str:
    """Return the name of the suite, e.g. ``curated.clickstream_events``."""
    return dataset.name


def suite_config(dataset: Dataset) -> dict[str, Any]:
    """Return the suite as plain data: name, expectations (type, kwargs, severity, meta) and meta."""
    return {"name": suite_name(dataset), "expectations": list(_expectations(dataset)),
            "meta": {"contract": dataset.id, "contract_version": dataset.version, "dataset": dataset.name,
                     "owner": dataset.owner, "owner_email": dataset.owner_email}}


def expectation_suite(dataset: Dataset) -> ExpectationSuite:
    """Return the suite as an object of Great Expectations."""
    from great_expectations import ExpectationSuite

    config = suite_config(dataset)
    return ExpectationSuite(name=config["name"], expectations=config["expectations"], meta=config["meta"])


def _expectations(dataset: Dataset) -> Iterator[dict[str, Any]]:
    names = [column.name for column in dataset.columns]
    yield _expect("table_columns_to_match_ordered_list", "columns_in_order", {"column_list": names}, "conformity")
    for column in dataset.columns:
        yield from _column(column, dataset)
    if len(dataset.key) == 1:
        yield _expect("column_values_to_be_unique", f"{dataset.key[0]}_unique", {"column": dataset.key[0]},
                      "uniqueness")
    elif dataset.key:
        yield _expect("compound_columns_to_be_unique", "key_unique", {"column_list": list(dataset.key)}, "uniqueness")
    for check in dataset.table_checks:
        yield from _check(check)
    if dataset.raw is None:
        # Rules over raw records have held rows back already; over other datasets they are checked here.
        for rule in dataset.row_rules:
            query = f"select * from {{batch}} where not coalesce({_braces(rule.check)}, true)"
            yield _rows(query, rule.name, rule.dimension, rule.severity, rule.description)


def _column(column: Column, dataset: Dataset) -> Iterator[dict[str, Any]]:
    name, target = column.name, {"column": column.name}
    yield _expect("column_values_to_be_of_type", f"{name}_type", {**target, "type_": _SPARK_TYPES[column.type.kind]},
                  "conformity")
    if column.required:
        yield _expect("column_values_to_not_be_null", f"{name}_not_null", target, "completeness")
    if column.unique and dataset.key != (name,):
        yield _expect("column_values_to_be_unique", f"{name}_unique", target, "uniqueness")
    if column.enum:
        values = [int(value) if column.type.kind in ("int", "bigint") else value for value in column.enum]
        yield _expect("column_values_to_be_in_set", f"{name}_in_set", {**target, "value_set": values}, "conformity")
    limits: dict[str, Any] = {}
    for bound, value, strict in (("min", column.minimum, False), ("max", column.maximum, False),
                                 ("min", column.exclusive_minimum, True), ("max", column.exclusive_maximum, True)):
        if value is not None:
            limits[f"{bound}_value"] = value
            limits[f"strict_{bound}"] = strict
    if limits:
        yield _expect("column_values_to_be_between", f"{name}_in_range", {**target, **limits}, "accuracy")
    if column.pattern:
        yield _expect("column_values_to_match_regex", f"{name}_pattern", {**target, "regex": column.pattern},
                      "conformity")
    elif column.pii_transform == "hash":
        yield _expect("column_values_to_match_regex", f"{name}_is_hash", {**target, "regex": "^[0-9a-f]{64}$"},
                      "conformity")


def _check(check: TableCheck) -> Iterator[dict[str, Any]]:
    about = (check.dimension, check.severity, check.description)
    if check.metric == "rowCount":
        yield from _row_count(check)
    elif check.metric == "sql":
        yield _sql_check(check)
    elif check.metric == "duplicateValues" and len(check.columns) > 1:
        yield _expect("compound_columns_to_be_unique", check.name, {"column_list": list(check.columns)}, *about)
    else:
        target: dict[str, Any] = {"column": check.columns[0]}
        if check.percent and not check.forbids_any:
            target["mostly"] = round(1 - float(check.limit) / 100, 6)
        if check.metric == "nullValues":
            yield _expect("column_values_to_not_be_null", check.name, target, *about)
        elif check.metric == "duplicateValues":
            yield _expect("column_values_to_be_unique", check.name, target, *about)
        elif check.metric == "missingValues":
            values = [value for value in check.arguments.get("missingValues", ()) if value is not None]
            yield _expect("column_values_to_not_be_null", f"{check.name}_null", target, *about)
            if values:
                yield _expect("column_values_to_not_be_in_set", check.name, {**target, "value_set": values}, *about)
        elif check.metric == "invalidValues":
            if "validValues" in check.arguments:
                values = list(check.arguments["validValues"])
                yield _expect("column_values_to_be_in_set", check.name, {**target, "value_set": values}, *about)
            if "pattern" in check.arguments:
                regex = check.arguments["pattern"]
                yield _expect("column_values_to_match_regex", f"{check.name}_pattern", {**target, "regex": regex},
                              *about)


def _row_count(check: TableCheck) -> Iterator[dict[str, Any]]:
    about = (check.dimension, check.severity, check.description)
    if check.operator == "mustBe":
        yield _expect("table_row_count_to_equal", check.name, {"value": check.limit}, *about)
    elif check.operator == "mustBeBetween":
        low, high = check.limit
        yield _expect("table_row_count_to_be_between", check.name, {"min_value": low, "max_value": high}, *about)
    elif check.operator in _BOUNDS:
        bound, strict = _BOUNDS[check.operator]
        yield _expect("table_row_count_to_be_between", check.name,
                      {bound: check.limit, f"strict_{bound[:3]}": strict}, *about)
    else:
        limit = check.limit if isinstance(check.limit, tuple) else (check.limit,)
        good = _SQL[check.operator].format(*limit)
        query = f"select * from (select count(*) as measured from {{batch}}) where not (measured {good})"
        yield _rows(query, check.name, *about)


def _sql_check(check: TableCheck) -> dict[str, Any]:
    query = _braces((check.query or "").rstrip("; \n"))
    for name in ("object", "table"):
        query = query.replace("${{" + name + "}}", "{batch}")
    for name in ("property", "column"):
        query = query.replace("${{" + name + "}}", ", ".join(check.columns))
    limit = check.limit if isinstance(check.limit, tuple) else (check.limit,)
    good = _SQL[check.operator].format(*(repr(value) for value in limit))
    query = f"select * from ({query}) as result(measured) where not coalesce(measured {good}, false)"
    return _rows(query, check.name, check.dimension, check.severity, check.description)


def _rows(query: str, name: str, dimension: str | None, severity: Severity, description: str) -> dict[str, Any]:
    expectation = _expect("", name, {"unexpected_rows_query": query}, dimension, severity, description)
    return {**expectation, "type": "unexpected_rows_expectation", "description": description or name}


def _expect(kind: str, name: str, kwargs: dict[str, Any], dimension: str | None, severity: Severity = "error",
            description: str = "") -> dict[str, Any]:
    meta = {"rule": name, "dimension": dimension}
    if description:
        meta["description"] = description
    return {"type": f"expect_{kind}", "kwargs": kwargs, "severity": SEVERITIES[severity], "meta": meta}


def _braces(sql: str) -> str:
    """Protect braces: Great Expectations formats the query to put the batch in."""
    return sql.replace("{", "{{").replace("}", "}}")
