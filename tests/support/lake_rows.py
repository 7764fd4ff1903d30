"""A small believable lake: events of three shops, and what the lake's enrichment makes of them.

Written independently of the models and jobs under test: tests compare what those compute with what is counted here.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.support.warehouse import Warehouse

Row = dict[str, Any]
SHOPS = ("alpine", "bergamot", "cobalt")
PAGES = ("home", "search", "product-1", "product-2", "cart")


def day_of_events(day: date, *, seed: int = 7, visits: int = 12) -> list[Row]:
    """Events of `visits` visits per shop that start on `day` and end on it; about one visit in six is a bot's."""
    chance = random.Random(f"{day}/{seed}")
    return [
        event
        for shop in SHOPS
        for number in range(visits)
        for event in _visit(chance, shop, day, f"{shop}-{day}-{seed}-{number}")
    ]


def _visit(chance: random.Random, shop: str, day: date, session: str) -> list[Row]:
    # Few users, so that they return on other days; the same user ids in every shop, so that shops must be kept apart.
    user = f"user-{chance.randrange(9)}"
    is_bot = chance.random() < 1 / 6
    moment = datetime(day.year, day.month, day.day, chance.randrange(23), chance.randrange(30), tzinfo=UTC)
    events = []
    for number in range(chance.randrange(1, 6)):
        kind = chance.choices(("view", "click", "purchase"), (6, 3, 1))[0]
        moment += timedelta(seconds=chance.randrange(1, 240), milliseconds=number)
        events.append(
            event(
                event_id=f"{session}-{number}",
                tenant_id=shop,
                user_id=user,
                session_id=session,
                event_type=kind,
                page_id=chance.choice(PAGES),
                event_timestamp=moment,
                is_bot=is_bot,
                amount=Decimal(chance.randrange(100, 20000)) / 100 if kind == "purchase" else None,
            )
        )
    return events


def event(**fields: Any) -> Row:
    """One curated event; what is not given has an ordinary value."""
    moment = fields["event_timestamp"]
    ordinary: Row = {
        "event_type": "view",
        "page_id": "home",
        "received_at": moment + timedelta(seconds=2),
        "device_type": "desktop",
        "user_agent": "Mozilla/5.0",
        "referrer": None,
        "ip_hash": "0" * 64,
        "email_hash": None,
        "product_id": None,
        "amount": None,
        "currency": "EUR" if fields.get("event_type") == "purchase" else None,
        "is_bot": False,
        "event_date": moment.date(),
    }
    return ordinary | fields


def hourly_activity(events: Iterable[Row]) -> list[Row]:
    """What the enrichment makes of `events`: people per shop, page and hour."""
    groups = defaultdict(list)
    for each in events:
        if not each["is_bot"]:
            hour = each["event_timestamp"].replace(minute=0, second=0, microsecond=0)
            groups[each["tenant_id"], hour, each["event_date"], each["page_id"]].append(each)
    return [
        {
            "tenant_id": shop,
            "event_hour": hour,
            "event_date": day,
            "page_id": page,
            **_counts(members),
            "unique_users": len({each["user_id"] for each in members}),
            "revenue": revenue(members),
        }
        for (shop, hour, day, page), members in groups.items()
    ]


def sessions(events: Iterable[Row]) -> list[Row]:
    """What the enrichment makes of `events`: visits."""
    groups = defaultdict(list)
    for each in events:
        groups[each["tenant_id"], each["session_id"]].append(each)
    return [
        _session(*key, sorted(members, key=lambda each: each["event_timestamp"])) for key, members in groups.items()
    ]


def _session(shop: str, session: str, events: list[Row]) -> Row:
    first, last = events[0], events[-1]
    started, ended = first["event_timestamp"], last["event_timestamp"]
    return {
        "tenant_id": shop,
        "session_id": session,
        "user_id": first["user_id"],
        "started_at": started,
        "ended_at": ended,
        "event_date": started.date(),
        "duration_seconds": int((ended - started).total_seconds()),
        **_counts(events),
        "revenue": revenue(events),
        "entry_page": first["page_id"],
        "exit_page": last["page_id"],
        "device_type": first["device_type"],
        "is_bot": any(each["is_bot"] for each in events),
    }


def _counts(events: Iterable[Row]) -> Row:
    kinds = [each["event_type"] for each in events]
    return {"views": kinds.count("view"), "clicks": kinds.count("click"), "purchases": kinds.count("purchase")}


def revenue(events: Iterable[Row]) -> Decimal:
    return sum((each["amount"] for each in events if each["event_type"] == "purchase"), Decimal(0))


def store(warehouse: Warehouse, events: list[Row], days: Iterable[date]) -> None:
    """Make the lake's three tables in the warehouse hold `events` for `days`, as loads of these days would."""
    listed = ", ".join(f"'{day}'" for day in days)
    tables = {
        "clickstream_events": events,
        "clickstream_hourly_activity": hourly_activity(events),
        "clickstream_sessions": sessions(events),
    }
    with closing(warehouse.connect()) as connection, closing(connection.cursor()) as cursor:
        for table, rows in tables.items():
            cursor.execute(f"delete from lake.{table} where event_date in ({listed})")
            if rows:
                names = ", ".join(rows[0])
                values = ", ".join(f"({', '.join(literal(value) for value in row.values())})" for row in rows)
                cursor.execute(f"insert into lake.{table} ({names}) values {values}")


def literal(value: Any) -> str:
    """A value as an SQL literal."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | Decimal):
        return str(value).lower()
    return "'{}'".format(str(value).replace("'", "''"))
