"""Show what the steps of the platform did to a dataset, newest day first.

    .sluice/envs/airflow/bin/python docs/examples/outcomes.py curated.clickstream_events [YYYY-MM-DD]

Needs AWS_ENDPOINT_URL and credentials in the environment (`. docs/examples/env.sh`), or those of an AWS account.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins"))

COLUMNS = ("interval", "step", "in", "out", "duplicates", "quarantined", "redelivered", "seconds", "reasons")


def main(dataset: str, day: str | None = None) -> int:
    """Print one line per outcome."""
    from sluice.outcomes import OutcomeStore

    store = OutcomeStore()
    outcomes = list(store.between(dataset, day, day)) if day else store.list(dataset, limit=20).outcomes
    if not outcomes:
        known, when = ", ".join(store.datasets()) or "none yet", f" for {day}" if day else ""
        print(f"{dataset} has no outcomes{when}; datasets with outcomes: {known}", file=sys.stderr)
        return 1
    rows = [
        (one.interval, one.step, one.records_in, one.records_out, one.duplicates, one.quarantined, one.redelivered,
         f"{one.seconds:.1f}", ", ".join(f"{rule} {count}" for rule, count in one.reasons.items()))
        for one in sorted(outcomes, key=lambda each: (each.interval, each.recorded_at), reverse=True)
    ]  # fmt: skip
    for row in [COLUMNS, *rows]:
        print("{:<12}{:<9}{:>9}{:>9}{:>12}{:>13}{:>13}{:>9}  {}".format(*map(str, row)).rstrip())
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
