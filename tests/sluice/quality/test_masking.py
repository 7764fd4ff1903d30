from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.quality.masking import HIDDEN, mask_row, shape_of


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("jo.smith42@corp.com", "x.x9@x.x"),
        ("10.1.2.3", "9.9.9.9"),
        ("2001:db8::1", "9:x9::9"),
        ("Łukasz Ño", "x x"),
        (-12.5, "-9.9"),
        (None, None),
        (True, HIDDEN),
        (["jo"], HIDDEN),
        (b"jo", HIDDEN),
    ],
)
def test_a_value_is_reduced_to_its_shape(value: object, shape: object):
    assert shape_of(value) == shape


@given(st.text())
def test_no_letter_or_digit_of_the_value_survives(text: str):
    assert {c for c in shape_of(text) if c.isalpha() or c.isdecimal()} <= {"x", "9"}
    assert len(shape_of(text)) <= 41


def test_only_personal_columns_are_masked():
    row = {"email": "a@b.c", "page": "home", "when": object}
    assert mask_row(row, {"email"})["email"] == "x@x.x"
    assert mask_row(row, {"email"})["page"] == "home"
    assert mask_row(row, {"email"}, known={"email"})["page"] == "x"
