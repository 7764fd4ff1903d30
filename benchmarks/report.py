"""What a benchmark prints and writes: medians with their spread, and ratios between subjects of the same run."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any


class Report:
    """Measurements of one benchmark.

    Parameters
    ----------
    name : str
        The benchmark's name, ``./sluice bench NAME``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._values: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        self._load = os.getloadavg()[0]

    def add(self, subject: str, metric: str, unit: str, value: float) -> None:
        """Note one measurement of one round."""
        self._values[subject, metric, unit].append(value)

    def median(self, subject: str, metric: str) -> float:
        """Median over the rounds.

        Raises
        ------
        KeyError
            When nothing was measured under these names.
        """
        for (measured, name, _), values in self._values.items():
            if (measured, name) == (subject, metric):
                return statistics.median(values)
        raise KeyError(f"{subject}/{metric}")

    def as_json(self, ratios: dict[str, float]) -> dict[str, Any]:
        """``{"bench", "machine", "load", "rows", "ratios"}``; load is the machine's before the run."""
        rows = [
            {"subject": subject, "metric": metric, "unit": unit, "median": round(statistics.median(values), 3),
             "min": round(min(values), 3), "max": round(max(values), 3), "n": len(values)}
            for (subject, metric, unit), values in self._values.items()
        ]
        machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        return {"bench": self.name, "machine": machine, "load": round(self._load, 2), "rows": rows,
                "ratios": {name: round(value, 3) for name, value in ratios.items()}}

    def tell(self, ratios: dict[str, float], file: Path | None) -> None:
        """Print a table, and write the JSON when a file is given."""
        told = self.as_json(ratios)
        print(f"\n{self.name}   {told['machine']}, load {told['load']} at the start")
        for row in told["rows"]:
            print(f"  {row['subject']:<10} {row['metric']:<14} {row['median']:>10.2f} {row['unit']:<4}"
                  f" ({row['min']:.2f} to {row['max']:.2f}, n={row['n']})")
        for name, value in told["ratios"].items():
            print(f"  {name:<40} {value:>8.2f}")
        if file:
            file.write_text(json.dumps(told, indent=2) + "\n")
