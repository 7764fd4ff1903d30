"""Values of personal data reduced to their shape, before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_MAX_SHAPE = 40
HIDDEN = "•••"


def shape_of(value: Any) -> Any:
    """What a value looks like without what it says: runs of letters become ``x``, runs of digits ``9``.

    ``"jo.smith42@corp.com"`` becomes ``"x.x9@x.x"`` and ``"10.1.2.3"`` becomes ``"9.9.9.9"``: enough to see why a
    pattern does not match, not enough to tell who it is or how long the value was. None stays None; what is neither
    text nor a number is hidden whole.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return HIDDEN
    shape = _DIGITS.sub("9", _LETTERS.sub("x", str(value)))
    return shape if len(shape) <= _MAX_SHAPE else shape[:_MAX_SHAPE] + "…"


def mask_row(row: Mapping[str, Any], pii: Collection[str], known: Collection[str] | None = None) -> dict[str, Any]:
    """A sample row with personal data masked.

    Parameters
    ----------
    row
        Column -> value.
    pii
        Columns the contract gives a PII class.
    known
        All columns of the contract. If given, a column outside of it is masked too: a query may have put personal
        data under another name.
    """
    return {
        column: shape_of(value) if column in pii or (known is not None and column not in known) else _plain(value)
        for column, value in row.items()
    }


def _plain(value: Any) -> Any:
    """JSON types as they are, everything else as text."""
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
