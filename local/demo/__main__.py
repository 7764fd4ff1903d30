"""``./sluice demo``: send a day of shop traffic and watch it flow from the collector to the marts."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from local.airflow.client import AirflowError
from local.demo.pipeline import PipelineFailed
from local.demo.reader import EventsFileError
from local.demo.run import Demo
from local.demo.send import SendError
from local.demo.summary import NumbersDisagree


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./sluice demo",
        description="Send one day of shop activity through the collector and watch it flow: stream, raw zone, curated "
        "and enriched tables behind quality gates, warehouse, marts. Running it again sends the same records again; "
        "nothing is counted twice.",
    )
    parser.add_argument("--events", type=int, default=200_000, metavar="N", help="events to send (default 200,000)")
    parser.add_argument("--seed", type=int, default=7, help="another seed is another day of traffic")
    parser.add_argument(
        "--day",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="the UTC day of the activity (default: yesterday; at most 34 days back)",
    )
    parser.add_argument(
        "--events-file", type=Path, metavar="FILE", help="send this file: JSON lines, or CSV with --mapping"
    )
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="YAML: which column of the CSV is which field")
    parser.add_argument("--tenant", help="tenant that --events-file belongs to (default: the first)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary as JSON")
    parser.add_argument("--stop", action="store_true", help="take the stack down at the end")
    parser.add_argument(
        "--patience",
        type=float,
        default=240,
        metavar="SECONDS",
        help="give up after so long without progress (default 240)",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the demo; returns 0 when every number adds up, 1 otherwise."""
    parser = _parser()
    options = parser.parse_args(argv)
    today = datetime.now(UTC).date()
    options.day = options.day or today - timedelta(days=1)
    if options.events < 1:
        parser.error("--events must be at least 1")
    if not today - timedelta(days=34) <= options.day < today:
        parser.error(f"--day must lie between {today - timedelta(days=34)} and {today - timedelta(days=1)}")
    try:
        summary = Demo.of_the_stack().run(options)
    except (SendError, EventsFileError, PipelineFailed, NumbersDisagree, AirflowError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps(summary.as_json(), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
