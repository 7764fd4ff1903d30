"""A UTC day of shop traffic, the same for the same arguments, with its faults and the truth about it.

What trackers really send: most events in order, some late, some twice, some that break the contract, some lines that
are no JSON. How many of each is known before, so that a test can compare what the platform counted.
"""

from __future__ import annotations

import hashlib
import math
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from local.demo.traffic_batches import LINES_PER_BATCH, Batch
from local.demo.traffic_faults import VIOLATIONS, malformed_line
from local.demo.traffic_shop import Event, Shop, Visit

DUPLICATES = 0.02
LATE = 0.03
MALFORMED = 0.005
VIOLATING = 0.01
_HOUR = 3_600_000
_DAY = 24 * _HOUR


@dataclass
class Expected:
    """What the platform has to count for a day of traffic. Complete once all batches were taken."""

    sent: int = 0
    duplicates: int = 0
    curated: int = 0
    late: int = 0
    bots: int = 0
    sessions: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    curated_by_tenant: Counter[str] = field(default_factory=Counter)
    curated_by_type: Counter[str] = field(default_factory=Counter)
    revenue_cents: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON can hold them; ``quarantined`` is the sum, ``quarantine_reasons`` its parts."""
        return {
            "sent": self.sent,
            "duplicates": self.duplicates,
            "curated": self.curated,
            "late": self.late,
            "bots": self.bots,
            "sessions": self.sessions,
            "quarantined": self.quarantined.total(),
            "quarantine_reasons": dict(sorted(self.quarantined.items())),
            "curated_by_tenant": dict(sorted(self.curated_by_tenant.items())),
            "curated_by_type": dict(sorted(self.curated_by_type.items())),
            "revenue_cents": dict(sorted(self.revenue_cents.items())),
        }


class Traffic:
    """One day of traffic of all shops.

    Parameters
    ----------
    events
        Lines to send in total, duplicates and malformed ones included.
    day
        The UTC day in which the events happen.
    write_keys
        Write key of each tenant; one shop per tenant.
    seed
        Same seed, same day, same number and tenants: same lines, same batches, same idempotency keys.

    Raises
    ------
    ValueError
        When there is no tenant, or a negative number of events.
    """

    def __init__(self, events: int, day: date, write_keys: Mapping[str, str], seed: int = 7) -> None:
        if events < 0 or not write_keys:
            raise ValueError("traffic needs a number of events >= 0 and the write key of at least one tenant")
        self.events = events
        self.day = day
        self.write_keys = dict(write_keys)
        self.seed = seed
        self.expected = Expected()

    def batches(self) -> Iterator[Batch]:
        """Yield the requests in the order in which they are made; starts over, and counts anew, at each call."""
        self.expected = Expected()
        day = _Day(self, random.Random(f"{self.seed}|{self.day}|{self.events}|{'|'.join(self.write_keys)}"))
        for tenant, number, lines in day.requests():
            key = hashlib.sha256(f"{self.seed}|{self.day}|{self.events}|{tenant}|{number}".encode()).hexdigest()[:32]
            yield Batch(tenant, self.write_keys[tenant], key, b"\n".join(lines) + b"\n", len(lines))


class _Day:
    """Makes one hour after the other and holds back what arrives later, so memory does not grow with the day."""

    def __init__(self, traffic: Traffic, rng: random.Random) -> None:
        self._rng = rng
        self._events = traffic.events
        self._expected = traffic.expected
        self._shops = [Shop(tenant, number, rng) for number, tenant in enumerate(traffic.write_keys)]
        self._midnight = int(datetime(traffic.day.year, traffic.day.month, traffic.day.day, tzinfo=UTC).timestamp())
        self._date = traffic.day.isoformat()
        self._on_the_way: list[tuple[int, int, bytes]] = []
        self._order = 0

    def requests(self) -> Iterator[tuple[str, int, list[bytes]]]:
        """Yield tenant, running number and lines of each request."""
        numbers: Counter[str] = Counter()
        waiting: dict[str, list[bytes]] = {shop.tenant: [] for shop in self._shops}
        for hour in range(24):
            for tenant, line in self._arrivals(hour):
                lines = waiting[tenant]
                lines.append(line)
                if len(lines) == LINES_PER_BATCH:
                    yield tenant, numbers[tenant], lines
                    numbers[tenant] += 1
                    waiting[tenant] = []
        for tenant, lines in waiting.items():
            if lines:
                yield tenant, numbers[tenant], lines

    def _arrivals(self, hour: int) -> list[tuple[str, bytes]]:
        """Make the hour's lines, return what arrives in it: its own lines and late ones of hours before."""
        self._make(hour)
        self._on_the_way.sort()
        until = (hour + 1) * _HOUR if hour < 23 else math.inf
        cut = bisect_left(self._on_the_way, (until,))
        arrived, self._on_the_way = self._on_the_way[:cut], self._on_the_way[cut:]
        return [(self._shops[order % len(self._shops)].tenant, line) for _, order, line in arrived]

    def _make(self, hour: int) -> None:
        expected = self._expected
        lines = self._share(hour + 1) - self._share(hour)
        total = expected.sent + lines
        # What fell short in an hour of few lines is made up for in the next ones.
        malformed = min(lines, round(MALFORMED * total) - expected.quarantined["malformed"])
        rules_broken = expected.quarantined.total() - expected.quarantined["malformed"]
        violating = min(lines - malformed, round(VIOLATING * total) - rules_broken)
        duplicates = max(0, min(lines - malformed - violating - 1, round(DUPLICATES * total) - expected.duplicates))
        fresh = lines - duplicates
        bad = self._rng.sample(range(fresh), malformed + violating)
        torn, broken = set(bad[:malformed]), set(bad[malformed:])
        good = sorted(set(range(fresh)).difference(bad))
        twice = Counter(self._rng.choices(good, k=duplicates)) if duplicates else Counter()
        expected.sent = total
        place = 0
        while place < fresh:
            number = int(self._rng.random() * len(self._shops))
            visit = self._shops[number].visit(hour * _HOUR + int(self._rng.random() * _HOUR), _DAY)
            self._expected.sessions += self._lines_of(visit, number, place, fresh, torn, broken, twice)
            place += len(visit.events)

    def _share(self, hour: int) -> int:
        """Return how many lines belong to the hours before ``hour``: few at night, most in the evening."""
        return round(self._events * _CURVE[hour])

    def _lines_of(
        self, visit: Visit, shop: int, place: int, end: int, torn: set[int], broken: set[int], twice: Counter[int]
    ) -> bool:
        """Write a visit's lines, return whether one of its events is good (the session can be seen)."""
        seen = False
        for position, event in enumerate(visit.events, place):
            if position >= end:
                break
            line = self._line(visit, event, self._shops[shop].currency)
            if position in torn:
                self._expected.quarantined["malformed"] += 1
                self._send(event, shop, malformed_line(self._rng, line))
            elif position in broken:
                reason, line = self._violate(visit, event, shop)
                self._expected.quarantined[reason] += 1
                self._send(event, shop, line)
            else:
                seen = True
                self._count(visit, event, shop)
                late = self._send(event, shop, line, may_be_late=True)
                for _ in range(twice[position]):
                    self._expected.duplicates += 1
                    self._send(event, shop, line, again=late)
        return seen

    def _count(self, visit: Visit, event: Event, shop: int) -> None:
        expected, tenant = self._expected, self._shops[shop].tenant
        expected.curated += 1
        expected.curated_by_tenant[tenant] += 1
        expected.curated_by_type[event.event_type] += 1
        expected.bots += visit.visitor.is_bot
        if event.amount_cents is not None:
            expected.revenue_cents[tenant] += event.amount_cents

    def _send(self, event: Event, shop: int, line: bytes, may_be_late: bool = False, again: int | None = None) -> int:
        """Put a line on its way, return when it arrives (milliseconds of the day)."""
        chance = self._rng.random
        if again is not None:
            # A retry within seconds, or a phone that comes out of a tunnel hours later.
            arrival = again + int(chance() * 5_000 if chance() < 0.6 else chance() * 4 * _HOUR)
        else:
            arrival = event.moment + 50 + int(chance() * 1_500)
            if may_be_late and chance() < LATE:
                self._expected.late += 1
                arrival += 10 * 60_000 + int(chance() * 6 * _HOUR)
        self._on_the_way.append((arrival, self._order * len(self._shops) + shop, line))
        self._order += 1
        return arrival

    def _line(self, visit: Visit, event: Event, currency: str) -> bytes:
        visitor = visit.visitor
        number = self._rng.getrandbits(122)
        low = f"{number & (1 << 62) - 1 | 1 << 63:016x}"
        high = f"{number >> 62:015x}"
        second, millisecond = divmod(event.moment, 1000)
        minute, second = divmod(second, 60)
        hour, minute = divmod(minute, 60)
        optional = f',"email":"{visitor.email}"' if visitor.email else ""
        if event.product_id:
            optional += f',"product_id":"{event.product_id}"'
        if event.amount_cents is not None:
            optional += f',"amount":{event.amount_cents // 100}.{event.amount_cents % 100:02d},"currency":"{currency}"'
        return (
            f'{{"event_id":"{high[:8]}-{high[8:12]}-4{high[12:]}-{low[:4]}-{low[4:]}","user_id":"{visitor.user_id}",'
            f'"session_id":"{visit.session_id}","event_type":"{event.event_type}","page_id":"{event.page_id}",'
            f'"event_timestamp":"{self._date}T{hour:02d}:{minute:02d}:{second:02d}.{millisecond:03d}Z",'
            f'"device_type":"{visitor.device_type}","user_agent":"{visitor.user_agent}","referrer":"{visit.referrer}",'
            f'"ip":"{visitor.ip}"{optional}}}'
        ).encode()

    def _violate(self, visit: Visit, event: Event, shop: int) -> tuple[str, bytes]:
        """Return the rule an event is made to break, and its line."""
        violation = VIOLATIONS[int(self._rng.random() * len(VIOLATIONS))]
        line = self._line(visit, violation.prepare(event), self._shops[shop].currency)
        return violation.reason, violation.apply(line)


def _curve() -> list[float]:
    """Return the share of the day's lines before each hour: a low at four, a peak at twenty."""
    weights = [1.15 + math.cos((hour - 20) / 24 * 2 * math.pi) for hour in range(24)]
    total = sum(weights)
    return [sum(weights[:hour]) / total for hour in range(24)] + [1.0]


_CURVE = _curve()
