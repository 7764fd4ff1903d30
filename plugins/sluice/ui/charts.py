"""From results and outcomes to what the pictures show: rows, cells, bars. Drawing is the templates' part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sluice.outcomes.record import Outcome
from sluice.quality.results import Status, ValidationResult

# The way of the data; zones not named here come last, by name.
_ZONES = ("raw", "curated", "enriched", "lake", "staging", "marts", "warehouse")
_WORST_FIRST: tuple[Status, ...] = ("failed", "warned", "passed")


@dataclass(frozen=True)
class Cell:
    """One day of one dataset: the result a click opens, and how many suites ran over that day."""

    column: int
    day: date
    result: ValidationResult
    runs: int


@dataclass(frozen=True)
class GridRow:
    dataset: str
    zone: str
    cells: tuple[Cell, ...]

    @property
    def latest(self) -> ValidationResult:
        return self.cells[-1].result


def grid(results: Iterable[ValidationResult], days: Sequence[date]) -> tuple[GridRow, ...]:
    """Rows of the heat grid: a dataset each, in the order data flows.

    A repaired run replaces the failure it repaired: of each interval the newest result counts. Where a day has
    several intervals (hours), the worst of them is shown.
    """
    column = {day.isoformat(): n for n, day in enumerate(days)}
    by_day: dict[tuple[str, str], dict[str, list[ValidationResult]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        if result.interval[:10] in column:
            by_day[result.zone, result.dataset][result.interval[:10]].append(result)
    rows = []
    for (zone, dataset), found in by_day.items():
        cells = tuple(
            Cell(column[day], days[column[day]], _worst(_newest_per_interval(found[day])), len(found[day]))
            for day in sorted(found)
        )
        rows.append(GridRow(dataset, zone, cells))
    return tuple(sorted(rows, key=lambda row: (*_zone_order(row.zone), row.dataset)))


def _zone_order(zone: str) -> tuple[int, str]:
    return (_ZONES.index(zone) if zone in _ZONES else len(_ZONES), zone)


def _newest_per_interval(results: Iterable[ValidationResult]) -> list[ValidationResult]:
    newest: dict[str, ValidationResult] = {}
    for result in sorted(results, key=lambda r: r.started_at):
        newest[result.interval] = result
    return list(newest.values())


def _worst(results: Iterable[ValidationResult]) -> ValidationResult:
    return min(results, key=lambda r: _WORST_FIRST.index(r.status))


@dataclass(frozen=True)
class Flow:
    """Where the records of one dataset and step went, over all intervals shown."""

    dataset: str
    step: str
    records_in: int
    records_out: int
    duplicates: int
    quarantined: int
    intervals: int
    seconds: float

    @property
    def missing(self) -> int:
        return self.records_in - self.records_out - self.duplicates - self.quarantined

    @property
    def lossless(self) -> bool:
        """Whether every record that went in came out: nothing to draw."""
        return self.records_in == self.records_out and not self.duplicates and not self.quarantined

    @property
    def parts(self) -> tuple[tuple[str, int, float, float], ...]:
        """Name, count, start and width in percent of the widest the bar can get."""
        whole = max(self.records_in, self.records_out + self.duplicates + self.quarantined) or 1
        start, parts = 0.0, []
        counts = {
            "written": self.records_out,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "missing": max(self.missing, 0),
        }
        for name, count in counts.items():
            width = 100 * count / whole
            if count:
                parts.append((name, count, round(start, 3), round(width, 3)))
            start += width
        return tuple(parts)


def flows(outcomes: Iterable[Outcome]) -> tuple[Flow, ...]:
    """One flow per dataset and step that keeps the grain, those that dropped records first.

    Failed runs wrote nothing and are left out.
    """
    grouped: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.conserves and outcome.status == "success":
            grouped[outcome.dataset, outcome.step].append(outcome)
    found = [
        Flow(
            dataset=dataset,
            step=step,
            records_in=sum(o.records_in for o in group),
            records_out=sum(o.records_out for o in group),
            duplicates=sum(o.duplicates for o in group),
            quarantined=sum(o.quarantined for o in group),
            intervals=len(group),
            seconds=sum(o.seconds for o in group),
        )
        for (dataset, step), group in grouped.items()
    ]
    return tuple(sorted(found, key=lambda flow: (flow.dataset, flow.lossless, flow.step)))


@dataclass(frozen=True)
class Bar:
    """A quarantine rule, how many records broke it, and the width of its bar in percent of the longest."""

    label: str
    count: int
    width: float


def reasons(outcomes: Iterable[Outcome]) -> tuple[Bar, ...]:
    """Quarantine reasons over all outcomes, most frequent first."""
    total: dict[str, int] = defaultdict(int)
    for outcome in outcomes:
        for rule, count in outcome.reasons.items():
            total[rule] += count
    longest = max(total.values(), default=0) or 1
    ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Bar(rule, count, round(100 * count / longest, 2)) for rule, count in ordered if count)
