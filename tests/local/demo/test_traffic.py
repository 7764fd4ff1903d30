from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from local.demo.traffic import Traffic

DAY = date(2026, 11, 22)
KEYS = {"aurora": "key-a", "borealis": "key-b", "cascade": "key-c"}
DOCUMENTATION = [ip_network(block) for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    made = Traffic(20_000, DAY, KEYS)
    made.lines = [(batch.tenant, line) for batch in made.batches() for line in batch.body.splitlines()]
    return made


def judge(line: bytes) -> tuple[str | None, dict[str, Any]]:
    """The contract, written a second time and more simply: which rule a line breaks."""
    try:
        event = json.loads(line)
    except ValueError:
        return "malformed", {}
    if not isinstance(event, dict):
        return "malformed", {}
    if not event["event_timestamp"].startswith(str(DAY)):
        return "bad_event_timestamp", event
    if not event["user_id"]:
        return "missing_user_id", event
    if event["event_type"] not in ("click", "view", "purchase"):
        return "event_type_not_in_set", event
    if event.get("amount", 0) < 0:
        return "amount_out_of_range", event
    if "email" in event and "@" not in event["email"]:
        return "email_format", event
    return None, event


def good(traffic: Traffic) -> Iterator[tuple[str, dict[str, Any]]]:
    for tenant, line in traffic.lines:
        reason, event = judge(line)
        if reason is None:
            yield tenant, event


def test_the_truth_is_what_a_recount_of_the_lines_gives(traffic: Traffic) -> None:
    expected = traffic.expected
    reasons = Counter(judge(line)[0] for _, line in traffic.lines)
    curated = {event["event_id"]: (tenant, event) for tenant, event in good(traffic)}
    assert expected.sent == len(traffic.lines) == 20_000
    assert {k: v for k, v in reasons.items() if k} == dict(expected.quarantined)
    assert expected.curated == len(curated)
    assert expected.duplicates == reasons[None] - len(curated)
    assert expected.sent == expected.curated + expected.duplicates + expected.quarantined.total()
    assert Counter(tenant for tenant, _ in curated.values()) == expected.curated_by_tenant
    assert Counter(event["event_type"] for _, event in curated.values()) == expected.curated_by_type
    assert expected.sessions == len({(tenant, event["session_id"]) for tenant, event in curated.values()})
    assert expected.bots == sum(event["device_type"] == "bot" for _, event in curated.values())
    revenue: Counter[str] = Counter()
    for tenant, event in curated.values():
        if event["event_type"] == "purchase":
            revenue[tenant] += int(Decimal(str(event["amount"])) * 100)
    assert revenue == expected.revenue_cents


def test_faults_come_as_often_as_in_real_traffic(traffic: Traffic) -> None:
    told = traffic.expected.as_dict()
    assert told["duplicates"] == 400
    assert told["quarantine_reasons"]["malformed"] == 100
    assert told["quarantined"] == 300
    assert 0.02 < told["late"] / told["sent"] < 0.04
    assert 0.01 < told["bots"] / told["sent"] < 0.06
    assert len(told["quarantine_reasons"]) == 6


def test_late_and_repeated_events_really_arrive_out_of_order(traffic: Traffic) -> None:
    last: dict[str, str] = {}
    late = 0
    for tenant, event in good(traffic):
        hour = event["event_timestamp"][:13]
        late += hour < last.get(tenant, hour)
        last[tenant] = max(hour, last.get(tenant, hour))
    assert late > 200


def test_a_day_has_a_night_and_an_evening(traffic: Traffic) -> None:
    hours = Counter(event["event_timestamp"][11:13] for _, event in good(traffic))
    assert len(hours) == 24
    assert hours["20"] > 4 * hours["07"]


def test_visitors_come_through_a_funnel(traffic: Traffic) -> None:
    types = traffic.expected.curated_by_type
    assert types["view"] > types["click"] > types["purchase"] > 0
    for _, event in good(traffic):
        assert ("amount" in event) == (event["event_type"] == "purchase")
        assert ("currency" in event) == (event["event_type"] == "purchase")


def test_nobody_real_can_be_met(traffic: Traffic) -> None:
    for _, event in good(traffic):
        assert any(ip_address(event["ip"]) in block for block in DOCUMENTATION)
        if "email" in event:
            assert event["email"].endswith(("@example.com", "@example.org", "@example.net", "@shop.example"))


def test_the_same_arguments_give_the_same_requests_and_others_do_not() -> None:
    def requests(seed: int = 7, day: date = DAY, events: int = 1_500) -> list[Any]:
        return list(Traffic(events, day, KEYS, seed).batches())

    first = requests()
    assert requests() == first
    keys = {batch.idempotency_key for batch in first}
    assert len(keys) == len(first)
    for other in (requests(seed=8), requests(day=DAY + timedelta(1)), requests(events=1_501)):
        assert not keys & {batch.idempotency_key for batch in other}


def test_batches_are_requests_of_one_tenant_within_the_collectors_limits() -> None:
    for batch in Traffic(3_000, DAY, KEYS).batches():
        assert batch.write_key == KEYS[batch.tenant]
        assert batch.lines == len([line for line in batch.body.split(b"\n") if line.strip()]) <= 500
        assert len(batch.body) < 900_000


@pytest.mark.parametrize("events", [0, 1, 2, 10, 49, 137, 999])
def test_small_days_add_up_too(events: int) -> None:
    traffic = Traffic(events, DAY, {"aurora": "k"})
    assert sum(batch.lines for batch in traffic.batches()) == events
    told = traffic.expected
    assert told.sent == events == told.curated + told.duplicates + told.quarantined.total()


def test_a_day_without_tenants_is_refused() -> None:
    with pytest.raises(ValueError, match="tenant"):
        Traffic(1, DAY, {})


def test_traffic_is_made_faster_than_it_is_sent() -> None:
    started = time.process_time()
    assert sum(batch.lines for batch in Traffic(50_000, DAY, KEYS).batches()) == 50_000
    assert time.process_time() - started < 1.5
