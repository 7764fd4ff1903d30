from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.lake.interval import Interval
from sluice.warehouse.intervals import interval_of_key


@given(st.dates(max_value=date(9000, 1, 1)), st.integers(min_value=1, max_value=400))
def test_reads_every_key_an_interval_gives_itself(start, days):
    interval = Interval(start, start + timedelta(days=days))
    assert interval_of_key(interval.key) == interval


@pytest.mark.parametrize("key", ["", "None", "2026-11", "2026-13-01", "2026-11-22_2026-11-20", "2026-11-22_", "_"])
def test_other_texts_are_refused_with_an_example(key):
    with pytest.raises(ValueError, match="give a day like 2026-11-22"):
        interval_of_key(key)
