from __future__ import annotations

import pytest

from sluice.ui import wording
from tests.support.quality_data import expectation


@pytest.mark.parametrize(
    ("kind", "kwargs", "text"),
    [
        ("expect_column_values_to_be_unique", {}, "is unique"),
        ("expect_column_values_to_be_between", {"min_value": 0, "strict_min": True}, "is more than 0"),
        ("expect_column_values_to_be_between", {"min_value": 1, "max_value": 5000}, "is between 1 and 5\u202f000"),
        ("expect_table_row_count_to_be_between", {"max_value": 9}, "has a number of rows of at most 9"),
        ("expect_column_max_to_be_between", {"min_value": 1, "max_value": 2}, "has a maximum between 1 and 2"),
        ("expect_column_values_to_be_in_set", {"value_set": ["a", "b"]}, "is one of a, b"),
        (
            "expect_column_values_to_match_regex",
            {"regex": "{x}", "mostly": 0.99},
            "matches {x}, in at least 99 % of the rows",
        ),
        ("expect_column_values_to_match_regex", {}, "matches …"),
        ("expect_something_of_our_own", {}, "something of our own"),
    ],
)
def test_an_expectation_reads_as_a_sentence(kind: str, kwargs: dict, text: str):
    assert wording.phrase(expectation(expectation=kind, kwargs=kwargs)) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (1, 4, "25 %"),
        (1, 3, "33.3 %"),
        (1, 10**6, "< 0.1 %"),
        (10**6 - 1, 10**6, "> 99.9 %"),
        (0, 5, "0 %"),
        (0, 0, "\N{EN DASH}"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_all(part: float, whole: float, text: str):
    assert wording.percent(part, whole) == text


def test_times_and_durations_are_short():
    assert wording.moment("2026-11-22T12:30:00+02:00") == "2026-11-22 10:30 UTC"
    assert wording.moment("soon") == "soon"
    assert [wording.duration(s) for s in (0.42, 42.4, 185)] == ["0.4 s", "42 s", "3 min 5 s"]


def test_long_values_are_cut():
    assert len(wording.value_text("x" * 500)) == 121
    assert wording.value_text({"a": 1}) == '{"a": 1}'
    assert wording.value_text(3.0) == "3"
