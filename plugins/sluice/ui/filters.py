"""What the visitor asked to see, out of a query string."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

DEFAULT_DAYS = 30
MAX_DAYS = 366


class FilterError(ValueError):
    """A filter that cannot be understood, with a sentence for the visitor."""


@dataclass(frozen=True)
class Filters:
    """Filters of the quality page; ``first`` and ``last`` are days of the data, both inclusive."""

    first: date
    last: date
    dataset: str = ""
    zone: str = ""
    failed_only: bool = False
    page: int = 1

    @classmethod
    def default(cls, today: date | None = None) -> Filters:
        """The last 30 days, everything."""
        today = today or datetime.now(UTC).date()
        return cls(first=today - timedelta(days=DEFAULT_DAYS - 1), last=today)

    @classmethod
    def parse(cls, query: Mapping[str, str], today: date | None = None) -> Filters:
        """Read ``dataset``, ``zone``, ``failed``, ``from``, ``to`` and ``page``.

        Raises
        ------
        FilterError
            If a date is none, or the range ends before it starts or is longer than a year.
        """
        default = cls.default(today)
        last = _day(query, "to") or default.last
        first = _day(query, "from") or last - timedelta(days=DEFAULT_DAYS - 1)
        if first > last:
            raise FilterError(f"The range ends ({last}) before it starts ({first}). Swap “from” and “to”.")
        if (last - first).days >= MAX_DAYS:
            raise FilterError(f"The range {first} to {last} is longer than a year. Choose at most {MAX_DAYS} days.")
        page = query.get("page", "1")
        return cls(
            first=first,
            last=last,
            dataset=query.get("dataset", "").strip(),
            zone=query.get("zone", "").strip(),
            failed_only=query.get("failed", "") in ("1", "true", "on"),
            page=int(page) if page.isascii() and page.isdigit() and 0 < int(page) < 10_000 else 1,
        )

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def query(self, **changes: str) -> str:
        """The query string of this view, with some filters changed (an empty one is dropped)."""
        asked = {
            "dataset": self.dataset,
            "zone": self.zone,
            "failed": "1" if self.failed_only else "",
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            **changes,
        }
        return urlencode({name: value for name, value in asked.items() if value})


def _day(query: Mapping[str, str], name: str) -> date | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise FilterError(f"“{text[:30]}” is not a day. Write “{name}” as YYYY-MM-DD, e.g. 2026-11-22.") from None
