"""Expectations, values and times in words a reader of the page understands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sluice.quality.results import ExpectationOutcome

_MAX_VALUE = 120
_PHRASES = {
    "expect_column_values_to_not_be_null": "is always there",
    "expect_column_values_to_be_null": "is always empty",
    "expect_column_values_to_be_unique": "is unique",
    "expect_column_values_to_be_of_type": "has the type {type_}",
    "expect_column_values_to_be_in_set": "is one of {value_set}",
    "expect_column_values_to_not_be_in_set": "is none of {value_set}",
    "expect_column_values_to_match_regex": "matches {regex}",
    "expect_column_values_to_not_match_regex": "does not match {regex}",
    "expect_column_to_exist": "exists",
    "expect_compound_columns_to_be_unique": "are unique together",
    "expect_column_distinct_values_to_be_in_set": "takes only values of {value_set}",
    "expect_column_pair_values_to_be_equal": "are equal",
}
_PLAIN_BETWEEN = "expect_column_values_to_be_between"
_BOUNDED = {
    "expect_column_values_to_be_between": "is",
    "expect_column_min_to_be_between": "has a minimum",
    "expect_column_max_to_be_between": "has a maximum",
    "expect_column_mean_to_be_between": "has a mean",
    "expect_column_sum_to_be_between": "has a sum",
    "expect_column_value_lengths_to_be_between": "has a length",
    "expect_column_unique_value_count_to_be_between": "has a number of distinct values",
    "expect_column_proportion_of_unique_values_to_be_between": "has a share of distinct values",
    "expect_column_proportion_of_non_null_values_to_be_between": "has a share of filled values",
    "expect_table_row_count_to_be_between": "has a number of rows",
}


def phrase(expectation: ExpectationOutcome) -> str:
    """What is expected, to be read after the column's (or "The table") name."""
    kind, kwargs = expectation.expectation, expectation.kwargs
    if kind in _BOUNDED:
        bounds = _bounds(kwargs)
        of = "" if kind == _PLAIN_BETWEEN or bounds.startswith("between") else "of "
        text = f"{_BOUNDED[kind]} {of}{bounds}"
    elif kind in _PHRASES:
        text = _PHRASES[kind].format_map(_Arguments(kwargs))
    else:
        text = kind.removeprefix("expect_").replace("_", " ")
    mostly = kwargs.get("mostly")
    return f"{text}, in at least {100 * mostly:.4g} % of the rows" if isinstance(mostly, float) and mostly < 1 else text


class _Arguments(dict[str, str]):
    def __init__(self, kwargs: Mapping[str, Any]) -> None:
        super().__init__({name: value_text(value) for name, value in kwargs.items()})

    def __missing__(self, name: str) -> str:
        return "…"


def _bounds(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None and high is not None:
        return f"between {figure(low)} and {figure(high)}"
    if low is not None:
        return f"{'more than' if kwargs.get('strict_min') else 'at least'} {figure(low)}"
    if high is not None:
        return f"{'less than' if kwargs.get('strict_max') else 'at most'} {figure(high)}"
    return "between two bounds"


def value_text(value: Any) -> str:
    """A value on one line, cut where it gets long."""
    if value is None:
        return "null"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list) and all(isinstance(one, (str, int, float)) for one in value):
        text = ", ".join(str(one) for one in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + "…"


def figure(value: Any) -> str:
    """A value that stands for an amount: like :func:`value_text`, with thousands set apart."""
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return number(int(value)) if whole and not isinstance(value, bool) else value_text(value)


def number(value: int | float | None) -> str:
    """With a thin space between thousands, as in ``1 204``."""
    return "\N{EN DASH}" if value is None else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def percent(part: float, whole: float) -> str:
    """A share; never rounded to 0 % or 100 % when it is neither."""
    if not whole:
        return "\N{EN DASH}"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.1f} %" if share % 1 else f"{share:.0f} %"


def moment(text: str) -> str:
    """An ISO 8601 instant as ``2026-11-22 10:15 UTC``; what is none is shown as it is."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    if instant.tzinfo is not None:
        instant = instant.astimezone(UTC)
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """``0.4 s``, ``42 s``, ``3 min 5 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
