"""The logs of the components: one file each, turned over when the component starts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from local.launcher.home import Home

#: Older logs kept beside the current one, as NAME.log.1 (the youngest) and so on.
KEPT = 3


def path(home: Home, name: str) -> Path:
    """The current log of a component."""
    return home.logs / f"{name}.log"


def rotate(home: Home, name: str) -> None:
    """Put the current log aside and begin an empty one."""
    current = path(home, name)
    if current.exists() and current.stat().st_size:
        for number in range(KEPT, 0, -1):
            older = current.with_name(f"{current.name}.{number - 1}") if number > 1 else current
            if older.exists():
                older.replace(current.with_name(f"{current.name}.{number}"))
    current.parent.mkdir(parents=True, exist_ok=True)
    current.touch()


def tail(log: Path, lines: int) -> str:
    """The last `lines` lines of a log; reads the end of the file only."""
    if not log.exists():
        return ""
    with log.open("rb") as handle:
        size = handle.seek(0, 2)
        wanted = min(size, max(64 * 1024, lines * 400))
        handle.seek(size - wanted)
        return "\n".join(handle.read().decode(errors="replace").splitlines()[-lines:]) if lines else ""


def follow(log: Path, poll_seconds: float = 0.2) -> Iterator[str]:
    """What is appended to a log from now on, for ever; goes along when the log is turned over."""
    position = log.stat().st_size if log.exists() else 0
    inode = log.stat().st_ino if log.exists() else 0
    while True:
        if log.exists():
            facts = log.stat()
            if facts.st_ino != inode or facts.st_size < position:
                position, inode = 0, facts.st_ino
            if facts.st_size > position:
                with log.open("rb") as handle:
                    handle.seek(position)
                    text = handle.read()
                position += len(text)
                yield text.decode(errors="replace")
                continue
        time.sleep(poll_seconds)
