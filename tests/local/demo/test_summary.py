"""The demo's summary refuses numbers that do not add up."""

from __future__ import annotations

import pytest

from local.demo.summary import NumbersDisagree, Summary, table


def _summary(**changes):
    numbers = {"sent": 10, "landed": 10, "curated": 7, "duplicates": 2, "quarantined": 1, "redelivered": 3}
    return Summary(**(numbers | changes), reasons={"malformed": 1}, suites={"passed": 3, "failed": 0}, marts={"fct": 4})


def test_numbers_that_add_up_pass():
    _summary().check()


@pytest.mark.parametrize("change", [{"sent": 11}, {"landed": 9}, {"curated": 8}, {"duplicates": 0}, {"quarantined": 2}])
def test_a_single_record_too_many_or_too_few_is_refused(change):
    with pytest.raises(NumbersDisagree, match="sent"):
        _summary(**change).check()


def test_the_json_has_what_readers_of_it_expect():
    told = _summary().as_json()
    assert {
        "sent",
        "landed",
        "curated",
        "duplicates",
        "quarantined",
        "quarantine_reasons",
        "suites",
        "marts",
        "seconds",
    } <= set(told)


def test_tables_are_aligned_and_cut():
    text = table(["page", "views"], [("home", 1200), ("p", 7)] + [("x", 1)] * 9, limit=2)
    assert text.splitlines() == ["    page  views", "    home  1,200", "    p         7", "    … 9 more"]
