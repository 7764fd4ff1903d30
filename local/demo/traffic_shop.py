"""The shops of the demo: their visitors, goods and pages, and what one visit looks like.

E-mail addresses lie in the domains of RFC 2606, addresses in the blocks RFC 5737 reserves for documentation: nothing
here can meet a real person or machine.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

USERS = 20_000
PRODUCTS = 2_000
CATEGORIES = 40
_CURRENCIES = ("EUR", "USD", "GBP")
_DOMAINS = ("example.com", "example.org", "example.net", "shop.example")
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_REFERRERS = (
    "https://search.example/?q=shoes", "https://social.example/feed", "https://news.example/deals",
    "https://mail.example/newsletter", "", "", "",
)  # fmt: skip
_AGENTS = {
    "desktop": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari",
        "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    ),
    "mobile": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari",
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari",
    ),
    "tablet": ("Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1",),
}
_SPIDERS = (
    "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/about)",
    "Mozilla/5.0 (compatible; shop-spider/1.0; +https://spider.example)",
    "example-crawler/3.2",
)


class Visitor(NamedTuple):
    """A visitor; the same one in every visit of the day."""

    user_id: str
    device_type: str
    user_agent: str
    ip: str
    email: str | None
    is_bot: bool


class Event(NamedTuple):
    """One event of a visit, before it is written as JSON."""

    moment: int  # milliseconds since the start of the day
    event_type: str
    page_id: str
    product_id: str | None
    amount_cents: int | None


class Visit(NamedTuple):
    """A visitor's session: who, from where, and what happened in it."""

    visitor: Visitor
    session_id: str
    referrer: str
    events: list[Event]


@dataclass(frozen=True)
class _Zipf:
    """Ranks drawn so that rank ``r`` comes up with a weight of ``r ** -exponent``."""

    weights: list[float]

    @classmethod
    def of(cls, size: int, exponent: float) -> _Zipf:
        return cls(list(accumulate((rank + 1) ** -exponent for rank in range(size))))

    def draw(self, rng: random.Random, count: int) -> list[int]:
        return rng.choices(range(len(self.weights)), cum_weights=self.weights, k=count)


_USER_RANKS = _Zipf.of(USERS, 0.6)
_PRODUCT_RANKS = _Zipf.of(PRODUCTS, 1.0)
_DRAWN_AT_ONCE = 1_000


class Shop:
    """One tenant's shop.

    Parameters
    ----------
    tenant
        Name of the tenant.
    number
        Its place among the demo's tenants; decides currency and goods.
    rng
        Source of everything random, so that a seed gives the same day again.
    """

    def __init__(self, tenant: str, number: int, rng: random.Random) -> None:
        self.tenant = tenant
        self.currency = _CURRENCIES[number % len(_CURRENCIES)]
        self._rng = rng
        self._prices = [199 + int(40_000 * rng.random() ** 3) for _ in range(PRODUCTS)]
        self._visitors: dict[int, Visitor] = {}
        self._users: list[int] = []
        self._goods: list[int] = []

    def visit(self, start: int, end_of_day: int) -> Visit:
        """Return a visit that begins at ``start`` (milliseconds of the day) and ends before ``end_of_day``."""
        rng = self._rng
        bot = rng.random() < 0.03
        visitor = self._spider() if bot else self._visitor(self._next_user())
        events = self._crawl(start) if bot else self._shop_around(start)
        session_id = f"s-{rng.getrandbits(64):016x}"
        referrer = "" if bot else rng.choice(_REFERRERS)
        return Visit(visitor, session_id, referrer, [event for event in events if event.moment < end_of_day])

    def _shop_around(self, moment: int) -> list[Event]:
        """View pages, click on goods, sometimes buy what was clicked on."""
        chance, pause = self._rng.random, self._rng.expovariate
        events: list[Event] = []
        basket: list[int] = []
        page = "home"
        while True:
            product = self._next_product() if chance() < 0.6 else None
            if product is not None:
                page = f"product-{product:04d}"
            elif events:
                page = f"category-{int(chance() * CATEGORIES):02d}"
            name = None if product is None else f"P{product:04d}"
            events.append(Event(moment, "view", page, name, None))
            if chance() < 0.42:
                moment += 800 + int(pause(1 / 7_000))
                events.append(Event(moment, "click", page, name, None))
                if product is not None and chance() < 0.35:
                    basket.append(product)
            moment += 1_500 + int(pause(1 / 24_000))
            if chance() < 0.16:
                break
        for product in basket[:3] if chance() < 0.55 else ():
            moment += 5_000 + int(pause(1 / 20_000))
            cents = self._prices[product] * (1 if chance() < 0.85 else 2)
            events.append(Event(moment, "purchase", "checkout", f"P{product:04d}", cents))
        return events

    def _crawl(self, moment: int) -> list[Event]:
        """Fetch product pages one after the other, never click, never buy."""
        events = []
        for _ in range(3 + int(self._rng.random() * 12)):
            product = self._next_product()
            events.append(Event(moment, "view", f"product-{product:04d}", f"P{product:04d}", None))
            moment += 900 + int(self._rng.random() * 400)
        return events

    def _next_user(self) -> int:
        if not self._users:
            self._users = _USER_RANKS.draw(self._rng, _DRAWN_AT_ONCE)
        return self._users.pop()

    def _next_product(self) -> int:
        if not self._goods:
            self._goods = _PRODUCT_RANKS.draw(self._rng, _DRAWN_AT_ONCE)
        return self._goods.pop()

    def _visitor(self, number: int) -> Visitor:
        known = self._visitors.get(number)
        if known is None:
            rng = self._rng
            device = rng.choices(("mobile", "desktop", "tablet"), (0.58, 0.36, 0.06))[0]
            email = f"visitor{number}@{rng.choice(_DOMAINS)}" if rng.random() < 0.4 else None
            ip = f"{rng.choice(_NETWORKS)}.{rng.randrange(1, 255)}"
            known = Visitor(f"u-{number:05d}", device, rng.choice(_AGENTS[device]), ip, email, False)
            self._visitors[number] = known
        return known

    def _spider(self) -> Visitor:
        number = self._rng.randrange(len(_SPIDERS))
        return Visitor(f"bot-{number}", "bot", _SPIDERS[number], f"203.0.113.{250 + number}", None, True)
