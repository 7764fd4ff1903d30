"""What goes wrong in real traffic: events that break the contract, lines that are no events."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import NamedTuple

from local.demo.traffic_shop import Event

_NO_OBJECTS = (b"[]", b"null", b"42", b'"page viewed"', b"[[]]")


class Violation(NamedTuple):
    """A way to break the contract of ``clickstream.events``.

    ``reason`` is the rule's name in the contract; ``prepare`` makes the event one the rule looks at, ``apply`` breaks
    it.
    """

    reason: str
    prepare: Callable[[Event], Event]
    apply: Callable[[bytes], bytes]


def _replace_field(name: bytes, value: bytes) -> Callable[[bytes], bytes]:
    pattern = re.compile(rb'"' + name + rb'":(?:"[^"]*"|[-0-9.]+)')

    def apply(line: bytes) -> bytes:
        field = b'"' + name + b'":' + value
        changed, count = pattern.subn(field, line, count=1)
        return changed if count else line[:-1] + b"," + field + b"}"

    return apply


def _as_it_is(event: Event) -> Event:
    return event


def _as_view(event: Event) -> Event:
    return event._replace(event_type="view", amount_cents=None)


def _as_purchase(event: Event) -> Event:
    return event._replace(event_type="purchase", page_id="checkout", product_id="P0001", amount_cents=1_999)


VIOLATIONS = (
    Violation("event_type_not_in_set", _as_view, _replace_field(b"event_type", b'"scrolled_past"')),
    Violation("missing_user_id", _as_it_is, _replace_field(b"user_id", b"null")),
    Violation("bad_event_timestamp", _as_it_is, _replace_field(b"event_timestamp", b'"yesterday, around noon"')),
    Violation("amount_out_of_range", _as_purchase, _replace_field(b"amount", b"-19.99")),
    Violation("email_format", _as_it_is, _replace_field(b"email", b'"visitor at example dot com"')),
)


def malformed_line(rng: random.Random, line: bytes) -> bytes:
    """Return a line that is no JSON object: cut short, binary, or another JSON value. Never empty, never two lines."""
    kind = rng.random()
    if kind < 0.6:
        return line[: rng.randrange(10, len(line) - 1)]
    if kind < 0.85:
        return b"\x00\xff" + rng.randbytes(40).translate(None, b"\r\n")
    return rng.choice(_NO_OBJECTS)
