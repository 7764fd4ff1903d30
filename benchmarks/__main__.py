"""``./sluice bench NAME``: run one benchmark."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

BENCHMARKS = {"promotion": "raw -> curated: ours, a plain PySpark job, and DuckDB reading the same lines"}


def main(argv: list[str] | None = None) -> int:
    """Run a benchmark; its ratios are printed, and written with ``--json``."""
    listed = "\n".join(f"  {name:<12} {text}" for name, text in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="./sluice bench",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure a part of the platform against a named peer in the same run.",
        epilog=f"benchmarks:\n{listed}",
    )
    parser.add_argument("name", choices=BENCHMARKS, metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements as JSON")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each subject, interleaved (default 3)")
    parser.add_argument(
        "--events", type=int, default=200_000, metavar="N", help="events in the input (default 200,000)"
    )
    options = parser.parse_args(argv)
    importlib.import_module(f"benchmarks.{options.name}").run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
