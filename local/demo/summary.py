"""What the demo tells at its end: numbers that add up, timings, where to look, and three answers."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.demo.pipeline import STAGES, DayDone
from sluice.quality.results import ValidationStore
from sluice.warehouse.questions import QUESTIONS

VALIDATED = ("curated.clickstream_events", "enriched.clickstream_hourly_activity", "enriched.clickstream_sessions")


class NumbersDisagree(Exception):
    """Records got lost or multiplied between the collector and the curated table."""


@dataclass
class Summary:
    """The numbers of a demo; `as_json` is the form of ``--json``."""

    sent: int
    landed: int
    curated: int
    duplicates: int
    quarantined: int
    redelivered: int
    reasons: dict[str, int]
    suites: dict[str, int]
    marts: dict[str, int]
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The summary as plain JSON types."""
        return {
            "sent": self.sent,
            "landed": self.landed,
            "curated": self.curated,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "quarantine_reasons": self.reasons,
            "redelivered": self.redelivered,
            "suites": self.suites,
            "marts": self.marts,
            "seconds": self.seconds,
        }

    def check(self) -> None:
        """Hold what was sent against what became of it.

        Raises
        ------
        NumbersDisagree
            With both sides of the equation.
        """
        accounted = self.curated + self.duplicates + self.quarantined
        if not self.sent == self.landed == accounted:
            raise NumbersDisagree(
                f"sent {self.sent:,}, landed {self.landed:,}, accounted for {accounted:,} "
                f"({self.curated:,} curated + {self.duplicates:,} duplicates + {self.quarantined:,} quarantined). "
                "If another producer writes to this stack, `./sluice reset --yes` gives the demo one of its own"
            )


def summarise(sent: int, days: list[DayDone], validations: ValidationStore, warehouse: Any) -> Summary:
    """Collect the numbers of some days from the platform's own records.

    Parameters
    ----------
    sent : int
        Distinct records that the collector has acknowledged.
    days : list of DayDone
        All days of the raw zone.
    validations : ValidationStore
        Results of the quality gates.
    warehouse : DB-API connection
        To Redshift.
    """
    reasons: Counter[str] = Counter()
    for day in days:
        reasons.update(day.promotion.reasons)
    suites = Counter({"passed": 0, "failed": 0})
    for day in days:
        for dataset in VALIDATED:
            dag = "clickstream_raw_to_curated" if dataset.startswith("curated") else "clickstream_curated_to_enriched"
            result = validations.read(dataset, day.day, day.runs[dag]["dag_run_id"])
            suites["passed" if result and result.success else "failed"] += 1
    return Summary(
        sent=sent,
        landed=sum(day.promotion.records_in for day in days),
        curated=sum(day.promotion.records_out for day in days),
        duplicates=sum(day.promotion.duplicates for day in days),
        quarantined=sum(day.promotion.quarantined for day in days),
        redelivered=sum(day.promotion.redelivered for day in days),
        reasons=dict(reasons.most_common()),
        suites=dict(suites),
        marts=mart_rows(warehouse),
    )


def mart_rows(warehouse: Any) -> dict[str, int]:
    """Rows of each table of the schema ``marts``."""
    with closing(warehouse.cursor()) as cursor:
        cursor.execute("select table_name from information_schema.tables where table_schema = 'marts' order by 1")
        names = [row[0] for row in cursor.fetchall()]
        counts = {}
        for name in names:
            cursor.execute(f'select count(*) from marts."{name}"')
            counts[name] = int(cursor.fetchone()[0])
    return counts


def stage_seconds(days: list[DayDone]) -> dict[str, float]:
    """Seconds each stage took, summed over days, from Airflow's own records."""
    seconds: Counter[str] = Counter()
    for day in days:
        for dag_id, run in day.runs.items():
            start, end = (
                datetime.fromisoformat(run[name].replace("Z", "+00:00")) for name in ("start_date", "end_date")
            )
            seconds[STAGES[dag_id]] += (end - start).total_seconds()
    return {stage: round(value, 1) for stage, value in seconds.items()}


def answers(warehouse: Any) -> list[tuple[str, list[str], list[tuple[Any, ...]]]]:
    """The three questions with the columns and rows of their answers."""
    told = []
    for question in QUESTIONS:
        with closing(warehouse.cursor()) as cursor:
            cursor.execute(question.sql)
            columns = [_text(column[0]) for column in cursor.description]
            told.append((question.title, columns, [tuple(row) for row in cursor.fetchall()]))
    return told


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def table(columns: list[str], rows: list[tuple[Any, ...]], limit: int = 8) -> str:
    """Rows as aligned text, numbers to the right."""
    shown = [
        ["" if value is None else f"{value:,}" if isinstance(value, int) else str(value) for value in row]
        for row in rows[:limit]
    ]
    widths = [max(len(cell) for cell in column) for column in zip(columns, *shown, strict=True)]
    numeric = [
        all(isinstance(row[i], (int, float)) or str(row[i]).replace(".", "").isdigit() for row in rows)
        for i in range(len(columns))
    ]

    def line(cells: list[str]) -> str:
        return "  ".join(
            c.rjust(w) if n else c.ljust(w) for c, w, n in zip(cells, widths, numeric, strict=True)
        ).rstrip()

    more = [f"… {len(rows) - limit} more"] if len(rows) > limit else []
    return "\n".join("    " + text for text in [line(columns), *map(line, shown), *more])
