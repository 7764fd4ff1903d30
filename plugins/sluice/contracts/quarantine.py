"""Which raw records may not pass, and the name under which each is counted.

A record is judged by the first rule it breaks, in this order: it is not a record at all (``malformed``); a value is
there but is not of its type (``bad_x``); a required value is missing (``missing_x``); a value is not allowed
(``x_not_in_set``, ``x_out_of_range``, ``x_pattern``, ``x_length``); finally the contract's own rules. The names are
part of the contract: quarantine tables, outcomes and dashboards count by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sluice.contracts.model import Column, Dataset, Severity

MALFORMED = "malformed"


@dataclass(frozen=True)
class QuarantineRule:
    """One reason to hold a record back.

    ``sql`` is a DuckDB expression over the typed raw columns that is true when a record breaks the rule and false,
    never NULL, otherwise. Only rules of severity ``error`` quarantine; the others are counted as warnings.
    """

    name: str
    description: str
    sql: str
    severity: Severity = "error"


def quarantine_rules(dataset: Dataset) -> tuple[QuarantineRule, ...]:
    """Return the rules for raw records of `dataset`, in the order in which they are applied.

    Raises
    ------
    ValueError
        The dataset has no raw source, so nothing can be quarantined.
    """
    if dataset.raw is None:
        raise ValueError(f"{dataset.name} is not made from raw records: its contract has no custom property 'raw'")
    columns = raw_columns(dataset)
    rules = [QuarantineRule(MALFORMED, "The line is not a JSON object.", "_malformed")]
    rules += [_bad(column) for column in columns]
    rules += [QuarantineRule(f"missing_{column.raw_name}", f"{column.raw_name} is required but absent, null or empty.",
                             f"{quote(column.raw_name)} is null") for column in columns if column.required]
    for column in columns:
        if column.pii_transform in (None, "drop"):
            rules += _constraints(column)
    rules += [QuarantineRule(rule.name, rule.description, f"coalesce(not ({rule.check}), false)", rule.severity)
              for rule in dataset.row_rules]
    return tuple(rules)


def raw_columns(dataset: Dataset) -> tuple[Column, ...]:
    """Return the columns that read a raw field, also those that are not stored."""
    return tuple(column for column in dataset.all_columns if column.raw_path)


def quote(name: str | None) -> str:
    """Quote an identifier for SQL."""
    return '"' + (name or "").replace('"', '""') + '"'


def literal(value: object) -> str:
    """Write a value as a SQL literal."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def _bad(column: Column) -> QuarantineRule:
    what = "text" if column.type.kind == "string" else str(column.type)
    return QuarantineRule(f"bad_{column.raw_name}", f"{column.raw_name} is present but is no {what}.",
                          quote(f"_bad_{column.raw_name}"))


def _constraints(column: Column) -> Iterator[QuarantineRule]:
    raw, name = quote(column.raw_name), column.raw_name
    if column.enum:
        values = ", ".join(literal(value) for value in column.enum)
        yield QuarantineRule(f"{name}_not_in_set", f"{name} is none of {', '.join(column.enum)}.",
                             f"coalesce(cast({raw} as varchar) not in ({values}), false)")
    limits = [(operator, limit) for operator, limit in (
        ("<", column.minimum), (">", column.maximum), ("<=", column.exclusive_minimum),
        (">=", column.exclusive_maximum)) if limit is not None]
    if limits:
        tests = " or ".join(f"{raw} {operator} {_limit(column, limit)}" for operator, limit in limits)
        spoken = " or ".join(f"{operator} {limit}" for operator, limit in limits)
        yield QuarantineRule(f"{name}_out_of_range", f"{name} is {spoken}.", f"coalesce({tests}, false)")
    if column.pattern:
        yield QuarantineRule(f"{name}_pattern", f"{name} does not match {column.pattern}.",
                             f"coalesce(not regexp_matches({raw}, {literal(column.pattern)}), false)")
    lengths = [f"length({raw}) < {column.min_length}"] if column.min_length else []
    lengths += [f"length({raw}) > {column.max_length}"] if column.max_length is not None else []
    if column.type.kind == "string" and lengths:
        yield QuarantineRule(f"{name}_length", f"{name} is too short or too long.",
                             f"coalesce({' or '.join(lengths)}, false)")


def _limit(column: Column, limit: object) -> str:
    if column.type.kind == "timestamp":
        text = str(limit)
        zoned = text if re.search(r"[T ].*(Z|[+-]\d\d(:?\d\d)?)$", text) else f"{text.replace(' ', 'T')}Z"
        return f"timestamptz {literal(zoned if 'T' in zoned else zoned[:-1] + ' 00:00:00Z')}"
    if column.type.kind == "date":
        return f"date {literal(limit)}"
    return literal(limit)
