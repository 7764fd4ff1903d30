"""What the launcher prints: one line per thing that happened, with how long it took."""

from __future__ import annotations

import os
import sys
import threading

_lock = threading.Lock()


def _colour(text: str, code: str) -> str:
    if not sys.stderr.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{code}m{text}\033[0m"


def say(subject: str, message: str, seconds: float | None = None) -> None:
    """Print one progress line on stderr (stdout carries results only)."""
    took = "" if seconds is None else _colour(f"  {seconds:.1f} s", "2")
    with _lock:
        print(f"{_colour(f'{subject:<24}', '36')} {message}{took}", file=sys.stderr, flush=True)


def table(rows: list[tuple[str, ...]], header: tuple[str, ...]) -> str:
    """Rows of text as aligned columns."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *rows]]
    return "\n".join(line.rstrip() for line in lines)
